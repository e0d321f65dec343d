//! The sync token, which lets a process read its own writes from any replica.
//!
//! Every answer carries one, and the very next request sends it back; a replica then catches up before it answers.
//! <https://upstash.com/docs/redis/howto/readyourwrites>
//!
//! Requests overlap, and tokens are opaque, so they cannot be compared. What counts is when a request was sent: the
//! answer to an older one never replaces the token that a newer one brought.

use parking_lot::Mutex;
use reqwest::header::HeaderValue;

/// The newest token, and the number of the request that brought it.
pub(super) struct SyncToken(Mutex<State>);

struct State {
    sent: u64,
    newest: u64,
    token: HeaderValue,
}

impl SyncToken {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State { sent: 0, newest: 0, token: HeaderValue::from_static("") }))
    }

    /// The number of a request about to be sent, and the token that goes with it; empty at first.
    pub(super) fn next(&self) -> (u64, HeaderValue) {
        let mut state = self.0.lock();
        state.sent += 1;
        (state.sent, state.token.clone())
    }

    /// Keeps the token that request number `request` brought.
    pub(super) fn update(&self, request: u64, token: &HeaderValue) {
        let mut state = self.0.lock();
        if request > state.newest {
            state.newest = request;
            state.token = token.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_request_never_replaces_the_token_of_a_newer_one() {
        let token = SyncToken::new();
        let (first, empty) = token.next();
        let (second, _) = token.next();

        token.update(second, &HeaderValue::from_static("new"));
        token.update(first, &HeaderValue::from_static("old"));

        assert_eq!(empty, "");
        assert_eq!(token.next().1, "new");
    }
}
