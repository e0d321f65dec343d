//! Arguments: from JavaScript values to the types of the core.

use std::time::Duration;

use napi::bindgen_prelude::{FnArgs, FromNapiValue, Function, JsObjectValue, Object, Unknown, Utf16String};
use napi::{JsValue, ValueType};
use redlatch_core::Error as CoreError;
use redlatch_core::config::{Options, Policy, not_an_option};
use redlatch_core::keys::{Expiry, Key, Namespace, Ttl};

use crate::error::Failure;

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// The caller's `JSON.stringify`.
pub(crate) type Stringify<'env> = Function<'env, FnArgs<(Unknown<'env>,)>, Unknown<'env>>;

/// The face's function that makes an array of a value.
pub(crate) type Elements<'env> = Function<'env, FnArgs<(Unknown<'env>,)>, Object<'env>>;

/// The face's function that reads a property, or lists the names of all if it is given an empty name.
pub(crate) type Property<'env> = Function<'env, FnArgs<(Unknown<'env>, String)>, Unknown<'env>>;

const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

/// How long `drain` waits by default.
const DEFAULT_DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// A string that is well-formed Unicode.
pub(crate) fn text(name: &str, value: Unknown<'_>) -> Result<String> {
    let text = lossy_text(name, value)?;
    if text.contains(char::REPLACEMENT_CHARACTER) && has_lone_surrogate(value)? {
        let problem = "must be well-formed Unicode, but holds a lone surrogate";
        return Err(CoreError::invalid_value(name, problem).into());
    }
    Ok(text)
}

/// A string that is well-formed Unicode and not empty.
pub(crate) fn non_empty_text(name: &str, value: Unknown<'_>) -> Result<String> {
    let text = text(name, value)?;
    if text.is_empty() {
        return Err(CoreError::invalid_value(name, "must not be empty").into());
    }
    Ok(text)
}

/// A string in which lone surrogates have become U+FFFD.
pub(crate) fn lossy_text(name: &str, value: Unknown<'_>) -> Result<String> {
    read(name, value, ValueType::String, "a string")
}

/// A string that may be left out; `null` counts as left out.
pub(crate) fn optional_text(name: &str, value: Unknown<'_>) -> Result<Option<String>> {
    if is_absent(&value)? { Ok(None) } else { text(name, value).map(Some) }
}

/// A key in `namespace`.
pub(crate) fn key(namespace: Namespace, name: &str, value: Unknown<'_>) -> Result<Key> {
    Ok(namespace.key(name, &text(name, value)?)?)
}

/// A key in `namespace` that may be left out; `null` and an empty string count as left out.
pub(crate) fn optional_key(namespace: Namespace, name: &str, value: Unknown<'_>) -> Result<Option<Key>> {
    let name_of_entry = optional_text(name, value)?.filter(|text| !text.is_empty());
    Ok(name_of_entry.map(|text| namespace.key(name, &text)).transpose()?)
}

/// A key without a prefix.
pub(crate) fn plain_key(name: &str, value: Unknown<'_>) -> Result<Key> {
    Ok(Key::plain(name, &text(name, value)?)?)
}

/// An array of keys without a prefix. `elements` runs the getters that the array may have.
pub(crate) fn plain_keys<'env>(
    name: &str,
    value: Unknown<'env>,
    elements: &Elements<'env>,
) -> Result<Vec<Key>> {
    if !value.is_array()? {
        return Err(Failure::wrong_type(name, "an array of strings", type_name(&value)?));
    }
    let array = elements.call(FnArgs { data: (value,) }).map_err(|_| Failure::unreadable(name))?;
    (0..array.get_array_length()?)
        .map(|index| plain_key(&format!("{name}[{index}]"), array.get_element(index)?))
        .collect()
}

/// Names of an object's fields, which the face's function `select` finds.
pub(crate) fn names<'env>(name: &str, value: Unknown<'env>, select: &Elements<'env>) -> Result<Vec<String>> {
    let names = select.call(FnArgs { data: (value,) }).map_err(|_| Failure::unreadable(name))?;
    (0..names.get_array_length()?).map(|index| text(name, names.get_element(index)?)).collect()
}

/// The strings of an array that the face has made; at least one.
pub(crate) fn texts(name: &str, array: Object<'_>) -> Result<Vec<String>> {
    // An element that is not there is undefined, and so refused.
    (0..array.get_array_length()?.max(1))
        .map(|index| text(&format!("{name}[{index}]"), array.get_element(index)?))
        .collect()
}

/// A number.
pub(crate) fn number(name: &str, value: Unknown<'_>) -> Result<f64> {
    read(name, value, ValueType::Number, "a number")
}

/// A number that may be left out. `null` is none: for a TTL it would mean for ever to some and the default to others.
pub(crate) fn optional_number(name: &str, value: Unknown<'_>) -> Result<Option<f64>> {
    if value.get_type()? == ValueType::Undefined { Ok(None) } else { number(name, value).map(Some) }
}

/// A whole number of at least 0.
pub(crate) fn count(name: &str, value: Unknown<'_>) -> Result<u64> {
    let count = number(name, value)?;
    if count.fract() != 0.0 || !(0.0..=MAX_SAFE_INTEGER).contains(&count) {
        let problem = format_args!("must be a whole number of at least 0, got {count}");
        return Err(CoreError::invalid_value(name, problem).into());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    Ok(count as u64)
}

/// A boolean that may be left out; `null` counts as left out.
pub(crate) fn optional_boolean(name: &str, value: Unknown<'_>) -> Result<Option<bool>> {
    if is_absent(&value)? {
        return Ok(None);
    }
    read(name, value, ValueType::Boolean, "true or false").map(Some)
}

/// A length of time.
pub(crate) fn seconds(name: &str, value: Unknown<'_>) -> Result<Duration> {
    let seconds = number(name, value)?;
    Duration::try_from_secs_f64(seconds).map_err(|_| {
        CoreError::invalid_value(name, format_args!("must be a number of at least 0, got {seconds}")).into()
    })
}

/// A TTL.
pub(crate) fn ttl(name: &str, value: Unknown<'_>) -> Result<Ttl> {
    Ok(Ttl::from_seconds(name, number(name, value)?)?)
}

/// A TTL that may be left out.
pub(crate) fn optional_ttl(name: &str, value: Unknown<'_>) -> Result<Option<Ttl>> {
    Ok(optional_number(name, value)?.map(|seconds| Ttl::from_seconds(name, seconds)).transpose()?)
}

/// A time in Unix milliseconds.
pub(crate) fn expires_at(name: &str, value: Unknown<'_>) -> Result<Expiry> {
    Ok(Expiry::at(name, number(name, value)?)?)
}

/// A whole number that JavaScript holds exactly; 1 when left out.
pub(crate) fn increment(name: &str, value: Unknown<'_>) -> Result<i64> {
    let by = optional_number(name, value)?.unwrap_or(1.0);
    if by.fract() != 0.0 || by.abs() > MAX_SAFE_INTEGER || by.is_nan() {
        return Err(CoreError::invalid_value(name, format_args!("must be a safe integer, got {by}")).into());
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked above")]
    Ok(by as i64)
}

/// The JSON text of an object, by the caller's `JSON.stringify`: it keeps order, numbers and `toJSON`.
pub(crate) fn json<'env>(name: &str, value: Unknown<'env>, stringify: &Stringify<'env>) -> Result<String> {
    expect(name, &value, ValueType::Object, "an object")?;
    let text = stringify.call(FnArgs { data: (value,) }).map_err(|_| Failure::not_json(name))?;
    if text.get_type()? != ValueType::String {
        return Err(
            CoreError::invalid_field(name, "must turn into JSON, but its toJSON() returns nothing").into()
        );
    }
    Ok(String::from_unknown(text)?)
}

/// An object of options.
pub(crate) struct OptionsObject<'a, 'env> {
    name: &'a str,
    value: Unknown<'env>,
    property: &'a Property<'env>,
}

impl<'a, 'env> OptionsObject<'a, 'env> {
    /// Options that may be left out; `null` counts as left out. `property` runs the getters that they may have.
    pub(crate) fn optional(
        name: &'a str,
        value: Unknown<'env>,
        property: &'a Property<'env>,
    ) -> Result<Option<Self>> {
        if is_absent(&value)? {
            return Ok(None);
        }
        expect(name, &value, ValueType::Object, "an object")?;
        Ok(Some(Self { name, value, property }))
    }

    /// Options that must be there.
    pub(crate) fn required(
        name: &'a str,
        value: Unknown<'env>,
        property: &'a Property<'env>,
    ) -> Result<Self> {
        expect(name, &value, ValueType::Object, "an object")?;
        Ok(Self { name, value, property })
    }

    /// An option, read by `read`, which is given its name in errors.
    pub(crate) fn get<T>(
        &self,
        option: &str,
        read: impl FnOnce(&str, Unknown<'env>) -> Result<T>,
    ) -> Result<T> {
        let path = format!("{}.{option}", self.name);
        let arguments = FnArgs { data: (self.value, option.to_owned()) };
        let value = self.property.call(arguments).map_err(|_| Failure::unreadable(&path))?;
        read(&path, value)
    }

    /// Fails on the first option that is none of `names`.
    pub(crate) fn expect_only(&self, names: &[&str]) -> Result<()> {
        self.expect_only_or(names, |_| None)
    }

    /// Fails on the first option that is none of `names`, with what `problem_of` knows of it.
    pub(crate) fn expect_only_or(
        &self,
        names: &[&str],
        problem_of: impl Fn(&str) -> Option<&'static str>,
    ) -> Result<()> {
        let arguments = FnArgs { data: (self.value, String::new()) };
        let given = self.property.call(arguments).map_err(|_| Failure::unreadable(self.name))?;
        let given = Object::from_unknown(given)?;
        for index in 0..given.get_array_length()? {
            let name = lossy_text(self.name, given.get_element(index)?)?;
            if !names.contains(&name.as_str()) {
                let problem = problem_of(&name).map_or_else(|| not_an_option(&name, names), str::to_owned);
                return Err(CoreError::invalid_field(&format!("{}.{name}", self.name), problem).into());
            }
        }
        Ok(())
    }

    /// Options within these that may be left out, read by `read`.
    pub(crate) fn nested<T>(
        &self,
        option: &str,
        read: impl FnOnce(&OptionsObject<'_, 'env>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.get(option, |path, value| {
            OptionsObject::optional(path, value, self.property)?.as_ref().map(read).transpose()
        })
    }
}

/// An outage policy that may be left out.
pub(crate) fn optional_policy(path: &str, value: Unknown<'_>) -> Result<Option<Policy>> {
    let name = optional_text(path, value)?;
    Ok(name.map(|name| Policy::from_name(path, &name)).transpose()?)
}

/// An outage policy of limits that may be left out.
pub(crate) fn optional_policy_of_limits(path: &str, value: Unknown<'_>) -> Result<Option<Policy>> {
    let name = optional_text(path, value)?;
    Ok(name.map(|name| Policy::of_limits(path, &name)).transpose()?)
}

/// How metrics are asked for.
#[derive(Clone, Copy)]
pub(crate) enum MetricsFormat {
    Json,
    Prometheus,
}

/// `{ format: 'json' | 'prometheus' }`; JSON if it is left out.
pub(crate) fn metrics_format<'env>(
    options: Unknown<'env>,
    property: &Property<'env>,
) -> Result<MetricsFormat> {
    let Some(options) = OptionsObject::optional("options", options, property)? else {
        return Ok(MetricsFormat::Json);
    };
    options.get("format", |path, value| match optional_text(path, value)?.as_deref() {
        None | Some("json") => Ok(MetricsFormat::Json),
        Some("prometheus") => Ok(MetricsFormat::Prometheus),
        Some(_) => Err(CoreError::invalid_value(path, "must be \"json\" or \"prometheus\"").into()),
    })
}

/// How long `drain` waits, in milliseconds.
pub(crate) fn drain_timeout(name: &str, value: Unknown<'_>) -> Result<Duration> {
    let millis = optional_number(name, value)?;
    Ok(millis.map_or(Ok(DEFAULT_DRAIN_TIMEOUT), |millis| Options::timeout_from_millis(name, millis))?)
}

/// A function.
pub(crate) fn function(name: &str, value: Unknown<'_>) -> Result<()> {
    expect(name, &value, ValueType::Function, "a function")
}

/// A value of the type `expected`. The type is checked first: napi, given another one, calls `toJSON` for its message.
fn read<T: FromNapiValue>(
    name: &str,
    value: Unknown<'_>,
    expected: ValueType,
    description: &str,
) -> Result<T> {
    expect(name, &value, expected, description)?;
    Ok(T::from_unknown(value)?)
}

fn expect(name: &str, value: &Unknown<'_>, expected: ValueType, description: &str) -> Result<()> {
    if value.get_type()? == expected {
        Ok(())
    } else {
        Err(Failure::wrong_type(name, description, type_name(value)?))
    }
}

fn is_absent(value: &Unknown<'_>) -> Result<bool> {
    Ok(matches!(value.get_type()?, ValueType::Undefined | ValueType::Null))
}

pub(crate) fn type_name(value: &Unknown<'_>) -> Result<&'static str> {
    Ok(match value.get_type()? {
        ValueType::Undefined => "undefined",
        ValueType::Null => "null",
        ValueType::Boolean => "a boolean",
        ValueType::Number => "a number",
        ValueType::String => "a string",
        ValueType::Symbol => "a symbol",
        ValueType::Function => "a function",
        ValueType::BigInt => "a bigint",
        _ if value.is_array()? => "an array",
        _ => "an object",
    })
}

/// Whether the string itself holds a lone surrogate. In UTF-8, Node replaces each by U+FFFD.
fn has_lone_surrogate(value: Unknown<'_>) -> Result<bool> {
    let units = Utf16String::from_unknown(value)?;
    Ok(char::decode_utf16(units.iter().copied()).any(|unit| unit.is_err()))
}
