//! Durations in words, as `@upstash/ratelimit` takes them: `10 s`, `1m`, `1.5 h`.

use crate::{Error, Result};

/// The units, the longest name first, in milliseconds.
const UNITS: [(&str, f64); 6] = [
    ("ms", 1.0),
    ("s", 1_000.0),
    ("m", 60_000.0),
    ("h", 3_600_000.0),
    ("d", 86_400_000.0),
    ("w", 604_800_000.0),
];

/// The milliseconds of a duration, to the nearest whole one.
///
/// # Errors
///
/// When `text` is no duration of at least one millisecond. `argument` names it in the error.
pub fn millis_of_words(argument: &str, text: &str) -> Result<u64> {
    let wrong = || {
        let problem = "must be milliseconds, or a text such as \"10 s\" with ms, s, m, h, d or w";
        Error::invalid_value(argument, problem)
    };
    let (unit, factor) = UNITS.iter().find(|(unit, _)| text.ends_with(unit)).ok_or_else(wrong)?;
    let number = text.strip_suffix(unit).unwrap_or(text);
    let number = number.strip_suffix(' ').unwrap_or(number);
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (before, after) = number.split_once('.').map_or((number, None), |(one, two)| (one, Some(two)));
    if !is_digits(before) || !after.is_none_or(is_digits) {
        return Err(wrong());
    }
    millis(number.parse::<f64>().map_err(|_| wrong())? * factor).ok_or_else(wrong)
}

/// The whole milliseconds of a number.
///
/// # Errors
///
/// When it is none of at least one. `argument` names it in the error.
pub fn millis_of_number(argument: &str, number: f64) -> Result<u64> {
    let is_whole = number.fract() == 0.0;
    is_whole.then(|| millis(number)).flatten().ok_or_else(|| {
        let problem = format_args!("must be a whole number of milliseconds of at least 1, got {number}");
        Error::invalid_value(argument, problem)
    })
}

fn millis(number: f64) -> Option<u64> {
    /// Longer ones are mistakes, and times with them stay below 2^53.
    const CENTURY: f64 = 3.2e12;
    let rounded = number.round();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
    (1.0..=CENTURY).contains(&rounded).then_some(rounded as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_has_its_milliseconds() {
        for (text, millis) in [
            ("10 s", 10_000),
            ("10s", 10_000),
            ("5 ms", 5),
            ("1 m", 60_000),
            ("1.5 h", 5_400_000),
            ("2 d", 172_800_000),
            ("1w", 604_800_000),
            ("0.6 ms", 1),
        ] {
            assert_eq!(millis_of_words("window", text).unwrap(), millis, "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "",
            "s",
            "10",
            "10  s",
            "-1 s",
            "1e3 s",
            "+1 s",
            ".5 s",
            "5. s",
            "10 S",
            "0 s",
            "0.1 ms",
            "9999999 w",
        ] {
            let error = millis_of_words("window", text).unwrap_err();
            assert!(error.is_invalid_value() && error.to_string().starts_with("window must be"), "{text}");
        }
        for number in [0.0, -1.0, 0.5, f64::NAN, f64::INFINITY, 1e13] {
            assert!(millis_of_number("window", number).unwrap_err().is_invalid_value(), "{number}");
        }
    }
}
