//! JSON text that keeps its bytes.
//!
//! Cached values are the caller's own `JSON.stringify` text, and they go back as they came: with their order, their
//! numbers and their unknown fields. So this module looks into the text without ever printing a value anew. It reads
//! every text that `JSON.parse` reads, lone surrogate escapes and any depth of nesting included, and like it takes the
//! last of several fields with the same name.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::value::RawValue;

use crate::{Error, Result};

/// Whether `text` is JSON whose outermost value is an object or an array.
#[must_use]
pub fn is_object_or_array(text: &str) -> bool {
    text.trim_start_matches(is_json_space).starts_with(['{', '['])
        && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The JSON of what this crate tells about itself.
pub(crate) fn to_json(value: &impl Serialize) -> String {
    #[expect(clippy::expect_used, reason = "numbers and strings with fixed names are always JSON")]
    serde_json::to_string(value).expect("a flat struct")
}

fn is_json_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// The JSON of an array of strings and nulls.
#[must_use]
pub fn array(values: &[Option<String>]) -> String {
    serde_json::json!(values).to_string()
}

/// The outermost fields of a JSON object, as they stand in its text.
pub struct Object<'a> {
    text: &'a str,
    fields: Vec<(Name<'a>, &'a RawValue)>,
}

impl<'a> Object<'a> {
    /// Reads `text`; `None` when it is not the JSON of an object.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let Fields(fields) = serde_json::from_str(text).ok()?;
        Some(Self { text, fields })
    }

    /// The JSON text of a field's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.field(name).map(RawValue::get)
    }

    fn field(&self, name: &str) -> Option<&'a RawValue> {
        self.fields.iter().rev().find(|(field, _)| *field.0 == *name.as_bytes()).map(|(_, value)| *value)
    }

    /// The object's text with other values for some fields. What exists is replaced in its place, what does not is
    /// added at the end; all other bytes stay.
    #[must_use]
    pub fn with(&self, changes: &[(&str, &str)]) -> String {
        let mut replaced: Vec<(usize, usize, &str)> = Vec::new();
        let mut added = String::new();
        for (name, value) in changes {
            if let Some(old) = self.field(name).map(RawValue::get) {
                let start = old.as_ptr() as usize - self.text.as_ptr() as usize;
                replaced.push((start, start + old.len(), value));
            } else {
                let comma = if self.fields.is_empty() && added.is_empty() { "" } else { "," };
                added.extend([comma, "\"", name, "\":", value]);
            }
        }
        let end = self.text.rfind('}').unwrap_or(self.text.len());
        replaced.push((end, end, &added));
        replaced.sort_unstable_by_key(|(start, ..)| *start);

        let mut result = String::with_capacity(self.text.len() + added.len() + 32);
        let mut copied = 0;
        for (start, stop, value) in replaced {
            result.push_str(&self.text[copied..start]);
            result.push_str(value);
            copied = stop;
        }
        result.push_str(&self.text[copied..]);
        result
    }
}

/// A field that an object must or may have.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    name: &'static str,
    value: Value,
    required: bool,
}

/// What the value of a field must be.
#[derive(Debug, Clone, Copy)]
pub enum Value {
    /// A string.
    Text,
    /// A string or `null`.
    TextOrNull,
    /// A number; `NaN` and the infinities arrive as `null` and are none.
    Number,
    /// `true` or `false`.
    Boolean,
    /// An array of strings.
    TextList,
    /// One of these strings.
    OneOf(&'static [&'static str]),
}

impl Field {
    /// A field that must be there.
    #[must_use]
    pub const fn required(name: &'static str, value: Value) -> Self {
        Self { name, value, required: true }
    }

    /// A field that may be missing.
    #[must_use]
    pub const fn optional(name: &'static str, value: Value) -> Self {
        Self { name, value, required: false }
    }
}

/// Whether `object` has the fields of `shape`; other fields may be there too. `argument` is what the caller calls the
/// object.
///
/// # Errors
///
/// Names the first field that is missing or has a value of another kind.
pub fn check(argument: &str, object: &Object<'_>, shape: &[Field]) -> Result<()> {
    for field in shape {
        let path = format_args!("{argument}.{}", field.name);
        match object.get(field.name) {
            None if field.required => return Err(Error::invalid_field(argument, missing(field))),
            Some(json) if !field.value.matches(json) => {
                return Err(Error::invalid_field(&path.to_string(), format_args!("must be {}", field.value)));
            }
            _ => {}
        }
    }
    Ok(())
}

fn missing(field: &Field) -> String {
    format!("has no field \"{}\", which must be {}", field.name, field.value)
}

impl Value {
    fn matches(self, json: &str) -> bool {
        match self {
            Self::Text => json.starts_with('"'),
            Self::TextOrNull => json.starts_with('"') || json == "null",
            Self::Number => json.starts_with(|c: char| c == '-' || c.is_ascii_digit()),
            Self::Boolean => json == "true" || json == "false",
            Self::TextList => serde_json::from_str::<Vec<&RawValue>>(json)
                .is_ok_and(|items| items.iter().all(|item| item.get().starts_with('"'))),
            Self::OneOf(texts) => text(json).is_some_and(|text| texts.contains(&&*text)),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("a string"),
            Self::TextOrNull => f.write_str("a string or null"),
            Self::Number => f.write_str("a finite number"),
            Self::Boolean => f.write_str("true or false"),
            Self::TextList => f.write_str("an array of strings"),
            Self::OneOf(texts) => write!(f, "one of \"{}\"", texts.join("\", \"")),
        }
    }
}

/// The string that `json` stands for; `None` when it is not a string, or holds a lone surrogate.
#[must_use]
pub fn text(json: &str) -> Option<Cow<'_, str>> {
    if json.contains('\\') {
        serde_json::from_str(json).ok().map(Cow::Owned)
    } else {
        unquoted(json).map(Cow::Borrowed)
    }
}

fn unquoted(json: &str) -> Option<&str> {
    json.strip_prefix('"')?.strip_suffix('"')
}

struct Fields<'a>(Vec<(Name<'a>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct FieldsVisitor;

        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut fields = Vec::with_capacity(8);
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(FieldsVisitor)
    }
}

/// A field's name as bytes, because a name with a lone surrogate is no `str`.
struct Name<'a>(Cow<'a, [u8]>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field name")
            }

            fn visit_bytes<E>(self, name: &[u8]) -> std::result::Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_vec())))
            }

            fn visit_borrowed_bytes<E>(self, name: &'de [u8]) -> std::result::Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }
        }

        deserializer.deserialize_bytes(NameVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: &[Field] = &[
        Field::required("id", Value::Text),
        Field::optional("name", Value::TextOrNull),
        Field::optional("tags", Value::TextList),
        Field::optional("on", Value::Boolean),
        Field::optional("state", Value::OneOf(&["open", "shut"])),
        Field::optional("n", Value::Number),
    ];

    fn problem(text: &str) -> Option<String> {
        check("data", &Object::parse(text).unwrap(), SHAPE).err().map(|error| error.to_string())
    }

    #[test]
    fn a_change_leaves_every_other_byte_alone() {
        let text = " {\"a\" : 1e21 , \"status\":\"processing\",\"big\":12345678901234567890,\"z\":[ ] }\n";

        let changed = Object::parse(text).unwrap().with(&[("status", "\"failed\""), ("at", "7")]);

        assert_eq!(
            changed,
            " {\"a\" : 1e21 , \"status\":\"failed\",\"big\":12345678901234567890,\"z\":[ ] ,\"at\":7}\n"
        );
        assert_eq!(Object::parse("{}").unwrap().with(&[("a", "1"), ("b", "2")]), "{\"a\":1,\"b\":2}");
    }

    #[test]
    fn the_last_of_equal_fields_counts() {
        let object = Object::parse(r#"{"a":1,"a":2,"\u0061":3}"#).unwrap();

        assert_eq!(object.get("a"), Some("3"));
        assert_eq!(object.with(&[("a", "4")]), r#"{"a":1,"a":2,"\u0061":4}"#);
    }

    #[test]
    fn lone_surrogates_and_deep_nesting_are_read() {
        let deep = format!("{{\"id\":\"x\",\"deep\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));

        assert_eq!(problem(&deep), None);
        assert!(is_object_or_array(&deep));
        assert_eq!(problem(r#"{"id":"\ud800","\udc00":1,"__proto__":{}}"#), None);
    }

    #[test]
    fn a_wrong_field_is_named_with_what_it_must_be() {
        for (text, expected) in [
            ("{}", r#"data has no field "id", which must be a string"#),
            (r#"{"id":7}"#, "data.id must be a string"),
            (r#"{"id":"x","name":[]}"#, "data.name must be a string or null"),
            (r#"{"id":"x","tags":["a",null]}"#, "data.tags must be an array of strings"),
            (r#"{"id":"x","on":1}"#, "data.on must be true or false"),
            (r#"{"id":"x","state":"ajar"}"#, r#"data.state must be one of "open", "shut""#),
            (r#"{"id":"x","n":null}"#, "data.n must be a finite number"),
        ] {
            assert_eq!(problem(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(
            problem(r#"{"id":"x","name":null,"tags":["a"],"on":true,"state":"\u006fpen","n":-0}"#),
            None
        );
    }

    #[test]
    fn text_that_is_no_object_is_told_apart() {
        for text in ["", "[1]", "1", "\"a\"", "{", "{\"a\":1}x", "{'a':1}", "{\"a\":01}", "\u{feff}{}"] {
            assert!(Object::parse(text).is_none(), "{text}");
        }
        for text in ["", "null", "7", "\"{}\"", "{]", "[1,]"] {
            assert!(!is_object_or_array(text), "{text}");
        }
    }
}
