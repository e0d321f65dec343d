//! Removes secrets from server texts before they become part of an error.

use std::cell::{OnceCell, RefCell};

use super::Command;
use crate::config::Token;

/// Texts quote arguments with these characters.
const OPENING: [char; 5] = ['"', '\'', '`', '[', '{'];
/// Texts name arguments, or the token, after these words.
const MARKERS: [&str; 4] = ["with args beginning with", "Key was:", "command was:", "Bearer"];
/// The minimum length of a secret in bytes. A shorter one also occurs inside ordinary words.
const MIN_SECRET_BYTES: usize = 4;
/// This many characters of a secret are searched for.
const START_CHARS: usize = 64;
/// The maximum length of a redacted text in characters.
const MAX_CHARS: usize = 200;

/// So many different texts of one response are searched for secrets. Of the others only the first word remains: a batch has
/// up to a thousand commands, and each text would be searched for the arguments of all of them.
const MAX_TEXTS: usize = 16;

/// Redacts the texts of one response.
pub(super) struct Redactor<'a> {
    commands: &'a [Command],
    token: &'a Token,
    /// The starts of the arguments and of the token. Collected with the first text.
    secrets: OnceCell<Vec<String>>,
    /// The texts so far, each with what is left of it: the commands of a batch are mostly refused for one reason.
    done: RefCell<Vec<(String, String)>>,
}

impl<'a> Redactor<'a> {
    pub(super) fn new(commands: &'a [Command], token: &'a Token) -> Self {
        Self { commands, token, secrets: OnceCell::new(), done: RefCell::default() }
    }

    /// Cuts `text` where an argument or the token may begin. Returns one line of at most 200 characters.
    ///
    /// The cut is at the first quote or bracket, after the first marker, or where an argument or the token begins, whichever
    /// is first. White space is collapsed before the search, because collapsing it later could complete an argument. An
    /// argument is also found if the text spells it with escapes of URLs or JSON.
    pub(super) fn redact(&self, text: &str) -> String {
        let mut done = self.done.borrow_mut();
        if let Some((_, line)) = done.iter().find(|(other, _)| other == text) {
            return line.clone();
        }
        if done.len() == MAX_TEXTS {
            let code: String = text.chars().take_while(char::is_ascii_uppercase).take(MAX_CHARS).collect();
            return format!("{code} ...");
        }
        let line = redacted(text, self.secrets());
        done.push((text.to_owned(), line.clone()));
        line
    }

    fn secrets(&self) -> &[String] {
        self.secrets.get_or_init(|| {
            let mut secrets = vec![collapsed_start(self.token.secret())];
            for command in self.commands {
                command.for_each_argument(|argument| secrets.push(collapsed_start(argument)));
            }
            secrets.retain(|secret| secret.len() >= MIN_SECRET_BYTES);
            secrets
        })
    }
}

fn redacted(text: &str, secrets: &[String]) -> String {
    let text = collapse(text);
    let unescaped = Unescaped::new(&text);
    let bare = secrets.iter().flat_map(|secret| [text.find(secret), unescaped.find(secret)]).flatten();
    let marked = MARKERS.iter().filter_map(|marker| Some(text.find(marker)? + marker.len()));
    let cut = bare.chain(marked).chain(text.find(OPENING)).min();
    let mut line: String = text[..cut.unwrap_or(text.len())].trim_end().chars().take(MAX_CHARS).collect();
    if cut.is_some() {
        line.push_str(" ...");
    }
    line
}

/// A text without the escapes of URLs (`%40`) and JSON (`\\u0040`, `\\/`), and where each of its bytes was.
struct Unescaped {
    bytes: Vec<u8>,
    offsets: Vec<usize>,
}

impl Unescaped {
    fn new(text: &str) -> Self {
        let mut unescaped = Self { bytes: Vec::new(), offsets: Vec::new() };
        if !text.contains(['%', '\\']) {
            return unescaped;
        }
        let mut at = 0;
        while let Some(byte) = text.as_bytes().get(at) {
            let hex = |from: usize, to: usize| {
                let digits = text.get(at + from..at + to)?;
                u32::from_str_radix(digits, 16).ok()
            };
            let rest = text.get(at..).unwrap_or_default();
            let (decoded, length) = match byte {
                b'%' => (hex(1, 3).and_then(|code| u8::try_from(code).ok()).map(Decoded::Byte), 3),
                b'\\' if rest.starts_with("\\u") => {
                    (hex(2, 6).and_then(char::from_u32).map(Decoded::Char), 6)
                }
                b'\\' => (text.as_bytes().get(at + 1).copied().map(Decoded::Byte), 2),
                _ => (None, 1),
            };
            match decoded {
                Some(Decoded::Byte(byte)) => unescaped.push(&[byte], at),
                Some(Decoded::Char(c)) => unescaped.push(c.encode_utf8(&mut [0; 4]).as_bytes(), at),
                None => unescaped.push(&[*byte], at),
            }
            at += if decoded.is_some() { length } else { 1 };
        }
        unescaped
    }

    fn push(&mut self, bytes: &[u8], at: usize) {
        self.bytes.extend_from_slice(bytes);
        self.offsets.extend(bytes.iter().map(|_| at));
    }

    /// Where `secret` begins in the text with its escapes.
    fn find(&self, secret: &str) -> Option<usize> {
        let found = self.bytes.windows(secret.len()).position(|window| window == secret.as_bytes())?;
        Some(self.offsets[found])
    }
}

#[derive(Clone, Copy)]
enum Decoded {
    Byte(u8),
    Char(char),
}

/// The start of a secret, which is enough to find it.
fn collapsed_start(secret: &str) -> String {
    let mut start = String::new();
    for word in secret.split_whitespace() {
        if !start.is_empty() {
            start.push(' ');
        }
        start.extend(word.chars().take(START_CHARS));
        if start.len() >= START_CHARS {
            break;
        }
    }
    start.chars().take(START_CHARS).collect()
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
            ("ERR bad path /set/form%3Aguest", "ERR bad path /set/ ..."),
            ("ERR bad path /set/%66orm:guest", "ERR bad path /set/ ..."),
            ("ERR bad key \\u0066orm:guest", "ERR bad key ..."),
            ("ERR 100% of the quota is used", "ERR 100% of the quota is used"),
        ] {
            assert_eq!(Redactor::new(&commands, &token).redact(text), expected, "{text}");
        }
    }

    #[test]
    fn many_different_texts_lose_all_but_their_code() {
        let token = Token::new("the-token");
        let redactor = Redactor::new(&[], &token);

        for number in 0..MAX_TEXTS {
            assert_eq!(redactor.redact(&format!("ERR odd {number}")), format!("ERR odd {number}"));
        }

        assert_eq!(redactor.redact("WRONGTYPE of form:guest"), "WRONGTYPE ...");
        assert_eq!(redactor.redact("ERR odd 3"), "ERR odd 3");
    }
}
