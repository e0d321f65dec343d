//! Which commands pass: a table made from Redis's own `COMMAND`, and the short lists of what REST refuses.
//!
//! All requests share one connection to Redis, so everything that would change the state of that connection, block it
//! or take the server away is refused before it is sent.

use std::collections::HashMap;

use redis::{Arg, Cmd, Value};

use crate::auth::Access;
use crate::refusal::Refusal;

/// Longer than any name of Redis; a longer one is unknown without a look.
const MAX_NAME: usize = 32;

/// Commands that act on a connection, or wait on one, which REST does not have. Those with Redis's flag `blocking`
/// are refused with them.
const OWN_CONNECTION: &str = "asking auth client discard exec hello monitor multi psubscribe punsubscribe quit \
    readonly readwrite reset ssubscribe subscribe sunsubscribe unsubscribe unwatch wait waitaof watch";

/// Commands that would stop, occupy or reshape the server.
const NOT_AVAILABLE: &str = "acl bgrewriteaof cluster debug failover migrate module psync replconf replicaof \
    restore-asking shutdown slaveof swapdb sync";

/// Read commands that see the whole database at once; the read-only token may not.
const TOO_POWERFUL_TO_READ: &[&str] = &["keys", "scan"];

/// Commands without Redis's flag `readonly` that touch no data.
const HARMLESS: &[&str] = &["echo", "ping", "time"];

/// What `COMMAND` told about the commands of this server.
pub(crate) struct CommandTable(HashMap<String, Known>);

struct Known {
    place: Place,
    reads_only: bool,
    /// By name, whether each reads only.
    subcommands: HashMap<String, bool>,
}

/// Where a command may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Rest,
    /// On a connection of its own, which REST does not have.
    OwnConnection,
    Nowhere,
}

/// What a command that may pass does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Read,
    Write,
}

impl CommandTable {
    pub(crate) fn from_reply(reply: &Value) -> Self {
        Self(items(reply).iter().filter_map(|entry| known(items(entry))).collect())
    }

    /// Says what the command does, or why it may not pass.
    pub(crate) fn check(&self, command: &Cmd, access: Access) -> Result<Effect, Refusal> {
        let typed = argument(command, 0);
        let mut buffer = [0; MAX_NAME];
        let name = lowercase(typed, &mut buffer).unwrap_or_default();
        let Some(known) = self.0.get(name).filter(|known| known.place != Place::Nowhere) else {
            return Err(Refusal::not_available(&String::from_utf8_lossy(typed)));
        };
        if known.place == Place::OwnConnection || waits(name, command) {
            return Err(Refusal::not_in_rest(&name.to_uppercase()));
        }
        refuse_by_arguments(name, command)?;
        let effect = known.effect(command)?;
        if access == Access::ReadOnly && !may_read(name, effect) {
            return Err(Refusal::no_permission(name));
        }
        Ok(effect)
    }
}

impl Known {
    fn effect(&self, command: &Cmd) -> Result<Effect, Refusal> {
        let mut reads_only = self.reads_only;
        // Without a subcommand Redis answers with the arity error, as for any other command.
        if !self.subcommands.is_empty() && command.args_iter().len() > 1 {
            let typed = argument(command, 1);
            let mut buffer = [0; MAX_NAME];
            let found = lowercase(typed, &mut buffer).and_then(|name| self.subcommands.get(name));
            reads_only = *found.ok_or_else(|| {
                let words = [argument(command, 0), b" ", typed].concat();
                Refusal::not_available(&String::from_utf8_lossy(&words))
            })?;
        }
        Ok(if reads_only { Effect::Read } else { Effect::Write })
    }
}

fn may_read(name: &str, effect: Effect) -> bool {
    effect == Effect::Read && !TOO_POWERFUL_TO_READ.contains(&name) || HARMLESS.contains(&name)
}

/// Whether a command that waits only if asked to is asked to.
fn waits(name: &str, command: &Cmd) -> bool {
    match name {
        "xread" => asks_to_block(command, 1),
        // XREADGROUP GROUP group consumer ..: the names come before the options.
        "xreadgroup" => asks_to_block(command, 4),
        _ => false,
    }
}

/// Whether `BLOCK` stands among the options, which end at `STREAMS`.
fn asks_to_block(command: &Cmd, options_from: usize) -> bool {
    command
        .args_iter()
        .skip(options_from)
        .map(|word| bytes(&word))
        .take_while(|word| !word.eq_ignore_ascii_case(b"streams"))
        .any(|word| word.eq_ignore_ascii_case(b"block"))
}

fn refuse_by_arguments(name: &str, command: &Cmd) -> Result<(), Refusal> {
    if name == "script" && argument(command, 1).eq_ignore_ascii_case(b"debug") {
        return Err(Refusal::not_available("SCRIPT DEBUG"));
    }
    if name == "select" && command.args_iter().len() == 2 && argument(command, 1) != b"0" {
        return Err(Refusal::bad_request("ERR DB index is out of range"));
    }
    Ok(())
}

/// One argument, or nothing where there is none.
pub(crate) fn argument(command: &Cmd, index: usize) -> &[u8] {
    command.args_iter().nth(index).map(|argument| bytes(&argument)).unwrap_or_default()
}

fn bytes<'command>(argument: &Arg<&'command [u8]>) -> &'command [u8] {
    match argument {
        Arg::Simple(bytes) => bytes,
        // A cursor argument exists only for redis-rs's own iterators.
        _ => b"",
    }
}

fn lowercase<'buffer>(name: &[u8], buffer: &'buffer mut [u8; MAX_NAME]) -> Option<&'buffer str> {
    let lowered = buffer.get_mut(..name.len())?;
    lowered.copy_from_slice(name);
    lowered.make_ascii_lowercase();
    str::from_utf8(lowered).ok()
}

/// Reads one entry of `COMMAND`: name, arity, flags, six fields of no use here, subcommands (since Redis 7).
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
    // These two carry the flag for their option BLOCK, which is looked for in each command.
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
