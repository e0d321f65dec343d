//! `SET … IFEQ`, `SET … IFNE` and `DELEX` as scripts, for a Redis that lacks them.
//!
//! With a failed condition SET replies null, also together with GET, as Upstash does. A later Redis that has these
//! commands would reply with the old value.

use redis::Cmd;

use crate::command::{argument, arguments};
use crate::http_error::HttpError;

/// `KEYS[1]`, the value, IFEQ or IFNE, the value to compare with, GET or nothing, the other options.
const SET: &str = "\
    local held = redis.pcall('GET', KEYS[1]) \
    if type(held) == 'table' then return held end \
    if (held == ARGV[3]) ~= (ARGV[2] == 'IFEQ') then return false end \
    local reply = redis.pcall('SET', KEYS[1], ARGV[1], unpack(ARGV, 5)) \
    if ARGV[4] == 'GET' and not reply.err then return held end \
    return reply";

/// `KEYS[1]`, IFEQ or IFNE, the value to compare with.
const DELEX: &str = "\
    local held = redis.pcall('GET', KEYS[1]) \
    if type(held) == 'table' then return held end \
    if not held or (held == ARGV[2]) ~= (ARGV[1] == 'IFEQ') then return 0 end \
    return redis.call('DEL', KEYS[1])";

/// SET with a condition on the old value as a script. `None` if it has no such condition, or if it is malformed:
/// then Redis replies with its syntax error.
pub(crate) fn set(command: &Cmd) -> Option<Cmd> {
    let mut words = arguments(command).skip(3);
    if !words.clone().any(|word| condition(word).is_some()) {
        return None;
    }
    let (mut compared, mut get, mut options) = (None, "", Vec::new());
    while let Some(word) = words.next() {
        let is = |option: &str| word.eq_ignore_ascii_case(option.as_bytes());
        if let Some(condition) = condition(word) {
            if compared.replace((condition, words.next()?)).is_some() {
                return None;
            }
        } else if is("GET") {
            get = "GET";
        } else if is("KEEPTTL") {
            options.push(word);
        } else if ["EX", "PX", "EXAT", "PXAT"].into_iter().any(is) {
            options.extend([word, words.next()?]);
        } else {
            return None;
        }
    }
    let (condition, old) = compared?;
    let mut script = redis::cmd("EVAL");
    script.arg(SET).arg(1).arg(argument(command, 1)).arg(argument(command, 2));
    script.arg(condition).arg(old).arg(get).arg(options);
    Some(script)
}

/// DELEX as DEL or as a script.
pub(crate) fn delex(command: &Cmd) -> Result<Cmd, HttpError> {
    let words: Vec<&[u8]> = arguments(command).skip(1).collect();
    match words[..] {
        [key] => Ok(redis::cmd("DEL").arg(key).take()),
        [key, word, old] => {
            let condition = condition(word).ok_or_else(|| HttpError::bad_request("ERR syntax error"))?;
            Ok(redis::cmd("EVAL").arg(DELEX).arg(1).arg(key).arg(condition).arg(old).take())
        }
        _ => Err(HttpError::wrong_arity("delex")),
    }
}

fn condition(word: &[u8]) -> Option<&'static str> {
    ["IFEQ", "IFNE"].into_iter().find(|name| word.eq_ignore_ascii_case(name.as_bytes()))
}
