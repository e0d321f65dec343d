//! Which fields the JSON objects of the caches have.

use std::fmt;

use super::{Object, text};
use crate::{Error, Result};

/// A field of an object.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    name: &'static str,
    expected: FieldType,
}

/// The type of a field's value.
#[derive(Debug, Clone, Copy)]
pub enum FieldType {
    /// A string.
    Text,
    /// A string that is not empty.
    NonEmptyText,
    /// A finite number. JSON has `null` for `NaN` and the infinities.
    Number,
    /// One of these strings.
    OneOf(&'static [&'static str]),
}

impl Field {
    /// A required field.
    #[must_use]
    pub const fn required(name: &'static str, expected: FieldType) -> Self {
        Self { name, expected }
    }
}

/// Checks that `object` has the fields of `shape`. Other fields are allowed. `argument` names the object in the error.
///
/// # Errors
///
/// When a field is missing or has another type. The error names the first one.
pub fn check(argument: &str, object: &Object<'_>, shape: &[Field]) -> Result<()> {
    for Field { name, expected } in shape {
        match object.get(name) {
            None => {
                return Err(Error::invalid_field(
                    argument,
                    format_args!("has no field \"{name}\", which must be {expected}"),
                ));
            }
            Some(json) if !expected.matches(json) => {
                let path = format!("{argument}.{name}");
                return Err(Error::invalid_field(&path, format_args!("must be {expected}")));
            }
            _ => {}
        }
    }
    Ok(())
}

impl FieldType {
    /// Whether `json`, a JSON text, is of this type.
    fn matches(self, json: &str) -> bool {
        match self {
            Self::Text => json.starts_with('"'),
            Self::NonEmptyText => json.starts_with('"') && json != "\"\"",
            Self::Number => json.starts_with(|c: char| c == '-' || c.is_ascii_digit()),
            Self::OneOf(texts) => text(json).is_some_and(|text| texts.contains(&&*text)),
        }
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("a string"),
            Self::NonEmptyText => f.write_str("a string that is not empty"),
            Self::Number => f.write_str("a finite number"),
            Self::OneOf(texts) => write!(f, "one of \"{}\"", texts.join("\", \"")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: &[Field] = &[
        Field::required("id", FieldType::Text),
        Field::required("key", FieldType::NonEmptyText),
        Field::required("state", FieldType::OneOf(&["open", "shut"])),
        Field::required("n", FieldType::Number),
    ];

    fn problem(text: &str) -> Option<String> {
        check("data", &Object::parse(text).unwrap(), SHAPE).err().map(|error| error.to_string())
    }

    #[test]
    fn a_wrong_field_is_named_with_what_it_must_be() {
        for (text, expected) in [
            ("{}", r#"data has no field "id", which must be a string"#),
            (r#"{"id":7}"#, "data.id must be a string"),
            (r#"{"id":""}"#, r#"data has no field "key", which must be a string that is not empty"#),
            (r#"{"id":"x","key":""}"#, "data.key must be a string that is not empty"),
            (r#"{"id":"x","key":["k"]}"#, "data.key must be a string that is not empty"),
            (r#"{"id":"x","key":"k","state":"ajar"}"#, r#"data.state must be one of "open", "shut""#),
            (r#"{"id":"x","key":"k","state":"shut","n":null}"#, "data.n must be a finite number"),
        ] {
            assert_eq!(problem(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(problem(r#"{"id":"","key":"\u006b","state":"\u006fpen","n":-0,"more":[]}"#), None);
    }

    #[test]
    fn lone_surrogates_and_deep_nesting_are_accepted() {
        let deep = format!(
            r#"{{"id":"x","key":"k","state":"shut","n":1,"deep":{}{}}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );

        assert_eq!(problem(&deep), None);
        assert_eq!(problem(r#"{"id":"\ud800","key":"\ud800","state":"shut","n":1,"\udc00":1}"#), None);
    }
}
