//! The keys of form submissions: one of any parts, and one of a booking as the TypeScript module makes it.

/// Returns a key of `parts` that no other parts have: each with its number of UTF-16 units before it, so that where one
/// ends does not depend on what it holds. `["a", "b"]` becomes `1:a,1:b`.
///
/// It is not hashed, so that every runtime makes it at once and it can be read in the database. [`form_key`] never
/// returns such a key, because it has no `:`.
#[must_use]
pub fn key_of_parts(parts: &[String]) -> String {
    let mut key = String::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
    for part in parts {
        if !key.is_empty() {
            key.push(',');
        }
        key.push_str(&part.encode_utf16().count().to_string());
        key.push(':');
        key.push_str(part);
    }
    key
}

/// Returns `eventId-email-startTime`. The e-mail is trimmed and lower-cased; then every UTF-16 unit outside
/// `A-Z a-z 0-9 - _` is replaced by `_`.
///
/// The result equals that of JavaScript's `trim`, `toLowerCase` and `replace(/[^a-zA-Z0-9-_]/g, '_')`, because keys of the
/// TypeScript module are in use. A lone surrogate arrives as U+FFFD, which is also one unit.
///
/// Different e-mail addresses can have the same key (`a+b@x.com`, `a.b@x.com`). Their submissions block each other until
/// the entry expires. [`key_of_parts`] keeps them apart.
#[must_use]
pub fn form_key(event_id: &str, guest_email: &str, start_time: &str) -> String {
    let email = guest_email.trim_matches(is_javascript_space).to_lowercase();
    let mut key = String::with_capacity(event_id.len() + email.len() + start_time.len() + 2);
    for (index, part) in [event_id, &email, start_time].into_iter().enumerate() {
        if index > 0 {
            key.push('-');
        }
        for c in part.chars() {
            if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
                key.push(c);
            } else {
                key.extend(std::iter::repeat_n('_', c.len_utf16()));
            }
        }
    }
    key
}

/// White space and line terminators of ECMAScript. They differ from Rust's in U+0085 and U+FEFF.
/// <https://tc39.es/ecma262/#sec-white-space>
fn is_javascript_space(c: char) -> bool {
    c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}')
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Takes a key of parts apart again. `None` if it is not one.
    fn parts_of(key: &str) -> Option<Vec<String>> {
        let mut units: Vec<u16> = key.encode_utf16().collect();
        let mut parts = Vec::new();
        while !units.is_empty() {
            let colon = units.iter().position(|unit| *unit == u16::from(b':'))?;
            let length: usize = String::from_utf16(&units[..colon]).ok()?.parse().ok()?;
            let rest = units.split_off(colon + 1);
            let (part, rest) = rest.split_at_checked(length)?;
            parts.push(String::from_utf16(part).ok()?);
            units = match rest.split_first() {
                Some((comma, rest)) if *comma == u16::from(b',') => rest.to_vec(),
                Some(_) => return None,
                None => Vec::new(),
            };
        }
        Some(parts)
    }

    #[test]
    fn the_length_of_a_part_stands_before_it_in_utf_16_units() {
        for (parts, expected) in [
            (&["a", "b"][..], "1:a,1:b"),
            (&["ab"], "2:ab"),
            (&["1:a,1:b"], "7:1:a,1:b"),
            (&[""], "0:"),
            (&["", ""], "0:,0:"),
            (&["a+b@x.com", "\u{1f600}\u{e9}"], "9:a+b@x.com,3:\u{1f600}\u{e9}"),
        ] {
            let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
            assert_eq!(key_of_parts(&parts), expected);
        }
    }

    proptest! {
        // No two lists of parts can have one key from which both come back.
        #[test]
        fn a_key_of_parts_can_be_taken_apart_again(
            parts in vec(prop_oneof![any::<String>(), "[0-9:,ab]{0,6}"], 1..5)
        ) {
            prop_assert_eq!(parts_of(&key_of_parts(&parts)), Some(parts));
        }
    }

    #[test]
    fn the_key_is_what_javascript_would_make_of_it() {
        for (event, email, start, expected) in [
            (
                "evt_1",
                " Guest@Example.COM\n",
                "2026-01-01T10:00:00Z",
                "evt_1-guest_example_com-2026-01-01T10_00_00Z",
            ),
            ("", "", "", "--"),
            ("a b", "\u{feff}x\u{85}", "\u{1f600}", "a_b-x_-__"),
            ("\u{fffd}", "\u{130}\u{212a}", "\u{e9}", "_-i_k-_"),
        ] {
            assert_eq!(form_key(event, email, start), expected);
        }
    }
}
