//! Real and bursty arrivals.
