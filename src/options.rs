//! The options of `redisManager.configure`.

use napi::bindgen_prelude::{Object, Unknown};
use redlatch_core::config::{OnOutage, Options, Policy, Token};
use redlatch_core::store::Class;

use crate::argument;

/// Reads `{ url, token, timeoutMs, maxResponseBytes, disableRedis, onOutage, memory }`.
pub(crate) fn read(options: Unknown<'_>) -> argument::Result<Options> {
    let Some(given) = argument::optional_object("options", options)? else { return Ok(Options::default()) };
    let timeout = argument::optional_number("options.timeoutMs", argument::property(&given, "timeoutMs")?)?;
    let mut read = Options {
        url: argument::optional_text("options.url", argument::property(&given, "url")?)?,
        token: argument::optional_text("options.token", argument::property(&given, "token")?)?
            .map(Token::new),
        disable_redis: argument::optional_boolean(
            "options.disableRedis",
            argument::property(&given, "disableRedis")?,
        )?,
        timeout: timeout
            .map(|millis| Options::timeout_from_millis("options.timeoutMs", millis))
            .transpose()?,
        max_response_bytes: limit(&given, "options", "maxResponseBytes")?,
        on_outage: on_outage(&given)?,
        ..Options::default()
    };
    if let Some(memory) = argument::optional_object("options.memory", argument::property(&given, "memory")?)?
    {
        read.memory_max_entries = limit(&memory, "options.memory", "maxEntries")?;
        read.memory_max_bytes = limit(&memory, "options.memory", "maxBytes")?;
    }
    Ok(read)
}

fn on_outage(options: &Object<'_>) -> argument::Result<OnOutage> {
    let value = argument::property(options, "onOutage")?;
    let Some(given) = argument::optional_object("options.onOutage", value)? else {
        return Ok(OnOutage::default());
    };
    let mut read = OnOutage::default();
    for class in Class::ALL {
        let path = format!("options.onOutage.{}", class.name());
        let name = argument::optional_text(&path, argument::property(&given, class.name())?)?;
        if let Some(name) = name {
            read = read.with(class, Policy::from_name(&path, &name)?);
        }
    }
    Ok(read)
}

fn limit(object: &Object<'_>, name_of_object: &str, name: &str) -> argument::Result<Option<usize>> {
    let path = format!("{name_of_object}.{name}");
    let count = argument::optional_number(&path, argument::property(object, name)?)?;
    Ok(count.map(|count| Options::limit(&path, count)).transpose()?)
}
