//! Writes whose reply was lost, while another instance writes: nothing is granted twice and nothing newer is undone.

#![expect(clippy::unwrap_used, reason = "the lint spares tests, and these are their helpers")]

mod support;

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use redlatch_core::Result;
use redlatch_core::keys::{Expiry, Ttl};
use redlatch_core::store::{Guess, Operation, Output, Store, Swap};
use redlatch_gateway::Fault;
use support::outage::{Outage, settle};
use support::{key, pttl};

const MINUTE: Ttl = Ttl::from_whole_seconds(60);

/// Lets the next request lose its reply after it was executed, or before, and delays the one that follows.
async fn lose_next(outage: &Outage, fault: Fault) {
    let gateway = &outage.upstash.gateway;
    gateway.add_fault(Fault::Latency { ms: 200 }.times(2)).await.unwrap();
    gateway.add_fault(fault.times(1)).await.unwrap();
    gateway.reset_counters();
}

/// Waits until the repeated request has arrived, but is not executed yet.
async fn repeated(outage: &Outage) {
    while outage.upstash.gateway.counters().requests < 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_release_whose_reply_was_lost_does_not_end_the_claim_of_another_instance() {
    let outage = Outage::prepare().await;
    let store = &outage.store;
    assert!(store.set_if_absent(&key("k"), "mine", MINUTE).await.unwrap());
    lose_next(&outage, Fault::ExecuteThenDrop).await;

    let released = async { store.release(&key("k")).await.unwrap() };
    let claimed = async {
        repeated(&outage).await;
        outage.other.set_if_absent(&key("k"), "theirs", MINUTE).await.unwrap()
    };
    let (_, is_claimed) = tokio::join!(released, claimed);

    assert!(is_claimed);
    settle(store).await;
    assert_eq!(outage.in_redis("k").await.as_deref(), Some("theirs"));
    assert!(!store.set_if_absent(&key("k"), "again", MINUTE).await.unwrap());
}

#[tokio::test]
async fn a_revocation_whose_reply_was_lost_ends_what_was_written_before_and_since() {
    for fault in [Fault::Drop, Fault::ExecuteThenDrop] {
        let outage = Outage::prepare().await;
        let store = &outage.store;
        store.set(&key("k"), "seen here", Expiry::Never).await.unwrap();
        outage.other.set(&key("k"), "changed by another", Expiry::Never).await.unwrap();
        lose_next(&outage, fault).await;

        let revoked = async { store.revoke(&key("k"), None).await.unwrap() };
        let written = async {
            repeated(&outage).await;
            outage.other.set(&key("k"), "changed meanwhile", Expiry::Never).await.unwrap();
        };
        tokio::join!(revoked, written);

        settle(store).await;
        assert_eq!(outage.in_redis("k").await, None);
    }
}

#[tokio::test]
async fn a_value_set_unless_a_text_is_there_is_looked_up_when_its_reply_was_lost() {
    for fault in [Fault::Drop, Fault::ExecuteThenDrop] {
        let outage = Outage::prepare().await;
        let store = &outage.store;
        lose_next(&outage, fault).await;

        assert!(store.set_unless(&key("k"), "v", "null", MINUTE).await.unwrap());

        assert_eq!(outage.in_redis("k").await.as_deref(), Some("v"));
        outage.other.set(&key("k"), "null", Expiry::Never).await.unwrap();
        outage.upstash.gateway.clear_faults().await.unwrap();
        outage.upstash.gateway.add_fault(Fault::ExecuteThenDrop.times(1)).await.unwrap();
        assert!(!store.set_unless(&key("k"), "late", "null", MINUTE).await.unwrap());
        assert_eq!(outage.in_redis("k").await.as_deref(), Some("null"));
    }
}

#[tokio::test]
async fn a_deletion_whose_reply_was_lost_leaves_what_was_written_since() {
    let outage = Outage::prepare().await;
    let store = &outage.store;
    store.set(&key("k"), "old", Expiry::Never).await.unwrap();
    lose_next(&outage, Fault::ExecuteThenDrop).await;

    let deleted = async { store.delete(&[key("k")]).await.unwrap() };
    let written = async {
        repeated(&outage).await;
        outage.other.set(&key("k"), "newer", Expiry::Never).await.unwrap();
    };
    let (count, ()) = tokio::join!(deleted, written);

    assert_eq!(count, 1);
    settle(store).await;
    assert_eq!(outage.in_redis("k").await.as_deref(), Some("newer"));
}

#[tokio::test]
async fn a_write_whose_reply_was_lost_does_not_overwrite_a_newer_value() {
    for known in [false, true] {
        let outage = Outage::prepare().await;
        let store = &outage.store;
        if known {
            store.set(&key("k"), "old", Expiry::Never).await.unwrap();
        }
        lose_next(&outage, Fault::ExecuteThenDrop).await;

        let set = async { store.set(&key("k"), "mine", Expiry::Never).await.unwrap() };
        let written = async {
            repeated(&outage).await;
            outage.other.set(&key("k"), "newer", Expiry::Never).await.unwrap();
        };
        tokio::join!(set, written);

        settle(store).await;
        assert_eq!(outage.in_redis("k").await.as_deref(), Some("newer"), "known: {known}");
        assert_eq!(store.get(&key("k")).await.unwrap().as_deref(), Some("newer"), "known: {known}");
    }
}

#[tokio::test]
async fn a_write_that_was_lost_before_it_was_executed_arrives() {
    for (known, fault) in
        [(None, Fault::Drop), (Some("old"), Fault::Drop), (Some("old"), Fault::ExecuteThenDrop)]
    {
        let outage = Outage::prepare().await;
        let store = &outage.store;
        if let Some(text) = known {
            store.set(&key("k"), text, Expiry::Never).await.unwrap();
            store.set(&key("gone"), text, Expiry::Never).await.unwrap();
        }
        let gateway = &outage.upstash.gateway;

        gateway.add_fault(fault.clone().times(1)).await.unwrap();
        store.set(&key("k"), "mine", Expiry::After(MINUTE)).await.unwrap();
        gateway.add_fault(fault.times(1)).await.unwrap();
        store.delete(&[key("gone")]).await.unwrap();

        assert_eq!(store.pending(), 0, "it is in Redis when the call ends");
        assert_eq!(outage.in_redis("k").await.as_deref(), Some("mine"));
        assert_eq!(outage.in_redis("gone").await, None);
        assert!((50_000..=60_000).contains(&pttl(&outage.upstash.client, "k").await));
    }
}

#[tokio::test]
async fn a_compare_and_set_whose_reply_was_lost_tells_how_it_ended() {
    let outage = Outage::prepare().await;
    let store = &outage.store;
    let gateway = &outage.upstash.gateway;
    let swap =
        async |expected, new| store.compare_and_set(&key("k"), expected, new, Some(MINUTE)).await.unwrap();
    store.set(&key("k"), "0", Expiry::Never).await.unwrap();
    assert_eq!(swap("0", "1").await, Swap::Done);

    gateway.add_fault(Fault::ExecuteThenDrop.times(1)).await.unwrap();
    assert_eq!(swap("1", "2").await, Swap::Done);
    gateway.add_fault(Fault::Drop.times(1)).await.unwrap();
    assert_eq!(swap("2", "3").await, Swap::Done);
    gateway.add_fault(Fault::Drop.times(1)).await.unwrap();
    assert_eq!(swap("2", "4").await, Swap::Changed("3".into()));
    gateway.add_fault(Fault::ExecuteThenDrop.times(1)).await.unwrap();
    assert!(store.compare_and_delete(&key("k"), "3").await.unwrap());
    gateway.add_fault(Fault::Drop.times(1)).await.unwrap();
    assert_eq!(swap("3", "4").await, Swap::Absent);

    assert_eq!(outage.in_redis("k").await, None);
}

#[tokio::test]
async fn a_renewal_that_was_lost_before_it_was_executed_is_made() {
    let outage = Outage::prepare().await;
    let store = &outage.store;
    store.set(&key("lease"), "owner", Expiry::After(MINUTE)).await.unwrap();

    outage.upstash.gateway.add_fault(Fault::Drop.times(1)).await.unwrap();
    let hour = Some(Ttl::from_whole_seconds(3_600));
    let swap = store.compare_and_set(&key("lease"), "owner", "owner", hour).await.unwrap();

    assert_eq!(swap, Swap::Done);
    assert!((3_000_000..=3_600_000).contains(&pttl(&outage.upstash.client, "lease").await));
}

#[tokio::test]
async fn two_claims_with_one_text_in_one_process_are_not_both_granted() {
    let outage = Outage::prepare().await;
    for fault in [Fault::ExecuteThenDrop, Fault::Drop] {
        outage.other.delete(&[key("k")]).await.unwrap();
        outage.upstash.gateway.add_fault(fault.times(1)).await.unwrap();

        // In one request, whose reply is lost for both.
        let claim = async || outage.store.set_if_absent(&key("k"), "same", MINUTE).await.unwrap();
        let (first, second) = tokio::join!(claim(), claim());

        assert!(first != second, "exactly one is granted, got {first} and {second}");
    }
}

#[tokio::test]
async fn a_claim_without_a_reply_waits_for_another_with_its_text() {
    let outage = Outage::prepare().await;
    let gateway = &outage.upstash.gateway;
    gateway.add_fault(Fault::Latency { ms: 100 }.times(2)).await.unwrap();
    gateway.add_fault(Fault::Drop.times(1)).await.unwrap();
    let claim = async || outage.store.set_if_absent(&key("k"), "same", MINUTE).await.unwrap();

    let (first, second) = tokio::join!(claim(), async {
        while gateway.counters().requests < 1 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        claim().await
    });

    assert_eq!((first, second), (false, true));
}

#[tokio::test]
async fn an_increment_without_a_reply_is_neither_sent_again_nor_replayed_but_counted_as_uncertain() {
    let outage = Outage::prepare().await;
    outage.upstash.gateway.add_fault(Fault::ExecuteThenDrop.times(1)).await.unwrap();

    assert_eq!(outage.store.increment(&key("n"), 1).await.unwrap(), 1);

    assert_eq!(outage.store.pending(), 0);
    assert_eq!(outage.in_redis("n").await.as_deref(), Some("1"));
    assert_eq!(outage.store.metrics().replays().uncertain(), 1);
}

#[tokio::test]
async fn what_a_server_turns_away_is_sent_again_whatever_it_is() {
    let outage = Outage::prepare().await;
    let store = &outage.store;
    for (status, body) in
        [(429, "slow down"), (429, r#"{"error":"ERR slow"}"#), (503, r#"{"error":"LOADING"}"#)]
    {
        let headers = std::collections::BTreeMap::new();
        let turned_away = Fault::Status { status, body: Some(body.into()), headers };
        outage.upstash.gateway.add_fault(turned_away.times(1)).await.unwrap();
        let before = store.increment(&key("n"), 0).await.unwrap();

        assert_eq!(store.increment(&key("n"), 1).await.unwrap(), before + 1, "{status} {body}");
    }

    assert_eq!(outage.in_redis("n").await.as_deref(), Some("3"));
    assert_eq!(store.metrics().replays().uncertain(), 0);
}

#[tokio::test]
async fn one_read_that_a_server_turns_away_is_sent_again() {
    let outage = Outage::prepare().await;
    let store = &outage.store;
    outage.other.set(&key("k"), "v", Expiry::Never).await.unwrap();
    for status in [503, 429] {
        let body = Some(r#"{"error":"ERR busy"}"#.into());
        let fault = Fault::Status { status, body, headers: std::collections::BTreeMap::new() };
        outage.upstash.gateway.add_fault(fault.times(1)).await.unwrap();

        assert_eq!(store.get(&key("k")).await.unwrap().as_deref(), Some("v"), "{status}");
        outage.other.set(&key("k"), "v", Expiry::Never).await.unwrap();
    }
}

#[tokio::test]
async fn calls_of_one_turn_take_effect_in_their_order_though_their_replies_were_lost() {
    for fault in [Fault::Drop, Fault::ExecuteThenDrop] {
        let outage = Outage::prepare().await;
        let store = &outage.store;
        let name = key("k");
        store.set(&name, "old", Expiry::Never).await.unwrap();
        store.set(&key("other"), "old", Expiry::Never).await.unwrap();
        // The repeated read comes back before the repeated writes.
        outage.upstash.gateway.add_fault(fault.clone().times(1)).await.unwrap();

        let (other, names) = (key("other"), [key("k"), key("other")]);
        // Polled in the order in which their replies come, as calls are, unlike by `tokio::join!`.
        let turn: [BoxFuture<'_, Result<Output>>; 5] = [
            store.execute(Operation::Set { key: &name, value: "first", expiry: Expiry::Never }).boxed(),
            store.execute(Operation::Set { key: &name, value: "second", expiry: Expiry::Never }).boxed(),
            store.execute(Operation::Get { key: &name }).boxed(),
            store.execute(Operation::Release { key: &other }).boxed(),
            store.execute(Operation::GetMany { keys: &names }).boxed(),
        ];
        let results: Vec<Output> = join_all(turn).await.into_iter().map(Result::unwrap).collect();

        let second = Some("second".to_owned());
        assert_eq!(
            results,
            [
                Output::Done,
                Output::Done,
                Output::Value(second.clone()),
                Output::Flag(true),
                Output::Values(vec![second, None])
            ],
            "{fault:?}"
        );
        assert_eq!(outage.in_redis("k").await.as_deref(), Some("second"), "{fault:?}");
        assert_eq!(outage.in_redis("other").await, None, "{fault:?}");
        assert_eq!(store.metrics().replays().conflicts(), 0, "{fault:?}");
    }
}

#[tokio::test]
async fn a_take_that_was_lost_before_it_was_executed_is_made() {
    let outage = Outage::prepare().await;
    outage.store.set(&key("k"), "v", Expiry::Never).await.unwrap();

    outage.upstash.gateway.add_fault(Fault::Drop.times(1)).await.unwrap();

    assert_eq!(outage.store.get_and_delete(&key("k")).await.unwrap().as_deref(), Some("v"));
    assert_eq!(outage.in_redis("k").await, None);
}

#[tokio::test]
async fn a_take_or_guess_without_a_reply_fails_and_is_never_answered_from_a_copy() {
    let outage = Outage::prepare().await;
    let store = &outage.store;
    for name in ["taken", "guessed"] {
        store.set(&key(name), "5|h|{}", Expiry::Never).await.unwrap();
    }
    let gateway = &outage.upstash.gateway;

    gateway.add_fault(Fault::ExecuteThenDrop.times(1)).await.unwrap();
    assert!(store.get_and_delete(&key("taken")).await.unwrap_err().is_unanswered());
    gateway.add_fault(Fault::ExecuteThenDrop.times(1)).await.unwrap();
    assert!(store.verify(&key("guessed"), "h").await.unwrap_err().is_unanswered());

    assert_eq!(store.pending(), 0, "whoever was told of a failure has written nothing");
    outage.begin().await;
    assert_eq!(store.get_and_delete(&key("taken")).await.unwrap(), None);
    assert_eq!(store.verify(&key("guessed"), "h").await.unwrap(), Guess::Absent);
}

#[tokio::test]
async fn a_guess_without_a_reply_is_counted_once() {
    let outage = Outage::prepare().await;
    let store = &outage.store;
    for (fault, left) in [(Fault::ExecuteThenDrop, "4|h|{}"), (Fault::Drop, "5|h|{}")] {
        store.set(&key("k"), "5|h|{}", Expiry::Never).await.unwrap();
        store.verify(&key("none"), "h").await.unwrap();
        outage.upstash.gateway.add_fault(fault.times(1)).await.unwrap();

        assert!(store.verify(&key("k"), "wrong").await.unwrap_err().is_unanswered());

        assert_eq!(outage.in_redis("k").await.as_deref(), Some(left));
    }
}

#[tokio::test]
async fn a_lost_expiry_reaches_the_value_that_it_was_meant_for() {
    let outage = Outage::prepare().await;
    for fault in [Fault::Drop, Fault::ExecuteThenDrop] {
        outage.store.set(&key("k"), "v", Expiry::Never).await.unwrap();
        outage.upstash.gateway.add_fault(fault.clone().times(1)).await.unwrap();

        assert!(outage.store.expire(&key("k"), MINUTE).await.unwrap(), "{fault:?}");

        let left = pttl(&outage.upstash.client, "k").await;
        assert!((50_000..=60_000).contains(&left), "{fault:?}: {left}");
        outage.upstash.gateway.add_fault(fault.clone().times(1)).await.unwrap();
        assert!(!outage.store.expire(&key("none"), MINUTE).await.unwrap(), "{fault:?}");
    }
}

#[tokio::test]
async fn a_lost_expiry_leaves_the_text_that_it_was_told() {
    let outage = Outage::prepare().await;
    let store = &outage.store;
    store.set(&key("gone"), "null", Expiry::After(MINUTE)).await.unwrap();
    let hour = Ttl::from_whole_seconds(3_600);
    for fault in [Fault::Drop, Fault::ExecuteThenDrop] {
        store.set(&key("k"), "v", Expiry::Never).await.unwrap();
        for (name, is_given) in [("k", true), ("gone", false), ("none", false)] {
            outage.upstash.gateway.add_fault(fault.clone().times(1)).await.unwrap();
            assert_eq!(
                store.expire_unless(&key(name), "null", hour).await.unwrap(),
                is_given,
                "{name}, {fault:?}"
            );
        }
        assert!(pttl(&outage.upstash.client, "k").await > 60_000, "{fault:?}");
        assert!(pttl(&outage.upstash.client, "gone").await <= 60_000, "{fault:?}");
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_while_it_looks_does_not_block_its_key() {
    let outage = Outage::prepare().await;
    lose_next(&outage, Fault::ExecuteThenDrop).await;

    let name = key("k");
    tokio::select! {
        result = outage.store.set(&name, "v", Expiry::Never) => panic!("it has ended: {result:?}"),
        () = repeated(&outage) => {}
    }

    let read = tokio::time::timeout(Duration::from_secs(5), outage.store.get(&name)).await;
    assert_eq!(read.unwrap().unwrap().as_deref(), Some("v"));
}

#[tokio::test]
async fn a_number_whose_reply_was_lost_is_skipped_and_never_given_twice() {
    let outage = Outage::prepare().await;
    outage.other.increment(&key("n"), 41).await.unwrap();
    outage.upstash.gateway.add_fault(Fault::ExecuteThenDrop.times(1)).await.unwrap();

    assert_eq!(outage.store.next_number(&key("n")).await.unwrap(), 43);

    assert_eq!(outage.other.next_number(&key("n")).await.unwrap(), 44);
    assert_eq!(outage.store.pending(), 0);
}
