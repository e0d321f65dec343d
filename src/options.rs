//! The options of `redisManager.configure`.

use std::time::Duration;

use napi::bindgen_prelude::Unknown;
use redlatch_core::config::{OnOutage, Options, Token};
use redlatch_core::store::Class;

use crate::argument::{self, OptionsObject, Property};

const NAMES: [&str; 7] =
    ["url", "token", "timeoutMs", "maxResponseBytes", "disableRedis", "onOutage", "memory"];
const MEMORY_NAMES: [&str; 2] = ["maxEntries", "maxBytes"];

/// Reads `{ url, token, timeoutMs, maxResponseBytes, disableRedis, onOutage, memory }`.
pub(crate) fn read<'env>(options: Unknown<'env>, property: &Property<'env>) -> argument::Result<Options> {
    let Some(given) = OptionsObject::optional("options", options, property)? else {
        return Ok(Options::default());
    };
    given.expect_only(&NAMES)?;
    let mut read = Options {
        timeout: given.get("timeoutMs", timeout)?,
        url: given.get("url", argument::optional_text)?,
        token: given.get("token", argument::optional_text)?.map(Token::new),
        max_response_bytes: given.get("maxResponseBytes", limit)?,
        disable_redis: given.get("disableRedis", argument::optional_boolean)?,
        on_outage: given.nested("onOutage", on_outage)?.unwrap_or_default(),
        ..Options::default()
    };
    given.nested("memory", |memory| {
        memory.expect_only(&MEMORY_NAMES)?;
        read.memory_max_entries = memory.get("maxEntries", limit)?;
        read.memory_max_bytes = memory.get("maxBytes", limit)?;
        Ok(())
    })?;
    Ok(read)
}

fn on_outage(given: &OptionsObject<'_, '_>) -> argument::Result<OnOutage> {
    given.expect_only(&Class::ALL.map(Class::name))?;
    let mut read = OnOutage::default();
    for class in Class::ALL {
        let policy = match class {
            Class::RateLimit => argument::optional_policy_of_limits,
            _ => argument::optional_policy,
        };
        if let Some(policy) = given.get(class.name(), policy)? {
            read = read.with(class, policy);
        }
    }
    Ok(read)
}

fn timeout(path: &str, millis: Unknown<'_>) -> argument::Result<Option<Duration>> {
    let millis = argument::optional_number(path, millis)?;
    Ok(millis.map(|millis| Options::timeout_from_millis(path, millis)).transpose()?)
}

fn limit(path: &str, count: Unknown<'_>) -> argument::Result<Option<usize>> {
    let count = argument::optional_number(path, count)?;
    Ok(count.map(|count| Options::limit(path, count)).transpose()?)
}
