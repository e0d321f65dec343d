//! Errors of the gateway itself, in Upstash's words.
//!
//! The texts follow what the service was seen to send; clients match on their beginnings. Errors from Redis are not
//! made here.

use std::borrow::Cow;

use hyper::StatusCode;

/// A status and the text for the `error` field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HttpError {
    pub(crate) status: StatusCode,
    pub(crate) text: Cow<'static, str>,
}

impl HttpError {
    pub(crate) fn bad_request(text: impl Into<Cow<'static, str>>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, text: text.into() }
    }

    pub(crate) fn unauthorized() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            text: "WRONGPASS invalid or missing auth token. \
                   See https://docs.upstash.com/redis/troubleshooting/http_unauthorized for details."
                .into(),
        }
    }

    pub(crate) fn unreachable() -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, text: "ERR upstream Redis is not reachable".into() }
    }

    pub(crate) fn too_large(limit: usize, actual: usize) -> Self {
        Self {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            text: format!(
                "ERR max request size exceeded. Limit: {limit} bytes, Actual: {actual} bytes. See \
                 https://upstash.com/docs/redis/troubleshooting/max_request_size_exceeded for details"
            )
            .into(),
        }
    }

    pub(crate) fn not_available(command: &str) -> Self {
        Self::bad_request(format!(
            "ERR Command is not available: '{command}'. \
             See https://upstash.com/docs/redis/overall/rediscompatibility for details"
        ))
    }

    pub(crate) fn not_in_rest(command: &str) -> Self {
        Self::bad_request(format!(
            "ERR Command \"{command}\" is not allowed in REST or it has a special context path"
        ))
    }

    pub(crate) fn wrong_arity(command: &str) -> Self {
        Self::bad_request(format!("ERR wrong number of arguments for '{command}' command"))
    }

    pub(crate) fn no_permission(command: &str) -> Self {
        Self::bad_request(format!(
            "NOPERM this user has no permissions to run the '{command}' command or its subcommand"
        ))
    }

    /// Whether the command is over the size limit, which fails the whole request, even a pipeline.
    pub(crate) fn is_too_large(&self) -> bool {
        self.status == StatusCode::PAYLOAD_TOO_LARGE
    }
}
