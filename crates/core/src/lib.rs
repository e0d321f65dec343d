//! Stores and caches of redlatch in plain Rust.
