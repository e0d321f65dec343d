use Mutation::Delete;

use super::*;
use crate::keys::{Expiry, Ttl};

const SET: Mutation<'_> = Mutation::Set { value: "v", expiry: Expiry::Never };
const CLAIM: Mutation<'_> = Mutation::Claim { value: "v", expiry: Expiry::Never };
const REPLACE: Mutation<'_> = Mutation::Replace { expected: "old", value: "w", ttl: None };
const SET_UNLESS: Mutation<'_> = Mutation::SetUnless { value: "v", unless: "gone", expiry: Expiry::Never };
const REVOKE: Mutation<'_> = Mutation::Revoke { left: None };
const TOMBSTONE: Mutation<'_> = Mutation::Revoke { left: Some(("gone", Ttl::from_whole_seconds(60))) };
const EXPIRE: Mutation<'_> = Mutation::Expire { expiry: Expiry::Never };
const REPLACE_ANEW: Mutation<'_> =
    Mutation::Replace { expected: "old", value: "w", ttl: Some(Ttl::from_whole_seconds(60)) };
const DELETE: Mutation<'_> = Delete { expected: None };
const RELEASE: Mutation<'_> = Mutation::Release;
const TAKE: Mutation<'_> = Delete { expected: Some("old") };

/// An increment of a counter with a window.
fn count(by: i64) -> Mutation<'static> {
    Mutation::Increment { by, sum: by, within: Some(Ttl::from_whole_seconds(60)) }
}

fn increment(by: i64) -> Mutation<'static> {
    Mutation::Increment { by, sum: by, within: None }
}

/// The pending write after mutations, each with whether the key was live before it. Redis was last seen to hold
/// "old".
fn pending(mutations: &[(bool, Mutation<'_>)]) -> PendingWrite {
    let mut write = PendingWrite::new(mutations[0].1, Some("old".into()), mutations[0].0);
    for (was_live, mutation) in &mutations[1..] {
        write.then(*was_live, *mutation);
    }
    write
}

fn held() -> Held {
    Held { value: "held".into(), expires_at: None }
}

/// The replay in short.
fn described(replay: &Replay) -> String {
    let expected = |expects: &Expects| match expects {
        Expects::Anything => "whatever is there".to_owned(),
        Expects::NothingOr(ours) => format!("unless changed from {ours:?}"),
        Expects::OneOf(ours) => format!("if {ours:?}"),
        Expects::AnythingBut(text) => format!("unless {text:?}"),
        Expects::AnotherThan(text) => format!("if it is there unless {text:?}"),
    };
    match replay {
        Replay::Put { value, expects, .. } => format!("put {value} {}", expected(expects)),
        Replay::Remove { expects, .. } => format!("remove {}", expected(expects)),
        Replay::Add { by, with_expiry, .. } => format!("add {by}, expiry {with_expiry}"),
        Replay::AddIfThere { by } => format!("add {by} if it is there"),
        Replay::Expire { expects, .. } => format!("expire {}", expected(expects)),
        Replay::End { expects } => format!("end {}", expected(expects)),
    }
}

#[test]
fn many_mutations_make_one_pending_write() {
    let put = "put held whatever is there";
    let claim = "put held unless changed from []";
    let replace = r#"put held unless changed from ["old"]"#;
    let swap = r#"put held if ["old"]"#;
    let unless = r#"put held unless "gone""#;
    let another = r#"put held if it is there unless "gone""#;
    let remove = r#"remove unless changed from ["old"]"#;
    for (mutations, expected) in [
        (vec![(false, CLAIM)], claim),
        (vec![(true, SET)], put),
        (vec![(true, REPLACE)], swap),
        (vec![(true, REPLACE), (true, REPLACE)], swap),
        (vec![(true, EXPIRE), (true, REPLACE)], swap),
        (vec![(true, REPLACE), (true, SET)], put),
        (vec![(true, REPLACE), (true, REVOKE)], "remove whatever is there"),
        (vec![(true, REPLACE_ANEW)], replace),
        (vec![(false, SET_UNLESS)], unless),
        (vec![(false, SET_UNLESS), (true, SET_UNLESS)], unless),
        (vec![(true, SET_UNLESS)], another),
        (vec![(true, SET_UNLESS), (true, SET_UNLESS)], another),
        (vec![(true, EXPIRE), (true, SET_UNLESS)], another),
        (vec![(true, SET), (true, SET_UNLESS)], put),
        (vec![(true, DELETE), (false, SET_UNLESS)], unless),
        (vec![(true, SET_UNLESS), (true, TOMBSTONE)], put),
        (vec![(true, TOMBSTONE), (true, SET)], put),
        (vec![(true, DELETE)], "remove whatever is there"),
        (vec![(true, RELEASE)], remove),
        (vec![(true, TAKE)], remove),
        (vec![(true, increment(2)), (true, increment(3))], "add 5, expiry false"),
        (vec![(true, increment(2)), (false, increment(3))], "add 5, expiry false"),
        (vec![(true, count(2)), (true, count(3))], "add 5, expiry false"),
        (vec![(true, count(2)), (false, count(3))], "add 3, expiry false"),
        (vec![(true, increment(2)), (true, EXPIRE), (false, increment(3))], "add 3, expiry true"),
        (vec![(true, increment(2)), (true, EXPIRE)], "add 2, expiry true"),
        (vec![(true, EXPIRE), (true, increment(2))], "add 2, expiry true"),
        (vec![(true, EXPIRE), (true, EXPIRE)], "expire whatever is there"),
        (vec![(true, EXPIRE), (true, RELEASE)], remove),
        (vec![(false, CLAIM), (true, EXPIRE)], claim),
        (vec![(false, CLAIM), (true, REPLACE)], claim),
        (vec![(false, CLAIM), (true, RELEASE)], "remove unless changed from []"),
        (vec![(false, CLAIM), (true, SET)], put),
        (vec![(true, RELEASE), (false, CLAIM)], replace),
        (vec![(true, DELETE), (false, CLAIM)], replace),
        (vec![(true, DELETE), (false, increment(1))], put),
        (vec![(true, SET), (true, increment(1))], put),
        (vec![(true, increment(1)), (true, DELETE)], "remove whatever is there"),
        (vec![(false, CLAIM), (false, CLAIM)], claim),
        (vec![(false, CLAIM), (false, increment(1))], "add 1, expiry false"),
    ] {
        assert_eq!(described(&pending(&mutations).replay(Some(held()))), expected, "{mutations:?}");
    }
}

#[test]
fn what_has_expired_removes_what_it_had_replaced() {
    for (mutation, expected) in [
        (CLAIM, "remove unless changed from []"),
        (SET, r#"remove unless changed from ["old"]"#),
        (REPLACE, r#"remove unless changed from ["old"]"#),
    ] {
        assert_eq!(described(&pending(&[(true, mutation)]).replay(None)), expected, "{mutation:?}");
    }
    for (mutations, expected) in [
        (vec![(true, count(2))], "remove unless changed from []"),
        (vec![(true, increment(2))], "add 2 if it is there"),
        (vec![(true, increment(2)), (true, EXPIRE)], "end whatever is there"),
        (vec![(true, EXPIRE)], r#"end unless changed from ["old"]"#),
    ] {
        assert_eq!(described(&pending(&mutations).replay(None)), expected, "{mutations:?}");
    }
    let unknown = PendingWrite::new(SET, None, false);
    assert_eq!(described(&unknown.replay(None)), "remove whatever is there");
}

#[test]
fn a_revocation_whose_reply_was_lost_is_sent_again_whatever_is_there() {
    for (mutation, expected) in
        [(REVOKE, "remove whatever is there"), (TOMBSTONE, "put held whatever is there")]
    {
        let mut write = pending(&[(true, mutation)]);
        write.lost(&write.replay(Some(held())), true);
        assert_eq!(described(&write.replay(Some(held()))), expected, "{mutation:?}");
    }
}

#[test]
fn a_write_that_may_be_executed_replaces_only_what_this_process_knows() {
    for (mutation, expected) in [
        (CLAIM, r#"put held unless changed from ["held"]"#),
        (SET, r#"put held unless changed from ["old", "held"]"#),
        (DELETE, r#"remove unless changed from ["old"]"#),
        (SET_UNLESS, r#"put held if ["old", "held"]"#),
    ] {
        let mut write = pending(&[(true, mutation)]);
        write.lost(&write.replay(Some(held())), true);
        assert_eq!(described(&write.replay(Some(held()))), expected, "{mutation:?}");
    }
    // A later write did not depend on what was there.
    let mut write = pending(&[(true, SET)]);
    let sent = write.replay(Some(held()));
    write.then(true, SET);
    write.lost(&sent, false);
    assert_eq!(described(&write.replay(Some(held()))), "put held whatever is there");
    write.then(true, RELEASE);
    assert_eq!(described(&write.replay(Some(held()))), "remove whatever is there");
}
