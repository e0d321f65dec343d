//! What can be asked of an error.

use std::sync::Arc;
use std::time::Duration;

use super::{Error, Kind};

impl Error {
    /// The error of the request that failed, also for commands that were then not sent.
    fn root(&self) -> &Self {
        if let Kind::NotSent(outage) = &self.0.kind { outage.root() } else { self }
    }

    /// Whether an argument has an invalid value.
    #[must_use]
    pub fn is_invalid_value(&self) -> bool {
        matches!(self.0.kind, Kind::InvalidValue(_))
    }

    /// Whether a field of an object argument is missing or wrong.
    #[must_use]
    pub fn is_invalid_field(&self) -> bool {
        matches!(self.0.kind, Kind::InvalidField(_))
    }

    /// Whether Redis refused the command.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self.0.kind, Kind::Refused { .. } | Kind::TooLarge { .. })
    }

    /// Whether the memory store is full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.0.kind, Kind::Full { .. })
    }

    /// Whether others have changed the same each time that a change was tried.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self.0.kind, Kind::Conflict { .. })
    }

    /// Whether the call timed out.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.root().0.kind, Kind::Timeout | Kind::OutOfTime)
    }

    /// Whether Redis rejected the token.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        matches!(self.0.kind, Kind::Unauthorized { .. })
    }

    /// Whether Redis is unavailable, for any command. Memory takes over on such an error.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(
            self.0.kind,
            Kind::Connect { .. }
                | Kind::Lost { .. }
                | Kind::Timeout
                | Kind::OutOfTime
                | Kind::Abandoned
                | Kind::Unavailable { .. }
                | Kind::Unauthorized { .. }
                | Kind::Protocol { .. }
                | Kind::NotSent(_)
        )
    }

    /// Whether Redis is unavailable and the outage policy is to reject.
    #[must_use]
    pub fn is_no_fallback(&self) -> bool {
        matches!(self.0.kind, Kind::NoFallback { .. })
    }

    /// Whether the reply was lost of a call that takes what only one caller gets. Memory does not take over.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        matches!(self.0.kind, Kind::Unanswered { .. })
    }

    /// For an outage: whether Redis has not executed the commands for certain.
    pub(crate) fn is_certainly_not_executed(&self) -> bool {
        matches!(
            self.0.kind,
            Kind::Connect { .. }
                | Kind::Unauthorized { .. }
                | Kind::NotSent(_)
                | Kind::Unavailable { is_not_executed: true, .. }
        )
    }

    /// For an outage: whether this one error opens the circuit breaker. A timeout or a failing response may be an exception.
    pub(crate) fn opens_breaker(&self) -> bool {
        matches!(self.root().0.kind, Kind::Connect { .. } | Kind::Unauthorized { .. })
    }

    /// For an outage: whether a retry may succeed.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self.0.kind, Kind::Lost { .. } | Kind::Unavailable { .. })
    }

    /// The `Retry-After` of the response.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self.root().0.kind {
            Kind::Unavailable { retry_after, .. } => retry_after,
            _ => None,
        }
    }

    /// The kind of outage, for metrics.
    #[must_use]
    pub fn outage_code(&self) -> &'static str {
        match self.root().0.kind {
            Kind::Connect { .. } => "connect",
            Kind::Lost { .. } => "connection_lost",
            Kind::Timeout | Kind::OutOfTime => "timeout",
            Kind::Unavailable { status: 429, .. } => "rate_limited",
            Kind::Unavailable { .. } => "unavailable",
            Kind::Unauthorized { .. } => "unauthorized",
            Kind::Misconfigured(_) => "configuration",
            Kind::Protocol { .. } => "protocol",
            _ => "other",
        }
    }

    /// Whether both are errors of the same request.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.root().0, &other.root().0)
    }

    /// Whether both say the same of two commands of one request.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        match (&self.0.kind, &other.0.kind) {
            (Kind::Unavailable { text, .. }, Kind::Unavailable { text: other, .. }) => text == other,
            (kind, other) => std::mem::discriminant(kind) == std::mem::discriminant(other),
        }
    }

    /// Whether the server's script cache lacks the script.
    pub(crate) fn is_unknown_script(&self) -> bool {
        self.is_refused_with(&["NOSCRIPT"])
    }

    /// Whether the server does not take the first line of a script, which names its flags.
    pub(crate) fn is_refused_script_flag(&self) -> bool {
        self.is_refused_with(&["ERR Unexpected flag in script shebang", "ERR Error compiling script"])
    }

    /// Whether the server does not know `IFEQ` or `DELEX`.
    pub(crate) fn is_unknown_condition(&self) -> bool {
        self.is_refused_with(&["ERR syntax error", "ERR unknown command"])
    }

    /// Whether Redis refuses the command because a setting is wrong: a token that may only read, or a URL with a path.
    pub(crate) fn is_refused_by_setting(&self) -> bool {
        self.is_refused_with(&["NOPERM", "ERR Command is not available"])
    }

    /// Whether Redis refuses a write that it may take later: its memory, its disk or its quota is full.
    pub(crate) fn is_refused_for_now(&self) -> bool {
        self.is_refused_with(&["OOM", "MISCONF", "ERR DB capacity quota exceeded"])
    }

    fn is_refused_with(&self, starts: &[&str]) -> bool {
        let Kind::Refused { text, .. } = &self.0.kind else { return false };
        starts.iter().any(|start| text.starts_with(start))
    }

    /// For an outage: whether it tells something about Redis, and not about one call.
    pub(crate) fn counts_for_breaker(&self) -> bool {
        !matches!(self.root().0.kind, Kind::OutOfTime)
    }

    /// Whether the response was too large to be held.
    pub(crate) fn is_too_large(&self) -> bool {
        matches!(self.0.kind, Kind::TooLarge { .. })
    }
}
