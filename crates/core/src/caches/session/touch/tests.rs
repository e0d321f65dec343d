use std::sync::atomic::Ordering::Relaxed;

use super::super::options::SessionOptions;
use super::super::tests::{DAY, Process, SECOND, Stage, USER, now};
use crate::keys::{Expiry, Ttl};
use crate::store::Store;

impl Stage {
    /// How long the only session lives if it is not used.
    fn left(&self) -> u64 {
        match self.store.expiry(&self.session_key()).unwrap() {
            Expiry::At(time) => time - self.time.load(Relaxed),
            other => panic!("{other:?}"),
        }
    }
}

fn short_lived(stage: &Stage) -> Process {
    stage.process_with(SessionOptions { idle: Ttl::from_whole_seconds(2), ..Default::default() })
}

#[test]
fn a_touch_is_written_once_in_a_while() {
    let stage = Stage::new();
    let process = stage.process();
    let id = process.create(USER);
    for (advanced, expected) in [(59, DAY - 59 * SECOND), (1, DAY), (59, DAY - 59 * SECOND), (1, DAY)] {
        stage.advance(advanced * SECOND);
        assert!(now(process.sessions.touch(&process.options, &id)).unwrap());
        assert_eq!(stage.left(), expected);
    }
    assert!(!now(process.sessions.touch(&process.options, "none")).unwrap());
}

#[test]
fn a_session_in_use_lives_on_though_its_idle_time_is_shorter_than_the_interval_of_touches() {
    let stage = Stage::new();
    let process = short_lived(&stage);
    let id = process.create(USER);

    for _ in 0..10 {
        stage.advance(SECOND);
        assert!(process.get(&id).is_some());
    }
}

#[test]
fn a_session_that_was_revoked_is_not_kept_by_those_who_ask_for_it() {
    let stage = Stage::new();
    let (process, other) = (short_lived(&stage), short_lived(&stage));
    let id = process.create(USER);
    other.destroy_all("u", None);

    stage.advance(SECOND);
    for _ in 0..3 {
        assert_eq!((process.get(&id), other.get(&id)), (None, None));
        stage.advance(SECOND);
    }

    assert_eq!(now(stage.store.scan("session:")).unwrap(), [""; 0]);
}

#[test]
fn another_process_begins_the_idle_time_anew_with_its_first_get() {
    let stage = Stage::new();
    let id = stage.process().create(USER);
    stage.advance(SECOND);

    stage.process().peek(&id);
    assert_eq!(stage.left(), DAY - SECOND);
    stage.process().get(&id);

    assert_eq!(stage.left(), DAY);
}
