//! Closed forms, as z-scores over many seeds.
