//! What expires during an outage, by a clock that the tests move.

mod support;

use std::time::Duration;

use redlatch_core::config::MemoryLimits;
use redlatch_core::keys::{BETTER_AUTH, Expiry, Ttl};
use redlatch_core::store::Store;
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
