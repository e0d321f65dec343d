//! The Node binding of redlatch. It converts arguments, calls the core and settles promises; it holds no TTL, no
//! prefix, no JSON shape and no caching.
//!
//! - `realm`: one evaluation of the face, with its settings, its service and its promises; `options` reads them.
//! - `promises`, `completions`: pending calls on their way to the I/O thread, and completed ones on their way back.
//! - `handle`, `io_thread`: the services of this process, one for each configuration, and their I/O threads.
//! - `argument`, `error`: JavaScript values in, JavaScript errors out.
//! - `redis_manager`, `idempotency_cache`, `runs`, `form_cache`, `customer_cache`, `rate_limiter` (with
//!   `limiter_options`), `rate_limit_cache`, `session_cache` (`session_options`), `express_session`
//!   (`express_options`), `better_auth`, `temp_data_cache` (`code_options`): one class each.
//!
//! Every asynchronous method takes the number of a slot, in which the face keeps what settles the caller's promise. It
//! returns `undefined` while the call is pending, and otherwise its result.

#![expect(clippy::trivially_copy_pass_by_ref, reason = "what napi makes borrows the lifetime of the `&Env`")]
#![expect(clippy::needless_pass_by_value, reason = "napi passes arguments by value")]

mod argument;
mod better_auth;
mod code_options;
mod completions;
mod customer_cache;
mod error;
mod express_options;
mod express_session;
mod form_cache;
mod handle;
mod idempotency_cache;
mod io_thread;
mod limiter_options;
mod options;
mod promises;
mod rate_limit_cache;
mod rate_limiter;
mod realm;
mod redis_manager;
mod runs;
mod session_cache;
mod session_options;
mod temp_data_cache;
