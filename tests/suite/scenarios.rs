//! The shipped scenarios meet what they expect.
