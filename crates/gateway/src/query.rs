//! The query of a URL: name and value pairs in their order, decoded to bytes.
//!
//! Values are bytes and not text because they become Redis arguments as they are.

use percent_encoding::percent_decode;

const TOKEN: &[u8] = b"_token";

/// The value of `_token`, which authenticates and is never an argument.
pub(crate) fn token(query: &str) -> Option<Vec<u8>> {
    pairs(query).find(|(name, _)| name == TOKEN).map(|(_, value)| value.unwrap_or_default())
}

/// Every name and every value in their order. A name without `=` stands alone, so that `?NX` is the one word `NX`.
pub(crate) fn arguments(query: &str) -> impl Iterator<Item = Vec<u8>> {
    pairs(query)
        .filter(|(name, _)| name != TOKEN)
        .flat_map(|(name, value)| std::iter::once(name).chain(value))
}

fn pairs(query: &str) -> impl Iterator<Item = (Vec<u8>, Option<Vec<u8>>)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| match pair.split_once('=') {
        Some((name, value)) => (decode(name), Some(decode(value))),
        None => (decode(pair), None),
    })
}

fn decode(text: &str) -> Vec<u8> {
    percent_decode(text.replace('+', " ").as_bytes()).collect()
}
