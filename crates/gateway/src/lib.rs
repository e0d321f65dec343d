//! An Upstash-compatible REST server in front of a real Redis, with faults on demand.
//!
//! It is for tests, local work and benchmarks, and listens on the loopback interface only. The path of a request:
//! `server` accepts the connection on the port of `listener`, `connection` serves it, `rest` applies the faults,
//! `auth` and `request` read it, `command` checks each command, `translation` replaces what Redis lacks, `execute`
//! sends it to Redis through `redis_link`, and `reply` writes the JSON. A `subscription` responds with events instead.
//! The README describes edge cases of the protocol and the JSON of faults and counters.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use std::sync::Arc;
//! use redlatch_gateway::{Fault, Gateway, GatewayOptions, RedisServer};
//!
//! let redis = Arc::new(RedisServer::start()?);
//! let gateway = Gateway::start(GatewayOptions { redis: Some(redis), ..GatewayOptions::default() }).await?;
//! gateway.add_fault(Fault::Latency { ms: 50 }.times(3)).await?;
//! println!("{} {}", gateway.url(), gateway.token());
//! # Ok(())
//! # }
//! ```

mod auth;
mod command;
mod conditions;
mod connection;
mod control;
mod counters;
mod cut_stream;
mod execute;
mod faults;
mod gateway;
mod http_error;
mod json_text;
mod listener;
mod mode;
mod query;
mod redis_link;
mod redis_server;
mod reply;
mod request;
mod rest;
mod scripts;
mod server;
mod subscription;
mod sync_token;
mod tls;
mod translation;

pub use counters::{CommandCounters, Counters};
pub use faults::{Fault, Rule};
pub use gateway::{Gateway, GatewayOptions};
pub use mode::Mode;
pub use redis_server::RedisServer;
pub use tls::Tls;
