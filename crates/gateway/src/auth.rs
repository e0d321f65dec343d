//! Authentication: reads the token from the query or the header, and decides what it allows.
//!
//! `_token` takes precedence over the header, and the header may lack `Bearer `; the service was seen to do both.

use hyper::header::AUTHORIZATION;
use hyper::http::request::Parts;

use crate::query;

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Full,
    ReadOnly,
}

/// The two tokens of one gateway. It has no `Debug`, so that no log can show them.
pub(crate) struct Tokens {
    pub(crate) full: String,
    pub(crate) read_only: String,
}

impl Tokens {
    /// The access that the request's token gives, if it has a valid one.
    pub(crate) fn access(&self, request: &Parts) -> Option<Access> {
        let from_query = request.uri.query().and_then(query::token);
        let token = if let Some(token) = &from_query {
            token.as_slice()
        } else {
            let header = request.headers.get(AUTHORIZATION)?.as_bytes();
            header.strip_prefix(b"Bearer ").unwrap_or(header)
        };
        if token == self.full.as_bytes() {
            Some(Access::Full)
        } else if token == self.read_only.as_bytes() {
            Some(Access::ReadOnly)
        } else {
            None
        }
    }
}
