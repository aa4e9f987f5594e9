//! Random scenarios from a seed, and what must hold in each.
