//! When the circuit breaker opens, and what happens while it is open.

mod support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use redlatch_core::clock::Clock;
use redlatch_core::config::{MemoryLimits, OnOutage, Policy};
use redlatch_core::keys::{Expiry, Ttl};
use redlatch_core::log::Log;
use redlatch_core::store::{BreakerState, Class, FallbackStore, Outcome, Store};
use redlatch_gateway::Fault;
use support::outage::{Outage, settle};
use support::{Fallback, Stage, Upstash, key};

const MINUTE: Ttl = Ttl::from_whole_seconds(60);

#[tokio::test]
async fn three_failures_in_a_row_open_the_breaker_and_their_writes_are_replayed_at_once() {
    let stage = Fallback::start().await;
    let (store, gateway) = (stage.store(), &stage.upstash.gateway);
    let failing = || Fault::Status { status: 500, body: None, headers: BTreeMap::new() };
    let write = async |name: &str| store.set_if_absent(&key(name), "v", MINUTE).await.unwrap();

    // A claim is sent, looked up and sent again. Then it becomes a pending write.
    gateway.add_fault(failing().times(8)).await.unwrap();
    write("a").await;
    assert!(store.is_remote_available());
    gateway.clear_faults().await.unwrap();
    settle(store).await;
    assert_eq!(stage.upstash.store.get(&key("a")).await.unwrap().as_deref(), Some("v"));

    gateway.add_fault(failing()).await.unwrap();
    for name in ["b", "c", "d"] {
        write(name).await;
    }
    assert!(!store.is_remote_available());
}

#[tokio::test]
async fn while_the_breaker_is_open_only_one_probe_at_a_time_is_sent() {
    let outage = Outage::prepare().await;
    let failing = Fault::Status { status: 401, body: None, headers: BTreeMap::new() };
    outage.upstash.gateway.add_fault(failing).await.unwrap();
    let changes = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&changes);
    outage.store.breaker().subscribe(move |change| seen.lock().unwrap().push((change.from, change.to)));
    outage.store.get(&key("k")).await.unwrap();
    outage.upstash.gateway.reset_counters();

    while changes.lock().unwrap().len() < 5 {
        outage.store.set(&key("k"), "v", Expiry::Never).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let requests = outage.upstash.gateway.counters().requests;
    outage.end().await;

    assert_eq!(requests, 2);
    let mut seen = changes.lock().unwrap().clone();
    assert_eq!(seen.pop(), Some((BreakerState::Probing, BreakerState::Available)));
    assert_eq!(
        seen[..3],
        [
            (BreakerState::Available, BreakerState::Degraded),
            (BreakerState::Degraded, BreakerState::Probing),
            (BreakerState::Probing, BreakerState::Degraded)
        ]
    );
    assert_eq!(outage.upstash.log.take(), [], "a listener replaces the log");
}

#[tokio::test]
async fn a_probe_is_one_request_whatever_the_server_says() {
    let outage = Outage::prepare().await;
    outage.begin().await;
    let busy = Fault::Status { status: 503, body: None, headers: BTreeMap::new() };
    outage.upstash.gateway.clear_faults().await.unwrap();
    outage.upstash.gateway.add_fault(busy).await.unwrap();
    outage.upstash.gateway.reset_counters();
    let probes = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&probes);
    outage.store.breaker().subscribe(move |change| {
        seen.fetch_add(u64::from(change.from == BreakerState::Probing), Relaxed);
    });

    while probes.load(Relaxed) < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    assert_eq!(outage.upstash.gateway.counters().requests, probes.load(Relaxed));
}

#[tokio::test]
async fn a_class_can_reject_calls_during_an_outage() {
    let upstash = Upstash::start().await;
    let on_outage = OnOutage::default().with(Class::Idempotency, Policy::Reject);
    let (store, _prober) = FallbackStore::new(
        Some(upstash.store.clone()),
        MemoryLimits::default(),
        on_outage,
        Clock::system(),
        Log::default(),
    );
    let strict = store.for_class(Class::Idempotency);
    upstash.gateway.add_fault(Fault::Refuse).await.unwrap();

    for _ in 0..2 {
        let error = strict.set(&key("k"), "v", Expiry::Never).await.unwrap_err();
        assert!(error.is_no_fallback() && error.to_string().contains("onOutage"), "{error}");
    }
    store.set(&key("k"), "v", Expiry::Never).await.unwrap();

    assert_eq!(store.metrics().calls(Class::Idempotency, Outcome::Rejected), 2);
    assert_eq!(store.metrics().calls(Class::Manager, Outcome::FellBack), 1);
}

#[tokio::test]
async fn a_server_that_loads_is_an_outage_and_its_writes_wait() {
    for text in
        ["LOADING Redis is loading", "BUSY Redis is busy", "READONLY You can't write", "MASTERDOWN Link"]
    {
        let outage = Outage::prepare().await;
        let store = &outage.store;
        outage.begin().await;
        store.set(&key("k"), "v", Expiry::Never).await.unwrap();
        let body = format!(r#"{{"error":"{text}"}}"#);
        let loading = Fault::Status { status: 400, body: Some(body), headers: BTreeMap::new() };
        outage.upstash.gateway.clear_faults().await.unwrap();
        outage.upstash.gateway.add_fault(loading).await.unwrap();
        outage.upstash.gateway.reset_counters();

        while outage.upstash.gateway.counters().requests < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }

        assert!(!store.is_remote_available(), "{text}");
        assert_eq!(store.pending(), 1, "{text}");
        outage.end().await;
        assert_eq!(outage.in_redis("k").await.as_deref(), Some("v"), "{text}");
        assert_eq!(store.metrics().replays().conflicts(), 0, "{text}");
    }
}
