//! The options of `TempDataCache.createCode` and `verifyCode`.

use napi::bindgen_prelude::Unknown;
use redlatch_core::caches::CodeOptions;

use crate::argument::{self, OptionsObject, Property};

const NAMES: [&str; 4] = ["digits", "ttlSeconds", "attempts", "secret"];

/// Reads `{ digits, ttlSeconds, attempts, secret }`.
pub(crate) fn read(options: Unknown<'_>, property: &Property<'_>) -> argument::Result<CodeOptions> {
    let mut read = CodeOptions::default();
    let Some(given) = OptionsObject::optional("options", options, property)? else { return Ok(read) };
    given.expect_only(&NAMES)?;
    let number = |option, convert: fn(&str, f64) -> redlatch_core::Result<u32>| {
        given.get(option, |path, value| {
            Ok(argument::optional_number(path, value)?.map(|number| convert(path, number)).transpose()?)
        })
    };
    read.digits = number("digits", CodeOptions::digits)?.unwrap_or(read.digits);
    read.attempts = number("attempts", CodeOptions::attempts)?.unwrap_or(read.attempts);
    read.ttl = given.get("ttlSeconds", argument::optional_ttl)?;
    read.secret = given.get("secret", secret)?;
    Ok(read)
}

/// Reads `{ secret }` of `verifyCode`.
pub(crate) fn read_secret(options: Unknown<'_>, property: &Property<'_>) -> argument::Result<Option<String>> {
    let Some(given) = OptionsObject::optional("options", options, property)? else { return Ok(None) };
    given.expect_only(&["secret"])?;
    given.get("secret", secret)
}

fn secret(path: &str, value: Unknown<'_>) -> argument::Result<Option<String>> {
    let secret = argument::optional_text(path, value)?;
    Ok(secret.map(|secret| CodeOptions::secret(path, secret)).transpose()?)
}
