//! A change of two fields leaves every other byte of a JSON object alone.

#![no_main]

use libfuzzer_sys::fuzz_target;
use redlatch_core::json::check_splice;

fuzz_target!(|text: &str| check_splice(text));
