//! The `upstash-sync-token`: a counter that each request which may write increments.
//!
//! It is opaque to clients. A single Redis has no replicas that lag behind, so tokens in requests are ignored.

use std::sync::atomic::{AtomicU64, Ordering};

use hyper::header::HeaderValue;

const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
/// 64 bits, 5 bits a digit.
const MAX_DIGITS: usize = 13;

/// The counter of one gateway.
#[derive(Default)]
pub(crate) struct SyncCounter(AtomicU64);

impl SyncCounter {
    /// The token for a response: a new one after a write, otherwise the current one.
    pub(crate) fn after(&self, wrote: bool) -> HeaderValue {
        let count =
            if wrote { self.0.fetch_add(1, Ordering::Relaxed) + 1 } else { self.0.load(Ordering::Relaxed) };
        render(count)
    }
}

fn render(mut count: u64) -> HeaderValue {
    let mut digits = [b'0'; MAX_DIGITS];
    let mut start = MAX_DIGITS;
    loop {
        start -= 1;
        digits[start] = DIGITS[(count % 32) as usize];
        count /= 32;
        if count == 0 {
            break;
        }
    }
    HeaderValue::from_bytes(&digits[start..]).unwrap_or(HeaderValue::from_static("0"))
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn counts_are_written_in_base_32() {
        for (count, token) in [(0, "0"), (31, "v"), (32, "10"), (u64::MAX, "fvvvvvvvvvvvv")] {
            assert_eq!(render(count).to_str().unwrap(), token);
        }
    }
}
