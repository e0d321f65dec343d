//! Reads the query of a URL: pairs of name and value in order, decoded to bytes.
//!
//! Values are bytes because they become Redis arguments unchanged.

use percent_encoding::percent_decode;

const TOKEN: &[u8] = b"_token";

/// The value of `_token`, which authenticates and is not an argument.
pub(crate) fn token(query: &str) -> Option<Vec<u8>> {
    pairs(query).find(|(name, _)| name == TOKEN).map(|(_, value)| value.unwrap_or_default())
}

/// All names and values in order. A name without `=` is one argument, so `?NX` is `NX`.
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
