//! Removes secrets from server texts before they become part of an error.

use super::Command;
use crate::config::Token;

/// Texts quote arguments with these characters.
const OPENING: [char; 5] = ['"', '\'', '`', '[', '{'];
/// Texts name arguments, or the token, after these words.
const MARKERS: [&str; 4] = ["with args beginning with", "Key was:", "command was:", "Bearer"];
/// The minimum length of a secret in bytes. A shorter one also occurs inside ordinary words.
const MIN_SECRET_BYTES: usize = 4;
/// The maximum length of a redacted text in characters.
const MAX_CHARS: usize = 200;

/// Cuts `text` where an argument or the token may begin. Returns one line of at most 200 characters.
///
/// The cut is at the first quote or bracket, after the first marker, or where an argument or the token begins, whichever
/// is first. White space is collapsed before the search, because collapsing it later could complete an argument.
pub(super) fn redact(text: &str, commands: &[Command], token: &Token) -> String {
    let text = collapse(text);
    let token = token.secret().to_owned();
    let secrets = commands.iter().flat_map(Command::arguments).chain([token]).map(|secret| collapse(&secret));
    let bare = secrets.filter(|secret| secret.len() >= MIN_SECRET_BYTES).filter_map(|secret| {
        let start: String = secret.chars().take(64).collect();
        text.find(&start)
    });
    let marked = MARKERS.iter().filter_map(|marker| Some(text.find(marker)? + marker.len()));
    let cut = bare.chain(marked).chain(text.find(OPENING)).min();
    let mut line: String = text[..cut.unwrap_or(text.len())].trim_end().chars().take(MAX_CHARS).collect();
    if cut.is_some() {
        line.push_str(" ...");
    }
    line
}

/// Replaces each run of white space by one space, and removes it at both ends.
fn collapse(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_with_other_white_space() {
        let commands = [Command::new("SET").arg("form:guest\n").arg("a secret\nvalue")];
        let token = Token::new("the-token");

        for (text, expected) in [
            ("ERR bad key form:guest", "ERR bad key ..."),
            ("ERR bad key form:guest\\n", "ERR bad key ..."),
            ("ERR bad value a secret  value", "ERR bad value ..."),
            ("ERR bad\r\nvalue", "ERR bad value"),
        ] {
            assert_eq!(redact(text, &commands, &token), expected, "{text}");
        }
    }
}
