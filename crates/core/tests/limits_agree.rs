//! Memory and a real Redis decide alike on every admission, with any limits together, whatever happened before.

#![expect(clippy::unwrap_used, reason = "the lint spares tests, and these are their helpers")]

mod support;

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use redlatch_core::caches::Algorithm;
use redlatch_core::keys::{Expiry, Key};
use redlatch_core::store::{Limit, Store};
use redlatch_core::upstash::Command;
use redlatch_gateway::{GatewayOptions, Mode};
use support::{Memory, START, Stage, Upstash, key};

/// One token of the GCRA, and all times in the test are multiples of its half: the real time that a case takes must not
/// decide.
const STEP_MILLIS: u64 = 2_000_000;
const WINDOW: u64 = 5 * STEP_MILLIS;

/// Two of each kind, so that several can be asked together.
const ALGORITHMS: [Algorithm; 8] = [
    Algorithm::FixedWindow { tokens: 5, window: WINDOW },
    Algorithm::FixedWindow { tokens: 3, window: WINDOW },
    Algorithm::SlidingWindow { tokens: 5, window: WINDOW },
    Algorithm::SlidingWindow { tokens: 4, window: WINDOW },
    Algorithm::TokenBucket { refill: 2, interval: STEP_MILLIS, tokens: 5 },
    Algorithm::TokenBucket { refill: 1, interval: WINDOW, tokens: 3 },
    Algorithm::Gcra { tokens: 5, window: WINDOW, burst: 5 },
    Algorithm::Gcra { tokens: 5, window: WINDOW, burst: 2 },
];

#[derive(Debug, Clone)]
enum Call {
    /// The limits by their numbers, each with a rate.
    Admit(Vec<(usize, i64)>),
    SetLimit(usize, Option<i64>),
    Block(usize, bool),
    /// In halves of a step.
    Pass(u64),
}

fn calls() -> impl Strategy<Value = Call> {
    let number = 0..ALGORITHMS.len();
    let limits = prop::collection::btree_map(number.clone(), -2_i64..7, 1..5);
    prop_oneof![
        12 => limits.prop_map(|limits| Call::Admit(limits.into_iter().collect())),
        1 => (number.clone(), prop::option::of(dynamic_limits())).prop_map(|(number, limit)| Call::SetLimit(number, limit)),
        1 => (number, any::<bool>()).prop_map(|(number, is_blocked)| Call::Block(number, is_blocked)),
        4 => (1_u64..15).prop_map(Call::Pass),
    ]
}

/// Those of which a token of the GCRA takes whole milliseconds.
fn dynamic_limits() -> impl Strategy<Value = i64> {
    prop::sample::select(vec![0, 1, 2, 4, 5, 8])
}

fn name(number: usize, suffix: &str) -> Key {
    key(&format!("limit-{number}:{suffix}"))
}

fn limit(number: usize, rate: i64, now: u64) -> Limit {
    let limit = ALGORITHMS[number].limit((&format!("limit-{number}"), "id"), rate, now, 0.5).unwrap();
    Limit { dynamic: Some(name(number, "dynamic")), block: Some(name(number, "block")), ..limit }
}

/// What is comparable of a call's result: whether each limit admits, and how much it has left.
async fn result<S: Stage>(stage: &S, call: &Call, now: u64) -> String {
    let store = stage.store();
    match call {
        Call::Admit(asked) => {
            let limits: Vec<_> = asked.iter().map(|(number, rate)| limit(*number, *rate, now)).collect();
            let admission = store.admit(&limits).await.unwrap();
            let seen = limits.iter().zip(&admission.limits);
            let seen = seen
                .map(|(limit, seen)| (seen.fits, seen.left(limit), seen.tokens, seen.blocked_for.is_some()));
            format!("{} {:?}", admission.is_admitted, seen.collect::<Vec<_>>())
        }
        Call::SetLimit(number, Some(limit)) => {
            store.set(&name(*number, "dynamic"), &limit.to_string(), Expiry::Never).await.unwrap();
            String::new()
        }
        Call::SetLimit(number, None) => {
            store.delete(&[name(*number, "dynamic")]).await.unwrap();
            String::new()
        }
        Call::Block(number, true) => {
            store.set(&name(*number, "block"), "1", Expiry::Never).await.unwrap();
            String::new()
        }
        Call::Block(number, false) => {
            store.delete(&[name(*number, "block")]).await.unwrap();
            String::new()
        }
        Call::Pass(halves) => {
            stage.advance(Duration::from_millis(halves * STEP_MILLIS / 2)).await;
            String::new()
        }
    }
}

async fn compare(memory: &Memory, upstash: &Upstash, calls: &[Call]) -> Result<(), TestCaseError> {
    // A quarter of a step beside every time at which something changes.
    let mut now = START - START % (4 * WINDOW) + STEP_MILLIS / 4;
    for (number, call) in calls.iter().enumerate() {
        let (left, right) = (result(memory, call, now).await, result(upstash, call, now).await);
        prop_assert_eq!(left, right, "call {}: {:?}", number, call);
        if let Call::Pass(halves) = call {
            now += halves * STEP_MILLIS / 2;
        }
    }
    Ok(())
}

#[test]
fn memory_and_redis_agree_on_limits() {
    for mode in [Mode::Upstash, Mode::Redis] {
        // One thread, like the I/O thread: the commands of an operation reach the queue together.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let options = GatewayOptions { mode, ..GatewayOptions::default() };
        let upstash = runtime.block_on(Upstash::with(options));
        let config = ProptestConfig {
            cases: 200,
            rng_seed: RngSeed::Fixed(1),
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        proptest!(config,
            |(calls in prop::collection::vec(calls(), 1..40))| {
                runtime.block_on(async {
                    upstash.client.run(Command::new("FLUSHALL")).await.unwrap();
                    compare(&Memory::start().await, &upstash, &calls).await
                })?;
            }
        );
    }
}
