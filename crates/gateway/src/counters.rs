//! Counts connections, requests, and commands by name.
//!
//! A request counts as soon as its head is read. Its commands count when it reaches execution, rejected ones
//! included: after authentication, and not if a fault responds in its place.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use redis::Cmd;
use serde::Serialize;

use crate::command::argument;
use crate::request::{Commands, ParsedCommand};

/// Names come from clients, so their number is limited; further names are counted as `OTHER`.
const MAX_NAMES: usize = 1000;
const OTHER: &str = "OTHER";

/// A snapshot of the counters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Counters {
    /// Connections accepted on the REST port.
    pub connections: u64,
    /// HTTP requests received, including those with faults and those without a valid token.
    pub requests: u64,
    /// Commands in the requests that reached execution.
    pub commands: CommandCounters,
}

/// Counted commands, in total and by name.
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
    /// The count of one command; its name may be in any case.
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

    pub(crate) fn commands(&self, batch: &Commands) {
        let parsed = match batch {
            Commands::One(parsed) | Commands::Subscription(parsed) => std::slice::from_ref(parsed),
            Commands::Pipeline(parsed) | Commands::Transaction(parsed) => parsed,
        };
        let mut counters = self.counters();
        counters.total += parsed.len() as u64;
        // A pipeline often repeats one command, so each run of the same name is counted at once.
        for run in parsed.chunk_by(same_name) {
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

fn same_name(one: &ParsedCommand, next: &ParsedCommand) -> bool {
    match (one, next) {
        (Ok(one), Ok(next)) => name(one).eq_ignore_ascii_case(name(next)),
        _ => false,
    }
}

fn name(command: &Cmd) -> &[u8] {
    argument(command, 0)
}
