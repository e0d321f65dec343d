//! The epoch of a user: a text that a revocation replaces, and that each session of the user carries.
//!
//! It is 128 random bits, a dot, and when its key expires, in Unix seconds. So a new session needs no command to find out
//! whether its epoch outlives it.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::options::SessionOptions;
use crate::Result;
use crate::caches::random::random_bytes;
use crate::clock::UnixMillis;
use crate::keys::{Key, SESSION_EPOCH, Ttl};

const BYTES: usize = 16;

/// The key of the epoch of the user with `tag`.
pub(super) fn key(tag: &str) -> Result<Key> {
    SESSION_EPOCH.key("userId", tag)
}

/// A new epoch, which no other one is equal to.
///
/// # Errors
///
/// When the operating system has no random numbers.
pub(super) fn new(options: &SessionOptions, now: UnixMillis) -> Result<String> {
    let random = BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<BYTES>()?);
    let expires_at = now.saturating_add(ttl(options).as_millis()) / 1_000;
    Ok(format!("{random}.{expires_at}"))
}

/// How long an epoch is kept. When it expires, sessions made before the first revocation would count again; by then they
/// are over, even those of a cache with the same prefix and other lifetimes: no browser keeps a cookie for more than 400
/// days (RFC 6265bis, section 5.5).
pub(super) fn ttl(options: &SessionOptions) -> Ttl {
    let twice = Duration::from_millis(options.absolute.as_millis().saturating_mul(2));
    SESSION_EPOCH.ttl_or_default(None).max(Ttl::from_duration(twice))
}

/// Whether a session that is made now would outlive its epoch, and so end with it.
pub(super) fn is_too_short(epoch: &str, options: &SessionOptions, now: UnixMillis) -> bool {
    let expires_at = epoch.rsplit_once('.').and_then(|(_, seconds)| seconds.parse::<u64>().ok());
    expires_at.is_none_or(|seconds| seconds.saturating_mul(1_000) < options.expires_at(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400_000;

    fn options(days: u32) -> SessionOptions {
        SessionOptions { absolute: Ttl::from_whole_seconds(days * 86_400), ..Default::default() }
    }

    #[test]
    fn an_epoch_lives_for_400_days_or_twice_as_long_as_a_session() {
        for (days, expected) in [(1, 400), (30, 400), (200, 400), (365, 730)] {
            assert_eq!(ttl(&options(days)).as_millis(), expected * DAY, "{days}");
        }
    }

    #[test]
    fn a_session_knows_whether_its_epoch_outlives_it() {
        let epoch = new(&options(30), 0).unwrap();

        for (day, is_short) in [(0, false), (370, false), (371, true), (1_000, true)] {
            assert_eq!(is_too_short(&epoch, &options(30), day * DAY), is_short, "{day}");
        }
        assert!(is_too_short("", &options(30), 0) && is_too_short("a.b", &options(30), 0));
    }
}
