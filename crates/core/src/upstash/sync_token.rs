//! The sync token, with which a process reads its own writes from any replica.
//!
//! Every response has a token, and the next request sends it. The replica then catches up before it responds.
//! <https://upstash.com/docs/redis/howto/readyourwrites>
//!
//! Requests overlap, and the opaque tokens cannot be compared. Therefore requests are numbered: the response to an older
//! request never replaces the token of a newer one.

use parking_lot::Mutex;
use reqwest::header::HeaderValue;

/// The token of the newest request that got a response.
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

    /// Numbers a request. Returns the number and the token to send, which is empty at first.
    pub(super) fn next(&self) -> (u64, HeaderValue) {
        let mut state = self.0.lock();
        state.sent += 1;
        (state.sent, state.token.clone())
    }

    /// Stores the token from the response to request number `request`.
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
