//! The error type of the core.
//!
//! Predicates and the message say what went wrong. No message contains a token, a value or a whole key, because keys can
//! contain e-mail addresses. Messages name the argument, or the command and the prefix of the key.

mod predicates;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A result with the core's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, and what to do about it. A clone is cheap: all calls of a failed request get clones of one error.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    kind: Kind,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

#[derive(Debug)]
enum Kind {
    /// An argument has the right type but an invalid value.
    InvalidValue(String),
    /// A field of an object is missing or has the wrong type.
    InvalidField(String),
    /// Redis refused the command: `WRONGTYPE`, not an integer, too large, no permission.
    Refused { command: &'static str, prefix: &'static str, text: String },
    /// The memory store has reached a limit.
    Full { limit: String },
    /// No connection: refused, unknown host, failed TLS handshake. Nothing was sent. `cause` says why.
    Connect { cause: String },
    /// The connection was lost before the response was complete. Redis may have executed the commands.
    Lost { hint: Option<String> },
    /// No response by the deadline of the request.
    Timeout,
    /// No response by the deadline of the call. The request that it shares with others goes on.
    OutOfTime,
    /// A response of more bytes than may be held.
    TooLarge { limit: usize },
    /// The response of a failing server, a rate limit or an exhausted quota.
    Unavailable { status: u16, text: String, retry_after: Option<Duration>, is_not_executed: bool },
    /// Redis rejected the token, which the setting holds.
    Unauthorized { token_name: &'static str },
    /// A response that does not follow the protocol.
    Protocol { status: u16, problem: String },
    /// The settings name a database that cannot be used.
    Misconfigured(String),
    /// Redis is unavailable, and the outage policy is to reject.
    NoFallback { reason: String },
    /// The call takes what only one caller gets, and its reply was lost. `reason` says why.
    Unanswered { reason: String },
    /// The operating system has no random numbers.
    NoRandomNumbers,
    /// Not sent, because an earlier request found Redis unavailable.
    NotSent(Error),
    /// Others have changed the same each time that it was tried.
    Conflict { what: &'static str },
    /// The call ended without a reply, because the I/O thread ended or panicked.
    Abandoned,
}

impl Error {
    fn new(kind: Kind) -> Self {
        Self(Arc::new(Inner { kind, source: None }))
    }

    fn with_source(kind: Kind, source: impl StdError + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner { kind, source: Some(Box::new(source)) }))
    }

    /// For an argument with an invalid value. `problem` completes the sentence, as in "must not be empty".
    pub fn invalid_value(argument: &str, problem: impl fmt::Display) -> Self {
        Self::new(Kind::InvalidValue(format!("{argument} {problem}")))
    }

    /// For an object argument with a missing or wrong field. `problem` completes the sentence.
    pub fn invalid_field(field: &str, problem: impl fmt::Display) -> Self {
        Self::new(Kind::InvalidField(format!("{field} {problem}")))
    }

    /// For a command that Redis refused with `text`. The caller has removed the arguments from `text`.
    pub fn refused(command: &'static str, prefix: &'static str, text: impl Into<String>) -> Self {
        Self::new(Kind::Refused { command, prefix, text: text.into() })
    }

    pub(crate) fn full(limit: impl Into<String>) -> Self {
        Self::new(Kind::Full { limit: limit.into() })
    }

    /// For a request that found no connection, because of `cause`. No secret is part of it.
    pub(crate) fn connect(cause: impl Into<String>, source: impl StdError + Send + Sync + 'static) -> Self {
        Self::with_source(Kind::Connect { cause: cause.into() }, source)
    }

    pub(crate) fn lost(hint: Option<String>, source: impl StdError + Send + Sync + 'static) -> Self {
        Self::with_source(Kind::Lost { hint }, source)
    }

    pub(crate) fn timeout() -> Self {
        Self::new(Kind::Timeout)
    }

    pub(crate) fn unavailable(status: u16, text: impl Into<String>, retry_after: Option<Duration>) -> Self {
        Self::new(Kind::Unavailable { status, text: text.into(), retry_after, is_not_executed: false })
    }

    /// For a response that says that the server has certainly not executed the commands, but may later.
    pub(crate) fn turned_away(status: u16, text: impl Into<String>, retry_after: Option<Duration>) -> Self {
        Self::new(Kind::Unavailable { status, text: text.into(), retry_after, is_not_executed: true })
    }

    /// For a call whose deadline has passed before that of the request that it shares.
    pub(crate) fn out_of_time() -> Self {
        Self::new(Kind::OutOfTime)
    }

    /// For a request whose response is larger than `limit` bytes.
    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(Kind::TooLarge { limit })
    }

    pub(crate) fn no_fallback(reason: impl Into<String>) -> Self {
        Self::new(Kind::NoFallback { reason: reason.into() })
    }

    /// For a call that took something, or did not, and whose reply was lost because of `outage`.
    pub(crate) fn unanswered(outage: &Self) -> Self {
        Self::new(Kind::Unanswered { reason: outage.to_string() })
    }

    pub(crate) fn no_random_numbers() -> Self {
        Self::new(Kind::NoRandomNumbers)
    }

    /// For a command that is not sent because an earlier request failed with `outage`.
    pub(crate) fn not_sent(outage: &Self) -> Self {
        Self::new(Kind::NotSent(outage.clone()))
    }

    /// For a rejected token, which the setting `token_name` holds.
    pub(crate) fn unauthorized(token_name: &'static str) -> Self {
        Self::new(Kind::Unauthorized { token_name })
    }

    /// For settings that name a database that cannot be used. `problem` names the setting.
    pub(crate) fn misconfigured(problem: impl Into<String>) -> Self {
        Self::new(Kind::Misconfigured(problem.into()))
    }

    pub(crate) fn protocol(status: u16, problem: impl Into<String>) -> Self {
        Self::new(Kind::Protocol { status, problem: problem.into() })
    }

    /// For a change that others have come before each time that it was tried. `what` was to be changed.
    pub(crate) fn conflict(what: &'static str) -> Self {
        Self::new(Kind::Conflict { what })
    }

    /// For a call that ended without a reply.
    #[must_use]
    pub fn abandoned() -> Self {
        Self::new(Kind::Abandoned)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.kind {
            Kind::InvalidValue(text) | Kind::InvalidField(text) | Kind::Misconfigured(text) => {
                f.write_str(text)
            }
            Kind::Refused { command, prefix: "", text } => write!(f, "redis refused {command}: {text}"),
            Kind::Refused { command, prefix, text } => {
                write!(f, "redis refused {command} on a key that starts with \"{prefix}\": {text}")
            }
            Kind::Full { limit } => write!(
                f,
                "the memory store is full ({limit}) and drops nothing that it has acknowledged; \
                 raise the limit with redisManager.configure({{ memory }}) or use shorter TTLs"
            ),
            Kind::Connect { cause } => write!(f, "cannot connect to redis: {cause}"),
            Kind::Lost { hint: None } => f.write_str("the connection to redis was lost before it responded"),
            Kind::Lost { hint: Some(hint) } => {
                write!(f, "the connection to redis was lost before it responded; {hint}")
            }
            Kind::NoFallback { reason } => write!(
                f,
                "redis is not available ({reason}), and onOutage is \"reject\" for this call, \
                 so memory does not take over"
            ),
            Kind::Unanswered { reason } => write!(
                f,
                "the reply was lost ({reason}), so that nobody can tell whether this call has taken the entry; try again"
            ),
            Kind::NoRandomNumbers => f.write_str("the operating system has no random numbers"),
            Kind::Timeout | Kind::OutOfTime => f.write_str("redis did not answer in time"),
            Kind::TooLarge { limit } => write!(
                f,
                "the answer is larger than {limit} bytes; store smaller values, \
                 or raise maxResponseBytes with redisManager.configure"
            ),
            Kind::Unavailable { status, text, .. } => {
                write!(f, "redis responded with status {status}: {text}")
            }
            Kind::Unauthorized { token_name } => {
                write!(f, "redis rejected the token; check {token_name} (the REST token, not the password)")
            }
            Kind::Protocol { status, problem } => {
                write!(f, "the response (status {status}) does not come from upstash redis: {problem}")
            }
            Kind::NotSent(outage) => outage.fmt(f),
            Kind::Conflict { what } => {
                write!(f, "{what} was changed by others each time that it was tried; try again")
            }
            Kind::Abandoned => f.write_str("the call ended without a reply"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("kind", &self.0.kind).field("source", &self.0.source).finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
