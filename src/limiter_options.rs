//! The options of a `RateLimiter`.

use std::time::Duration;

use napi::ValueType;
use napi::bindgen_prelude::Unknown;
use redlatch_core::Error;
use redlatch_core::caches::{Algorithm, Limiter, millis_of_number, millis_of_words};
use redlatch_core::config::Options;

use crate::argument::{self, OptionsObject};

/// Those of `@upstash/ratelimit` that have no meaning here are accepted, so that a call site needs no change.
const NAMES: [&str; 13] = [
    "limiter",
    "name",
    "prefix",
    "timeoutMs",
    "ephemeralCache",
    "dynamicLimits",
    "blocking",
    "onOutage",
    "redis",
    "analytics",
    "timeout",
    "enableProtection",
    "denyListThreshold",
];

const DEFAULT_NAME: &str = "default";
const DEFAULT_PREFIX: &str = "ratelimit";
/// Limits stay far below 2^53, so that Redis and this package calculate alike.
const MOST_TOKENS: u64 = 1_000_000_000_000;

/// Reads the options of a limiter.
pub(crate) fn read(given: &OptionsObject<'_, '_>) -> argument::Result<Limiter> {
    given.expect_only(&NAMES)?;
    let algorithm = given.nested("limiter", algorithm)?.ok_or_else(|| {
        let problem = "must be given, such as RateLimiter.slidingWindow(10, '10 s')";
        Error::invalid_field("options.limiter", problem)
    })?;
    let name = given.get("name", name)?;
    let prefix = given.get("prefix", prefix)?.unwrap_or_else(|| DEFAULT_PREFIX.into());
    Ok(Limiter {
        prefix: Limiter::prefix_of(&prefix, name.as_deref()),
        name: name.unwrap_or_else(|| DEFAULT_NAME.into()),
        algorithm,
        policy: given.get("onOutage", argument::optional_policy_of_limits)?,
        timeout: given.get("timeoutMs", timeout)?,
        remembers_denied: given.get("ephemeralCache", is_not_false)?,
        is_dynamic: given.get("dynamicLimits", argument::optional_boolean)?.unwrap_or(false),
        is_blocking: given.get("blocking", argument::optional_boolean)?.unwrap_or(false),
    })
}

fn algorithm(given: &OptionsObject<'_, '_>) -> argument::Result<Algorithm> {
    let kind = given.get("kind", argument::text)?;
    Ok(match kind.as_str() {
        "fixedWindow" => Algorithm::FixedWindow {
            tokens: given.get("tokens", tokens)?,
            window: given.get("window", millis)?,
        },
        "slidingWindow" => Algorithm::SlidingWindow {
            tokens: given.get("tokens", tokens)?,
            window: given.get("window", millis)?,
        },
        "tokenBucket" => Algorithm::TokenBucket {
            refill: given.get("refillRate", tokens)?,
            interval: given.get("interval", millis)?,
            tokens: given.get("maxTokens", tokens)?,
        },
        "gcra" => {
            let burst = given.get("burst", optional_tokens)?;
            let tokens = given.get("tokens", tokens)?;
            Algorithm::Gcra { tokens, window: given.get("window", millis)?, burst: burst.unwrap_or(tokens) }
        }
        _ => {
            let problem = "must be made by RateLimiter.fixedWindow, slidingWindow, tokenBucket or gcra";
            return Err(Error::invalid_field("options.limiter", problem).into());
        }
    })
}

/// How much is asked for or limited to: a whole number of at least 1.
pub(crate) fn tokens(path: &str, value: Unknown<'_>) -> argument::Result<i64> {
    let tokens = argument::count(path, value)?;
    if !(1..=MOST_TOKENS).contains(&tokens) {
        let problem = format_args!("must be a whole number from 1 to {MOST_TOKENS}, got {tokens}");
        return Err(Error::invalid_value(path, problem).into());
    }
    Ok(tokens.cast_signed())
}

/// A limit that replaces a limiter's, or `false`.
pub(crate) fn dynamic_limit(path: &str, value: Unknown<'_>) -> argument::Result<Option<i64>> {
    if value.get_type()? == ValueType::Boolean && argument::optional_boolean(path, value)? == Some(false) {
        return Ok(None);
    }
    let limit = argument::count(path, value)?;
    if limit > MOST_TOKENS {
        let problem = format_args!("must be at most {MOST_TOKENS}, got {limit}");
        return Err(Error::invalid_value(path, problem).into());
    }
    Ok(Some(limit.cast_signed()))
}

fn optional_tokens(path: &str, value: Unknown<'_>) -> argument::Result<Option<i64>> {
    if value.get_type()? == ValueType::Undefined { Ok(None) } else { tokens(path, value).map(Some) }
}

/// A duration: milliseconds, or a text such as `10 s`.
fn millis(path: &str, value: Unknown<'_>) -> argument::Result<u64> {
    Ok(if value.get_type()? == ValueType::Number {
        millis_of_number(path, argument::number(path, value)?)?
    } else {
        millis_of_words(path, &argument::text(path, value)?)?
    })
}

/// Printable ASCII, because a name stands in headers and metrics; no colon, because it stands before an id in keys.
fn name(path: &str, value: Unknown<'_>) -> argument::Result<Option<String>> {
    let name = argument::optional_text(path, value)?;
    if name.as_ref().is_some_and(|name| {
        name.is_empty() || !name.bytes().all(|byte| matches!(byte, 0x20..=0x7e) && byte != b':')
    }) {
        return Err(Error::invalid_value(path, "must be printable ASCII without a colon").into());
    }
    Ok(name)
}

fn prefix(path: &str, value: Unknown<'_>) -> argument::Result<Option<String>> {
    let prefix = argument::optional_text(path, value)?;
    if prefix.as_ref().is_some_and(String::is_empty) {
        return Err(Error::invalid_value(path, "must not be empty").into());
    }
    Ok(prefix)
}

fn timeout(path: &str, value: Unknown<'_>) -> argument::Result<Option<Duration>> {
    let millis = argument::optional_number(path, value)?;
    Ok(millis.map(|millis| Options::timeout_from_millis(path, millis)).transpose()?)
}

/// `@upstash/ratelimit` takes a Map here, or `false`.
fn is_not_false(path: &str, value: Unknown<'_>) -> argument::Result<bool> {
    if value.get_type()? == ValueType::Object {
        return Ok(true);
    }
    Ok(argument::optional_boolean(path, value)?.unwrap_or(true))
}
