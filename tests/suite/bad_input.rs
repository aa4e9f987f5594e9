//! Bad input: one clear message that says where, what was found and what is allowed.
