//! Stores and caches of redlatch in plain Rust.
//!
//! A call goes from a cache through [`store::FallbackStore`] to [`store::UpstashStore`], which sends it in a batch
//! over HTTP, or to [`store::MemoryStore`], which answers on the calling thread. [`Service`] puts the parts together
//! as a [`Config`] says.
//!
//! This crate reads no environment variable, prints nothing and knows nothing of Node: settings come in as a
//! [`Config`], what there is to tell goes out as [`log::LogMessage`].

pub mod caches;
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
pub mod upstash;

pub use config::Config;
pub use error::{Error, Result};
pub use report::Report;
pub use service::{BackgroundTask, Health, Mode, Service, Stats};
