//! Replay after an outage.

#![expect(clippy::unwrap_used, reason = "the lint spares tests, and these are their helpers")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use redlatch_core::clock::Clock;
use redlatch_core::config::MemoryLimits;
use redlatch_core::keys::{Expiry, FORM, Ttl};
use redlatch_core::log::LogMessage;
use redlatch_core::store::{Class, Guess, Store, Swap, Write};
use redlatch_gateway::Fault;
use support::outage::{Outage, settle};
use support::{Hands, key, pttl};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const MINUTE: Ttl = Ttl::from_whole_seconds(60);

/// Sends a command to Redis itself, because Upstash has none of this kind.
async fn configure(outage: &Outage, command: String) {
    let mut redis = TcpStream::connect(("127.0.0.1", outage.upstash.redis.port())).await.unwrap();
    redis.write_all(format!("{command}\r\n").as_bytes()).await.unwrap();
    let mut reply = [0; 5];
    redis.read_exact(&mut reply).await.unwrap();
    assert_eq!(&reply, b"+OK\r\n", "{command}");
}

#[tokio::test]
async fn a_swap_of_an_outage_that_keeps_the_ttl_does_not_bring_a_removed_key_back() {
    let outage = Outage::prepare().await;
    let store = &outage.store;
    for name in ["removed", "changed", "kept"] {
        store.set(&key(name), "old", Expiry::After(MINUTE)).await.unwrap();
    }
    outage.begin().await;
    for name in ["removed", "changed", "kept"] {
        assert!(store.expire(&key(name), MINUTE).await.unwrap());
        assert_eq!(store.compare_and_set(&key(name), "old", "new", None).await.unwrap(), Swap::Done);
    }
    outage.other.delete(&[key("removed")]).await.unwrap();
    outage.other.set(&key("changed"), "theirs", Expiry::Never).await.unwrap();
    outage.end().await;

    assert_eq!(outage.in_redis("removed").await, None);
    assert_eq!(outage.in_redis("changed").await.as_deref(), Some("theirs"));
    assert_eq!(outage.in_redis("kept").await.as_deref(), Some("new"));
    assert!((1..=60_000).contains(&pttl(&outage.upstash.client, "kept").await));
}

#[tokio::test]
async fn a_revocation_of_an_outage_reaches_redis_whatever_others_have_written() {
    let outage = Outage::prepare().await;
    let store = &outage.store;
    for name in ["removed", "replaced"] {
        store.set(&key(name), "old", Expiry::Never).await.unwrap();
    }
    outage.begin().await;
    store.revoke(&key("removed"), None).await.unwrap();
    store.revoke(&key("replaced"), Some(("null", MINUTE))).await.unwrap();
    for name in ["removed", "replaced"] {
        outage.other.set(&key(name), "theirs", Expiry::Never).await.unwrap();
    }
    outage.end().await;

    assert_eq!(outage.in_redis("removed").await, None);
    assert_eq!(outage.in_redis("replaced").await.as_deref(), Some("null"));
}

#[tokio::test]
async fn a_value_set_in_an_outage_does_not_replace_the_text_that_it_must_leave() {
    let outage = Outage::prepare().await;
    let store = &outage.store;
    for name in ["gone", "changed", "absent"] {
        store.exists(&key(name)).await.unwrap();
    }
    outage.begin().await;
    for name in ["gone", "changed", "absent"] {
        assert!(store.set_unless(&key(name), "late", "null", MINUTE).await.unwrap());
    }
    outage.other.set(&key("gone"), "null", Expiry::Never).await.unwrap();
    outage.other.set(&key("changed"), "theirs", Expiry::Never).await.unwrap();
    outage.end().await;

    assert_eq!(outage.in_redis("gone").await.as_deref(), Some("null"));
    for name in ["changed", "absent"] {
        assert_eq!(outage.in_redis(name).await.as_deref(), Some("late"));
        assert!((1..=60_000).contains(&pttl(&outage.upstash.client, name).await), "{name}");
    }
}

#[tokio::test]
async fn a_value_set_in_an_outage_where_one_was_known_does_not_bring_back_what_another_has_ended() {
    let outage = Outage::prepare().await;
    let store = &outage.store;
    for name in ["ended", "gone", "changed", "kept", "touched"] {
        store.set(&key(name), "old", Expiry::Never).await.unwrap();
    }
    outage.begin().await;
    assert!(store.expire(&key("touched"), MINUTE).await.unwrap());
    for name in ["ended", "gone", "changed", "kept", "touched"] {
        assert!(store.set_unless(&key(name), "late", "null", MINUTE).await.unwrap());
        assert_eq!(store.get(&key(name)).await.unwrap().as_deref(), Some("late"));
    }
    // As when a minute has passed since, and with it the text that it must leave.
    outage.other.delete(&[key("ended"), key("touched")]).await.unwrap();
    outage.other.set(&key("gone"), "null", Expiry::Never).await.unwrap();
    outage.other.set(&key("changed"), "theirs", Expiry::Never).await.unwrap();
    outage.end().await;

    for (name, expected) in [
        ("ended", None),
        ("touched", None),
        ("gone", Some("null")),
        ("changed", Some("late")),
        ("kept", Some("late")),
    ] {
        assert_eq!(outage.in_redis(name).await.as_deref(), expected, "{name}");
    }
    assert!((1..=60_000).contains(&pttl(&outage.upstash.client, "kept").await));
    assert_eq!(store.metrics().replays().conflicts(), 3);
}

#[tokio::test]
async fn a_counter_of_an_outage_has_its_ttl_afterwards() {
    let outage = Outage::prepare().await;
    let store = &outage.store;
    store.increment_within(&key("old"), 5, MINUTE).await.unwrap();
    outage.begin().await;
    assert_eq!(store.increment_within(&key("old"), 1, MINUTE).await.unwrap(), 6);
    assert_eq!(store.increment_within(&key("new"), 1, MINUTE).await.unwrap(), 1);
    outage.end().await;

    for (name, expected) in [("old", "6"), ("new", "1")] {
        assert_eq!(outage.in_redis(name).await.as_deref(), Some(expected));
        assert!((1..=60_000).contains(&pttl(&outage.upstash.client, name).await), "{name}");
    }
}

#[tokio::test]
async fn writes_of_an_outage_are_in_redis_afterwards() {
    let outage = Outage::prepare().await;
    let store = &outage.store;
    for name in ["set", "deleted", "group-set", "group-deleted", "taken", "swapped"] {
        store.set(&key(name), "old", Expiry::Never).await.unwrap();
    }
    store.increment(&key("counter"), 5).await.unwrap();
    store.set(&key("expiring"), "v", Expiry::Never).await.unwrap();

    outage.begin().await;
    store.set(&key("set"), "new", Expiry::After(MINUTE)).await.unwrap();
    store.delete(&[key("deleted")]).await.unwrap();
    assert_eq!(store.increment(&key("counter"), 2).await.unwrap(), 7);
    assert_eq!(store.increment(&key("counter"), 3).await.unwrap(), 10);
    assert!(store.expire(&key("expiring"), MINUTE).await.unwrap());
    assert!(store.set_if_absent(&key("claimed"), "mine", MINUTE).await.unwrap());
    assert_eq!(store.get_and_delete(&key("taken")).await.unwrap().as_deref(), Some("old"));
    store.compare_and_set(&key("swapped"), "old", "new", Some(MINUTE)).await.unwrap();
    let group = [
        Write::Set { key: key("group-set"), value: "new".into(), expiry: Expiry::Never },
        Write::Delete { key: key("group-deleted") },
    ];
    store.apply(&group).await.unwrap();
    outage.end().await;

    for (name, expected) in [
        ("set", Some("new")),
        ("deleted", None),
        ("counter", Some("10")),
        ("expiring", Some("v")),
        ("claimed", Some("mine")),
        ("taken", None),
        ("swapped", Some("new")),
        ("group-set", Some("new")),
        ("group-deleted", None),
    ] {
        assert_eq!(outage.in_redis(name).await.as_deref(), expected, "{name}");
        assert_eq!(store.get(&key(name)).await.unwrap().as_deref(), expected, "{name}, as read");
    }
    for name in ["set", "expiring", "claimed", "swapped"] {
        let left = pttl(&outage.upstash.client, name).await;
        assert!((1..=60_000).contains(&left), "{name}: {left}");
    }
    assert_eq!(pttl(&outage.upstash.client, "group-set").await, -1);
    assert!(store.memory().is_empty());
    assert_eq!(store.metrics().replays().replayed(), 9);
}

#[tokio::test]
async fn a_claim_does_not_take_a_key_from_another_instance_but_a_set_does() {
    let outage = Outage::prepare().await;
    let store = &outage.store;
    outage.begin().await;
    assert!(store.set_if_absent(&key("claimed"), "mine", MINUTE).await.unwrap());
    store.set(&key("set"), "mine", Expiry::Never).await.unwrap();
    assert!(store.set_if_absent(&key("replaced"), "mine", MINUTE).await.unwrap());
    store.set(&key("replaced"), "also mine", Expiry::Never).await.unwrap();
    for name in ["claimed", "set", "replaced"] {
        outage.other.set(&key(name), "theirs", Expiry::Never).await.unwrap();
    }

    outage.end().await;

    assert_eq!(store.get(&key("claimed")).await.unwrap().as_deref(), Some("theirs"));
    assert_eq!(outage.in_redis("set").await.as_deref(), Some("mine"));
    assert_eq!(outage.in_redis("replaced").await.as_deref(), Some("also mine"));
    assert_eq!(store.metrics().replays().conflicts(), 1);
}

#[tokio::test]
async fn an_increment_is_added_to_those_of_other_instances() {
    let outage = Outage::prepare().await;
    outage.store.increment(&key("n"), 1).await.unwrap();
    outage.begin().await;

    outage.store.increment(&key("n"), 10).await.unwrap();
    outage.other.increment(&key("n"), 100).await.unwrap();
    outage.end().await;

    assert_eq!(outage.in_redis("n").await.as_deref(), Some("111"));
}

#[tokio::test]
async fn an_expired_write_is_not_replayed_and_the_old_value_does_not_return() {
    let outage = Outage::prepare().await;
    outage.store.set(&key("k"), "before", Expiry::Never).await.unwrap();
    outage.begin().await;
    let soon = Clock::system().now() + 50;
    outage.store.set(&key("k"), "short", Expiry::At(soon)).await.unwrap();
    while outage.store.get(&key("k")).await.unwrap().is_some() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    outage.end().await;

    assert_eq!(outage.in_redis("k").await, None);
    assert_eq!(outage.store.metrics().replays().dropped_as_expired(), 1);
}

#[tokio::test]
async fn reads_return_pending_writes_and_then_stale_copies() {
    let outage = Outage::prepare().await;
    let store = &outage.store;
    outage.other.set(&key("read"), "seen", Expiry::Never).await.unwrap();
    outage.other.set(&key("unseen"), "v", Expiry::Never).await.unwrap();
    assert_eq!(store.get(&key("read")).await.unwrap().as_deref(), Some("seen"));
    store.set(&key("written"), "known", Expiry::After(MINUTE)).await.unwrap();
    store.set(&key("removed"), "v", Expiry::Never).await.unwrap();

    outage.begin().await;
    store.delete(&[key("removed")]).await.unwrap();

    assert_eq!(store.get(&key("read")).await.unwrap().as_deref(), Some("seen"));
    assert_eq!(store.get(&key("written")).await.unwrap().as_deref(), Some("known"));
    assert!(!store.set_if_absent(&key("written"), "claim", MINUTE).await.unwrap());
    assert!(!store.exists(&key("removed")).await.unwrap());
    assert_eq!(store.get(&key("unseen")).await.unwrap(), None);
    let many = store.get_many(&[key("read"), key("unseen")]).await.unwrap();
    assert_eq!(many, [Some("seen".to_owned()), None]);
}

#[tokio::test]
async fn a_full_memory_refuses_new_writes_and_loses_none() {
    let outage = Outage::with(MemoryLimits { entries: 2, bytes: 1_000 }).await;
    let store = &outage.store;
    outage.begin().await;
    store.set(&key("a"), "1", Expiry::Never).await.unwrap();
    store.delete(&[key("b")]).await.unwrap();

    assert!(store.set(&key("c"), "3", Expiry::Never).await.unwrap_err().is_full());
    assert!(store.delete(&[key("d")]).await.unwrap_err().is_full());
    store.set(&key("a"), "2", Expiry::Never).await.unwrap();
    assert_eq!(store.get(&key("c")).await.unwrap(), None);
    outage.end().await;

    assert_eq!(outage.in_redis("a").await.as_deref(), Some("2"));
    assert_eq!(outage.in_redis("c").await, None);
}

#[tokio::test]
async fn many_pending_writes_are_replayed_in_few_requests() {
    let outage = Outage::prepare().await;
    outage.begin().await;
    for number in 0..5_000 {
        outage.store.set(&key(&format!("k{number}")), "v", Expiry::Never).await.unwrap();
    }
    outage.upstash.gateway.reset_counters();

    outage.end().await;

    // 40 for the pending writes, and the probes.
    let counters = outage.upstash.gateway.counters();
    assert_eq!(counters.requests - counters.command("ping"), 40);
    assert_eq!(outage.in_redis("k4999").await.as_deref(), Some("v"));
}

#[tokio::test]
async fn a_form_marked_during_an_outage_is_still_replayed_as_a_claim() {
    let outage = Outage::prepare().await;
    outage.begin().await;
    let name = FORM.key("key", "f").unwrap();
    assert!(outage.store.set_if_absent(&name, "processing", MINUTE).await.unwrap());
    outage.store.compare_and_set(&name, "processing", "completed", Some(MINUTE)).await.unwrap();
    outage.other.set(&name, "theirs", Expiry::Never).await.unwrap();

    outage.end().await;

    assert_eq!(outage.other.get(&name).await.unwrap().as_deref(), Some("theirs"));
}

#[tokio::test]
async fn a_mark_whose_claim_has_ended_does_not_end_the_claim_of_another_instance() {
    let hands = Hands::new();
    let outage = Outage::with_clock(MemoryLimits::default(), hands.clock()).await;
    let store = &outage.store;
    assert!(store.set_if_absent(&key("k"), "mine", MINUTE).await.unwrap());
    outage.begin().await;
    let five = Ttl::from_whole_seconds(5);
    assert_eq!(store.compare_and_set(&key("k"), "mine", "completed", Some(five)).await.unwrap(), Swap::Done);
    // The claim ends in Redis, and its mark in memory.
    outage.other.delete(&[key("k")]).await.unwrap();
    hands.advance(Duration::from_secs(61));
    assert!(outage.other.set_if_absent(&key("k"), "theirs", MINUTE).await.unwrap());

    outage.end().await;

    assert_eq!(outage.in_redis("k").await.as_deref(), Some("theirs"));
    assert!(!store.set_if_absent(&key("k"), "third", MINUTE).await.unwrap());
    assert_eq!(store.metrics().replays().conflicts(), 1);
}

#[tokio::test]
async fn conditional_writes_of_an_outage_leave_what_another_instance_has_written() {
    let outage = Outage::prepare().await;
    let store = &outage.store;
    for name in ["swapped", "removed", "taken", "released"] {
        store.set(&key(name), "old", Expiry::Never).await.unwrap();
    }
    outage.begin().await;
    assert_eq!(store.compare_and_set(&key("swapped"), "old", "new", Some(MINUTE)).await.unwrap(), Swap::Done);
    assert!(store.compare_and_delete(&key("removed"), "old").await.unwrap());
    assert_eq!(store.get_and_delete(&key("taken")).await.unwrap().as_deref(), Some("old"));
    assert!(store.release(&key("released")).await.unwrap());
    assert_eq!(store.get_and_delete(&key("unseen")).await.unwrap(), None);
    for name in ["swapped", "removed", "taken", "released", "unseen"] {
        outage.other.set(&key(name), "theirs", Expiry::Never).await.unwrap();
    }

    outage.end().await;

    for name in ["swapped", "removed", "taken", "released", "unseen"] {
        assert_eq!(outage.in_redis(name).await.as_deref(), Some("theirs"), "{name}");
        assert_eq!(store.get(&key(name)).await.unwrap().as_deref(), Some("theirs"), "{name}");
    }
    assert_eq!(store.metrics().replays().conflicts(), 4);
}

#[tokio::test]
async fn guesses_of_an_outage_are_in_redis_afterwards() {
    let outage = Outage::prepare().await;
    let store = &outage.store;
    for name in ["right", "wrong", "locked"] {
        store.set(&key(name), "2|h|{}", Expiry::After(MINUTE)).await.unwrap();
    }
    // What Redis has counted is not counted anew without it.
    store.verify(&key("locked"), "wrong").await.unwrap();

    outage.begin().await;
    assert_eq!(store.verify(&key("right"), "h").await.unwrap(), Guess::Right { before: "2|h|{}".into() });
    assert!(matches!(store.verify(&key("wrong"), "x").await.unwrap(), Guess::Wrong { .. }));
    assert_eq!(store.verify(&key("locked"), "x").await.unwrap(), Guess::Locked { before: "1|h|{}".into() });
    outage.end().await;

    for (name, expected) in [("right", None), ("wrong", Some("1|h|{}")), ("locked", None)] {
        assert_eq!(outage.in_redis(name).await.as_deref(), expected, "{name}");
    }
    let left = pttl(&outage.upstash.client, "wrong").await;
    assert!((1..=60_000).contains(&left), "{left}");
}

#[tokio::test]
async fn a_code_that_ended_in_an_outage_is_gone_though_another_instance_has_counted_guesses() {
    let outage = Outage::prepare().await;
    let store = &outage.store;
    for name in ["right", "guessed and right", "locked", "replaced"] {
        store.set(&key(name), "3|h|{}", Expiry::After(MINUTE)).await.unwrap();
        outage.other.verify(&key(name), "wrong").await.unwrap();
    }

    outage.begin().await;
    store.verify(&key("guessed and right"), "wrong").await.unwrap();
    for name in ["right", "guessed and right", "replaced"] {
        assert!(matches!(store.verify(&key(name), "h").await.unwrap(), Guess::Right { .. }), "{name}");
    }
    for _ in 0..3 {
        store.verify(&key("locked"), "wrong").await.unwrap();
    }
    outage.other.set(&key("replaced"), "3|new|{}", Expiry::After(MINUTE)).await.unwrap();
    outage.end().await;

    for (name, expected) in
        [("right", None), ("guessed and right", None), ("locked", None), ("replaced", Some("3|new|{}"))]
    {
        assert_eq!(outage.in_redis(name).await.as_deref(), expected, "{name}");
    }
}

#[tokio::test]
async fn what_is_given_up_is_logged_once_with_its_number() {
    let outage = Outage::prepare().await;
    outage.begin().await;
    for name in ["a", "b"] {
        outage.store.set_if_absent(&key(name), "mine", MINUTE).await.unwrap();
        outage.other.set(&key(name), "theirs", Expiry::Never).await.unwrap();
    }

    outage.end().await;

    let mut warnings = Vec::new();
    while warnings.is_empty() {
        let messages = outage.upstash.log.take();
        warnings
            .extend(messages.into_iter().filter(|message| format!("{message:?}").contains("given up: 2")));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(matches!(&warnings[..], [LogMessage::Warn(_)]), "{warnings:?}");
}

#[tokio::test]
async fn a_full_database_rejects_calls_and_keeps_the_writes_of_an_outage() {
    let outage = Outage::prepare().await;
    let store = &outage.store;
    outage.begin().await;
    store.set(&key("k"), "v", Expiry::Never).await.unwrap();
    let limit = |bytes: u64| configure(&outage, format!("CONFIG SET maxmemory {bytes}"));
    limit(1).await;

    outage.upstash.gateway.clear_faults().await.unwrap();
    while !store.is_remote_available() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    let error = store.set(&key("other"), "v", Expiry::Never).await.unwrap_err();
    assert!(error.is_refused(), "{error}");
    assert_eq!(store.pending(), 1);
    assert_eq!(store.get(&key("k")).await.unwrap().as_deref(), Some("v"));
    limit(0).await;
    settle(store).await;
    assert_eq!(outage.in_redis("k").await.as_deref(), Some("v"));
    assert_eq!(store.metrics().replays().conflicts(), 0);
}

#[tokio::test]
async fn a_key_that_is_written_all_the_time_returns_to_redis() {
    let outage = Outage::prepare().await;
    let store = &outage.store;
    outage.begin().await;
    store.set(&key("hot"), "0", Expiry::Never).await.unwrap();
    outage.upstash.gateway.clear_faults().await.unwrap();
    outage.upstash.gateway.add_fault(Fault::Latency { ms: 20 }).await.unwrap();

    let mut writes = JoinSet::new();
    while !store.is_remote_available() || store.pending() > 0 {
        let (store, value) = (store.for_class(Class::Manager), writes.len().to_string());
        writes.spawn(async move { store.set(&key("hot"), &value, Expiry::Never).await.unwrap() });
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    writes.join_all().await;

    assert_eq!(store.pending(), 0);
    outage.other.set(&key("hot"), "theirs", Expiry::Never).await.unwrap();
    assert_eq!(store.get(&key("hot")).await.unwrap().as_deref(), Some("theirs"));
}

#[tokio::test]
async fn lifetimes_do_not_depend_on_the_wall_clock() {
    for (ahead, behind) in [(0, 30_000), (30_000, 0), (0, 3_600_000)] {
        let wall = Clock::system();
        let clock = Clock::system().with_wall(move || wall.now() + ahead - behind);
        let outage = Outage::with_clock(MemoryLimits::default(), clock).await;
        outage.begin().await;
        for seconds in [5, 20, 600] {
            let ttl = Expiry::After(Ttl::from_whole_seconds(seconds));
            outage.store.set(&key(&format!("{seconds}")), "v", ttl).await.unwrap();
        }

        outage.end().await;

        for seconds in [5, 20, 600] {
            let left = pttl(&outage.upstash.client, &format!("{seconds}")).await;
            let most = i64::from(seconds) * 1_000;
            assert!((most - 4_000..=most).contains(&left), "{seconds} s: {left} ms left");
        }
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_ends_no_write_of_an_outage() {
    let (now, set_back) = (Clock::system(), Arc::new(AtomicU64::new(0)));
    let by = Arc::clone(&set_back);
    let clock = Clock::system().with_wall(move || now.now() - by.load(Relaxed));
    let outage = Outage::with_clock(MemoryLimits::default(), clock).await;
    outage.begin().await;
    outage.store.set(&key("k"), "v", Expiry::After(Ttl::from_whole_seconds(600))).await.unwrap();

    set_back.store(3_600_000, Relaxed);
    outage.end().await;

    let left = pttl(&outage.upstash.client, "k").await;
    assert!((590_000..=600_000).contains(&left), "{left}");
}

#[tokio::test]
async fn a_replayed_counter_keeps_its_expiry() {
    let outage = Outage::prepare().await;
    let store = &outage.store;
    store.increment(&key("n"), 1).await.unwrap();
    store.expire(&key("n"), MINUTE).await.unwrap();
    store.set(&key("forever"), "1", Expiry::Never).await.unwrap();
    outage.begin().await;
    for name in ["n", "forever", "new"] {
        store.increment(&key(name), 1).await.unwrap();
    }
    store.expire(&key("new"), MINUTE).await.unwrap();
    // As if it had expired in Redis a moment before.
    outage.other.delete(&[key("n")]).await.unwrap();

    outage.end().await;

    for name in ["n", "new"] {
        let left = pttl(&outage.upstash.client, name).await;
        assert!((50_000..=60_000).contains(&left), "{name}: {left}");
    }
    assert_eq!(pttl(&outage.upstash.client, "forever").await, -1);
}
