//! Properties that hold for any input. The property tests and the fuzz targets in `crates/core/fuzz` check them.
//!
//! A function panics if its property does not hold. This module is only compiled for tests and with the feature
//! `fuzzing`.

use crate::config::Token;
use crate::error::Result;
use crate::json::Object;
use crate::upstash::{Command, Reply, RequestContext, read_response};

/// Marks secrets. No text of this crate contains it, so an error with the mark contains a text of the server.
const MARK: &str = "\u{e9}\u{e9}";
/// Errors may contain the start of a longer secret.
const MAX_SECRET_CHARS: usize = 64;
/// Names of the changed fields.
const NAMES: [&str; 3] = ["status", "timestamp", "a"];

/// Reads a response to commands with these `arguments`.
///
/// The result is one reply or error for each command, or one error. No error contains an argument or the token.
///
/// In `body`, `$` and one byte are replaced by a secret: an argument or the token. `#` and one byte are replaced by a
/// secret with JSON escapes.
///
/// # Panics
///
/// When the property does not hold.
pub fn check_response(status: u16, is_batch: bool, arguments: &[Vec<&str>], body: &[u8]) {
    let arguments: Vec<Vec<String>> = arguments.iter().map(|arguments| marked(arguments)).collect();
    let commands: Vec<Command> = arguments
        .iter()
        .map(|arguments| {
            arguments.iter().fold(Command::new("SET"), |command, argument| command.arg(argument))
        })
        .collect();
    let is_batch = is_batch || commands.len() != 1;
    let token = format!("{MARK}token");
    let secrets: Vec<String> = arguments.into_iter().flatten().chain([token.clone()]).collect();
    let token = Token::new(token);
    let context = RequestContext { commands: &commands, is_batch, token: &token, retry_after: None };

    let replies = read_response(status, &with_secrets(body, &secrets), context);

    if let Ok(replies) = &replies {
        assert_eq!(replies.len(), commands.len(), "one reply for each command");
    }
    for text in error_texts(replies) {
        for secret in &secrets {
            let secret = words(secret);
            let start: String = secret.chars().take(MAX_SECRET_CHARS).collect();
            assert!(!text.contains(&start), "{text:?} contains {start:?}");
        }
    }
}

/// Changes fields of `text`: field number `n` gets the value `values[n]`, and removes them.
///
/// If `text` is a JSON object, the changed text is one, exactly the changed fields differ, and all other bytes are the
/// same. Values that are not JSON are skipped.
///
/// # Panics
///
/// When the property does not hold.
pub fn check_json_splice(text: &str, values: &[&str]) {
    let Some(object) = Object::parse(text) else { return };
    let changes: Vec<(&str, &str)> = NAMES
        .into_iter()
        .zip(values.iter().map(|value| value.trim_matches([' ', '\t', '\n', '\r'])))
        .filter(|(_, value)| serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok())
        .collect();
    let (replaced, added): (Vec<_>, Vec<_>) =
        changes.iter().copied().partition(|(name, _)| object.get(name).is_some());
    let old_values: Vec<(&str, &str)> =
        replaced.iter().filter_map(|(name, _)| Some((*name, object.get(name)?))).collect();

    let result = object.with(&changes);
    let only_replaced = object.with(&replaced);

    assert_eq!(parse(&result).fields(), changed_fields(&object, &changes), "{result}");
    // With the old values put back, the text is the old one: nothing but these values was replaced.
    assert_eq!(parse(&only_replaced).with(&old_values), text, "{only_replaced}");
    // New fields are in front of the last brace.
    let (before, after) = only_replaced.split_at(only_replaced.rfind('}').unwrap_or_default());
    let comma = if object.fields().is_empty() || added.is_empty() { "" } else { "," };
    let new_fields: Vec<String> = added.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    assert_eq!(result, [before, comma, &new_fields.join(","), after].concat());

    let names: Vec<&str> = changes.iter().map(|(name, _)| *name).collect();
    let mut left = object.fields();
    left.retain(|(field, _)| !names.iter().any(|name| field == name.as_bytes()));
    assert_eq!(parse(&object.without(&names)).fields(), left);
}

fn changed_fields<'a>(object: &Object<'a>, changes: &[(&'a str, &'a str)]) -> Vec<(Vec<u8>, &'a str)> {
    let mut fields = object.fields();
    for (name, value) in changes {
        match fields.iter_mut().rfind(|(field, _)| *field == name.as_bytes()) {
            Some((_, old)) => *old = value,
            None => fields.push((name.as_bytes().to_vec(), value)),
        }
    }
    fields
}

fn parse(text: &str) -> Object<'_> {
    let object = Object::parse(text);
    assert!(object.is_some(), "not an object: {text}");
    object.unwrap_or_else(|| unreachable!())
}

/// The arguments with a mark; the first one looks like a key.
fn marked(arguments: &[&str]) -> Vec<String> {
    let prefix = |index| if index == 0 { "form:" } else { "" };
    arguments.iter().enumerate().map(|(index, text)| format!("{}{MARK}{text}", prefix(index))).collect()
}

fn with_secrets(body: &[u8], secrets: &[String]) -> Vec<u8> {
    let mut result = Vec::new();
    let mut bytes = body.iter();
    while let Some(byte) = bytes.next() {
        let mut secret = || bytes.next().map(|number| &secrets[usize::from(*number) % secrets.len()]);
        match byte {
            b'$' => result.extend(secret().map(String::as_bytes).unwrap_or_default()),
            b'#' => {
                let json = serde_json::json!(secret().map(String::as_str).unwrap_or_default()).to_string();
                result.extend_from_slice(&json.as_bytes()[1..json.len() - 1]);
            }
            other => result.push(*other),
        }
    }
    result
}

fn error_texts(replies: Result<Vec<Result<Reply>>>) -> Vec<String> {
    let errors = match replies {
        Ok(replies) => replies.into_iter().filter_map(Result::err).collect(),
        Err(error) => vec![error],
    };
    // The dots stand for the text that was cut off.
    errors.iter().map(|error| error.to_string().trim_end_matches(" ...").to_owned()).collect()
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
