//! The rules of the service, a row each.
