//! Reads and changes JSON text without reformatting it.
//!
//! Cached values are the caller's `JSON.stringify` text and are returned unchanged: field order, numbers and unknown
//! fields stay. This module therefore works on the text and never serializes a value again. It accepts every text that
//! `JSON.parse` accepts, including lone surrogate escapes and any depth of nesting. Like `JSON.parse`, it uses the last of
//! several fields with the same name.

mod shape;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::value::RawValue;

pub use shape::{Field, FieldType, check};

/// Whether `text` is JSON whose outermost value is an object or an array.
#[must_use]
pub fn is_object_or_array(text: &str) -> bool {
    text.trim_start_matches(is_json_space).starts_with(['{', '['])
        && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Serializes a report of this crate.
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

/// The top-level fields of a JSON object, and its text.
pub struct Object<'a> {
    text: &'a str,
    fields: Vec<(Name<'a>, &'a RawValue)>,
}

impl<'a> Object<'a> {
    /// Parses `text`. Returns `None` if it is not a JSON object.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let Fields(fields) = serde_json::from_str(text).ok()?;
        Some(Self { text, fields })
    }

    /// The JSON text of a field's value. Returns `None` if there is no such field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.field(name).map(RawValue::get)
    }

    /// All fields as name and JSON text, in the order of the text.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn fields(&self) -> Vec<(Vec<u8>, &'a str)> {
        self.fields.iter().map(|(name, value)| (name.0.to_vec(), value.get())).collect()
    }

    /// All fields as name and JSON text, each name once, with the value that counts. `None` if a name holds a lone
    /// surrogate.
    pub(crate) fn named_fields(&self) -> Option<Vec<(String, &'a str)>> {
        let mut fields: Vec<(String, &'a str)> = Vec::with_capacity(self.fields.len());
        let mut positions = HashMap::new();
        for (name, value) in &self.fields {
            let name = std::str::from_utf8(&name.0).ok()?;
            let position = *positions.entry(name).or_insert(fields.len());
            match fields.get_mut(position) {
                Some((_, known)) => *known = value.get(),
                None => fields.push((name.to_owned(), value.get())),
            }
        }
        Some(fields)
    }

    fn field(&self, name: &str) -> Option<&'a RawValue> {
        self.fields.iter().rev().find(|(field, _)| *field.0 == *name.as_bytes()).map(|(_, value)| *value)
    }

    /// Returns the text with other values for some fields; all other bytes stay the same. An existing field gets the new
    /// value in place, a new field is added at the end.
    ///
    /// `changes` are pairs of a name and the JSON text of a value. The names are distinct.
    #[must_use]
    pub fn with(&self, changes: &[(&str, &str)]) -> String {
        let mut replaced: Vec<(usize, usize, &str)> = Vec::new();
        let mut added = String::new();
        for ((name, value), old) in changes.iter().zip(self.values_of(changes)) {
            if let Some(old) = old {
                let start = self.position(old);
                replaced.push((start, start + old.len(), value));
            } else {
                let comma = if self.fields.is_empty() && added.is_empty() { "" } else { "," };
                added.extend([comma, &to_json(name), ":", value]);
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

    /// The present values of the fields of `changes`, in one pass over all fields.
    fn values_of(&self, changes: &[(&str, &str)]) -> Vec<Option<&'a str>> {
        let positions: HashMap<&[u8], usize> =
            changes.iter().enumerate().map(|(position, (name, _))| (name.as_bytes(), position)).collect();
        let mut values = vec![None; changes.len()];
        for (name, value) in &self.fields {
            if let Some(position) = positions.get(&*name.0) {
                values[*position] = Some(value.get());
            }
        }
        values
    }

    /// Returns the text without the fields of these names; all other bytes stay the same, but for a comma.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> String {
        let names: HashSet<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
        let mut copied = self.text.find('{').map_or(0, |brace| brace + 1);
        let mut result = self.text[..copied].to_owned();
        let mut is_first = true;
        for (name, value) in &self.fields {
            let end = self.position(value.get()) + value.get().len();
            let field = &self.text[copied..end];
            copied = end;
            if !names.contains(&*name.0) {
                let without_comma = field.trim_start_matches(is_json_space).strip_prefix(',');
                result.push_str(without_comma.filter(|_| is_first).unwrap_or(field));
                is_first = false;
            }
        }
        result.push_str(&self.text[copied..]);
        result
    }

    /// Where a value begins in the text.
    fn position(&self, value: &str) -> usize {
        value.as_ptr() as usize - self.text.as_ptr() as usize
    }
}

/// Decodes a JSON string. Returns `None` for another type, and for a string with a lone surrogate.
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

/// A field's name, as bytes because a name with a lone surrogate is not a `str`.
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
    fn a_field_is_removed_as_often_as_it_is_there() {
        let text = " {\"a\" : 1 , \"b\":[ ],\n\"\\u0061\":{\"a\":2} , \"c\":3 }\n";
        for (names, expected) in [
            (&["a"][..], " { \"b\":[ ] , \"c\":3 }\n"),
            (&["b", "c", "none"], " {\"a\" : 1,\n\"\\u0061\":{\"a\":2} }\n"),
            (&["c", "b", "a"], " { }\n"),
            (&[], text),
        ] {
            assert_eq!(Object::parse(text).unwrap().without(names), expected, "{names:?}");
        }
    }

    #[test]
    fn many_fields_are_changed_in_the_time_of_one_pass() {
        let name = |n: u32| format!("name{n}");
        let text = format!(
            "{{{}}}",
            (0..100_000).map(|n| format!("\"{}\":1", name(n))).collect::<Vec<_>>().join(",")
        );
        let names: Vec<String> = (50_000..150_000).map(name).collect();
        let changes: Vec<(&str, &str)> = names.iter().map(|name| (&**name, "2")).collect();
        let names: Vec<&str> = names.iter().map(|name| &**name).collect();

        let result = Object::parse(&text).unwrap().with(&changes);

        let result = Object::parse(&result).unwrap();
        let fields = result.named_fields().unwrap();
        assert_eq!(
            (fields.len(), fields.iter().filter(|(_, value)| *value == "2").count()),
            (150_000, 100_000)
        );
        assert_eq!(Object::parse(&result.without(&names)).unwrap().named_fields().unwrap().len(), 50_000);
    }

    #[test]
    fn any_depth_of_nesting_is_read() {
        let deep = format!("{{\"deep\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));

        assert!(is_object_or_array(&deep));
        assert!(Object::parse(&deep).is_some());
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
