//! Changes fields of a JSON text. Input: the text and the new values, separated by NUL.

#![no_main]

use libfuzzer_sys::fuzz_target;
use redlatch_core::fuzzing::check_json_splice;

fuzz_target!(|data: &str| {
    let mut parts = data.split('\0');
    let text = parts.next().unwrap_or_default();
    let values: Vec<&str> = parts.collect();
    check_json_splice(text, &values);
});
