//! What expires during an outage, by a clock that the tests move.

mod support;

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryFutureExt;
use redlatch_core::caches::{SessionData, SessionOptions, Sessions};
use redlatch_core::config::MemoryLimits;
use redlatch_core::keys::{BETTER_AUTH, Expiry, SESSION, Ttl};
use redlatch_core::store::{Class, Store};
use support::outage::Outage;
use support::{Hands, key, pttl};

const MINUTE: Ttl = Ttl::from_whole_seconds(60);

async fn prepare() -> (Outage, Hands) {
    let hands = Hands::new();
    (Outage::with_clock(MemoryLimits::default(), hands.clock()).await, hands)
}

#[tokio::test]
async fn a_count_whose_window_is_over_is_not_replayed() {
    let (outage, hands) = prepare().await;
    let store = &outage.store;
    outage.begin().await;
    for name in ["gone", "theirs"] {
        assert_eq!(store.increment_within(&key(name), 3, MINUTE).await.unwrap(), 3);
    }
    hands.advance(Duration::from_secs(61));
    outage.other.increment_within(&key("theirs"), 1, MINUTE).await.unwrap();
    outage.end().await;

    assert_eq!(outage.in_redis("gone").await, None);
    assert_eq!(outage.in_redis("theirs").await.as_deref(), Some("1"));
    assert_eq!(store.metrics().replays().dropped_as_expired(), 2);
}

#[tokio::test]
async fn of_two_windows_in_an_outage_the_second_is_replayed() {
    let (outage, hands) = prepare().await;
    let store = &outage.store;
    outage.begin().await;
    store.increment_within(&key("n"), 3, MINUTE).await.unwrap();
    hands.advance(Duration::from_secs(61));
    assert_eq!(store.increment_within(&key("n"), 1, MINUTE).await.unwrap(), 1);
    outage.end().await;

    assert_eq!(outage.in_redis("n").await.as_deref(), Some("1"));
    assert!((1..=60_000).contains(&pttl(&outage.upstash.client, "n").await));
}

#[tokio::test]
async fn a_counter_is_known_no_longer_than_its_window() {
    let (outage, hands) = prepare().await;
    let store = &outage.store;
    let counter = BETTER_AUTH.key("key", "n").unwrap();
    assert_eq!(store.increment_within(&counter, 3, MINUTE).await.unwrap(), 3);
    outage.begin().await;
    assert_eq!(store.increment_within(&counter, 1, MINUTE).await.unwrap(), 4);

    hands.advance(Duration::from_secs(61));

    assert_eq!(store.increment_within(&counter, 1, MINUTE).await.unwrap(), 1);
}

#[tokio::test]
async fn increments_add_up_though_the_outage_is_longer_than_a_copy_is_used() {
    let (outage, hands) = prepare().await;
    let store = &outage.store;
    for name in ["forever", "removed"] {
        store.increment(&key(name), 5).await.unwrap();
    }
    outage.begin().await;
    for name in ["forever", "removed"] {
        assert_eq!(store.increment(&key(name), 2).await.unwrap(), 7);
    }
    hands.advance(Duration::from_secs(3_600));
    assert_eq!(store.get(&key("forever")).await.unwrap(), None);
    outage.other.delete(&[key("removed")]).await.unwrap();
    outage.end().await;

    assert_eq!(outage.in_redis("forever").await.as_deref(), Some("7"));
    assert_eq!(outage.in_redis("removed").await, None);
}

#[tokio::test]
async fn what_was_only_read_is_known_for_the_lifetime_that_its_reader_names() {
    let (outage, hands) = prepare().await;
    let store = &outage.store;
    let of_minute = SESSION.key("key", "short").unwrap().living(MINUTE);
    let of_hour = key("long").living(Ttl::from_whole_seconds(3_600));
    for name in [&of_minute, &of_hour] {
        outage.other.set(name, "theirs", Expiry::Never).await.unwrap();
        assert!(store.get(name).await.unwrap().is_some());
    }
    outage.begin().await;

    let known =
        || store.get_many(std::slice::from_ref(&of_minute)).map_ok(|mut values| values.pop().flatten());
    hands.advance(Duration::from_secs(59));
    assert_eq!(known().await.unwrap().as_deref(), Some("theirs"));
    hands.advance(Duration::from_secs(2));
    assert_eq!(known().await.unwrap(), None);
    hands.advance(Duration::from_secs(3_000));
    assert_eq!(store.get(&of_hour).await.unwrap().as_deref(), Some("theirs"));
}

#[tokio::test]
async fn a_session_that_another_instance_has_changed_is_known_for_its_idle_time() {
    let (outage, hands) = prepare().await;
    let sessions = Sessions::new(Arc::new(outage.store.for_class(Class::Session)), hands.clock());
    let options = SessionOptions { idle: MINUTE, ..SessionOptions::default() };
    let data = SessionData::from_json("data", r#"{"userId":"u"}"#.into()).unwrap();
    let created = sessions.create(&options, &data).await.unwrap();
    let id = created.split('"').nth(3).unwrap();
    let name = outage.other.scan("session:").await.unwrap().remove(0);
    let text = outage.in_redis(&name).await.unwrap();
    outage.other.set(&key(&name), &text.replace(r#""u""#, r#""u","n":1"#), Expiry::Never).await.unwrap();
    assert!(sessions.get(&options, id, true, None).await.unwrap().unwrap().contains(r#""n":1"#));
    outage.begin().await;

    hands.advance(Duration::from_secs(61));

    assert_eq!(sessions.get(&options, id, true, None).await.unwrap(), None);
}

#[tokio::test]
async fn a_ttl_of_an_outage_that_is_over_leaves_a_key_that_another_instance_has_renewed() {
    let (outage, hands) = prepare().await;
    let store = &outage.store;
    for name in ["used", "counted", "changed", "forever"] {
        store.set(&key(name), "1", Expiry::Never).await.unwrap();
    }
    outage.begin().await;
    for name in ["used", "counted", "changed", "forever"] {
        assert!(store.expire(&key(name), MINUTE).await.unwrap());
    }
    store.increment(&key("counted"), 1).await.unwrap();
    outage.other.expire(&key("used"), MINUTE).await.unwrap();
    outage.other.increment(&key("counted"), 7).await.unwrap();
    outage.other.expire(&key("counted"), MINUTE).await.unwrap();
    outage.other.set(&key("changed"), "theirs", Expiry::Never).await.unwrap();
    hands.advance(Duration::from_secs(61));
    outage.end().await;

    assert_eq!(outage.in_redis("used").await.as_deref(), Some("1"));
    assert_eq!(outage.in_redis("counted").await.as_deref(), Some("8"));
    assert_eq!(outage.in_redis("changed").await.as_deref(), Some("theirs"));
    // Nobody else ends it.
    assert_eq!(outage.in_redis("forever").await, None);
}
