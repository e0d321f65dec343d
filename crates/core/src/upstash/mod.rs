//! A client of Upstash's REST protocol.
//!
//! A [`Command`] goes into a queue. The I/O thread sends all queued commands as one HTTP request, and each caller gets the
//! [`Reply`] to its command. <https://upstash.com/docs/redis/features/restapi>

mod command;
mod connection_failure;
mod dispatcher;
mod http;
mod redact;
mod reply;
mod request_metrics;
mod response;
mod retry;
mod script;
mod server_traits;
mod sync_token;
mod tls;

pub use command::Command;
pub use dispatcher::{Client, Dispatcher};
pub use reply::Reply;
pub use request_metrics::{Latency, RequestMetrics};
pub use script::Script;

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use response::{RequestContext, read as read_response};
