use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};

use super::*;
use crate::config::MemoryLimits;
use crate::json::Object;
use crate::keys::Ttl;
use crate::store::MemoryStore;

pub(super) const START: u64 = 1_700_000_000_000;
pub(super) const SECOND: u64 = 1_000;
pub(super) const DAY: u64 = 86_400 * SECOND;

pub(super) fn now<T>(future: impl Future<Output = T>) -> T {
    match Box::pin(future).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the memory store is synchronous"),
    }
}

/// A process: its own sessions on a store that others share.
pub(super) struct Process {
    pub(super) sessions: Sessions<MemoryStore>,
    pub(super) options: SessionOptions,
}

/// A store, the clock of all, and what of it is in a process.
pub(super) struct Stage {
    pub(super) store: Arc<MemoryStore>,
    pub(super) time: Arc<AtomicU64>,
}

impl Stage {
    pub(super) fn new() -> Self {
        let time = Arc::new(AtomicU64::new(START));
        let store = Arc::new(MemoryStore::new(MemoryLimits::default(), clock(&time)));
        Self { store, time }
    }

    pub(super) fn process(&self) -> Process {
        self.process_with(SessionOptions::default())
    }

    pub(super) fn process_with(&self, options: SessionOptions) -> Process {
        Process { sessions: Sessions::new(Arc::clone(&self.store), self.clock()), options }
    }

    pub(super) fn clock(&self) -> Clock {
        clock(&self.time)
    }

    pub(super) fn advance(&self, millis: u64) {
        self.time.fetch_add(millis, Relaxed);
    }

    /// The only key of a session.
    pub(super) fn session_key(&self) -> Key {
        let names = now(self.store.scan("session:")).unwrap();
        let [name] = &names[..] else { panic!("{names:?}") };
        Key::plain("key", name).unwrap()
    }
}

fn clock(time: &Arc<AtomicU64>) -> Clock {
    let time = Arc::clone(time);
    Clock::from_fn(move || time.load(Relaxed))
}

impl Process {
    pub(super) fn create(&self, data: &str) -> String {
        let data = SessionData::from_json("data", data.into()).unwrap();
        let created = now(self.sessions.create(&self.options, &data)).unwrap();
        let id = Object::parse(&created).unwrap().get("id").unwrap().to_owned();
        id.trim_matches('"').to_owned()
    }

    pub(super) fn get(&self, id: &str) -> Option<String> {
        now(self.sessions.get(&self.options, id, true, None)).unwrap()
    }

    pub(super) fn peek(&self, id: &str) -> Option<String> {
        now(self.sessions.get(&self.options, id, false, None)).unwrap()
    }

    pub(super) fn update(&self, id: &str, change: &str) -> Option<String> {
        let change = SessionChange::from_json("change", change, Vec::new()).unwrap();
        now(self.sessions.update(&self.options, id, &change)).unwrap()
    }

    pub(super) fn destroy_all(&self, user_id: &str, except: Option<&str>) {
        now(self.sessions.destroy_all(&self.options, user_id, except)).unwrap();
    }
}

pub(super) const USER: &str = r#"{"userId":"u","n":1e21,"z":[ ]}"#;

#[test]
fn a_session_is_the_data_byte_for_byte_and_its_times() {
    let stage = Stage::new();
    let id = stage.process().create(USER);

    let session = stage.process().get(&id).unwrap();

    let times = format!(r#""createdAt":{START},"updatedAt":{START},"expiresAt":{}"#, START + 30 * DAY);
    assert_eq!(session, format!(r#"{{"userId":"u","n":1e21,"z":[ ],{times}}}"#));
}

#[test]
fn the_store_holds_no_id_and_no_part_of_one() {
    let stage = Stage::new();
    let id = stage.process().create(USER);

    let key = stage.session_key();
    let text = now(stage.store.get(&key)).unwrap().unwrap();

    let random = id.split_once('.').unwrap().0;
    assert!(!key.as_str().contains(random) && !text.contains(random));
}

#[test]
fn an_update_changes_only_its_own_fields_and_keeps_the_ttl() {
    let stage = Stage::new();
    let (a, b) = (stage.process(), stage.process());
    let id = a.create(USER);
    b.get(&id);
    stage.advance(10 * SECOND);
    a.update(&id, r#"{"a":1}"#).unwrap();

    let both = b.update(&id, r#"{"b":"\"","n":2}"#).unwrap();

    assert!(both.starts_with(r#"{"userId":"u","n":2,"z":[ ],"a":1,"b":"\"","createdAt":"#), "{both}");
    assert!(both.contains(&format!(r#""updatedAt":{}"#, START + 10 * SECOND)), "{both}");
    stage.advance(DAY - 10 * SECOND);
    assert_eq!(b.peek(&id), None);
}

#[test]
fn an_update_brings_no_destroyed_session_back() {
    let stage = Stage::new();
    let (a, b) = (stage.process(), stage.process());
    let id = a.create(USER);
    b.get(&id);
    now(a.sessions.destroy(&a.options, &id)).unwrap();

    assert_eq!(b.update(&id, r#"{"a":1}"#), None);
    assert_eq!(b.get(&id), None);
    assert!(stage.store.is_empty());
}

#[test]
fn an_update_cannot_give_a_session_to_another_user() {
    let stage = Stage::new();
    let process = stage.process();
    let id = process.create(USER);
    let change = SessionChange::from_json("change", r#"{"userId":"admin"}"#, Vec::new()).unwrap();

    let error = now(process.sessions.update(&process.options, &id, &change)).unwrap_err();

    assert!(error.is_invalid_field() && error.to_string().starts_with("data.userId must stay the same"));
}

#[test]
fn a_change_that_others_come_before_is_made_again_up_to_eight_times() {
    let stage = Stage::new();
    let (a, b) = (stage.process(), stage.process());
    let id = a.create(USER);
    let begun = now(a.sessions.begin_change(&a.options, &id, false)).unwrap().unwrap();
    let mut basis: (String, serde_json::Value, u64, bool) = serde_json::from_str(&begun).unwrap();
    for tries in 0..7 {
        b.update(&id, &format!(r#"{{"b":{tries}}}"#)).unwrap();
        let changed = now(a.sessions.change(&a.options, &id, (&basis.0, USER), (basis.2, tries))).unwrap();
        let Changed::Again(next) = changed else { panic!("try {tries}") };
        basis = serde_json::from_str(&next).unwrap();
        assert_eq!(basis.1["b"], tries);
    }
    b.update(&id, r#"{"b":7}"#).unwrap();

    let error = now(a.sessions.change(&a.options, &id, (&basis.0, USER), (basis.2, 7))).err().unwrap();

    assert!(error.is_conflict(), "{error}");
}

#[test]
fn a_write_is_recognized_below_the_next_three() {
    let text = Record::text(USER, "", START);
    let mut record = Record::parse(&text).unwrap().replaced(USER, START).unwrap();
    let first = record.stamp.clone();
    for is_known in [true, true, true, false] {
        record = Record::parse(&record.text).unwrap().replaced(USER, START).unwrap();
        assert_eq!(Record::parse(&record.text).unwrap().has_stamp(&first), is_known);
    }
}

#[test]
fn a_session_lives_as_long_as_it_is_used_and_not_longer() {
    let stage = Stage::new();
    let process = stage.process();
    let id = process.create(USER);

    for _ in 0..40 {
        stage.advance(DAY - SECOND);
        if process.get(&id).is_none() {
            break;
        }
    }

    let age = stage.time.load(Relaxed) - START;
    assert!((30 * DAY..31 * DAY).contains(&age), "{age}");
    let unused = process.create(USER);
    stage.advance(DAY);
    assert_eq!(process.get(&unused), None);
}

#[test]
fn the_absolute_lifetime_ends_a_session_whose_key_lives_on() {
    let stage = Stage::new();
    let process = stage.process();
    let id = process.create(USER);
    now(stage.store.expire(&stage.session_key(), Ttl::from_whole_seconds(u32::MAX))).unwrap();
    stage.advance(30 * DAY);

    assert_eq!(process.peek(&id), None);
    assert_eq!(process.update(&id, "{}"), None);
    assert_eq!(now(process.sessions.rotate(&process.options, &id)).unwrap(), None);
}

#[test]
fn the_tag_in_an_id_is_not_taken_on_trust() {
    let stage = Stage::new();
    let process = stage.process();
    let (own, other) = (process.create(USER), process.create(r#"{"userId":"v"}"#));
    let forged = format!("{}.{}", own.split_once('.').unwrap().0, other.split_once('.').unwrap().1);

    assert_eq!(process.get(&forged), None);
    let get = |user| now(process.sessions.get(&process.options, &own, false, Some(user))).unwrap();
    assert!(get("u").is_some());
    assert_eq!(get("v"), None);
}

#[test]
fn a_rotated_session_has_its_data_and_no_old_id() {
    let stage = Stage::new();
    let (a, b) = (stage.process(), stage.process());
    let id = a.create(USER);
    b.get(&id);

    let new_id = now(a.sessions.rotate(&a.options, &id)).unwrap().unwrap();

    assert_eq!((a.get(&id), b.get(&id), b.update(&id, r#"{"a":1}"#)), (None, None, None));
    assert!(b.get(&new_id).unwrap().starts_with(r#"{"userId":"u""#));
    assert_eq!(now(b.sessions.rotate(&b.options, &id)).unwrap(), None);
}

#[test]
fn a_corrupt_entry_reads_as_absent_and_is_removed() {
    let stage = Stage::new();
    let process = stage.process();
    for corrupt in ["", "null", "{}", "[1]", r#"{"e":"","c":1,"m":1,"w":"","v":{}}"#] {
        let id = process.create(USER);
        now(stage.store.set(&stage.session_key(), corrupt, Expiry::Never)).unwrap();

        assert_eq!(process.get(&id), None, "{corrupt}");
        assert!(stage.store.is_empty(), "{corrupt}");
    }
}
