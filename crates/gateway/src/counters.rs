//! What the gateway has seen: connections, requests, and the commands in them by name.
//!
//! A request counts as soon as its head is read, whatever becomes of it. Its commands count when it gets as far as
//! being executed, refused ones included: after authentication, and not where a fault answers in its place.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use redis::Cmd;
use serde::Serialize;

use crate::command::argument;
use crate::request::{Batch, Slot};

/// Names come from clients; beyond so many different ones they are counted together.
const MAX_NAMES: usize = 1000;
const OTHER: &str = "OTHER";

/// A snapshot of the counters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Counters {
    /// Connections accepted on the REST port.
    pub connections: u64,
    /// HTTP requests seen, those with faults and those without a valid token included.
    pub requests: u64,
    /// The commands in those requests that reached execution.
    pub commands: CommandCounters,
}

/// Commands, all and by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CommandCounters {
    /// All commands.
    pub total: u64,
    /// Commands by their name in upper case.
    pub by_name: BTreeMap<String, u64>,
}

impl Counters {
    /// How often a command was seen; its name may be in any case.
    #[must_use]
    pub fn command(&self, name: &str) -> u64 {
        self.commands.by_name.get(&name.to_ascii_uppercase()).copied().unwrap_or_default()
    }
}

/// The live counters.
#[derive(Default)]
pub(crate) struct Tally {
    connections: AtomicU64,
    requests: AtomicU64,
    commands: Mutex<CommandCounters>,
}

impl Tally {
    pub(crate) fn connection(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn commands(&self, batch: &Batch) {
        let slots = match batch {
            Batch::One(slot) => std::slice::from_ref(slot),
            Batch::Pipeline(slots) | Batch::Transaction(slots) => slots,
        };
        let mut counters = self.counters();
        counters.total += slots.len() as u64;
        // A batch is often many commands of one name; each such run is one entry.
        for run in slots.chunk_by(same_name) {
            if let Some(Ok(command)) = run.first() {
                counters.add(name(command), run.len() as u64);
            }
        }
    }

    pub(crate) fn snapshot(&self) -> Counters {
        Counters {
            connections: self.connections.load(Ordering::Relaxed),
            requests: self.requests.load(Ordering::Relaxed),
            commands: self.counters().clone(),
        }
    }

    pub(crate) fn reset(&self) {
        self.connections.store(0, Ordering::Relaxed);
        self.requests.store(0, Ordering::Relaxed);
        *self.counters() = CommandCounters::default();
    }

    fn counters(&self) -> MutexGuard<'_, CommandCounters> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CommandCounters {
    fn add(&mut self, name: &[u8], count: u64) {
        let name = String::from_utf8_lossy(name).to_ascii_uppercase();
        let full = self.by_name.len() >= MAX_NAMES && !self.by_name.contains_key(&name);
        *self.by_name.entry(if full { OTHER.to_owned() } else { name }).or_default() += count;
    }
}

fn same_name(one: &Slot, next: &Slot) -> bool {
    match (one, next) {
        (Ok(one), Ok(next)) => name(one).eq_ignore_ascii_case(name(next)),
        _ => false,
    }
}

fn name(command: &Cmd) -> &[u8] {
    argument(command, 0)
}
