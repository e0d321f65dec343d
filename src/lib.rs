//! The Node binding of redlatch.
