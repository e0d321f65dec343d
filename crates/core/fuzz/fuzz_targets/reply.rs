//! Any response of a server is read without a panic, and no error shows a secret.

#![no_main]

use libfuzzer_sys::fuzz_target;
use redlatch_core::upstash::check_reply;

fuzz_target!(|input: (u16, usize, bool, &[u8])| {
    let (status, count, batch, body) = input;
    check_reply(100 + status % 500, body, count % 8, batch);
});
