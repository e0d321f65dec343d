//! A client of Upstash's REST protocol.
//!
//! Protocol: <https://upstash.com/docs/redis/features/restapi>. A [`Command`] goes into a queue; all that are in it
//! when the I/O thread gets to it leave as one HTTP request; each caller gets the [`Reply`] to its own.

mod command;
mod dispatcher;
mod http;
mod reply;
mod request_metrics;
mod retry;
mod sync_token;
mod tls;

pub use command::Command;
pub use dispatcher::{Client, Dispatcher};
pub use reply::Reply;
pub use request_metrics::{Latency, RequestMetrics};
