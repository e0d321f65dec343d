//! The configuration of a [`Service`](crate::Service), from options in code and environment variables.
//!
//! [`Config::resolve`] gets the environment as a look-up function and calls it once. Nothing else reads the
//! environment. A wrong setting never stops a server from starting: the service runs on memory, and a [`LogMessage`]
//! names the setting to correct.

mod endpoint;
mod environment;
mod mistake;
mod nearest_name;
mod proxy;
mod remote;
mod source;

use std::time::Duration;

use crate::log::LogMessage;
use crate::store::Class;
use crate::{Error, Result};

use environment::Environment;

pub use nearest_name::not_an_option;
pub use proxy::Proxy;
pub use remote::{Remote, Token};
pub use source::Source;

const DISABLE: &str = "DISABLE_REDIS";

/// The last sentence of every warning about a setting.
pub(crate) const DOCTOR: &str = "To check the settings, run npx redlatch doctor.";

/// The warning about a production server without a database. The binding shows it once in a process.
pub const MEMORY_IN_PRODUCTION: &str = "UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN are missing: in \
    production, too, values are kept in this process's memory only. To keep them there on purpose, set \
    DISABLE_REDIS=true. To check the settings, run npx redlatch doctor.";

/// The default timeout of a call, connecting included.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);

/// The default of [`Remote::max_response_bytes`].
pub const DEFAULT_MAX_RESPONSE_BYTES: usize = 32 * 1024 * 1024;

/// The configuration. Services with equal configurations share connections and memory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Config {
    /// The database; `None` keeps all values in memory.
    pub remote: Option<Remote>,
    /// What is wrong with the settings that name a database. `remote` is then `None`.
    pub problem: Option<String>,
    /// The limits of the memory store.
    pub memory: MemoryLimits,
    /// What happens to calls during an outage.
    pub on_outage: OnOutage,
}

/// What happens to a call while the database is not available.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Policy {
    /// The call is served from this process's memory.
    #[default]
    Memory,
    /// The call fails. This fits data that must not be guessed, such as payments.
    Reject,
    /// A limit admits what is asked for, without counting it.
    Allow,
    /// A limit denies what is asked for.
    Deny,
}

impl Policy {
    /// The policy of limits with this name in the options. `argument` names the option in the error.
    ///
    /// # Errors
    ///
    /// When `name` is none of `memory`, `allow` and `deny`.
    pub fn of_limits(argument: &str, name: &str) -> Result<Self> {
        match name {
            "memory" => Ok(Self::Memory),
            "allow" => Ok(Self::Allow),
            "deny" => Ok(Self::Deny),
            _ => Err(Error::invalid_value(argument, "must be \"memory\", \"allow\" or \"deny\"")),
        }
    }

    /// The policy with this name in the options. `argument` names the option in the error.
    ///
    /// # Errors
    ///
    /// When `name` is neither `memory` nor `reject`.
    pub fn from_name(argument: &str, name: &str) -> Result<Self> {
        match name {
            "memory" => Ok(Self::Memory),
            "reject" => Ok(Self::Reject),
            _ => Err(Error::invalid_value(argument, "must be \"memory\" or \"reject\"")),
        }
    }
}

/// The outage policy of each class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct OnOutage([Policy; Class::ALL.len()]);

impl OnOutage {
    /// The policy for calls of `class`.
    #[must_use]
    pub fn policy(&self, class: Class) -> Policy {
        self.0[class as usize]
    }

    /// Replaces the policy for calls of `class`.
    #[must_use]
    pub fn with(mut self, class: Class, policy: Policy) -> Self {
        self.0[class as usize] = policy;
        self
    }
}

/// The limits of the memory store. A full store refuses new entries; it never drops a live one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MemoryLimits {
    /// The maximum number of entries; 100,000 by default.
    pub entries: usize,
    /// The maximum bytes of all keys and values in UTF-8, without bookkeeping; 64 MiB by default.
    pub bytes: usize,
}

impl Default for MemoryLimits {
    fn default() -> Self {
        Self { entries: 100_000, bytes: 64 * 1024 * 1024 }
    }
}

/// Options in code. Each one that is set overrides its environment variable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The REST endpoint. If it or the token is set, both environment variables are ignored.
    pub url: Option<String>,
    /// The REST token.
    pub token: Option<Token>,
    /// The timeout of a call; [`DEFAULT_TIMEOUT`] if not set.
    pub timeout: Option<Duration>,
    /// The maximum bytes of a response; [`DEFAULT_MAX_RESPONSE_BYTES`] if not set.
    pub max_response_bytes: Option<usize>,
    /// `true` keeps all values in memory; `false` overrides `DISABLE_REDIS`.
    pub disable_redis: Option<bool>,
    /// The maximum number of entries in memory.
    pub memory_max_entries: Option<usize>,
    /// The maximum bytes in memory.
    pub memory_max_bytes: Option<usize>,
    /// What happens to calls during an outage.
    pub on_outage: OnOutage,
}

impl Config {
    /// Resolves `options` and the environment. `lookup` returns the value of an environment variable.
    pub fn resolve(options: &Options, lookup: impl Fn(&str) -> Option<String>) -> (Self, Vec<LogMessage>) {
        let environment = Environment::new(lookup);
        let mut warnings = Vec::new();
        let disabled =
            options.disable_redis.unwrap_or_else(|| environment.get(DISABLE).as_deref() == Some("true"));
        let remote = if disabled {
            warnings.push(LogMessage::Info(
                "Redis is disabled; values are kept in this process's memory only.".into(),
            ));
            Ok(None)
        } else {
            Remote::resolve(options, &environment, &mut warnings)
        };
        match &remote {
            Ok(None) if warnings.is_empty() && environment.is_production() => {
                warnings.push(LogMessage::Warn(MEMORY_IN_PRODUCTION.into()));
            }
            Ok(_) => {}
            Err(problem) => warnings.push(LogMessage::Warn(format!(
                "{problem}; values are kept in this process's memory only. {DOCTOR}"
            ))),
        }
        let (remote, problem) = remote.map_or_else(|problem| (None, Some(problem)), |remote| (remote, None));
        let default = MemoryLimits::default();
        let memory = MemoryLimits {
            entries: options.memory_max_entries.unwrap_or(default.entries),
            bytes: options.memory_max_bytes.unwrap_or(default.bytes),
        };
        (Self { remote, problem, memory, on_outage: options.on_outage }, warnings)
    }
}

impl Options {
    /// Converts a JavaScript number of milliseconds to a timeout.
    ///
    /// # Errors
    ///
    /// When `millis` is not a whole number from 1 to a day.
    pub fn timeout_from_millis(argument: &str, millis: f64) -> Result<Duration> {
        const DAY: f64 = 86_400_000.0;
        if millis.fract() != 0.0 || !(1.0..=DAY).contains(&millis) {
            return Err(Error::invalid_value(
                argument,
                format_args!("must be a whole number of milliseconds from 1 to {DAY}, got {millis}"),
            ));
        }
        Ok(Duration::from_secs_f64(millis / 1000.0))
    }

    /// Converts a JavaScript number to a limit.
    ///
    /// # Errors
    ///
    /// When `count` is not a whole number of at least 1.
    pub fn limit(argument: &str, count: f64) -> Result<usize> {
        if count.fract() != 0.0 || !(1.0..=9e15).contains(&count) {
            return Err(Error::invalid_value(
                argument,
                format_args!("must be a whole number of at least 1, got {count}"),
            ));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
        Ok(count as usize)
    }
}

#[cfg(test)]
mod tests;
