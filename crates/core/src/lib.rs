//! Stores and caches of redlatch in plain Rust.
//!
//! A cache calls [`store::FallbackStore`]. It uses [`store::UpstashStore`], which pipelines commands over HTTP, or
//! [`store::MemoryStore`], which returns on the calling thread. [`Service`] builds them from a [`Config`].
//!
//! This crate reads no environment variable, prints nothing and does not depend on Node. Settings come in as a [`Config`],
//! and log messages go out as [`log::LogMessage`].

pub mod caches;
mod client_address;
pub mod clock;
pub mod config;
pub mod error;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod json;
pub mod keys;
pub mod log;
mod report;
mod service;
pub mod store;
mod supervise;
pub mod upstash;

pub use client_address::client_address;
pub use config::Config;
pub use error::{Error, Result};
pub use report::Report;
pub use service::{BackgroundTask, Health, Mode, Service, ServiceStore, Stats};
