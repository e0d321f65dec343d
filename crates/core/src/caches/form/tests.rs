use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};

use super::*;
use crate::config::MemoryLimits;
use crate::store::{MemoryStore, Write};

const TEXT: &str =
    r#"{"z":[],"eventId":"e","guestEmail":"g","startTime":"s","status":"processing","timestamp":1,"n":1e21}"#;

fn now<T>(future: impl Future<Output = T>) -> T {
    match Box::pin(future).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the memory store is synchronous"),
    }
}

/// A cache, its store, and the clock of both, which starts at 77.
fn cache() -> (FormCache<MemoryStore>, Arc<MemoryStore>, Arc<AtomicU64>) {
    let time = Arc::new(AtomicU64::new(77));
    let hands = Arc::clone(&time);
    let clock = Clock::from_fn(move || hands.load(Relaxed));
    let store = Arc::new(MemoryStore::new(MemoryLimits::default(), clock.clone()));
    (FormCache::new(Arc::clone(&store), clock), store, time)
}

fn key() -> Key {
    FORM.key("key", "k").unwrap()
}

fn put(store: &MemoryStore, text: &str) {
    now(store.apply(&[Write::Set { key: key(), value: text.into(), expiry: Expiry::Never }])).unwrap();
}

#[test]
fn marking_changes_two_fields_and_no_other_byte() {
    let (cache, store, _) = cache();
    put(&store, TEXT);

    now(cache.mark_completed(&key(), None)).unwrap();

    let expected = r#"{"z":[],"eventId":"e","guestEmail":"g","startTime":"s","status":"completed","timestamp":77,"n":1e21}"#;
    assert_eq!(now(store.get(&key())).unwrap().as_deref(), Some(expected));
    assert_eq!(store.expiry(&key()), Some(Expiry::At(77 + 5_000)));
    now(cache.mark_failed(&key(), None)).unwrap();
    assert_eq!(store.expiry(&key()), Some(Expiry::At(77 + 300_000)));
}

#[test]
fn marking_survives_an_outdated_memory_of_the_entry() {
    let (cache, store, _) = cache();
    now(cache.set(&key(), &Submission(TEXT.into()), None)).unwrap();
    put(&store, &TEXT.replace("\"e\"", "\"changed elsewhere\""));

    now(cache.mark_failed(&key(), None)).unwrap();

    let text = now(store.get(&key())).unwrap().unwrap();
    assert!(text.contains("changed elsewhere") && text.contains("\"failed\""), "{text}");
}

#[test]
fn marking_never_brings_an_entry_back() {
    let (cache, store, time) = cache();
    now(cache.mark_completed(&key(), None)).unwrap();
    assert!(store.is_empty());

    now(cache.set(&key(), &Submission(TEXT.into()), None)).unwrap();
    now(store.delete(&[key()])).unwrap();
    now(cache.mark_completed(&key(), None)).unwrap();
    assert!(store.is_empty());

    now(cache.set(&key(), &Submission(TEXT.into()), Some(Ttl::from_whole_seconds(9)))).unwrap();
    time.fetch_add(9_000, Relaxed);
    now(cache.mark_completed(&key(), None)).unwrap();
    assert!(store.is_empty());
}

#[test]
fn a_corrupt_entry_is_removed_by_marking_and_by_reading() {
    let (cache, store, _) = cache();
    let without_timestamp = r#"{"status":"processing"}"#;
    for corrupt in ["", "nonsense", "[]", "{}", &TEXT.replace("processing", "paused"), without_timestamp] {
        put(&store, corrupt);
        now(cache.mark_completed(&key(), None)).unwrap();
        assert!(store.is_empty(), "{corrupt}");

        put(&store, corrupt);
        assert_eq!(now(cache.get(&key())).unwrap(), None);
        assert!(store.is_empty(), "{corrupt}");

        put(&store, corrupt);
        assert!(!now(cache.is_processing(&key())).unwrap());
    }
}

#[test]
fn any_form_is_claimed_marked_and_read() {
    let (cache, store, _) = cache();
    for (claim, completed) in [
        (r#"{"timestamp":1}"#, r#"{"timestamp":77,"status":"completed"}"#),
        (
            r#"{"email":"a@b.c","eventId":7,"timestamp":1,"startTime":null}"#,
            r#"{"email":"a@b.c","eventId":7,"timestamp":77,"startTime":null,"status":"completed"}"#,
        ),
    ] {
        let submission = Submission::processing_from_json("formData", claim).unwrap();

        assert!(now(cache.try_acquire_processing(&key(), &submission, None)).unwrap());
        assert!(now(cache.is_processing(&key())).unwrap());
        now(cache.mark_completed(&key(), None)).unwrap();

        assert_eq!(now(cache.get(&key())).unwrap().as_deref(), Some(completed));
        now(store.delete(&[key()])).unwrap();
    }
}

#[test]
fn only_status_and_timestamp_are_asked_for() {
    for (text, problem) in [
        ("[]", "formData must turn into a JSON object"),
        (r#"{"status":"failed"}"#, "formData has no field \"timestamp\", which must be a finite number"),
        (r#"{"status":"failed","timestamp":null}"#, "formData.timestamp must be a finite number"),
        (
            r#"{"timestamp":1}"#,
            r#"formData has no field "status", which must be one of "processing", "completed", "failed""#,
        ),
    ] {
        let error = Submission::from_json("formData", text.into()).err().unwrap();

        assert_eq!(error.to_string(), problem, "{text}");
    }
    assert!(Submission::from_json("formData", r#"{"status":"failed","timestamp":1}"#.into()).is_ok());
}

#[test]
fn a_claim_gets_its_status_without_losing_a_byte() {
    let without = r#"{"eventId":"e","guestEmail":"g","startTime":"s","timestamp":1.50,"x":{"status":0}}"#;

    let submission = Submission::processing_from_json("formData", without).unwrap();

    let expected = format!("{},\"status\":\"processing\"}}", without.strip_suffix('}').unwrap());
    assert_eq!(submission.0, expected);
    let replaced =
        Submission::processing_from_json("formData", &TEXT.replace("processing", "failed")).unwrap();
    assert_eq!(replaced.0, TEXT);
}

#[test]
fn the_entries_last_seen_are_remembered_however_many_came_before() {
    let (cache, ..) = cache();
    for number in 0..20_000 {
        let name = FORM.key("key", &number.to_string()).unwrap();
        now(cache.set(&name, &Submission(TEXT.into()), None)).unwrap();
    }

    assert!(cache.last_seen.get(&FORM.key("key", "19999").unwrap()).is_some());
    assert!(cache.last_seen.bytes() <= LAST_SEEN_BYTES);
}
