use std::sync::Arc;

use parking_lot::Mutex;

use super::super::Sessions;
use super::super::options::SessionOptions;
use super::super::tests::{DAY, Process, SECOND, Stage, USER, now};
use crate::keys::Ttl;
use crate::store::{MemoryStore, Operation, Output, Store, Swap, Timed};
use crate::{Error, Result};

/// A store to which another process comes before the first write of an epoch.
struct Meddled<'a> {
    store: &'a MemoryStore,
    once: Mutex<Option<&'a (dyn Fn() + Sync)>>,
}

impl Store for Meddled<'_> {
    async fn execute(&self, operation: Operation<'_>) -> Result<Output> {
        let is_of_epoch = match operation {
            Operation::SetIfAbsent { key, .. }
            | Operation::CompareAndSet { key, .. }
            | Operation::Revoke { key, .. } => key.as_str().starts_with("session-epoch:"),
            _ => false,
        };
        let meddle = if is_of_epoch { self.once.lock().take() } else { None };
        if let Some(meddle) = meddle {
            meddle();
        }
        self.store.execute(operation).await
    }
}

/// A store in which another change always comes first.
struct Contended(Arc<MemoryStore>);

impl Store for Contended {
    async fn execute(&self, operation: Operation<'_>) -> Result<Output> {
        if let Operation::CompareAndSet { key, .. } = operation {
            let held = self.0.get(key).await?;
            return Ok(Output::Swap(held.map_or(Swap::Absent, Swap::Changed)));
        }
        self.0.execute(operation).await
    }
}

#[test]
fn a_session_that_could_not_move_for_other_changes_is_not_called_absent() {
    let stage = Stage::new();
    let process = stage.process();
    let id = process.create(USER);
    let sessions = Sessions::new(Arc::new(Contended(Arc::clone(&stage.store))), stage.clock());

    let moved = now(sessions.rotate(&process.options, &id));

    assert!(moved.as_ref().is_err_and(Error::is_conflict), "{moved:?}");
    assert!(process.get(&id).is_some());
    stage.session_key();
}

#[test]
fn a_revocation_ends_all_sessions_if_the_one_that_it_is_to_spare_changes_all_the_time() {
    let stage = Stage::new();
    let process = stage.process();
    let (id, other) = (process.create(USER), process.create(USER));
    let sessions = Sessions::new(Arc::new(Contended(Arc::clone(&stage.store))), stage.clock());

    now(sessions.destroy_all(&process.options, "u", Some(&id))).unwrap();

    assert_eq!((process.get(&id), process.get(&other)), (None, None));
}

#[test]
fn all_sessions_of_a_user_end_but_one_and_those_that_come_later() {
    let stage = Stage::new();
    let (a, b) = (stage.process(), stage.process());
    let (first, spared, other) = (a.create(USER), b.create(USER), a.create(r#"{"userId":"v"}"#));

    a.destroy_all("u", Some(&spared));

    assert_eq!((a.get(&first), b.get(&first)), (None, None));
    let later = b.create(USER);
    for id in [&spared, &other, &later] {
        assert!(a.get(id).is_some() && b.get(id).is_some());
    }
    b.update(&first, r#"{"a":1}"#);
    assert_eq!(a.get(&first), None, "an update in flight");
    b.destroy_all("u", None);
    for id in [&first, &spared, &later] {
        assert_eq!(a.get(id), None);
    }
}

#[test]
fn a_session_of_another_user_is_not_spared() {
    let stage = Stage::new();
    let process = stage.process();
    let (own, other) = (process.create(USER), process.create(r#"{"userId":"v"}"#));

    process.destroy_all("u", Some(&other));

    assert_eq!(process.get(&own), None);
    assert!(process.get(&other).is_some());
}

#[test]
fn a_session_that_is_used_outlives_the_epoch_of_a_revocation_before_it() {
    let stage = Stage::new();
    let process = stage.process();
    process.destroy_all("u", None);
    stage.advance(399 * DAY);
    let id = process.create(USER);

    for _ in 0..29 {
        stage.advance(DAY - SECOND);
        assert!(process.get(&id).is_some());
    }
}

#[test]
fn a_revoked_session_stays_revoked_though_a_cache_with_its_prefix_has_a_shorter_lifetime() {
    let stage = Stage::new();
    let lasting = |days: u32| {
        let ttl = Ttl::from_whole_seconds(days * 86_400);
        stage.process_with(SessionOptions { idle: ttl, absolute: ttl, ..Default::default() })
    };
    let (long, short) = (lasting(400), lasting(1));
    let (first, second) = (long.create(USER), long.create(r#"{"userId":"v"}"#));
    short.destroy_all("u", None);
    long.destroy_all("v", None);
    short.create(r#"{"userId":"v"}"#);

    for _ in 0..400 {
        assert_eq!((long.get(&first), long.get(&second)), (None, None));
        stage.advance(DAY);
    }
}

/// Ends the sessions of the user but `id`, while `meddle` comes in between.
fn destroy_others(stage: &Stage, id: &str, meddle: &(dyn Fn() + Sync)) {
    let store = Meddled { store: &stage.store, once: Mutex::new(Some(meddle)) };
    let sessions = Sessions::new(Arc::new(store), stage.clock());
    now(sessions.destroy_all(&SessionOptions::default(), "u", Some(id))).unwrap();
}

#[test]
fn a_revocation_that_comes_while_another_spares_a_session_ends_it() {
    for has_epoch in [false, true] {
        let stage = Stage::new();
        let (a, b) = (stage.process(), stage.process());
        if has_epoch {
            a.destroy_all("u", None);
        }
        let id = a.create(USER);

        destroy_others(&stage, &id, &|| b.destroy_all("u", None));

        assert_eq!(a.get(&id), None);
        let later = a.create(USER);
        assert!(a.get(&later).is_some());
    }
}

#[test]
fn two_revocations_that_spare_a_session_do_so_for_one_epoch() {
    let stage = Stage::new();
    let (a, b) = (stage.process(), stage.process());
    let id = a.create(USER);
    let spare = |process: &Process| {
        let call = Timed::begin(&*process.sessions.store);
        now(process.sessions.spare(&call, &process.options, (&id, "u"))).unwrap()
    };

    let first = spare(&a);

    assert!(first.is_some());
    assert_eq!(spare(&b), first);
}

#[test]
fn a_revocation_that_another_one_with_the_same_session_comes_before_spares_it() {
    for has_epoch in [false, true] {
        let stage = Stage::new();
        let (a, b) = (stage.process(), stage.process());
        if has_epoch {
            a.destroy_all("u", None);
        }
        let (id, other) = (a.create(USER), a.create(USER));

        destroy_others(&stage, &id, &|| b.destroy_all("u", Some(&id)));

        assert!(a.get(&id).is_some());
        assert_eq!(a.get(&other), None);
    }
}
