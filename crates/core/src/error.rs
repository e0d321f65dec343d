//! The one error of the core.
//!
//! What went wrong is told by predicates and by the message. No message holds a token, a value or a whole key: keys
//! can contain e-mail addresses, so messages name the argument, or the command and the key's prefix.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A result of the core.
pub type Result<T> = std::result::Result<T, Error>;

/// Says what went wrong, and for a person what to do about it. One failed request can be the error of many calls:
/// they get clones of one error.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    kind: Kind,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

#[derive(Debug)]
enum Kind {
    /// An argument is of the right type, but not one that can be used.
    InvalidValue(String),
    /// An object lacks a field, or has one of the wrong type.
    InvalidField(String),
    /// Redis was reached and said no: `WRONGTYPE`, not an integer, too large, no permission.
    Refused { command: &'static str, prefix: &'static str, text: String },
    /// The memory store has no room for another entry.
    Full { limit: String },
    /// No connection: refused, unknown host, failed TLS handshake. Nothing has been sent.
    Connect,
    /// The connection was lost before the answer was there; the commands may have run or not.
    Lost,
    /// No answer within the deadline.
    Timeout,
    /// An answer that tells of a failing server, a rate limit or an exhausted quota.
    Unavailable { status: u16, text: String, retry_after: Option<Duration> },
    /// The token was missing or wrong.
    Unauthorized,
    /// An answer that is not what the protocol says.
    Protocol { status: u16, problem: String },
    /// Redis cannot be used, and the settings say that memory must not take over.
    NoFallback { reason: String },
    /// Not sent, because of what a request before it found.
    NotSent(Error),
    /// The call was given up before it had an answer: the I/O thread ended or panicked.
    Abandoned,
}

impl Error {
    fn new(kind: Kind) -> Self {
        Self(Arc::new(Inner { kind, source: None }))
    }

    fn with_source(kind: Kind, source: impl StdError + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner { kind, source: Some(Box::new(source)) }))
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

    pub(crate) fn lost(source: impl StdError + Send + Sync + 'static) -> Self {
        Self::with_source(Kind::Lost, source)
    }

    pub(crate) fn timeout() -> Self {
        Self::new(Kind::Timeout)
    }

    pub(crate) fn unavailable(status: u16, text: impl Into<String>, retry_after: Option<Duration>) -> Self {
        Self::new(Kind::Unavailable { status, text: text.into(), retry_after })
    }

    pub(crate) fn no_fallback(reason: impl Into<String>) -> Self {
        Self::new(Kind::NoFallback { reason: reason.into() })
    }

    /// For a command that is not sent because a request before it ended with `outage`.
    pub(crate) fn not_sent(outage: &Self) -> Self {
        Self::new(Kind::NotSent(outage.clone()))
    }

    /// What the request ended with, of which this may be a consequence.
    fn root(&self) -> &Self {
        if let Kind::NotSent(outage) = &self.0.kind { outage.root() } else { self }
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
        matches!(self.0.kind, Kind::InvalidValue(_))
    }

    /// A field of an object argument is missing or wrong.
    #[must_use]
    pub fn is_invalid_field(&self) -> bool {
        matches!(self.0.kind, Kind::InvalidField(_))
    }

    /// Redis was reached and refused the command.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self.0.kind, Kind::Refused { .. })
    }

    /// The memory store is full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.0.kind, Kind::Full { .. })
    }

    /// Redis took too long.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, Kind::Timeout)
    }

    /// Redis rejected the token.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        matches!(self.0.kind, Kind::Unauthorized)
    }

    /// Redis cannot be used at the moment, whatever the command: this is what memory takes over for.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(
            self.0.kind,
            Kind::Connect
                | Kind::Lost
                | Kind::Timeout
                | Kind::Unavailable { .. }
                | Kind::Unauthorized
                | Kind::Protocol { .. }
                | Kind::NotSent(_)
        )
    }

    /// Redis cannot be used, and the settings say that memory must not take over.
    #[must_use]
    pub fn is_no_fallback(&self) -> bool {
        matches!(self.0.kind, Kind::NoFallback { .. })
    }

    /// The call was given up before it had an answer.
    pub(crate) fn is_abandoned(&self) -> bool {
        matches!(self.0.kind, Kind::Abandoned)
    }

    /// Of an outage: it is certain that nothing of what the request asked for was done.
    pub(crate) fn is_certainly_not_executed(&self) -> bool {
        matches!(self.0.kind, Kind::Connect | Kind::Unauthorized | Kind::NotSent(_))
    }

    /// Of an outage: one is proof enough. A timeout or a failing answer may be a single mishap.
    pub(crate) fn opens_breaker(&self) -> bool {
        matches!(self.root().0.kind, Kind::Connect | Kind::Unauthorized)
    }

    /// Of an outage: asking again soon may help.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self.0.kind, Kind::Lost | Kind::Unavailable { .. })
    }

    /// How long the server wants to be left alone.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self.root().0.kind {
            Kind::Unavailable { retry_after, .. } => retry_after,
            _ => None,
        }
    }

    /// A short name for the kind of outage, for metrics.
    #[must_use]
    pub fn outage_code(&self) -> &'static str {
        match self.root().0.kind {
            Kind::Connect => "connect",
            Kind::Lost => "connection_lost",
            Kind::Timeout => "timeout",
            Kind::Unavailable { status: 429, .. } => "rate_limited",
            Kind::Unavailable { .. } => "unavailable",
            Kind::Unauthorized => "unauthorized",
            Kind::Protocol { .. } => "protocol",
            _ => "other",
        }
    }

    /// Whether both are the error of one and the same request.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.root().0, &other.root().0)
    }

    /// The script to run is not in the server's script cache.
    pub(crate) fn is_unknown_script(&self) -> bool {
        matches!(&self.0.kind, Kind::Refused { text, .. } if text.starts_with("NOSCRIPT"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.kind {
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
            Kind::Lost => f.write_str("the connection to redis was lost before it answered"),
            Kind::NoFallback { reason } => write!(
                f,
                "redis is not available ({reason}), and onOutage is \"reject\" for this call, \
                 so memory does not take over"
            ),
            Kind::Timeout => f.write_str("redis did not answer in time"),
            Kind::Unavailable { status, text, .. } => {
                write!(f, "redis answered with status {status}: {text}")
            }
            Kind::Unauthorized => f.write_str(
                "redis rejected the token; check UPSTASH_REDIS_REST_TOKEN (the REST token, not the password)",
            ),
            Kind::Protocol { status, problem } => {
                write!(f, "the answer (status {status}) does not come from upstash redis: {problem}")
            }
            Kind::NotSent(outage) => outage.fmt(f),
            Kind::Abandoned => f.write_str("the call was given up before it had an answer"),
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
