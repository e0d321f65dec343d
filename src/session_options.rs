//! The options of `SessionCache` and of its methods.

use napi::bindgen_prelude::Unknown;
use redlatch_core::caches::SessionOptions;

use crate::argument::{self, OptionsObject, Property};

const NAMES: [&str; 6] =
    ["prefix", "idleSeconds", "absoluteSeconds", "touchEverySeconds", "index", "consistent"];

/// Reads `{ prefix, idleSeconds, absoluteSeconds, touchEverySeconds, index, consistent }`.
pub(crate) fn read(options: Unknown<'_>, property: &Property<'_>) -> argument::Result<SessionOptions> {
    let mut read = SessionOptions::default();
    let Some(given) = OptionsObject::optional("options", options, property)? else { return Ok(read) };
    given.expect_only(&NAMES)?;
    read.prefix = given.get("prefix", argument::optional_text)?.unwrap_or(read.prefix);
    read.idle = given.get("idleSeconds", argument::optional_ttl)?.unwrap_or(read.idle);
    read.absolute = given.get("absoluteSeconds", argument::optional_ttl)?.unwrap_or(read.absolute);
    read.touch_every = given.get("touchEverySeconds", argument::optional_ttl)?.unwrap_or(read.touch_every);
    read.has_index = given.get("index", argument::optional_boolean)?.unwrap_or(false);
    read.is_consistent = given.get("consistent", argument::optional_boolean)?.unwrap_or(false);
    Ok(read)
}

/// Reads `{ touch, userId }` of `get`: whether to renew the idle time, which is the default, and whose session it is.
pub(crate) fn read_get(
    options: Unknown<'_>,
    property: &Property<'_>,
) -> argument::Result<(bool, Option<String>)> {
    let Some(given) = OptionsObject::optional("options", options, property)? else { return Ok((true, None)) };
    given.expect_only(&["touch", "userId"])?;
    let touches = given.get("touch", argument::optional_boolean)?.unwrap_or(true);
    Ok((touches, given.get("userId", argument::optional_text)?))
}

/// Reads `{ except }` of `destroyAll`.
pub(crate) fn read_except(options: Unknown<'_>, property: &Property<'_>) -> argument::Result<Option<String>> {
    let Some(given) = OptionsObject::optional("options", options, property)? else { return Ok(None) };
    given.expect_only(&["except"])?;
    given.get("except", argument::optional_text)
}
