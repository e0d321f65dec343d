//! The key of a form submission.

/// Returns `eventId-email-startTime`. The e-mail is trimmed and lower-cased; then every UTF-16 unit outside
/// `A-Z a-z 0-9 - _` is replaced by `_`.
///
/// The result equals that of JavaScript's `trim`, `toLowerCase` and `replace(/[^a-zA-Z0-9-_]/g, '_')`, because keys of the
/// TypeScript module are in use. A lone surrogate arrives as U+FFFD, which is also one unit.
///
/// Different e-mail addresses can have the same key (`a+b@x.com`, `a.b@x.com`). Their submissions block each other until
/// the entry expires.
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
    use super::*;

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
