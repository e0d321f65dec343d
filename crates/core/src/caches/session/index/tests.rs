use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::super::options::SessionOptions;
use super::super::record::SessionData;
use super::super::tests::{Process, Stage, USER, now};
use crate::store::{MemoryStore, Operation, Output, Store};
use crate::{Error, Result};

fn options() -> SessionOptions {
    SessionOptions { has_index: true, is_consistent: true, ..Default::default() }
}

impl Process {
    /// Makes session number `n`. Every second one is younger than the one before it.
    fn create_nth(&self, stage: &Stage, n: usize) -> String {
        stage.advance(u64::from(n.is_multiple_of(2)));
        self.create(&format!(r#"{{"userId":"u","n":{n}}}"#))
    }

    /// The numbers of the sessions in the list.
    fn listed(&self) -> Vec<u64> {
        let list = now(self.sessions.list(&self.options, "u")).unwrap();
        let list: Vec<serde_json::Value> = serde_json::from_str(&list).unwrap();
        list.iter().map(|session| session["n"].as_u64().unwrap()).collect()
    }
}

#[test]
fn the_list_has_the_live_sessions_of_a_user_by_age() {
    let stage = Stage::new();
    let process = stage.process_with(options());
    let ids: Vec<String> = (0..4).map(|n| process.create_nth(&stage, n)).collect();

    now(process.sessions.destroy(&process.options, &ids[3])).unwrap();
    now(process.sessions.rotate(&process.options, &ids[1])).unwrap();

    assert_eq!(process.listed(), [0, 1, 2]);
    process.destroy_all("u", Some(&ids[2]));
    assert_eq!(process.listed(), [2]);
}

#[test]
fn of_more_than_a_hundred_live_sessions_the_oldest_leave_the_list() {
    let stage = Stage::new();
    let process = stage.process_with(options());
    let ids: Vec<String> = (0..102).map(|n| process.create_nth(&stage, n)).collect();

    assert_eq!(process.listed(), (2..102).collect::<Vec<_>>());
    assert!(process.get(&ids[0]).is_some());
}

#[test]
fn sessions_that_have_ended_push_no_live_one_out_of_the_list() {
    let stage = Stage::new();
    let process = stage.process_with(options());
    let spared = process.create_nth(&stage, 0);
    for n in 1..50 {
        process.create_nth(&stage, n);
    }
    process.destroy_all("u", Some(&spared));
    for n in 50..150 {
        let id = process.create_nth(&stage, n);
        now(process.sessions.destroy(&process.options, &id)).unwrap();
    }

    process.create_nth(&stage, 150);

    assert_eq!(process.listed(), [0, 150]);
}

/// A store that refuses the lists.
struct Unlisting {
    store: Arc<MemoryStore>,
    missed: AtomicUsize,
}

impl Store for Unlisting {
    async fn execute(&self, operation: Operation<'_>) -> Result<Output> {
        match operation {
            Operation::SetIfAbsent { .. } => Err(Error::conflict("the list")),
            other => self.store.execute(other).await,
        }
    }

    fn missed_in_list(&self, _: &Error) {
        self.missed.fetch_add(1, Relaxed);
    }
}

#[test]
fn a_list_that_cannot_be_changed_fails_neither_a_new_session_nor_a_move() {
    let stage = Stage::new();
    let store = Arc::new(Unlisting { store: Arc::clone(&stage.store), missed: AtomicUsize::new(0) });
    let sessions = super::Sessions::new(Arc::clone(&store), stage.clock());
    let process = stage.process();

    let data = SessionData::from_json("data", USER.into()).unwrap();
    now(sessions.create(&options(), &data)).unwrap();
    let id = process.create(USER);
    let moved = now(sessions.rotate(&options(), &id)).unwrap().unwrap();

    assert_eq!(store.missed.load(Relaxed), 2);
    assert!(process.get(&moved).is_some());
}
