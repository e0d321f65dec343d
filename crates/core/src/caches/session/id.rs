//! The ids of sessions.
//!
//! An id is 256 random bits, a dot, and the tag of its user, so that a reader of the id knows whose revocations count.
//! It is stored under its SHA-256: who reads the database finds no id that can be used.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use crate::Result;
use crate::caches::random::random_token;

/// 64 bits of a hash. Two users with one tag would share their revocations.
const TAG_BYTES: usize = 8;
/// Their length in base64.
const TAG_LENGTH: usize = 11;

/// A new id for the user with `tag`.
///
/// # Errors
///
/// When the operating system has no random numbers.
pub(super) fn new_id(tag: &str) -> Result<String> {
    Ok(format!("{}.{tag}", random_token()?))
}

/// The tag of a user. Caches with different prefixes have different ones.
pub(super) fn tag(prefix: &str, user_id: &str) -> String {
    let text = format!("{}:{prefix}{}:{user_id}", prefix.len(), user_id.len());
    BASE64_URL_SAFE_NO_PAD.encode(&digest(&SHA256, text.as_bytes()).as_ref()[..TAG_BYTES])
}

/// The tag in an id. `None` if there can be none.
pub(super) fn tag_of(id: &str) -> Option<&str> {
    let (_, tag) = id.rsplit_once('.')?;
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (tag.len() == TAG_LENGTH && tag.bytes().all(is_base64)).then_some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_256_random_bits_and_the_tag_of_its_user() {
        let tag = tag("session:", "user-1");

        let (first, second) = (new_id(&tag).unwrap(), new_id(&tag).unwrap());

        assert_eq!(first.len(), 43 + 1 + 11);
        assert_ne!(first, second);
        assert_eq!(tag_of(&first), Some(&*tag));
    }

    #[test]
    fn what_is_no_tag_is_none() {
        for id in
            ["", ".", "a", "a.short", "a.0123456789!", "a.0123456789ab", "a.012345\u{e9}789", "a.0123456789*"]
        {
            assert_eq!(tag_of(id), None, "{id}");
        }
    }

    #[test]
    fn the_parts_of_a_tag_cannot_be_shifted() {
        assert_ne!(tag("a", "bc"), tag("ab", "c"));
        assert_ne!(tag("", "1:a"), tag("1:a", ""));
    }
}
