//! An Upstash-compatible REST server in front of a real Redis, with faults on demand.
//!
//! It is for tests, local work and benchmarks: it listens on the loopback interface only, and its control server
//! makes it slow, silent, wrong or gone when asked. A request's way: `server` accepts, `rest` applies the faults,
//! `auth` and `request` read it, `command` says what may pass, `execute` asks Redis through `redis_link`, `reply`
//! writes the JSON. The README describes the protocol's edges and the JSON of faults and counters.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use std::sync::Arc;
//! use redlatch_gateway::{Fault, Gateway, Options, RedisServer};
//!
//! let redis = Arc::new(RedisServer::start()?);
//! let gateway = Gateway::start(Options { redis: Some(redis), ..Options::default() }).await?;
//! gateway.add_fault(Fault::Latency { ms: 50 }.times(3)).await?;
//! println!("{} {}", gateway.url(), gateway.token());
//! # Ok(())
//! # }
//! ```

mod auth;
mod command;
mod connection;
mod control;
mod counters;
mod cut_stream;
mod execute;
mod faults;
mod gateway;
mod json_text;
mod listener;
mod query;
mod redis_link;
mod redis_server;
mod refusal;
mod reply;
mod request;
mod rest;
mod server;
mod sync_token;
mod tls;

pub use counters::{CommandCounters, Counters};
pub use faults::{Fault, Rule};
pub use gateway::{Gateway, Options};
pub use redis_server::RedisServer;
pub use tls::Tls;
