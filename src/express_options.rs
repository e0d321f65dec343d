//! The options of `createStore` of `redlatch/express-session`, and how long a session lives.

use napi::ValueType;
use napi::bindgen_prelude::Unknown;
use redlatch_core::caches::{ExpressOptions, Lifetime};
use redlatch_core::keys::Ttl;

use crate::argument::{self, OptionsObject, Property};
use crate::error::Failure;

const NAMES: [&str; 4] = ["prefix", "ttl", "disableTouch", "touchEverySeconds"];

/// Reads `{ prefix, ttl, disableTouch, touchEverySeconds }`.
pub(crate) fn read(options: Unknown<'_>, property: &Property<'_>) -> argument::Result<ExpressOptions> {
    let mut read = ExpressOptions::default();
    let Some(given) = OptionsObject::optional("options", options, property)? else { return Ok(read) };
    given.expect_only_or(&NAMES, ExpressOptions::problem_of)?;
    read.prefix = given.get("prefix", argument::optional_text)?.unwrap_or(read.prefix);
    read.ttl = given.get("ttl", ttl)?.unwrap_or(read.ttl);
    read.touches = !given.get("disableTouch", argument::optional_boolean)?.unwrap_or(false);
    read.touch_every = given.get("touchEverySeconds", argument::optional_ttl)?.unwrap_or(read.touch_every);
    Ok(read)
}

/// A TTL, unless the face is to ask a function for it.
fn ttl(path: &str, value: Unknown<'_>) -> argument::Result<Option<Ttl>> {
    match value.get_type()? {
        ValueType::Function => Ok(None),
        ValueType::Undefined | ValueType::Number => argument::optional_ttl(path, value),
        _ => Err(Failure::wrong_type(path, "a number or a function", argument::type_name(&value)?)),
    }
}

/// What a session's TTL is made of: `seconds` is what the caller's function says, if there is one, and `expires` when the
/// cookie expires, if it does.
pub(crate) fn lifetime(seconds: Unknown<'_>, expires: Option<f64>) -> argument::Result<Lifetime> {
    Ok(match (argument::optional_number("ttl", seconds)?, expires) {
        (Some(seconds), _) => Lifetime::Seconds(seconds),
        (None, Some(expires)) => Lifetime::Cookie(expires),
        (None, None) => Lifetime::Default,
    })
}
