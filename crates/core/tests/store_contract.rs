//! The contract of `Store`, tested on every store.

#![expect(clippy::unwrap_used, reason = "the lint spares tests, and these are their helpers")]

mod support;

use std::time::Duration;

use futures_util::future::join_all;
use redlatch_core::keys::{Expiry, Ttl};
use redlatch_core::store::{ClaimOrRead, Guess, Store, Swap, Write};
use support::{Stage, key};

const MINUTE: Duration = Duration::from_secs(60);

fn ttl(seconds: u32) -> Ttl {
    Ttl::from_whole_seconds(seconds)
}

fn after(seconds: u32) -> Expiry {
    Expiry::After(ttl(seconds))
}

async fn a_value_comes_back_exactly_as_it_was_stored<S: Stage>(stage: S) {
    let store = stage.store();
    let large = "x\u{1f600}".repeat(200_000);
    for value in [
        "",
        "007",
        "1e3",
        "true",
        " {} ",
        "OK",
        "T0s=",
        "12345678901234567890",
        "a\0b\"\\\r\n\u{2028}",
        &large,
    ] {
        store.set(&key("k"), value, Expiry::Never).await.unwrap();

        assert_eq!(store.get(&key("k")).await.unwrap().as_deref(), Some(value));
    }
}

async fn keys_with_special_characters_are_distinct<S: Stage>(stage: S) {
    let names = ["a b", "a%20b", "a/b", "\"", "\\", "\0", "\u{1f600}", "*", "{a}", "a\nb"];
    for name in names {
        stage.store().set(&key(name), name, Expiry::Never).await.unwrap();
    }

    for name in names {
        assert_eq!(stage.store().get(&key(name)).await.unwrap().as_deref(), Some(name));
    }
}

async fn an_absent_key_reads_as_none<S: Stage>(stage: S) {
    let store = stage.store();

    assert_eq!(store.get(&key("k")).await.unwrap(), None);
    assert!(!store.exists(&key("k")).await.unwrap());
    assert_eq!(store.delete(&[key("k")]).await.unwrap(), 0);
    assert!(!store.expire(&key("k"), ttl(5)).await.unwrap());
    assert_eq!(store.get_and_delete(&key("k")).await.unwrap(), None);
    assert_eq!(store.compare_and_set(&key("k"), "", "new", Some(ttl(5))).await.unwrap(), Swap::Absent);
    assert!(!store.compare_and_delete(&key("k"), "").await.unwrap());
}

async fn an_expired_key_is_absent_for_every_operation<S: Stage>(stage: S) {
    let store = stage.store();
    for name in ["get", "exists", "delete", "expire", "take", "swap", "remove", "claim", "count"] {
        store.set(&key(name), "1", after(59)).await.unwrap();
    }

    stage.advance(MINUTE).await;

    assert_eq!(store.get(&key("get")).await.unwrap(), None);
    assert_eq!(store.get_many(&[key("get")]).await.unwrap(), [None]);
    assert!(!store.exists(&key("exists")).await.unwrap());
    assert_eq!(store.delete(&[key("delete")]).await.unwrap(), 0);
    assert!(!store.expire(&key("expire"), ttl(5)).await.unwrap());
    assert_eq!(store.get_and_delete(&key("take")).await.unwrap(), None);
    assert_eq!(store.compare_and_set(&key("swap"), "1", "2", Some(ttl(5))).await.unwrap(), Swap::Absent);
    assert!(!store.compare_and_delete(&key("remove"), "1").await.unwrap());
    assert!(store.set_if_absent(&key("claim"), "2", ttl(5)).await.unwrap());
    assert_eq!(store.increment(&key("count"), 7).await.unwrap(), 7);
}

async fn a_key_exists_until_its_ttl_is_over<S: Stage>(stage: S) {
    let store = stage.store();
    store.set(&key("short"), "v", after(90)).await.unwrap();
    store.set(&key("forever"), "v", Expiry::Never).await.unwrap();
    store
        .set(&key("longest"), "v", Expiry::After(Ttl::from_seconds("ttl", 9_007_199_254_740_991.0).unwrap()))
        .await
        .unwrap();

    stage.advance(MINUTE).await;
    assert!(store.exists(&key("short")).await.unwrap());

    stage.advance(MINUTE).await;
    assert!(!store.exists(&key("short")).await.unwrap());
    assert!(store.exists(&key("forever")).await.unwrap());
    assert!(store.exists(&key("longest")).await.unwrap());
}

async fn a_new_value_takes_its_own_ttl<S: Stage>(stage: S) {
    let store = stage.store();
    store.set(&key("kept"), "v", after(30)).await.unwrap();
    store.set(&key("kept"), "v", Expiry::Never).await.unwrap();
    store.set(&key("shortened"), "v", Expiry::Never).await.unwrap();
    store.set(&key("shortened"), "v", after(30)).await.unwrap();

    stage.advance(MINUTE).await;

    assert!(store.exists(&key("kept")).await.unwrap());
    assert!(!store.exists(&key("shortened")).await.unwrap());
}

async fn an_expiry_in_the_past_leaves_no_key<S: Stage>(stage: S) {
    let store = stage.store();
    for past in [0, 1, support::START - 1] {
        store.set(&key("k"), "old", Expiry::Never).await.unwrap();

        store.set(&key("k"), "new", Expiry::At(past)).await.unwrap();

        assert!(!store.exists(&key("k")).await.unwrap(), "{past}");
    }
    store.set(&key("k"), "v", Expiry::At(u64::from(u32::MAX) * 1_000_000)).await.unwrap();
    assert!(store.exists(&key("k")).await.unwrap());
}

async fn only_the_first_of_two_claims_succeeds<S: Stage>(stage: S) {
    let store = stage.store();

    assert!(store.set_if_absent(&key("k"), "first", ttl(59)).await.unwrap());
    assert!(!store.set_if_absent(&key("k"), "second", ttl(5)).await.unwrap());

    assert_eq!(store.get(&key("k")).await.unwrap().as_deref(), Some("first"));
    stage.advance(MINUTE).await;
    assert!(store.set_if_absent(&key("k"), "third", ttl(5)).await.unwrap());
}

async fn an_increment_keeps_the_ttl<S: Stage>(stage: S) {
    let store = stage.store();
    store.set(&key("n"), "41", after(59)).await.unwrap();

    assert_eq!(store.increment(&key("n"), 1).await.unwrap(), 42);
    assert_eq!(store.increment(&key("n"), -50).await.unwrap(), -8);
    assert_eq!(store.increment(&key("new"), 0).await.unwrap(), 0);

    assert_eq!(store.get(&key("n")).await.unwrap().as_deref(), Some("-8"));
    stage.advance(MINUTE).await;
    assert_eq!(store.increment(&key("n"), 1).await.unwrap(), 1);
    assert_eq!(store.increment(&key("new"), 1).await.unwrap(), 1);
    assert_eq!(store.next_number(&key("new")).await.unwrap(), 2);
}

async fn only_a_whole_number_can_be_incremented<S: Stage>(stage: S) {
    let store = stage.store();
    for text in ["", "abc", " 1", "1 ", "+1", "01", "-0", "1.0", "1e3", "9223372036854775808"] {
        store.set(&key("n"), text, Expiry::Never).await.unwrap();

        let error = store.increment(&key("n"), 1).await.unwrap_err();

        assert!(error.is_refused(), "{text}: {error}");
        assert!(error.to_string().contains("ERR value is not an int"), "{error}");
        assert_eq!(store.get(&key("n")).await.unwrap().as_deref(), Some(text));
    }
    store.set(&key("n"), "9223372036854775807", Expiry::Never).await.unwrap();
    let error = store.increment(&key("n"), 1).await.unwrap_err();
    assert!(error.to_string().contains("ERR increment or decrement would overflow"), "{error}");
}

async fn expire_replaces_the_ttl<S: Stage>(stage: S) {
    let store = stage.store();
    store.set(&key("longer"), "v", after(5)).await.unwrap();
    store.set(&key("shorter"), "v", Expiry::Never).await.unwrap();

    assert!(store.expire(&key("longer"), ttl(300)).await.unwrap());
    assert!(store.expire(&key("shorter"), ttl(5)).await.unwrap());

    stage.advance(MINUTE).await;
    assert_eq!(store.get(&key("longer")).await.unwrap().as_deref(), Some("v"));
    assert!(!store.exists(&key("shorter")).await.unwrap());
}

async fn expire_leaves_the_ttl_of_a_text_that_it_is_told<S: Stage>(stage: S) {
    let store = stage.store();
    store.set(&key("gone"), "null", after(59)).await.unwrap();
    store.set(&key("other"), "nul\u{e9}", after(59)).await.unwrap();

    assert!(!store.expire_unless(&key("gone"), "null", ttl(600)).await.unwrap());
    assert!(store.expire_unless(&key("other"), "null", ttl(600)).await.unwrap());
    assert!(!store.expire_unless(&key("absent"), "null", ttl(600)).await.unwrap());

    stage.advance(MINUTE).await;
    let values = store.get_many(&["gone", "other", "absent"].map(key)).await.unwrap();
    assert_eq!(values, [None, Some("nul\u{e9}".into()), None]);
}

async fn many_values_come_in_the_order_of_their_keys<S: Stage>(stage: S) {
    let store = stage.store();
    store.set(&key("a"), "1", Expiry::Never).await.unwrap();
    store.set(&key("b"), "", Expiry::Never).await.unwrap();

    let values = store.get_many(&[key("b"), key("none"), key("a"), key("b")]).await.unwrap();

    assert_eq!(values, [Some(String::new()), None, Some("1".into()), Some(String::new())]);
    assert_eq!(store.get_many(&[]).await.unwrap(), []);
}

async fn delete_removes_all_keys_and_counts_those_that_existed<S: Stage>(stage: S) {
    let store = stage.store();
    store.set(&key("a"), "1", Expiry::Never).await.unwrap();
    store.set(&key("b"), "2", Expiry::Never).await.unwrap();

    assert_eq!(store.delete(&[key("a"), key("none"), key("b")]).await.unwrap(), 2);

    assert!(!store.exists(&key("a")).await.unwrap());
    assert!(!store.exists(&key("b")).await.unwrap());
    assert_eq!(store.delete(&[]).await.unwrap(), 0);
}

async fn a_value_can_be_taken_once<S: Stage>(stage: S) {
    let store = stage.store();
    store.set(&key("k"), "v", Expiry::Never).await.unwrap();

    assert_eq!(store.get_and_delete(&key("k")).await.unwrap().as_deref(), Some("v"));
    assert_eq!(store.get_and_delete(&key("k")).await.unwrap(), None);
}

async fn a_swap_needs_the_expected_value<S: Stage>(stage: S) {
    let store = stage.store();
    store.set(&key("k"), "old \u{e9}", Expiry::Never).await.unwrap();

    let changed = store.compare_and_set(&key("k"), "other", "new", Some(ttl(5))).await.unwrap();
    assert_eq!(changed, Swap::Changed("old \u{e9}".into()));
    assert_eq!(store.get(&key("k")).await.unwrap().as_deref(), Some("old \u{e9}"));

    assert_eq!(
        store.compare_and_set(&key("k"), "old \u{e9}", "new", Some(ttl(59))).await.unwrap(),
        Swap::Done
    );
    assert_eq!(store.get(&key("k")).await.unwrap().as_deref(), Some("new"));
    stage.advance(MINUTE).await;
    assert!(!store.exists(&key("k")).await.unwrap());
}

async fn a_conditional_removal_needs_the_expected_value<S: Stage>(stage: S) {
    let store = stage.store();
    store.set(&key("k"), "v", Expiry::Never).await.unwrap();

    assert!(!store.compare_and_delete(&key("k"), "other").await.unwrap());
    assert!(store.exists(&key("k")).await.unwrap());
    assert!(store.compare_and_delete(&key("k"), "v").await.unwrap());
    assert!(!store.exists(&key("k")).await.unwrap());
}

async fn a_group_of_writes_is_applied_in_order<S: Stage>(stage: S) {
    let store = stage.store();
    store.set(&key("gone"), "v", Expiry::Never).await.unwrap();
    let set = |name, value: &str, expiry| Write::Set { key: key(name), value: value.into(), expiry };

    store
        .apply(&[
            set("a", "1", after(59)),
            set("b", "1", Expiry::Never),
            Write::Delete { key: key("gone") },
            set("b", "2", Expiry::Never),
            set("past", "v", Expiry::At(1)),
        ])
        .await
        .unwrap();
    store.apply(&[]).await.unwrap();

    let values = store.get_many(&[key("a"), key("b"), key("gone"), key("past")]).await.unwrap();
    assert_eq!(values, [Some("1".into()), Some("2".into()), None, None]);
    stage.advance(MINUTE).await;
    assert!(!store.exists(&key("a")).await.unwrap());
}

async fn concurrent_calls_lose_nothing<S: Stage>(stage: S) {
    let store = stage.store();
    let counter = key("n");
    let claims = key("claim");

    let (sums, granted) = tokio::join!(
        join_all((0..100).map(|_| store.increment(&counter, 1))),
        join_all((0..100).map(|_| store.set_if_absent(&claims, "v", ttl(5)))),
    );

    let mut sums: Vec<i64> = sums.into_iter().map(Result::unwrap).collect();
    sums.sort_unstable();
    assert_eq!(sums, (1..=100).collect::<Vec<_>>());
    assert_eq!(granted.into_iter().filter(|granted| *granted.as_ref().unwrap()).count(), 1);
}

async fn a_swap_without_a_ttl_keeps_that_of_the_key<S: Stage>(stage: S) {
    let store = stage.store();
    store.set(&key("k"), "0", after(59)).await.unwrap();
    store.set(&key("forever"), "0", Expiry::Never).await.unwrap();

    for name in ["k", "forever"] {
        assert_eq!(store.compare_and_set(&key(name), "0", "1", None).await.unwrap(), Swap::Done);
    }

    stage.advance(MINUTE).await;
    assert_eq!(store.get(&key("k")).await.unwrap(), None);
    assert_eq!(store.get(&key("forever")).await.unwrap().as_deref(), Some("1"));
}

async fn a_claim_reads_what_it_does_not_get<S: Stage>(stage: S) {
    let store = stage.store();
    store.set(&key("other"), "o", Expiry::Never).await.unwrap();
    let also = [key("other"), key("absent")];
    let claim = async |value| store.claim_or_read(&key("k"), value, ttl(59), &also).await.unwrap();

    let (first, second) = (claim("mine").await, claim("theirs").await);

    let read = vec![Some("o".to_owned()), None];
    assert_eq!(first, ClaimOrRead { held: None, also: read.clone() });
    assert_eq!(second, ClaimOrRead { held: Some("mine".into()), also: read });
    stage.advance(MINUTE).await;
    assert!(claim("later").await.is_granted());
    assert!(store.claim_or_read(&key("alone"), "v", ttl(5), &[]).await.unwrap().is_granted());
}

async fn a_release_removes_the_key_whoever_holds_it<S: Stage>(stage: S) {
    let store = stage.store();
    store.set(&key("k"), "theirs", Expiry::Never).await.unwrap();

    assert!(store.release(&key("k")).await.unwrap());
    assert!(!store.release(&key("k")).await.unwrap());
    assert!(!store.exists(&key("k")).await.unwrap());
}

async fn a_ttl_can_be_a_part_of_a_second<S: Stage>(stage: S) {
    let store = stage.store();
    let ttl = Ttl::from_millis("ttl", 59_500.0).unwrap();
    store.set(&key("k"), "0", Expiry::After(ttl)).await.unwrap();
    store.set(&key("expiring"), "0", Expiry::Never).await.unwrap();
    assert!(store.expire(&key("expiring"), ttl).await.unwrap());
    assert_eq!(store.compare_and_set(&key("k"), "0", "1", Some(ttl)).await.unwrap(), Swap::Done);
    assert!(store.set_if_absent(&key("claim"), "v", ttl).await.unwrap());

    stage.advance(MINUTE).await;

    for name in ["k", "expiring", "claim"] {
        assert!(!store.exists(&key(name)).await.unwrap(), "{name}");
    }
}

async fn a_value_is_set_unless_a_text_is_there<S: Stage>(stage: S) {
    let store = stage.store();
    store.set(&key("gone"), "null", after(59)).await.unwrap();
    store.set(&key("other"), "old \u{e9}", Expiry::Never).await.unwrap();

    assert!(!store.set_unless(&key("gone"), "late", "null", ttl(600)).await.unwrap());
    assert!(store.set_unless(&key("other"), "new", "null", ttl(59)).await.unwrap());
    assert!(store.set_unless(&key("absent"), "null", "null", ttl(59)).await.unwrap());

    let values = store.get_many(&["gone", "other", "absent"].map(key)).await.unwrap();
    assert_eq!(values, [Some("null".into()), Some("new".into()), Some("null".into())]);
    stage.advance(MINUTE).await;
    assert_eq!(store.get_many(&["gone", "other", "absent"].map(key)).await.unwrap(), [None, None, None]);
    assert!(store.set_unless(&key("gone"), "anew", "null", ttl(5)).await.unwrap());
}

async fn a_revocation_leaves_a_text_for_a_while_or_nothing<S: Stage>(stage: S) {
    let store = stage.store();
    for name in ["removed", "replaced"] {
        store.set(&key(name), "v", Expiry::Never).await.unwrap();
    }

    store.revoke(&key("removed"), None).await.unwrap();
    store.revoke(&key("replaced"), Some(("null", ttl(59)))).await.unwrap();
    store.revoke(&key("absent"), None).await.unwrap();

    let names = ["removed", "replaced", "absent"].map(key);
    assert_eq!(store.get_many(&names).await.unwrap(), [None, Some("null".into()), None]);
    stage.advance(MINUTE).await;
    assert!(!store.exists(&key("replaced")).await.unwrap());
}

async fn a_counter_gets_a_ttl_when_it_has_none<S: Stage>(stage: S) {
    let store = stage.store();
    store.set(&key("forever"), "5", Expiry::Never).await.unwrap();

    assert_eq!(store.increment_within(&key("new"), 1, ttl(90)).await.unwrap(), 1);
    assert_eq!(store.increment_within(&key("forever"), -2, ttl(90)).await.unwrap(), 3);
    stage.advance(MINUTE).await;
    assert_eq!(store.increment_within(&key("new"), 1, ttl(90)).await.unwrap(), 2);
    stage.advance(MINUTE).await;

    assert_eq!(store.increment_within(&key("new"), 1, ttl(90)).await.unwrap(), 1);
    assert!(!store.exists(&key("forever")).await.unwrap());
    let part = Ttl::from_millis("ttl", 59_500.0).unwrap();
    assert_eq!(store.increment_within(&key("part"), 1, part).await.unwrap(), 1);
    stage.advance(MINUTE).await;
    assert!(!store.exists(&key("part")).await.unwrap());
    store.set(&key("text"), "text", Expiry::Never).await.unwrap();
    assert!(store.increment_within(&key("text"), 1, ttl(5)).await.unwrap_err().is_refused());
}

async fn a_scan_finds_exactly_the_keys_with_the_prefix<S: Stage>(stage: S) {
    let store = stage.store();
    let prefix = "a*?[x]^\\\u{e9}:";
    let mut expected: Vec<String> = (0..2_500).map(|n| format!("{prefix}{n}")).collect();
    for names in expected.chunks(500) {
        let set = |name: &String| Write::Set { key: key(name), value: "v".into(), expiry: Expiry::Never };
        store.apply(&names.iter().map(set).collect::<Vec<_>>()).await.unwrap();
    }
    for other in ["a", "axx:1", "aZ?[x]^\\\u{e9}:1", "b"] {
        store.set(&key(other), "v", Expiry::Never).await.unwrap();
    }
    store.set(&key(&format!("{prefix}expired")), "v", after(59)).await.unwrap();
    stage.advance(MINUTE).await;

    let mut found = store.scan(prefix).await.unwrap();

    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(store.scan("none:").await.unwrap(), Vec::<String>::new());
    assert_eq!(store.scan("").await.unwrap().len(), 2_504);
}

async fn the_primary_has_the_values_in_the_order_of_their_keys<S: Stage>(stage: S) {
    let store = stage.store();
    store.set(&key("a"), "1", after(59)).await.unwrap();

    let read = async || store.get_many_from_primary(&["b", "a"].map(key)).await.unwrap();

    assert_eq!(read().await, [None, Some("1".into())]);
    assert_eq!(store.get_many_from_primary(&[]).await.unwrap(), []);
    stage.advance(MINUTE).await;
    assert_eq!(read().await, [None, None]);
}

async fn a_right_guess_takes_the_code_and_a_wrong_one_an_attempt<S: Stage>(stage: S) {
    let store = stage.store();
    let text = |attempts: u32| format!("{attempts}|right|{{\"a\":[\"1|2|\u{e9}\n\"]}}");
    store.set(&key("k"), &text(3), Expiry::Never).await.unwrap();
    let wrong = Guess::Wrong { before: text(3), after: text(2) };

    assert_eq!(store.verify(&key("k"), "wrong").await.unwrap(), wrong);
    assert_eq!(store.get(&key("k")).await.unwrap(), Some(text(2)));
    assert_eq!(store.verify(&key("k"), "right").await.unwrap(), Guess::Right { before: text(2) });
    assert_eq!(store.verify(&key("k"), "right").await.unwrap(), Guess::Absent);
}

async fn the_last_wrong_guess_removes_the_code<S: Stage>(stage: S) {
    let store = stage.store();
    for text in ["1|right|{}", "0|right|{}", "001|right|"] {
        store.set(&key("k"), text, Expiry::Never).await.unwrap();

        assert_eq!(store.verify(&key("k"), "").await.unwrap(), Guess::Locked { before: text.into() });
        assert!(!store.exists(&key("k")).await.unwrap(), "{text}");
    }
}

async fn a_guess_leaves_what_is_no_code<S: Stage>(stage: S) {
    let store = stage.store();
    for text in ["", "{}", "5|right", "|right|{}", "-5|right|{}", "5||{}", "1000|right|{}"] {
        store.set(&key("k"), text, Expiry::Never).await.unwrap();

        assert_eq!(store.verify(&key("k"), "right").await.unwrap(), Guess::Absent, "{text}");
        assert_eq!(store.get(&key("k")).await.unwrap().as_deref(), Some(text));
    }
}

async fn a_guess_keeps_the_ttl_of_the_code<S: Stage>(stage: S) {
    let store = stage.store();
    store.set(&key("k"), "5|right|{}", after(90)).await.unwrap();

    stage.advance(MINUTE).await;
    assert!(matches!(store.verify(&key("k"), "wrong").await.unwrap(), Guess::Wrong { .. }));

    stage.advance(MINUTE).await;
    assert_eq!(store.verify(&key("k"), "right").await.unwrap(), Guess::Absent);
}

async fn guesses_at_the_same_time_are_counted_one_by_one<S: Stage>(stage: S) {
    let store = stage.store();
    store.set(&key("wrong"), "5|right|{}", Expiry::Never).await.unwrap();
    store.set(&key("right"), "5|right|{}", Expiry::Never).await.unwrap();
    let (wrong, right) = (key("wrong"), key("right"));

    let (wrong, right) = tokio::join!(
        join_all((0..50).map(|_| store.verify(&wrong, "wrong"))),
        join_all((0..50).map(|_| store.verify(&right, "right"))),
    );

    let count =
        |guesses: &[Guess], is_it: fn(&Guess) -> bool| guesses.iter().filter(|one| is_it(one)).count();
    let [wrong, right] = [wrong, right].map(|all| all.into_iter().map(Result::unwrap).collect::<Vec<_>>());
    assert_eq!(count(&wrong, |guess| matches!(guess, Guess::Wrong { .. })), 4);
    assert_eq!(count(&wrong, |guess| matches!(guess, Guess::Locked { .. })), 1);
    assert_eq!(count(&right, |guess| matches!(guess, Guess::Right { .. })), 1);
    assert_eq!(count(&right, |guess| *guess == Guess::Absent), 49);
}

macro_rules! contract {
    ($($promise:ident),* $(,)?) => {
        contract!(@on memory, Memory, $($promise),*);
        contract!(@on upstash, Upstash, $($promise),*);
        contract!(@on plain_redis, PlainRedis, $($promise),*);
        contract!(@on fallback, Fallback, $($promise),*);
    };
    (@on $module:ident, $stage:ident, $($promise:ident),*) => {
        mod $module {
            use super::support::{$stage, Stage};

            $(#[tokio::test]
            async fn $promise() {
                super::$promise($stage::start().await).await;
            })*
        }
    };
}

contract!(
    a_value_comes_back_exactly_as_it_was_stored,
    keys_with_special_characters_are_distinct,
    an_absent_key_reads_as_none,
    an_expired_key_is_absent_for_every_operation,
    a_key_exists_until_its_ttl_is_over,
    a_new_value_takes_its_own_ttl,
    an_expiry_in_the_past_leaves_no_key,
    only_the_first_of_two_claims_succeeds,
    an_increment_keeps_the_ttl,
    only_a_whole_number_can_be_incremented,
    expire_replaces_the_ttl,
    expire_leaves_the_ttl_of_a_text_that_it_is_told,
    many_values_come_in_the_order_of_their_keys,
    delete_removes_all_keys_and_counts_those_that_existed,
    a_value_can_be_taken_once,
    a_swap_needs_the_expected_value,
    a_swap_without_a_ttl_keeps_that_of_the_key,
    a_claim_reads_what_it_does_not_get,
    a_release_removes_the_key_whoever_holds_it,
    a_ttl_can_be_a_part_of_a_second,
    a_conditional_removal_needs_the_expected_value,
    a_right_guess_takes_the_code_and_a_wrong_one_an_attempt,
    the_last_wrong_guess_removes_the_code,
    a_guess_leaves_what_is_no_code,
    a_guess_keeps_the_ttl_of_the_code,
    guesses_at_the_same_time_are_counted_one_by_one,
    a_group_of_writes_is_applied_in_order,
    concurrent_calls_lose_nothing,
    a_value_is_set_unless_a_text_is_there,
    a_revocation_leaves_a_text_for_a_while_or_nothing,
    a_counter_gets_a_ttl_when_it_has_none,
    a_scan_finds_exactly_the_keys_with_the_prefix,
    the_primary_has_the_values_in_the_order_of_their_keys,
);
