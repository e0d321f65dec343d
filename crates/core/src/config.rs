//! What a [`Service`](crate::Service) runs on, and how the environment says so.
//!
//! [`Config::resolve`] is given the environment as a look-up function, once; nothing reads it afterwards. Settings
//! that cannot be used never stop a server from starting: it runs on memory and a [`LogMessage`] says what to mend.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;

use crate::log::LogMessage;
use crate::store::Class;
use crate::{Error, Result};

const URL: &str = "UPSTASH_REDIS_REST_URL";
const TOKEN: &str = "UPSTASH_REDIS_REST_TOKEN";
const OLD_URL: &str = "KV_REST_API_URL";
const OLD_TOKEN: &str = "KV_REST_API_TOKEN";
const DISABLE: &str = "DISABLE_REDIS";
const EXTRA_CA_CERTS: &str = "NODE_EXTRA_CA_CERTS";

/// How long a call may take, connecting included, unless the caller says otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);

/// Everything that a service needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Config {
    /// The database; without one, everything stays in memory.
    pub remote: Option<Remote>,
    /// The bounds of the memory store.
    pub memory: MemoryLimits,
    /// What happens to calls while the database cannot be used.
    pub on_outage: OnOutage,
}

/// What happens to a call while the database cannot be used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Policy {
    /// This process's memory answers.
    #[default]
    Memory,
    /// It fails, for those who would rather refuse a payment than guess.
    Reject,
}

impl Policy {
    /// A policy from its name in settings; `argument` is what the caller calls it.
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

/// The policies of the classes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct OnOutage([Policy; Class::ALL.len()]);

impl OnOutage {
    /// The policy for calls of `class`.
    #[must_use]
    pub fn policy(&self, class: Class) -> Policy {
        self.0[class as usize]
    }

    /// The same with another policy for calls of `class`.
    #[must_use]
    pub fn with(mut self, class: Class, policy: Policy) -> Self {
        self.0[class as usize] = policy;
        self
    }
}

/// How to reach an Upstash database.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Remote {
    /// The REST endpoint, without a trailing `/`.
    pub url: String,
    /// The REST token.
    pub token: Token,
    /// The longest that one call may take, connecting and repeats included.
    pub timeout: Duration,
    /// A PEM file of certificate authorities to trust besides the usual public ones.
    pub extra_ca_certs: Option<PathBuf>,
}

/// A secret. Neither `Debug` nor an error shows it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Token(String);

impl Token {
    /// Keeps `token`, which must be fit for a header.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    pub(crate) fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// How much the memory store may hold. When it is full it refuses new entries; it never drops a live one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MemoryLimits {
    /// The number of entries; 100,000 by default.
    pub entries: usize,
    /// The bytes of all keys and values in UTF-8, without bookkeeping; 64 MiB by default.
    pub bytes: usize,
}

impl Default for MemoryLimits {
    fn default() -> Self {
        Self { entries: 100_000, bytes: 64 * 1024 * 1024 }
    }
}

/// Settings in code. What is given takes the place of what the environment says about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The REST endpoint. With it or the token given, neither is looked up in the environment.
    pub url: Option<String>,
    /// The REST token.
    pub token: Option<Token>,
    /// The longest that one call may take; [`DEFAULT_TIMEOUT`] otherwise.
    pub timeout: Option<Duration>,
    /// `true` for memory whatever else is set, `false` to overrule `DISABLE_REDIS`.
    pub disable_redis: Option<bool>,
    /// The number of entries that memory may hold.
    pub memory_max_entries: Option<usize>,
    /// The bytes that memory may hold.
    pub memory_max_bytes: Option<usize>,
    /// What happens to calls while the database cannot be used.
    pub on_outage: OnOutage,
}

impl Config {
    /// The settings that `options` and the environment, looked up by variable name, come to.
    pub fn resolve(options: &Options, lookup: impl Fn(&str) -> Option<String>) -> (Self, Vec<LogMessage>) {
        let variable =
            |name: &str| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let mut warnings = Vec::new();
        let disabled = options.disable_redis.unwrap_or_else(|| variable(DISABLE).as_deref() == Some("true"));
        let remote = if disabled {
            warnings.push(LogMessage::Info(
                "Redis is disabled; values are kept in this process's memory only.".into(),
            ));
            None
        } else {
            credentials(options, variable, &mut warnings).map(|(url, token)| Remote {
                url,
                token,
                timeout: options.timeout.unwrap_or(DEFAULT_TIMEOUT),
                extra_ca_certs: variable(EXTRA_CA_CERTS).map(PathBuf::from),
            })
        };
        let default = MemoryLimits::default();
        let memory = MemoryLimits {
            entries: options.memory_max_entries.unwrap_or(default.entries),
            bytes: options.memory_max_bytes.unwrap_or(default.bytes),
        };
        (Self { remote, memory, on_outage: options.on_outage }, warnings)
    }
}

impl Options {
    /// A time limit from a JavaScript number of milliseconds.
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

    /// A bound from a JavaScript number.
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

/// The endpoint and the token, from the first source that says anything of them.
fn credentials(
    options: &Options,
    variable: impl Fn(&str) -> Option<String>,
    warnings: &mut Vec<LogMessage>,
) -> Option<(String, Token)> {
    let in_code = (options.url.clone(), options.token.as_ref().map(|token| token.secret().to_owned()));
    let sources = [
        ("url", "token", in_code),
        (URL, TOKEN, (variable(URL), variable(TOKEN))),
        (OLD_URL, OLD_TOKEN, (variable(OLD_URL), variable(OLD_TOKEN))),
    ];
    let (url_name, token_name, (url, token)) =
        sources.into_iter().find(|(.., (url, token))| url.is_some() || token.is_some())?;
    if url_name == OLD_URL {
        warnings.push(LogMessage::Warn(format!(
            "{OLD_URL} and {OLD_TOKEN} are deprecated; rename them to {URL} and {TOKEN}."
        )));
    }
    let checked = match (url, token) {
        (Some(url), Some(token)) => {
            endpoint(url_name, &url, warnings).and_then(|url| Ok((url, usable_token(token_name, &token)?)))
        }
        (Some(_), None) => Err(format!("{url_name} is set but {token_name} is missing")),
        _ => Err(format!("{token_name} is set but {url_name} is missing")),
    };
    checked
        .map_err(|problem| {
            warnings
                .push(LogMessage::Warn(format!("{problem}; values are kept in this process's memory only.")));
        })
        .ok()
}

fn endpoint(name: &str, text: &str, warnings: &mut Vec<LogMessage>) -> std::result::Result<String, String> {
    let text = text.trim();
    let text = text.strip_suffix('/').unwrap_or(text);
    let url = Uri::try_from(text)
        .ok()
        .filter(|url| {
            matches!(url.scheme_str(), Some("http" | "https")) && url.query().is_none() && !text.contains('#')
        })
        .ok_or_else(|| {
            format!("{name} is not an http(s) URL; copy the REST URL, which starts with https://")
        })?;
    if url.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(format!("{name} must not hold credentials; the token goes into its own setting"));
    }
    if url.scheme_str() == Some("http") && !is_loopback(&url) {
        warnings.push(LogMessage::Warn(format!(
            "{name} is a plain http URL to another host: the token and all values cross the network unencrypted."
        )));
    }
    Ok(text.to_owned())
}

fn is_loopback(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn usable_token(name: &str, text: &str) -> std::result::Result<Token, String> {
    let text = text.trim();
    if text.is_empty() || text.contains(|c: char| !c.is_ascii_graphic()) {
        return Err(format!("{name} holds characters that no token has (white space or non-ASCII)"));
    }
    Ok(Token::new(text))
}

#[cfg(test)]
mod tests;
