//! What nobody can guess, from the operating system's random numbers.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

use crate::{Error, Result};

/// 256 bits.
const TOKEN_BYTES: usize = 32;

/// A random token of 256 bits, in base64url.
pub(super) fn random_token() -> Result<String> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<TOKEN_BYTES>()?))
}

/// Whether a text has the form of a random token. That of its [`hash`] has it, too.
pub(super) fn is_token(text: &str) -> bool {
    BASE64_URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == TOKEN_BYTES)
}

/// The SHA-256 of a text, in base64url.
pub(super) fn hash(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

/// So many random digits, at most 18; each number is equally likely.
pub(super) fn random_digits(digits: u32) -> Result<String> {
    let numbers = 10_u64.pow(digits);
    let even = u64::MAX - u64::MAX % numbers;
    loop {
        let random = u64::from_ne_bytes(random_bytes()?);
        // Beyond it, the first numbers would come once more.
        if random < even {
            let width = digits as usize;
            return Ok(format!("{:0width$}", random % numbers));
        }
    }
}

/// So many random bytes.
pub(super) fn random_bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::no_random_numbers())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_and_its_hash_have_one_form_that_other_texts_have_not() {
        let token = random_token().unwrap();

        assert!(is_token(&token));
        assert!(is_token(&hash(&token)));
        assert_ne!(token, random_token().unwrap());
        for other in
            ["", "guest@example.com", &token[1..], &format!("{token}A"), &token.replace(&token[42..], "B")]
        {
            assert!(!is_token(other), "{other}");
        }
    }

    #[test]
    fn the_hash_is_sha_256() {
        // https://www.di-mgmt.com.au/sha_testvectors.html, in base64url
        assert_eq!(hash("abc"), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
    }

    #[test]
    fn digits_begin_with_zeros_too() {
        let codes: Vec<String> = (0..200).map(|_| random_digits(4).unwrap()).collect();

        assert!(codes.iter().all(|code| code.len() == 4 && code.bytes().all(|byte| byte.is_ascii_digit())));
        // The chance that none of 200 does is below 10^-9.
        assert!(codes.iter().any(|code| code.starts_with('0')));
        assert_eq!(random_digits(12).unwrap().len(), 12);
    }
}
