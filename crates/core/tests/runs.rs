//! Runs and locks, of which Redis goes away in the middle.

mod support;

use std::sync::Arc;
use std::time::Duration;

use redlatch_core::caches::{Begun, LockKeys, Outcome, RunKeys, RunOptions, Runs};
use redlatch_core::clock::Clock;
use redlatch_core::config::Policy;
use redlatch_core::keys::{FENCE, IDEMPOTENCY_RUN, LOCK, Ttl};
use redlatch_core::store::{Class, Store};
use redlatch_gateway::Fault;
use support::outage::Outage;

const DAY: Ttl = Ttl::from_whole_seconds(86_400);

fn options() -> RunOptions {
    RunOptions {
        ttl: DAY,
        lease: Ttl::from_whole_seconds(30),
        fingerprint: String::new(),
        is_blocking: false,
        is_fenced: false,
        longest: Duration::from_secs(60),
    }
}

fn owner(begun: Begun) -> String {
    let Begun::Run { owner, .. } = begun else { panic!("it does not run: {begun:?}") };
    owner
}

#[tokio::test]
async fn reject_is_for_what_has_not_begun_so_that_an_outage_loses_neither_an_outcome_nor_a_release() {
    let outage = Outage::prepare().await;
    let store = Arc::new(outage.store.for_class(Class::Idempotency).with_policy(Some(Policy::Reject)));
    let runs = Runs::new(Clock::system());
    let (run_keys, lock_keys) = (RunKeys::new("key", "k").unwrap(), LockKeys::new("name", "l").unwrap());
    let run = owner(runs.begin(Arc::clone(&store), &run_keys, options()).await.unwrap());
    let lock = owner(runs.lock(Arc::clone(&store), &lock_keys, options()).await.unwrap());

    outage.begin().await;
    let outcome = Outcome::Done(Some(r#""paid""#.into()));
    assert_eq!(runs.finish(&run, &outcome).await.unwrap(), None);
    runs.release(&lock).await.unwrap();
    let other = RunKeys::new("key", "other").unwrap();
    assert!(runs.begin(store, &other, options()).await.unwrap_err().is_no_fallback());
    outage.end().await;

    let stored = outage.other.get(&IDEMPOTENCY_RUN.key("key", "k").unwrap()).await.unwrap().unwrap();
    assert!(stored.starts_with(r#"{"s":"done""#), "{stored}");
    assert!(!outage.other.exists(&LOCK.key("name", "l").unwrap()).await.unwrap());
}

#[tokio::test]
async fn a_claim_that_was_made_though_its_run_rejected_is_not_in_the_way_of_a_later_outcome() {
    let outage = Outage::prepare().await;
    let memory = Arc::new(outage.store.for_class(Class::Idempotency));
    let reject = Arc::new(outage.store.for_class(Class::Idempotency).with_policy(Some(Policy::Reject)));
    let runs = Runs::new(Clock::system());
    let keys = RunKeys::new("key", "k").unwrap();
    let name = IDEMPOTENCY_RUN.key("key", "k").unwrap();
    outage.upstash.gateway.add_fault(Fault::ExecuteThenDrop).await.unwrap();

    assert!(runs.begin(reject, &keys, options()).await.unwrap_err().is_no_fallback());
    assert!(outage.other.exists(&name).await.unwrap());
    let run = owner(runs.begin(memory, &keys, options()).await.unwrap());
    let outcome = Outcome::Done(Some(r#""paid""#.into()));
    assert_eq!(runs.finish(&run, &outcome).await.unwrap(), None);
    outage.end().await;

    let stored = outage.other.get(&name).await.unwrap().unwrap();
    assert!(stored.starts_with(r#"{"s":"done""#), "{stored}");
}

#[tokio::test]
async fn a_fence_whose_reply_was_lost_is_above_those_of_other_instances() {
    let outage = Outage::prepare().await;
    outage.other.increment(&FENCE.key("key", "k").unwrap(), 41).await.unwrap();
    let gateway = &outage.upstash.gateway;
    gateway.add_fault(Fault::Latency { ms: 100 }.times(1)).await.unwrap();
    gateway.reset_counters();

    let runs = Runs::new(Clock::system());
    let keys = RunKeys::new("key", "k").unwrap();
    let store = Arc::new(outage.store.for_class(Class::Idempotency));
    let begun = runs.begin(store, &keys, RunOptions { is_fenced: true, ..options() });
    let lost = async {
        while gateway.counters().requests == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // The claim has arrived, and the number is next.
        gateway.add_fault(Fault::ExecuteThenDrop.times(1)).await.unwrap();
    };
    let (begun, ()) = tokio::join!(begun, lost);

    let Begun::Run { fence: Some(fence), .. } = begun.unwrap() else { panic!("no fence") };
    assert_eq!(fence, 43);
}
