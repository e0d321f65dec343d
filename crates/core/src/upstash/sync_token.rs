//! The sync token, with which a process reads its own writes from any replica.
//!
//! Every response has a token, and the next request sends it. The replica then catches up before it responds.
//! <https://upstash.com/docs/redis/howto/readyourwrites>
//!
//! Requests overlap, and the opaque tokens cannot be compared. Therefore requests are numbered: the response to an older
//! request never replaces the token of a newer one.

use parking_lot::Mutex;
use reqwest::header::HeaderValue;

/// A longer token is not stored: servers refuse requests with large headers.
const MAX_BYTES: usize = 1024;

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

    /// Follows the response to request number `request`. A response without a token changes nothing, unless it refuses
    /// the request: the token may be the reason, and is forgotten.
    pub(super) fn update(&self, request: u64, status: u16, token: Option<&HeaderValue>) {
        let empty = HeaderValue::from_static("");
        let token = match token.filter(|token| token.len() <= MAX_BYTES) {
            Some(token) => token,
            None if matches!(status, 400 | 431) => &empty,
            None => return,
        };
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

        token.update(second, 200, Some(&HeaderValue::from_static("new")));
        token.update(first, 200, Some(&HeaderValue::from_static("old")));

        assert_eq!(empty, "");
        assert_eq!(token.next().1, "new");
    }

    #[test]
    fn a_token_of_more_than_a_kilobyte_is_ignored() {
        let token = SyncToken::new();

        token.update(token.next().0, 200, Some(&HeaderValue::from_static("short")));
        token.update(token.next().0, 200, Some(&HeaderValue::try_from("x".repeat(1_025)).unwrap()));

        assert_eq!(token.next().1, "short");
    }

    #[test]
    fn a_refused_request_forgets_the_token() {
        for status in [400, 431] {
            let token = SyncToken::new();
            token.update(token.next().0, 200, Some(&HeaderValue::from_static("odd")));

            token.update(token.next().0, status, None);

            assert_eq!(token.next().1, "", "{status}");
        }
    }
}
