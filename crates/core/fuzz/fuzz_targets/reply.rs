//! Reads a response. Input: two bytes of status, then the body and the commands, separated by NUL. The arguments of a
//! command are separated by the byte 1. A status above 32767 marks a batch.

#![no_main]

use libfuzzer_sys::fuzz_target;
use redlatch_core::fuzzing::check_response;

fuzz_target!(|data: &[u8]| {
    let Some((status, rest)) = data.split_first_chunk::<2>() else { return };
    let status = u16::from_le_bytes(*status);
    let mut parts = rest.split(|byte| *byte == 0);
    let body = parts.next().unwrap_or_default();
    let commands: Option<Vec<Vec<&str>>> = parts
        .map(|arguments| {
            arguments.split(|byte| *byte == 1).map(|text| std::str::from_utf8(text).ok()).collect()
        })
        .collect();
    if let Some(commands) = commands {
        check_response(status & 0x7fff, status > 0x7fff, &commands, body);
    }
});
