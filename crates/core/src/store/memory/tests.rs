use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use futures_util::FutureExt;

use super::*;
use crate::keys::Ttl;
use crate::store::Write;

fn store(entries: usize, bytes: usize) -> (MemoryStore, Arc<AtomicU64>) {
    let time = Arc::new(AtomicU64::new(1_000));
    let hands = Arc::clone(&time);
    let clock = Clock::from_fn(move || hands.load(Relaxed));
    (MemoryStore::new(MemoryLimits { entries, bytes }, clock), time)
}

/// The result of a call, which memory answers at once.
fn done<T>(call: impl Future<Output = T>) -> T {
    call.now_or_never().unwrap()
}

fn key(name: &str) -> Key {
    Key::plain("key", name).unwrap()
}

fn set(store: &MemoryStore, name: &str, value: &str) -> Result<()> {
    done(store.set(&key(name), value, Expiry::Never))
}

/// The entries and bytes in use, expired ones included, and the entries of the index by expiry.
fn used(store: &MemoryStore) -> (usize, usize, usize) {
    let entries = store.entries.lock();
    (entries.by_key.len(), entries.bytes, entries.by_expiry.len())
}

#[test]
fn a_full_store_refuses_new_entries_and_drops_none() {
    let (store, _) = store(3, 1_000);
    for name in ["a", "b", "c"] {
        set(&store, name, "v").unwrap();
    }

    assert!(set(&store, "d", "v").unwrap_err().is_full());
    assert!(done(store.set_if_absent(&key("d"), "v", Ttl::from_whole_seconds(5))).unwrap_err().is_full());
    assert!(done(store.increment(&key("d"), 1)).unwrap_err().is_full());

    assert_eq!(store.len(), 3);
    assert_eq!(done(store.get(&key("d"))).unwrap(), None);
    set(&store, "a", "new").unwrap();
    done(store.delete(&[key("b")])).unwrap();
    set(&store, "d", "v").unwrap();
}

#[test]
fn bytes_are_bounded_too() {
    let (store, _) = store(100, 20);
    set(&store, "a", "123456789").unwrap();
    set(&store, "b", "123456789").unwrap();

    assert!(set(&store, "c", "").unwrap_err().is_full());
    assert!(set(&store, "a", "1234567890").unwrap_err().is_full());

    assert_eq!(done(store.get(&key("a"))).unwrap().as_deref(), Some("123456789"));
    set(&store, "a", "12345678").unwrap();
    set(&store, "c", "").unwrap();
    assert!(set(&store, "d", &"x".repeat(21)).unwrap_err().to_string().contains("20 bytes"));
}

#[test]
fn a_group_that_does_not_fit_changes_nothing() {
    let (store, _) = store(2, 1_000);
    set(&store, "a", "old").unwrap();
    let write = |name, value: &str| Write::Set { key: key(name), value: value.into(), expiry: Expiry::Never };

    let writes = [
        write("a", "new"),
        Write::Delete { key: key("a") },
        write("b", "v"),
        write("c", "v"),
        write("d", "v"),
    ];
    assert!(done(store.apply(&writes)).unwrap_err().is_full());

    assert_eq!(done(store.get(&key("a"))).unwrap().as_deref(), Some("old"));
    assert_eq!((store.len(), used(&store)), (1, (1, 4, 0)));
}

#[test]
fn what_entries_take_up_is_counted_exactly() {
    let (store, _) = store(100, 10_000);
    set(&store, "a", "1").unwrap();
    set(&store, "a", "22").unwrap();
    done(store.increment(&key("n"), 5)).unwrap();
    done(store.expire(&key("a"), Ttl::from_whole_seconds(9))).unwrap();
    done(store.compare_and_set(&key("a"), "22", "333", Some(Ttl::from_whole_seconds(9)))).unwrap();
    set(&store, "gone", "v").unwrap();
    done(store.set(&key("gone"), "v", Expiry::At(1))).unwrap();
    done(store.get_and_delete(&key("none"))).unwrap();

    assert_eq!(used(&store), (2, "a333".len() + "n5".len(), 1));
}

#[test]
fn expired_entries_are_not_counted() {
    let (store, time) = store(100, 10_000);
    done(store.set(&key("short"), "v", Expiry::After(Ttl::from_whole_seconds(5)))).unwrap();
    set(&store, "long", "v").unwrap();

    time.fetch_add(5_000, Relaxed);

    assert_eq!(store.len(), 1);
    assert!(!store.is_empty());
    assert_eq!(store.expiry(&key("short")), None);
    assert_eq!(store.expiry(&key("long")), Some(Expiry::Never));
}

#[test]
fn an_expired_entry_makes_room_for_another() {
    let (store, time) = store(1, 100);
    done(store.set(&key("a"), "v", Expiry::At(2_000))).unwrap();
    assert!(set(&store, "b", "w").unwrap_err().is_full());

    time.store(2_000, Relaxed);

    set(&store, "b", "w").unwrap();
    assert_eq!(used(&store), (1, 2, 0));
}

#[test]
fn every_operation_frees_expired_entries() {
    let (store, time) = store(100, 10_000);
    for name in 0..10 {
        done(store.set(&key(&name.to_string()), "v", Expiry::At(2_000))).unwrap();
    }
    time.store(2_000, Relaxed);

    for _ in 0..5 {
        done(store.get(&key("other"))).unwrap();
    }

    assert_eq!(used(&store), (0, 0, 0));
}

#[test]
fn entries_that_expire_together_are_kept_apart() {
    let (store, time) = store(100, 10_000);
    for name in ["a", "b", "c"] {
        done(store.set(&key(name), "v", Expiry::At(2_000))).unwrap();
    }
    done(store.expire(&key("b"), Ttl::from_whole_seconds(9))).unwrap();
    done(store.delete(&[key("c")])).unwrap();
    set(&store, "c", "forever").unwrap();

    time.store(2_000, Relaxed);

    assert_eq!(store.len(), 2);
    assert_eq!(done(store.get(&key("b"))).unwrap().as_deref(), Some("v"));
    assert_eq!(done(store.get(&key("c"))).unwrap().as_deref(), Some("forever"));
    assert_eq!(used(&store).2, 1);
}

#[test]
fn claims_and_counts_of_several_threads_lose_nothing() {
    let (store, _) = store(100, 10_000);
    let granted = AtomicUsize::new(0);

    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for claim in 0..500 {
                    let name = format!("claim{}", claim % 20);
                    if done(store.set_if_absent(&key(&name), "v", Ttl::from_whole_seconds(5))).unwrap() {
                        granted.fetch_add(1, Relaxed);
                    }
                    done(store.increment(&key("n"), 1)).unwrap();
                }
            });
        }
    });

    assert_eq!(granted.load(Relaxed), 20);
    assert_eq!(done(store.get(&key("n"))).unwrap().as_deref(), Some("4000"));
}
