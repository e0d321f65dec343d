//! Decides which commands are allowed, by the output of Redis's `COMMAND` and short lists of what REST rejects.
//!
//! All requests share one connection to Redis. Commands that would change its state, block it or stop the server are
//! rejected before they are sent.

use std::collections::HashMap;

use redis::{Arg, Cmd, Value};

use crate::auth::Access;
use crate::http_error::HttpError;
use crate::mode::Mode;

/// No command of Redis has a longer name.
const MAX_NAME: usize = 32;

/// Commands that act on a connection or block it. Commands with Redis's flag `blocking` are rejected the same way.
const OWN_CONNECTION: &str = "asking auth client discard exec hello monitor multi psubscribe punsubscribe quit \
    readonly readwrite reset ssubscribe subscribe sunsubscribe unsubscribe unwatch wait waitaof watch";

/// Commands that would stop, block or reconfigure the server, and two words for which Redis closes the connection.
const NOT_AVAILABLE: &str = "acl bgrewriteaof cluster debug failover host: migrate module post psync replconf \
    replicaof restore-asking shutdown slaveof swapdb sync";

/// Read commands that scan the whole database; the read-only token may not use them.
const TOO_POWERFUL_TO_READ: &[&str] = &["keys", "scan"];

/// Commands of Upstash that are emulated for a Redis that lacks them.
const EMULATED: &[&str] = &["delex"];

/// Commands that touch no data although they lack Redis's flag `readonly`.
const HARMLESS: &[&str] = &["echo", "ping", "time"];

/// The commands of this server, from the output of `COMMAND`.
pub(crate) struct CommandTable {
    known: HashMap<String, Known>,
    mode: Mode,
}

struct Known {
    place: Place,
    reads_only: bool,
    /// Whether each subcommand only reads, by name.
    subcommands: HashMap<String, bool>,
}

/// Where a command may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Rest,
    /// Only on a connection of its own, which REST does not offer.
    OwnConnection,
    Nowhere,
}

/// Whether an allowed command changes data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommandKind {
    Read,
    Write,
}

impl CommandTable {
    pub(crate) fn from_reply(reply: &Value, mode: Mode) -> Self {
        let mut known: HashMap<_, _> = items(reply).iter().filter_map(|entry| known(items(entry))).collect();
        if mode == Mode::Upstash {
            for name in EMULATED {
                known.entry((*name).to_owned()).or_insert_with(Known::write);
            }
        }
        Self { known, mode }
    }

    /// Returns whether the command reads or writes, or the error it is rejected with.
    pub(crate) fn check(&self, command: &Cmd, access: Access) -> Result<CommandKind, HttpError> {
        let typed = argument(command, 0);
        let mut buffer = [0; MAX_NAME];
        let name = lowercase(typed, &mut buffer).unwrap_or_default();
        let Some(known) = self.known.get(name).filter(|known| known.place != Place::Nowhere) else {
            return self.check_unknown(name, typed, access);
        };
        if known.place == Place::OwnConnection || waits(name, command) {
            return Err(HttpError::not_in_rest(&name.to_uppercase()));
        }
        check_arguments(name, command)?;
        let kind = known.kind(command, self.mode)?;
        if access == Access::ReadOnly && !may_read(name, kind) {
            return Err(HttpError::no_permission(name));
        }
        Ok(kind)
    }

    /// In the mode `redis` a command that Redis does not know goes to Redis, too, for its error.
    fn check_unknown(&self, name: &str, typed: &[u8], access: Access) -> Result<CommandKind, HttpError> {
        if self.mode != Mode::Redis || place(name, &[]) != Place::Rest {
            return Err(HttpError::not_available(&String::from_utf8_lossy(typed)));
        }
        match access {
            Access::Full => Ok(CommandKind::Write),
            Access::ReadOnly => Err(HttpError::no_permission(&String::from_utf8_lossy(typed))),
        }
    }
}

impl Known {
    /// A command that writes and that Redis need not know.
    fn write() -> Self {
        Self { place: Place::Rest, reads_only: false, subcommands: HashMap::new() }
    }

    fn kind(&self, command: &Cmd, mode: Mode) -> Result<CommandKind, HttpError> {
        let mut reads_only = self.reads_only;
        // Without a subcommand Redis replies with the arity error, as for any other command.
        if !self.subcommands.is_empty() && command.args_iter().len() > 1 {
            let typed = argument(command, 1);
            let mut buffer = [0; MAX_NAME];
            let found = lowercase(typed, &mut buffer).and_then(|name| self.subcommands.get(name));
            reads_only = match (found, mode) {
                (Some(reads_only), _) => *reads_only,
                (None, Mode::Redis) => false,
                (None, Mode::Upstash) => {
                    let words = [argument(command, 0), b" ", typed].concat();
                    return Err(HttpError::not_available(&String::from_utf8_lossy(&words)));
                }
            };
        }
        Ok(if reads_only { CommandKind::Read } else { CommandKind::Write })
    }
}

fn may_read(name: &str, kind: CommandKind) -> bool {
    kind == CommandKind::Read && !TOO_POWERFUL_TO_READ.contains(&name) || HARMLESS.contains(&name)
}

/// Whether a command that blocks only with an option has that option.
fn waits(name: &str, command: &Cmd) -> bool {
    match name {
        "xread" => asks_to_block(command, 1),
        // XREADGROUP GROUP group consumer ..: the names come before the options.
        "xreadgroup" => asks_to_block(command, 4),
        _ => false,
    }
}

/// Whether `BLOCK` is among the options, which end at `STREAMS`.
fn asks_to_block(command: &Cmd, options_from: usize) -> bool {
    arguments(command)
        .skip(options_from)
        .take_while(|word| !word.eq_ignore_ascii_case(b"streams"))
        .any(|word| word.eq_ignore_ascii_case(b"block"))
}

fn check_arguments(name: &str, command: &Cmd) -> Result<(), HttpError> {
    if name == "script" && argument(command, 1).eq_ignore_ascii_case(b"debug") {
        return Err(HttpError::not_available("SCRIPT DEBUG"));
    }
    if name == "select" && command.args_iter().len() == 2 && argument(command, 1) != b"0" {
        return Err(HttpError::bad_request("ERR DB index is out of range"));
    }
    Ok(())
}

/// One argument; empty if it is absent.
pub(crate) fn argument(command: &Cmd, index: usize) -> &[u8] {
    arguments(command).nth(index).unwrap_or_default()
}

/// The name and all arguments.
pub(crate) fn arguments(command: &Cmd) -> impl Clone + Iterator<Item = &[u8]> {
    command.args_iter().map(|argument| bytes(&argument))
}

fn bytes<'command>(argument: &Arg<&'command [u8]>) -> &'command [u8] {
    match argument {
        Arg::Simple(bytes) => bytes,
        // Only redis-rs's own iterators use cursor arguments.
        _ => b"",
    }
}

fn lowercase<'buffer>(name: &[u8], buffer: &'buffer mut [u8; MAX_NAME]) -> Option<&'buffer str> {
    let lowered = buffer.get_mut(..name.len())?;
    lowered.copy_from_slice(name);
    lowered.make_ascii_lowercase();
    str::from_utf8(lowered).ok()
}

/// Reads one entry of `COMMAND`: name, arity, flags, six unused fields, subcommands (since Redis 7).
fn known(entry: &[Value]) -> Option<(String, Known)> {
    let name = text(entry.first()?)?.to_ascii_lowercase();
    let flags: Vec<&str> = items(entry.get(2)?).iter().filter_map(text).collect();
    let subcommands = entry.get(9).map(items).unwrap_or_default().iter().filter_map(|entry| {
        let (name, known) = known(items(entry))?;
        // Redis names them with their container, as in `memory|usage`.
        Some((name.rsplit('|').next()?.to_owned(), known.reads_only))
    });
    let known = Known {
        place: place(&name, &flags),
        reads_only: flags.contains(&"readonly"),
        subcommands: subcommands.collect(),
    };
    Some((name, known))
}

fn place(name: &str, flags: &[&str]) -> Place {
    // These two have the flag because of their option BLOCK, which is checked for each command.
    let blocks = flags.contains(&"blocking") && !matches!(name, "xread" | "xreadgroup");
    if NOT_AVAILABLE.split(' ').any(|listed| listed == name) {
        Place::Nowhere
    } else if blocks || OWN_CONNECTION.split(' ').any(|listed| listed == name) {
        Place::OwnConnection
    } else {
        Place::Rest
    }
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        _ => &[],
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::SimpleString(text) => Some(text),
        Value::BulkString(bytes) => str::from_utf8(bytes).ok(),
        _ => None,
    }
}
