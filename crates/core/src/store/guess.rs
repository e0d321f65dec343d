//! The text of a one-time code, and what a guess at it does.

use subtle::ConstantTimeEq;

/// The most attempts that a text can name.
const MAX_ATTEMPTS_DIGITS: usize = 3;

/// `attempts|hash|data`: the attempts that are left, a hash of the code without `|`, and what the right guess gets. So the
/// script of [`Store::verify`](super::Store::verify) cuts a string, and decodes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeText<'a> {
    /// The attempts that are left.
    pub attempts: u32,
    /// The hash of the code.
    pub hash: &'a str,
    /// What the right guess gets.
    pub data: &'a str,
}

impl<'a> CodeText<'a> {
    /// Parses a stored text; `None` if it is that of no code.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (attempts, rest) = text.split_once('|')?;
        let (hash, data) = rest.split_once('|')?;
        let is_number = attempts.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number || attempts.len() > MAX_ATTEMPTS_DIGITS || hash.is_empty() {
            return None;
        }
        Some(Self { attempts: attempts.parse().ok()?, hash, data })
    }

    /// The text to store.
    #[must_use]
    pub fn text(self) -> String {
        let Self { attempts, hash, data } = self;
        format!("{attempts}|{hash}|{data}")
    }
}

/// How a guess at a code ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guess {
    /// There is no code.
    Absent,
    /// It was right, and the code is gone.
    Right {
        /// The code's text.
        before: String,
    },
    /// It was wrong, and the code has one attempt less.
    Wrong {
        /// The code's text until then.
        before: String,
        /// The code's text from then on.
        after: String,
    },
    /// It was the last attempt and wrong, and the code is gone.
    Locked {
        /// The code's text.
        before: String,
    },
}

impl Guess {
    /// The end of a guess with `hash` at the code with the text `before`. The hashes are compared in constant time.
    #[must_use]
    pub fn at(before: String, hash: &str) -> Self {
        let Some(code) = CodeText::parse(&before) else { return Self::Absent };
        if code.hash.as_bytes().ct_eq(hash.as_bytes()).into() {
            return Self::Right { before };
        }
        if code.attempts < 2 {
            return Self::Locked { before };
        }
        let after = CodeText { attempts: code.attempts - 1, ..code }.text();
        Self::Wrong { before, after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_its_first_two_bars() {
        let code = CodeText { attempts: 5, hash: "h", data: r#"{"a":"|"}"# };

        assert_eq!(code.text(), r#"5|h|{"a":"|"}"#);
        assert_eq!(CodeText::parse(&code.text()), Some(code));
        for other in
            ["", "{}", "5|h", "|h|{}", "-1|h|{}", "+1|h|{}", "1000|h|{}", "5||{}", r#"{"a":"1|2|3"}"#]
        {
            assert_eq!(CodeText::parse(other), None, "{other}");
        }
    }

    #[test]
    fn each_wrong_guess_takes_one_attempt_and_the_last_the_code() {
        let at = |before: &str, hash| Guess::at(before.into(), hash);

        assert_eq!(at("2|h|d", "x"), Guess::Wrong { before: "2|h|d".into(), after: "1|h|d".into() });
        assert_eq!(at("1|h|d", "x"), Guess::Locked { before: "1|h|d".into() });
        assert_eq!(at("0|h|d", "x"), Guess::Locked { before: "0|h|d".into() });
        assert_eq!(at("1|h|d", "h"), Guess::Right { before: "1|h|d".into() });
        assert_eq!(at("{}", "h"), Guess::Absent);
    }
}
