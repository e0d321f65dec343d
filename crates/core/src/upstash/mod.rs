//! A client of Upstash's REST protocol.
//!
//! Protocol: <https://upstash.com/docs/redis/features/restapi>. A [`Command`] goes into a queue; all that are in it
//! when the I/O thread gets to it leave as one HTTP request; each caller gets the [`Reply`] to its own.

mod batch;
mod client;
mod command;
mod database;
mod reply;
mod sync_token;
mod tls;
mod traffic;

pub use batch::{Client, Driver};
pub use command::Command;
pub use reply::Reply;
pub use traffic::{Latency, Traffic};
