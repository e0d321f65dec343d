//! One-time data: magic links, OAuth state, codes, the steps of a wizard. What is taken is taken once.
//!
//! An entry is JSON text under `temp:kind:id`. An id that has the form of a token, 256 bits in base64url, is replaced by its
//! SHA-256. That has the same form and so would be hashed again: who reads the database finds no id that works.

mod code;

use std::sync::Arc;

use super::random::{hash, is_token, random_digits, random_token};
use super::read;
use crate::keys::{Expiry, Key, TEMP, TEMP_CODE_TTL_SECONDS, Ttl};
use crate::store::{CodeText, Guess, Store};
use crate::{Error, Result, json};

use self::code::code_hash;
pub use self::code::{CodeOptions, Verification};

/// Stores data that one caller gets, by default for fifteen minutes.
#[derive(Clone)]
pub struct TempDataCache<S> {
    store: Arc<S>,
}

const MAX_KIND_BYTES: usize = 256;

/// What entries are for, as `login`: not empty, and without a colon, with which two pairs of kind and id could have one key.
pub struct TempKind(String);

/// The key of an entry.
pub struct TempKey(Key);

impl TempKind {
    /// Takes the caller's kind.
    ///
    /// # Errors
    ///
    /// When it is empty, longer than 256 bytes, or holds a colon.
    pub fn new(kind: String) -> Result<Self> {
        if kind.is_empty() {
            return Err(Error::invalid_value("kind", "must not be empty"));
        }
        if kind.len() > MAX_KIND_BYTES {
            let problem = format_args!("must be at most {MAX_KIND_BYTES} bytes long in UTF-8");
            return Err(Error::invalid_value("kind", problem));
        }
        if kind.contains(':') {
            return Err(Error::invalid_value("kind", "must not hold a colon"));
        }
        Ok(Self(kind))
    }

    /// The key of `id`, which may be a token, among the entries of this kind.
    ///
    /// # Errors
    ///
    /// When `id` is empty or too long.
    pub fn key(&self, id: &str) -> Result<TempKey> {
        let hashed = is_token(id).then(|| hash(id));
        TEMP.key_of_kind(&self.0, "id", hashed.as_deref().unwrap_or(id)).map(TempKey)
    }
}

/// The JSON text of the caller's data: an object or an array.
pub struct TempData(String);

impl TempData {
    /// Takes the caller's JSON text.
    ///
    /// # Errors
    ///
    /// When it is neither an object nor an array. `argument` names it in the error.
    pub fn from_json(argument: &str, text: String) -> Result<Self> {
        if json::is_object_or_array(&text) {
            Ok(Self(text))
        } else {
            Err(Error::invalid_field(argument, "must turn into a JSON object or array"))
        }
    }
}

impl Default for TempData {
    fn default() -> Self {
        Self("{}".into())
    }
}

/// Methods have the errors of [`Store`]. An id that is to be found comes from a link or a form, whatever it is: what can be
/// the id of no entry reads as absent.
impl<S: Store> TempDataCache<S> {
    /// A cache on `store`.
    #[must_use]
    pub fn new(store: Arc<S>) -> Self {
        Self { store }
    }

    /// Stores data.
    pub async fn put(&self, key: &TempKey, data: &TempData, ttl: Option<Ttl>) -> Result<()> {
        self.store.set(&key.0, &data.0, Expiry::After(TEMP.ttl_or_default(ttl))).await
    }

    /// The JSON text of the data, which stays. `None` if it is absent, expired or corrupt, or a code.
    pub async fn peek(&self, kind: &TempKind, id: &str) -> Result<Option<String>> {
        let Ok(key) = kind.key(id) else { return Ok(None) };
        let is_known = |text: &str| json::is_object_or_array(text) || CodeText::parse(text).is_some();
        let text = read(&*self.store, &key.0, is_known).await?;
        Ok(text.filter(|text| json::is_object_or_array(text)))
    }

    /// The JSON text of the data, which exactly one caller gets. `None` if it is absent, expired or corrupt, or a code, which
    /// is gone then.
    pub async fn take(&self, kind: &TempKind, id: &str) -> Result<Option<String>> {
        let Ok(key) = kind.key(id) else { return Ok(None) };
        Ok(self.store.get_and_delete(&key.0).await?.filter(|text| json::is_object_or_array(text)))
    }

    /// Deletes data or a code.
    pub async fn delete(&self, key: &TempKey) -> Result<()> {
        self.store.delete(std::slice::from_ref(&key.0)).await.map(drop)
    }

    /// Stores data under a new token, which `peek`, `take` and `delete` take for an id.
    pub async fn create_token(&self, kind: &TempKind, data: &TempData, ttl: Option<Ttl>) -> Result<String> {
        let token = random_token()?;
        self.put(&kind.key(&token)?, data, ttl).await?;
        Ok(token)
    }

    /// Stores data under a new code, in the place of the one before.
    pub async fn create_code(&self, key: &TempKey, data: &TempData, options: &CodeOptions) -> Result<String> {
        let code = random_digits(options.digits)?;
        let hash = code_hash(&key.0, &code, options.secret.as_deref());
        let text = CodeText { attempts: options.attempts, hash: &hash, data: &data.0 }.text();
        let ttl = options.ttl.unwrap_or(Ttl::from_whole_seconds(TEMP_CODE_TTL_SECONDS));
        self.store.set(&key.0, &text, Expiry::After(ttl)).await?;
        Ok(code)
    }

    /// Takes the data of a code if `code` is that. Otherwise one attempt less is left.
    pub async fn verify_code(
        &self,
        (kind, id): (&TempKind, &str),
        code: &str,
        secret: Option<&str>,
    ) -> Result<Verification> {
        let Ok(key) = kind.key(id) else { return Ok(Verification::Absent) };
        let guess = self.store.verify(&key.0, &code_hash(&key.0, code, secret)).await?;
        Ok(match &guess {
            Guess::Right { before } => match CodeText::parse(before) {
                Some(CodeText { data, .. }) if json::is_object_or_array(data) => {
                    Verification::Right(data.to_owned())
                }
                _ => Verification::Absent,
            },
            Guess::Wrong { after, .. } => {
                Verification::Wrong { attempts_left: CodeText::parse(after).map_or(0, |code| code.attempts) }
            }
            Guess::Locked { .. } => Verification::Locked,
            Guess::Absent => Verification::Absent,
        })
    }
}

#[cfg(test)]
mod tests;
