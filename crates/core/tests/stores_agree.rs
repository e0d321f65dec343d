//! Memory and a real Redis agree. Random sequences of calls run on both; every result, and every value and TTL at the end,
//! is compared.

#![expect(clippy::unwrap_used, reason = "the lint spares tests, and these are their helpers")]

mod support;

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use redlatch_core::keys::{Expiry, Key, Ttl};
use redlatch_core::store::{Operation, Output, Store, Write};
use redlatch_core::upstash::Command;
use redlatch_gateway::{GatewayOptions, Mode};
use support::{Memory, START, Stage, Upstash, key, pttl};

/// The tolerated difference between two TTLs: the real time that a case may take.
const TOLERANCE_MILLIS: i64 = 9_000;

/// An operation that owns its arguments, or an advance of time.
#[derive(Debug, Clone)]
enum Call {
    Get(Key),
    GetMany(Vec<Key>),
    Set(Key, String, TestExpiry),
    SetIfAbsent(Key, String, Ttl),
    ClaimOrRead(Key, String, Ttl, Vec<Key>),
    Delete(Vec<Key>),
    Release(Key),
    Exists(Key),
    Increment(Key, i64),
    NextNumber(Key),
    Expire(Key, Ttl),
    ExpireUnless(Key, String, Ttl),
    GetAndDelete(Key),
    CompareAndSet(Key, String, String, Option<Ttl>),
    CompareAndDelete(Key, String),
    Verify(Key, String),
    Apply(Vec<(Key, Option<(String, TestExpiry)>)>),
    GetManyFromPrimary(Vec<Key>),
    SetUnless(Key, String, String, Ttl),
    Revoke(Key, Option<(String, Ttl)>),
    IncrementWithin(Key, i64, Ttl),
    Scan(String),
    Advance(Duration),
}

/// An expiry relative to the clock of the store.
#[derive(Debug, Clone, Copy)]
enum TestExpiry {
    Never,
    After(Ttl),
    Until(Ttl),
    Past,
}

impl TestExpiry {
    fn expiry(self, now: u64) -> Expiry {
        match self {
            Self::Never => Expiry::Never,
            Self::After(ttl) => Expiry::After(ttl),
            Self::Until(ttl) => Expiry::At(now + ttl.as_millis()),
            Self::Past => Expiry::At(START - 1),
        }
    }
}

fn keys() -> impl Strategy<Value = Key> {
    prop::sample::select(vec!["a", "b", "c", "form:\u{e9} \"x\""]).prop_map(key)
}

/// Keys that hold nothing but counters: an increment that is refused could leave a TTL in Redis.
fn counters() -> impl Strategy<Value = Key> {
    prop::sample::select(vec!["n", "m"]).prop_map(key)
}

fn values() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec!["", "0", "7", "-3", "9223372036854775807", "007", "OK", "{}"]).prop_map(String::from),
        1 => any::<String>(),
    ]
}

/// TTLs and advances are such that a key has either expired or has at least twenty seconds left.
fn ttls() -> impl Strategy<Value = Ttl> {
    prop::sample::select(vec![20, 100, 1_000]).prop_map(Ttl::from_whole_seconds)
}

fn expiries() -> impl Strategy<Value = TestExpiry> {
    prop_oneof![
        2 => Just(TestExpiry::Never),
        3 => ttls().prop_map(TestExpiry::After),
        2 => ttls().prop_map(TestExpiry::Until),
        1 => Just(TestExpiry::Past),
    ]
}

/// Texts of codes, and some that are nearly that.
fn codes() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "3|h|{}",
        "1|h|",
        "0|h|a|b",
        "007|x|\n",
        "2|h",
        "2||d",
        "1234|h|d",
        "-1|h|d",
        "\u{661}|h|d",
    ])
    .prop_map(String::from)
}

fn calls() -> impl Strategy<Value = Call> {
    prop_oneof![
        3 => keys().prop_map(Call::Get),
        1 => prop::collection::vec(keys(), 0..4).prop_map(Call::GetMany),
        4 => (keys(), values(), expiries()).prop_map(|(k, v, e)| Call::Set(k, v, e)),
        2 => (keys(), values(), ttls()).prop_map(|(k, v, t)| Call::SetIfAbsent(k, v, t)),
        1 => (keys(), values(), ttls(), prop::collection::vec(keys(), 0..3))
            .prop_map(|(k, v, t, also)| Call::ClaimOrRead(k, v, t, also)),
        1 => prop::collection::vec(keys(), 0..3).prop_map(Call::Delete),
        1 => keys().prop_map(Call::Release),
        1 => keys().prop_map(Call::Exists),
        2 => (keys(), prop_oneof![-5_i64..5, any::<i64>()]).prop_map(|(k, by)| Call::Increment(k, by)),
        1 => keys().prop_map(Call::NextNumber),
        2 => (keys(), ttls()).prop_map(|(k, t)| Call::Expire(k, t)),
        1 => (keys(), values(), ttls()).prop_map(|(k, v, t)| Call::ExpireUnless(k, v, t)),
        1 => keys().prop_map(Call::GetAndDelete),
        2 => (keys(), values(), values(), prop::option::of(ttls()))
            .prop_map(|(k, old, new, t)| Call::CompareAndSet(k, old, new, t)),
        1 => (keys(), values()).prop_map(|(k, v)| Call::CompareAndDelete(k, v)),
        1 => (keys(), codes(), expiries()).prop_map(|(k, v, e)| Call::Set(k, v, e)),
        2 => (keys(), prop_oneof![Just("h".to_owned()), values()]).prop_map(|(k, h)| Call::Verify(k, h)),
        1 => prop::collection::vec((keys(), prop::option::of((values(), expiries()))), 0..4).prop_map(Call::Apply),
        1 => prop::collection::vec(keys(), 0..4).prop_map(Call::GetManyFromPrimary),
        2 => (keys(), values(), values(), ttls()).prop_map(|(k, v, u, t)| Call::SetUnless(k, v, u, t)),
        1 => (keys(), prop::option::of((values(), ttls()))).prop_map(|(k, left)| Call::Revoke(k, left)),
        2 => (counters(), -5_i64..5, ttls()).prop_map(|(k, by, t)| Call::IncrementWithin(k, by, t)),
        1 => (counters(), -5_i64..5).prop_map(|(k, by)| Call::Increment(k, by)),
        1 => counters().prop_map(Call::GetAndDelete),
        1 => prop::sample::select(vec!["", "a", "form:", "?"]).prop_map(|p| Call::Scan(p.into())),
        2 => prop::sample::select(vec![40, 400]).prop_map(|s| Call::Advance(Duration::from_secs(s))),
    ]
}

/// The comparable result of a call. Of an error, only the kind is compared.
async fn result<S: Stage>(stage: &S, call: &Call) -> String {
    let writes: Vec<Write>;
    let operation = match call {
        Call::Get(key) => Operation::Get { key },
        Call::GetMany(keys) => Operation::GetMany { keys },
        Call::Set(key, value, expiry) => Operation::Set { key, value, expiry: expiry.expiry(stage.now()) },
        Call::SetIfAbsent(key, value, ttl) => Operation::SetIfAbsent { key, value, ttl: *ttl },
        Call::ClaimOrRead(key, value, ttl, also) => Operation::ClaimOrRead { key, value, ttl: *ttl, also },
        Call::Delete(keys) => Operation::Delete { keys },
        Call::Release(key) => Operation::Release { key },
        Call::Exists(key) => Operation::Exists { key },
        Call::Increment(key, by) => Operation::Increment { key, by: *by },
        Call::NextNumber(key) => Operation::NextNumber { key },
        Call::Expire(key, ttl) => Operation::Expire { key, ttl: *ttl },
        Call::ExpireUnless(key, unless, ttl) => Operation::ExpireUnless { key, unless, ttl: *ttl },
        Call::GetAndDelete(key) => Operation::GetAndDelete { key },
        Call::CompareAndSet(key, expected, new, ttl) => {
            Operation::CompareAndSet { key, expected, new, ttl: *ttl }
        }
        Call::CompareAndDelete(key, expected) => Operation::CompareAndDelete { key, expected },
        Call::Verify(key, hash) => Operation::Verify { key, hash },
        Call::Apply(group) => {
            writes = group.iter().cloned().map(|entry| write(entry, stage.now())).collect();
            Operation::Apply { writes: &writes }
        }
        Call::GetManyFromPrimary(keys) => Operation::GetManyFromPrimary { keys },
        Call::SetUnless(key, value, unless, ttl) => Operation::SetUnless { key, value, unless, ttl: *ttl },
        Call::Revoke(key, left) => {
            let left = left.as_ref().map(|(value, ttl)| (value.as_str(), *ttl));
            Operation::Revoke { key, left }
        }
        Call::IncrementWithin(key, by, ttl) => Operation::IncrementWithin { key, by: *by, ttl: *ttl },
        Call::Scan(prefix) => Operation::Scan { prefix },
        Call::Advance(time) => {
            stage.advance(*time).await;
            return String::new();
        }
    };
    match stage.store().execute(operation).await {
        Ok(Output::Names(mut names)) => {
            names.sort();
            format!("{names:?}")
        }
        Ok(output) => format!("{output:?}"),
        Err(error) if error.is_refused() => "refused".into(),
        Err(error) => panic!("unexpected: {error}"),
    }
}

fn write((key, value): (Key, Option<(String, TestExpiry)>), now: u64) -> Write {
    match value {
        Some((value, expiry)) => Write::Set { key, value, expiry: expiry.expiry(now) },
        None => Write::Delete { key },
    }
}

/// The remaining milliseconds, as `PTTL` returns them.
fn memory_pttl(memory: &Memory, key: &Key) -> i64 {
    match memory.store.expiry(key) {
        None => -2,
        Some(Expiry::At(time)) => i64::try_from(time - memory.hands.now()).unwrap(),
        Some(_) => -1,
    }
}

async fn compare(memory: &Memory, upstash: &Upstash, calls: &[Call]) -> Result<(), TestCaseError> {
    for (step, call) in calls.iter().enumerate() {
        let (left, right) = (result(memory, call).await, result(upstash, call).await);
        prop_assert_eq!(left, right, "step {}: {:?}", step, call);
    }
    for name in ["a", "b", "c", "form:\u{e9} \"x\"", "n", "m"].map(key) {
        let (left, right) = (memory_pttl(memory, &name), pttl(&upstash.client, name.as_str()).await);
        let agree =
            if left < 0 || right < 0 { left == right } else { (left - right).abs() < TOLERANCE_MILLIS };
        prop_assert!(agree, "{:?} has {} ms left in memory, {} ms in Redis", name, left, right);
    }
    Ok(())
}

#[test]
fn memory_and_redis_agree() {
    for mode in [Mode::Upstash, Mode::Redis] {
        agree_in(mode);
    }
}

fn agree_in(mode: Mode) {
    // One thread, like the I/O thread: the commands of an operation reach the queue together.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let options = GatewayOptions { mode, ..GatewayOptions::default() };
    let upstash = runtime.block_on(Upstash::with(options));
    let config = ProptestConfig {
        cases: 300,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config,
        |(calls in prop::collection::vec(calls(), 1..30))| {
            runtime.block_on(async {
                upstash.client.run(Command::new("FLUSHALL")).await.unwrap();
                compare(&Memory::start().await, &upstash, &calls).await
            })?;
        }
    );
}
