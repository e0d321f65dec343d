//! The `upstash-sync-token`: a counter that every request which may write advances.
//!
//! Clients treat it as opaque. One Redis has no replicas to catch up, so a token that comes in is accepted unread.

use std::sync::atomic::{AtomicU64, Ordering};

use hyper::header::HeaderValue;

const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
/// 64 bits in digits of 5.
const MAX_DIGITS: usize = 13;

/// The counter of one gateway.
#[derive(Default)]
pub(crate) struct SyncToken(AtomicU64);

impl SyncToken {
    /// The token for an answer: a new one after a write, else the present one.
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
