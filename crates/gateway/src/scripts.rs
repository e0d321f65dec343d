//! Scripts with Upstash's flag `allow-key-locking`, which a real Redis rejects.
//!
//! The flag is removed before a script goes to Redis. Clients know a script by the SHA-1 of their own text, so that
//! digest is mapped to the one of the text that Redis has. If Redis has lost the script, it replies NOSCRIPT.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redis::Cmd;
use sha1_smol::Sha1;

use crate::command::{argument, arguments};

const SHEBANG: &str = "#!lua";
const FLAGS: &str = "flags=";
const KEY_LOCKING: &str = "allow-key-locking";

/// Scripts come from clients, so their number is limited. Beyond it all are forgotten, and clients send them again
/// after NOSCRIPT.
const MAX_SCRIPTS: usize = 1000;

/// The digests of the scripts whose flag was removed: that of the client's text and that of Redis's.
#[derive(Default)]
pub(crate) struct Scripts(Mutex<HashMap<String, String>>);

impl Scripts {
    /// EVAL or `EVAL_RO` without the flag; `None` if its script does not have it.
    pub(crate) fn eval(&self, command: &Cmd) -> Option<Cmd> {
        let script = argument(command, 1);
        let accepted = without_key_locking(script)?;
        self.remember(script, &accepted);
        Some(with_argument(command, 1, &accepted))
    }

    /// EVALSHA or `EVALSHA_RO` with the digest that Redis knows; `None` if that is the client's.
    pub(crate) fn evalsha(&self, command: &Cmd) -> Option<Cmd> {
        Some(with_argument(command, 1, self.digest_in_redis(argument(command, 1))?.as_bytes()))
    }

    /// SCRIPT LOAD without the flag, and the digest to reply with; `None` if the script does not have the flag.
    pub(crate) fn load(&self, command: &Cmd) -> Option<(Cmd, String)> {
        let script = argument(command, 2);
        let accepted = without_key_locking(script)?;
        let digest = self.remember(script, &accepted);
        Some((with_argument(command, 2, &accepted), digest))
    }

    /// SCRIPT EXISTS with the digests that Redis knows.
    pub(crate) fn exists(&self, command: &Cmd) -> Cmd {
        let mut translated = Cmd::new();
        for (index, word) in arguments(command).enumerate() {
            match self.digest_in_redis(word).filter(|_| index >= 2) {
                Some(digest) => translated.arg(digest),
                None => translated.arg(word),
            };
        }
        translated
    }

    /// Maps the digest of the client's text, and returns it.
    fn remember(&self, script: &[u8], accepted: &[u8]) -> String {
        let digest = Sha1::from(script).hexdigest();
        let mut digests = self.digests();
        if digests.len() >= MAX_SCRIPTS {
            digests.clear();
        }
        digests.insert(digest.clone(), Sha1::from(accepted).hexdigest());
        digest
    }

    fn digest_in_redis(&self, digest: &[u8]) -> Option<String> {
        let digest = str::from_utf8(digest).ok()?;
        self.digests().get(&digest.to_ascii_lowercase()).cloned()
    }

    fn digests(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The script without the flag `allow-key-locking`; `None` if it does not have it. Without another flag nothing of
/// the first line remains but its end, so that errors name the same line numbers.
fn without_key_locking(script: &[u8]) -> Option<Vec<u8>> {
    let end = script.iter().position(|&byte| byte == b'\n').unwrap_or(script.len());
    let (line, code) = script.split_at(end);
    let flags = str::from_utf8(line).ok()?.strip_prefix(SHEBANG)?.trim().strip_prefix(FLAGS)?;
    let others: Vec<&str> = flags.split(',').filter(|&flag| flag != KEY_LOCKING).collect();
    if others.len() == flags.split(',').count() {
        return None;
    }
    let line =
        if others.is_empty() { String::new() } else { format!("{SHEBANG} {FLAGS}{}", others.join(",")) };
    Some([line.as_bytes(), code].concat())
}

fn with_argument(command: &Cmd, replaced: usize, argument: &[u8]) -> Cmd {
    let mut translated = Cmd::new();
    for (index, word) in arguments(command).enumerate() {
        translated.arg(if index == replaced { argument } else { word });
    }
    translated
}

#[cfg(test)]
mod tests {
    use super::without_key_locking;

    #[test]
    fn only_the_flag_is_removed_and_only_from_the_first_line() {
        let cases = [
            ("#!lua flags=allow-key-locking\nreturn 1", Some("\nreturn 1")),
            ("#!lua flags=allow-key-locking\r\nreturn 1", Some("\nreturn 1")),
            ("#!lua flags=allow-key-locking", Some("")),
            ("#!lua flags=no-writes,allow-key-locking\nreturn 1", Some("#!lua flags=no-writes\nreturn 1")),
            ("#!lua flags=no-writes\nreturn 1", None),
            ("#!lua\nreturn 1", None),
            ("return 1", None),
            ("return 1\n#!lua flags=allow-key-locking", None),
        ];

        for (script, accepted) in cases {
            assert_eq!(
                without_key_locking(script.as_bytes()).as_deref(),
                accepted.map(str::as_bytes),
                "{script}"
            );
        }
    }
}
