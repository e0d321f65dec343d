//! The Node binding of redlatch. It converts arguments, calls the core and settles promises; it holds no TTL, no
//! prefix, no JSON shape and no caching.
//!
//! - `realm`: what one evaluation of `index.js` has: its settings, its service, its promises.
//! - `promise`, `outcomes`: calls on their way to the core and their outcomes on the way back, in batches.
//! - `handle`: the services of this process, one for each configuration, and their I/O threads.
//! - `argument`, `error`: JavaScript values in, JavaScript errors out.
//! - `redis_manager`, `idempotency_cache`, `form_cache`, `customer_cache`: one class each.
//!
//! Every asynchronous method takes the number of a slot, in which `promises.js` keeps what settles the caller's
//! promise. It returns `undefined` when the call is under way, and otherwise its result at once.

#![expect(clippy::trivially_copy_pass_by_ref, reason = "what napi makes borrows the lifetime of the `&Env`")]
#![expect(clippy::needless_pass_by_value, reason = "napi passes arguments by value")]

mod argument;
mod customer_cache;
mod error;
mod form_cache;
mod handle;
mod idempotency_cache;
mod io_thread;
mod outcomes;
mod promise;
mod realm;
mod redis_manager;
