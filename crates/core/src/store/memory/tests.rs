use std::sync::Mutex;

use super::*;

fn store(entries: usize, bytes: usize) -> (MemoryStore, Arc<Mutex<UnixMillis>>) {
    let time = Arc::new(Mutex::new(1_000));
    let hands = Arc::clone(&time);
    let clock = Clock::from_fn(move || *hands.lock().unwrap());
    (MemoryStore::new(MemoryLimits { entries, bytes }, clock), time)
}

fn key(name: &str) -> Key {
    Key::plain("key", name).unwrap()
}

fn set(store: &MemoryStore, name: &str, value: &str) -> Result<()> {
    store.set(&key(name), value, Expiry::Never)
}

fn used(store: &MemoryStore) -> (usize, usize) {
    let entries = store.entries.read();
    entries.cache.run_pending_tasks();
    (entries.used.entries.load(Relaxed), entries.used.bytes.load(Relaxed))
}

#[test]
fn a_full_store_refuses_new_entries_and_drops_none() {
    let (store, _) = store(3, 1_000);
    for name in ["a", "b", "c"] {
        set(&store, name, "v").unwrap();
    }

    assert!(set(&store, "d", "v").unwrap_err().is_full());
    assert!(store.set_if_absent(&key("d"), "v", Ttl::from_whole_seconds(5)).unwrap_err().is_full());
    assert!(store.increment(&key("d"), 1).unwrap_err().is_full());

    assert_eq!(store.len(), 3);
    assert_eq!(store.get(&key("d")), None);
    set(&store, "a", "new").unwrap();
    store.delete(&[key("b")]);
    set(&store, "d", "v").unwrap();
}

#[test]
fn bytes_are_bounded_too() {
    let (store, _) = store(100, 20);
    set(&store, "a", "123456789").unwrap();
    set(&store, "b", "123456789").unwrap();

    assert!(set(&store, "c", "").unwrap_err().is_full());
    assert!(set(&store, "a", "1234567890").unwrap_err().is_full());

    assert_eq!(store.get(&key("a")).as_deref(), Some("123456789"));
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
    assert!(store.apply(&writes).unwrap_err().is_full());

    assert_eq!(store.get(&key("a")).as_deref(), Some("old"));
    assert_eq!((store.len(), used(&store)), (1, (1, 4)));
}

#[test]
fn what_entries_take_up_is_counted_exactly() {
    let (store, _) = store(100, 10_000);
    set(&store, "a", "1").unwrap();
    set(&store, "a", "22").unwrap();
    store.increment(&key("n"), 5).unwrap();
    store.expire(&key("a"), Ttl::from_whole_seconds(9)).unwrap();
    store.compare_and_set(&key("a"), "22", "333", Ttl::from_whole_seconds(9)).unwrap();
    set(&store, "gone", "v").unwrap();
    store.set(&key("gone"), "v", Expiry::At(1)).unwrap();
    store.get_and_delete(&key("none"));

    assert_eq!(used(&store), (2, "a333".len() + "n5".len()));
}

#[test]
fn expired_entries_are_not_counted() {
    let (store, time) = store(100, 10_000);
    store.set(&key("short"), "v", Expiry::After(Ttl::from_whole_seconds(5))).unwrap();
    set(&store, "long", "v").unwrap();

    *time.lock().unwrap() += 5_000;

    assert_eq!(store.len(), 1);
    assert!(!store.is_empty());
    assert_eq!(store.expiry(&key("short")), None);
    assert_eq!(store.expiry(&key("long")), Some(Expiry::Never));
}

#[test]
fn an_expired_entry_makes_room_for_its_successor() {
    // The real clock: moka must have let the entry expire, too, but cannot have taken it out yet.
    let store = MemoryStore::new(MemoryLimits { entries: 1, bytes: 100 }, Clock::system());
    let soon = Clock::system().now() + 20;
    store.set(&key("a"), "v", Expiry::At(soon)).unwrap();
    while store.exists(&key("a")) {
        std::thread::yield_now();
    }

    assert!(store.set_if_absent(&key("a"), "w", Ttl::from_whole_seconds(5)).unwrap());
    assert_eq!(used(&store), (1, 2));
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
                    if store.set_if_absent(&key(&name), "v", Ttl::from_whole_seconds(5)).unwrap() {
                        granted.fetch_add(1, Relaxed);
                    }
                    store.increment(&key("n"), 1).unwrap();
                }
            });
        }
    });

    assert_eq!(granted.load(Relaxed), 20);
    assert_eq!(store.get(&key("n")).as_deref(), Some("4000"));
}
