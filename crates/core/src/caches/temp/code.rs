//! The options and the hash of a code, and how a guess at it ended.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::hmac::{self, HMAC_SHA256};

use crate::keys::{Key, Ttl};
use crate::{Error, Result};

/// What a code is like.
pub struct CodeOptions {
    /// How many digits it has; 6 by default.
    pub digits: u32,
    /// How many guesses there are; 5 by default.
    pub attempts: u32,
    /// How long it lives; by default ten minutes.
    pub ttl: Option<Ttl>,
    /// The key of its hash. Without one, who reads the database can find the code by trying all.
    pub secret: Option<String>,
}

impl Default for CodeOptions {
    fn default() -> Self {
        Self { digits: 6, attempts: 5, ttl: None, secret: None }
    }
}

impl CodeOptions {
    /// Converts a JavaScript number of digits. `argument` names it in the error.
    ///
    /// # Errors
    ///
    /// When it is not a whole number from 4 to 12.
    pub fn digits(argument: &str, digits: f64) -> Result<u32> {
        whole(argument, digits, 4, 12)
    }

    /// Converts a JavaScript number of attempts. `argument` names it in the error.
    ///
    /// # Errors
    ///
    /// When it is not a whole number from 1 to 100.
    pub fn attempts(argument: &str, attempts: f64) -> Result<u32> {
        whole(argument, attempts, 1, 100)
    }

    /// Takes the key of the hash. `argument` names it in the error.
    ///
    /// # Errors
    ///
    /// When it is empty, as of a variable that is not set.
    pub fn secret(argument: &str, secret: String) -> Result<String> {
        if secret.is_empty() { Err(Error::invalid_value(argument, "must not be empty")) } else { Ok(secret) }
    }
}

fn whole(argument: &str, number: f64, least: u32, most: u32) -> Result<u32> {
    if number.fract() != 0.0 || !(f64::from(least)..=f64::from(most)).contains(&number) {
        let problem = format_args!("must be a whole number from {least} to {most}, got {number}");
        return Err(Error::invalid_value(argument, problem));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    Ok(number as u32)
}

/// The HMAC-SHA-256 of a code under `secret`, in base64url. The entry's key is its salt, so that equal codes of two entries
/// have different hashes. A random salt would have to be read before a guess can be hashed.
pub(super) fn code_hash(key: &Key, code: &str, secret: Option<&str>) -> String {
    let secret = hmac::Key::new(HMAC_SHA256, secret.unwrap_or_default().as_bytes());
    let mut mac = hmac::Context::with_key(&secret);
    let salt = key.as_str().as_bytes();
    mac.update(&(salt.len() as u64).to_be_bytes());
    mac.update(salt);
    mac.update(code.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(mac.sign())
}

/// How a guess at a code ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// It was right. This is the JSON text of the data.
    Right(String),
    /// It was wrong.
    Wrong {
        /// So many more guesses are possible.
        attempts_left: u32,
    },
    /// It was wrong, and the last one: the code is gone.
    Locked,
    /// There is no such code, or not any more.
    Absent,
}

impl Verification {
    /// `{ ok: true, data }` or `{ ok: false, reason, attemptsLeft }`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let (reason, left) = match self {
            Self::Right(data) => return format!(r#"{{"ok":true,"data":{data}}}"#),
            Self::Wrong { attempts_left } => ("wrong", *attempts_left),
            Self::Locked => ("locked", 0),
            Self::Absent => ("absent", 0),
        };
        format!(r#"{{"ok":false,"reason":"{reason}","attemptsLeft":{left}}}"#)
    }
}
