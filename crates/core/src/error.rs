//! The one error of the core.
//!
//! What went wrong is told by predicates and by the message. No message holds a token, a value or a whole key: keys
//! can contain e-mail addresses, so messages name the argument, or the command and the key's prefix.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// A result of the core.
pub type Result<T> = std::result::Result<T, Error>;

type Source = Arc<dyn StdError + Send + Sync>;

/// Says what went wrong, and for a person what to do about it. One failed request can be the error of many calls, so
/// clones share the source.
#[derive(Clone)]
pub struct Error {
    kind: Kind,
    source: Option<Source>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// An argument is of the right type, but not one that can be used.
    InvalidValue(String),
    /// An object lacks a field, or has one of the wrong type.
    InvalidField(String),
    /// Redis was reached and said no: `WRONGTYPE`, not an integer, too large, no permission.
    Refused { command: &'static str, prefix: &'static str, text: String },
    /// The memory store has no room for another entry.
    Full { limit: String },
    /// No connection: refused, reset, unknown host, failed TLS handshake.
    Connect,
    /// No answer within the deadline.
    Timeout,
    /// An answer that tells of a failing server, a rate limit or an exhausted quota.
    Unavailable { status: u16, text: String },
    /// The token was missing or wrong.
    Unauthorized,
    /// An answer that is not what the protocol says.
    Protocol { status: u16, problem: String },
    /// The call was given up before it had an answer: the I/O thread ended or panicked.
    Abandoned,
}

impl Error {
    fn new(kind: Kind) -> Self {
        Self { kind, source: None }
    }

    fn with_source(kind: Kind, source: impl StdError + Send + Sync + 'static) -> Self {
        Self { kind, source: Some(Arc::new(source)) }
    }

    /// `argument` cannot be used; `problem` completes the sentence, as in "must not be empty".
    pub fn invalid_value(argument: &str, problem: impl fmt::Display) -> Self {
        Self::new(Kind::InvalidValue(format!("{argument} {problem}")))
    }

    /// `field` of an object argument is missing or wrong; `problem` completes the sentence.
    pub fn invalid_field(field: &str, problem: impl fmt::Display) -> Self {
        Self::new(Kind::InvalidField(format!("{field} {problem}")))
    }

    /// Redis refused a command with `text`, from which the caller has removed the arguments.
    pub fn refused(command: &'static str, prefix: &'static str, text: impl Into<String>) -> Self {
        Self::new(Kind::Refused { command, prefix, text: text.into() })
    }

    pub(crate) fn full(limit: impl Into<String>) -> Self {
        Self::new(Kind::Full { limit: limit.into() })
    }

    pub(crate) fn connect(source: impl StdError + Send + Sync + 'static) -> Self {
        Self::with_source(Kind::Connect, source)
    }

    pub(crate) fn timeout() -> Self {
        Self::new(Kind::Timeout)
    }

    pub(crate) fn unavailable(status: u16, text: impl Into<String>) -> Self {
        Self::new(Kind::Unavailable { status, text: text.into() })
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(Kind::Unauthorized)
    }

    pub(crate) fn protocol(status: u16, problem: impl Into<String>) -> Self {
        Self::new(Kind::Protocol { status, problem: problem.into() })
    }

    /// The call ended without an answer.
    #[must_use]
    pub fn abandoned() -> Self {
        Self::new(Kind::Abandoned)
    }

    /// An argument has an unusable value.
    #[must_use]
    pub fn is_invalid_value(&self) -> bool {
        matches!(self.kind, Kind::InvalidValue(_))
    }

    /// A field of an object argument is missing or wrong.
    #[must_use]
    pub fn is_invalid_field(&self) -> bool {
        matches!(self.kind, Kind::InvalidField(_))
    }

    /// Redis was reached and refused the command.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self.kind, Kind::Refused { .. })
    }

    /// The memory store is full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.kind, Kind::Full { .. })
    }

    /// Redis took too long.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.kind, Kind::Timeout)
    }

    /// Redis rejected the token.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        matches!(self.kind, Kind::Unauthorized)
    }

    /// Redis cannot be used at the moment, whatever the command: this is what memory takes over for.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(
            self.kind,
            Kind::Connect
                | Kind::Timeout
                | Kind::Unavailable { .. }
                | Kind::Unauthorized
                | Kind::Protocol { .. }
        )
    }

    /// The script to run is not in the server's script cache.
    pub(crate) fn is_unknown_script(&self) -> bool {
        matches!(&self.kind, Kind::Refused { text, .. } if text.starts_with("NOSCRIPT"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::InvalidValue(text) | Kind::InvalidField(text) => f.write_str(text),
            Kind::Refused { command, prefix: "", text } => write!(f, "redis refused {command}: {text}"),
            Kind::Refused { command, prefix, text } => {
                write!(f, "redis refused {command} on a key that starts with \"{prefix}\": {text}")
            }
            Kind::Full { limit } => write!(
                f,
                "the memory store is full ({limit}) and drops nothing that it has acknowledged; \
                 raise the limit with redisManager.configure({{ memory }}) or use shorter TTLs"
            ),
            Kind::Connect => {
                f.write_str("cannot connect to redis; check UPSTASH_REDIS_REST_URL and the network")
            }
            Kind::Timeout => f.write_str("redis did not answer in time"),
            Kind::Unavailable { status, text } => write!(f, "redis answered with status {status}: {text}"),
            Kind::Unauthorized => f.write_str(
                "redis rejected the token; check UPSTASH_REDIS_REST_TOKEN (the REST token, not the password)",
            ),
            Kind::Protocol { status, problem } => {
                write!(f, "the answer (status {status}) does not come from upstash redis: {problem}")
            }
            Kind::Abandoned => f.write_str("the call was given up before it had an answer"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("kind", &self.kind).field("source", &self.source).finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
