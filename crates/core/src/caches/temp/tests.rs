use futures_util::FutureExt;

use super::*;
use crate::clock::Clock;
use crate::config::MemoryLimits;
use crate::store::MemoryStore;

fn cache() -> (TempDataCache<MemoryStore>, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::new(MemoryLimits::default(), Clock::from_fn(|| 1_000)));
    (TempDataCache::new(Arc::clone(&store)), store)
}

/// Memory answers at once.
fn done<T>(call: impl Future<Output = Result<T>>) -> T {
    call.now_or_never().unwrap().unwrap()
}

fn kind(name: &str) -> TempKind {
    TempKind::new(name.into()).unwrap()
}

fn key(kind: &str, id: &str) -> TempKey {
    self::kind(kind).key(id).unwrap()
}

#[test]
fn only_an_id_in_the_form_of_a_token_is_hashed() {
    let token = random_token().unwrap();

    assert_eq!(key("step", "guest@example.com").0.as_str(), "temp:step:guest@example.com");
    assert_eq!(key("link", &token).0.as_str(), format!("temp:link:{}", hash(&token)));
}

#[test]
fn what_stands_in_the_database_is_no_token() {
    let (cache, _) = cache();
    let token = done(cache.create_token(&kind("link"), &TempData::default(), None));

    assert_eq!(done(cache.take(&kind("link"), &hash(&token))), None);
    assert_eq!(done(cache.take(&kind("link"), &token)).as_deref(), Some("{}"));
}

#[test]
fn the_hash_of_a_code_depends_on_its_entry_and_its_secret() {
    let hashes = [
        code_hash(&key("in", "a").0, "123456", None),
        code_hash(&key("in", "b").0, "123456", None),
        code_hash(&key("out", "a").0, "123456", None),
        code_hash(&key("in", "a1").0, "23456", None),
        code_hash(&key("in", "a").0, "123456", Some("secret")),
    ];

    for (index, hash) in hashes.iter().enumerate() {
        assert_eq!(hash.len(), 43);
        assert!(!hashes[..index].contains(hash), "{index}");
    }
}

#[test]
fn a_code_with_a_text_that_is_no_json_reads_as_absent() {
    let (cache, store) = cache();
    let entry = key("in", "a");
    let hash = code_hash(&entry.0, "123456", None);
    done(store.set(&entry.0, &format!("5|{hash}|broken"), Expiry::Never));

    assert_eq!(done(cache.verify_code((&kind("in"), "a"), "123456", None)), Verification::Absent);
}

#[test]
fn peek_leaves_a_code_as_it_is() {
    let (cache, _) = cache();
    let entry = key("in", "a");
    let code = done(cache.create_code(&entry, &TempData::default(), &CodeOptions::default()));

    assert_eq!(done(cache.peek(&kind("in"), "a")), None);
    assert_eq!(done(cache.verify_code((&kind("in"), "a"), &code, None)), Verification::Right("{}".into()));
}

#[test]
fn what_can_be_no_id_reads_as_absent_and_cannot_be_stored() {
    let (cache, _) = cache();
    for id in ["", &"x".repeat(33_000)] {
        assert_eq!(done(cache.peek(&kind("in"), id)), None);
        assert_eq!(done(cache.take(&kind("in"), id)), None);
        assert_eq!(done(cache.verify_code((&kind("in"), id), "123456", None)), Verification::Absent);
        assert!(kind("in").key(id).is_err());
    }
}
