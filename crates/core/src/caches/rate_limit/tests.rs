use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::*;
use crate::config::MemoryLimits;
use crate::store::MemoryStore;

const START: u64 = 1_700_000_000_000;

/// Limits on memory, at a time that tests set.
struct Stage {
    limits: RateLimits,
    store: MemoryStore,
    now: Arc<AtomicU64>,
}

fn stage() -> Stage {
    let now = Arc::new(AtomicU64::new(START));
    let time = Arc::clone(&now);
    let clock = Clock::from_fn(move || time.load(Relaxed));
    let store = MemoryStore::new(MemoryLimits::default(), clock.clone());
    Stage { limits: RateLimits::new(clock), store, now }
}

fn limiter(algorithm: Algorithm) -> Arc<Limiter> {
    Arc::new(Limiter {
        name: "default".into(),
        prefix: "ratelimit".into(),
        algorithm,
        policy: None,
        timeout: None,
        remembers_denied: false,
        is_dynamic: false,
        is_blocking: false,
    })
}

fn fixed(tokens: i64) -> Algorithm {
    Algorithm::FixedWindow { tokens, window: 10_000 }
}

fn all_algorithms() -> [Algorithm; 4] {
    [
        fixed(5),
        Algorithm::SlidingWindow { tokens: 5, window: 10_000 },
        Algorithm::TokenBucket { refill: 1, interval: 2_000, tokens: 5 },
        Algorithm::Gcra { tokens: 5, window: 10_000, burst: 5 },
    ]
}

fn check(limiter: &Arc<Limiter>, rate: i64) -> Check {
    Check { limiter: Arc::clone(limiter), id: "guest".into(), rate }
}

impl Stage {
    async fn limit(&self, check: &Check) -> RateLimitResult {
        self.limit_all(std::slice::from_ref(check)).await.remove(0)
    }

    async fn limit_all(&self, checks: &[Check]) -> Vec<RateLimitResult> {
        self.limits.admit(&self.store, checks).await.unwrap()
    }

    async fn left(&self, check: &Check) -> i64 {
        self.limits.remaining(&self.store, check).await.unwrap().remaining
    }

    fn pass(&self, millis: u64) {
        self.now.fetch_add(millis, Relaxed);
    }
}

#[tokio::test]
async fn each_algorithm_admits_as_many_as_its_limit_and_tells_how_many_are_left() {
    for algorithm in all_algorithms() {
        let (stage, one) = (stage(), check(&limiter(algorithm), 1));
        for left in (0..5).rev() {
            let result = stage.limit(&one).await;
            assert!(result.is_success(), "{algorithm:?}");
            assert_eq!((result.remaining(), result.retry_after()), (left, 0), "{algorithm:?}");
        }
        let denied = stage.limit(&one).await;
        assert!(!denied.is_success() && denied.retry_after() > 0, "{algorithm:?}");
        assert_eq!(stage.left(&one).await, 0, "{algorithm:?}");
    }
}

#[tokio::test]
async fn a_denied_request_consumes_nothing() {
    for algorithm in all_algorithms() {
        let (stage, limiter) = (stage(), limiter(algorithm));
        stage.limit(&check(&limiter, 3)).await;

        for _ in 0..100 {
            assert!(!stage.limit(&check(&limiter, 3)).await.is_success(), "{algorithm:?}");
        }

        assert_eq!(stage.left(&check(&limiter, 1)).await, 2, "{algorithm:?}");
        assert!(stage.limit(&check(&limiter, 2)).await.is_success(), "{algorithm:?}");
    }
}

/// A client that always waits as it is told is admitted each time, and one that comes a millisecond earlier is not.
#[tokio::test]
async fn retry_after_is_the_earliest_time_at_which_the_request_is_admitted() {
    for algorithm in all_algorithms() {
        for rate in [1, 2, 4, 5] {
            let (stage, limiter) = (stage(), limiter(algorithm));
            let asked = check(&limiter, rate);
            stage.pass(1_234);
            for _ in 0..20 {
                let result = stage.limit(&asked).await;
                if result.is_success() {
                    stage.pass(17);
                    continue;
                }
                let wait = result.retry_after();
                stage.pass(wait - 1);
                let early = stage.limit(&asked).await;
                assert!(!early.is_success(), "{algorithm:?}, {rate}: {wait} ms were too long");
                stage.pass(1);
                assert!(
                    stage.limit(&asked).await.is_success(),
                    "{algorithm:?}, {rate}: {wait} ms were too short"
                );
            }
        }
    }
}

#[tokio::test]
async fn what_is_refunded_can_be_asked_for_again_and_never_more() {
    for algorithm in all_algorithms() {
        let (stage, limiter) = (stage(), limiter(algorithm));
        stage.limit(&check(&limiter, 4)).await;

        stage.limits.refund(&stage.store, &check(&limiter, 3)).await.unwrap();
        assert_eq!(stage.left(&check(&limiter, 1)).await, 4, "{algorithm:?}");

        stage.limits.refund(&stage.store, &check(&limiter, 100)).await.unwrap();
        assert_eq!(stage.left(&check(&limiter, 1)).await, 5, "{algorithm:?}");
    }
}

#[tokio::test]
async fn a_reset_forgets_what_was_used() {
    for algorithm in all_algorithms() {
        let (stage, one) = (stage(), check(&limiter(algorithm), 5));
        stage.limit(&one).await;

        stage.limits.reset(&stage.store, &one).await.unwrap();

        assert!(stage.limit(&one).await.is_success(), "{algorithm:?}");
        assert!(!stage.limit(&one).await.is_success(), "{algorithm:?}");
    }
}

#[tokio::test]
async fn when_one_of_four_denies_nothing_is_consumed_anywhere() {
    let stage = stage();
    let limiters = all_algorithms().map(limiter);
    let named =
        |number: usize, rate| Check { id: format!("guest-{number}"), ..check(&limiters[number], rate) };
    let checks: Vec<_> = (0..4).map(|number| named(number, 1)).collect();
    for denying in 0..4 {
        let mut all = checks.clone();
        all[denying].rate = 6;

        let results = stage.limit_all(&all).await;

        let successes: Vec<_> = results.iter().map(RateLimitResult::is_success).collect();
        assert_eq!(successes, (0..4).map(|number| number != denying).collect::<Vec<_>>());
        for check in &checks {
            assert_eq!(stage.left(check).await, 5);
        }
    }
    assert!(stage.limit_all(&checks).await.iter().all(RateLimitResult::is_success));
    for check in &checks {
        assert_eq!(stage.left(check).await, 4);
    }
}

#[tokio::test]
async fn checks_that_count_in_one_key_count_together() {
    for algorithm in all_algorithms() {
        let (stage, limiter) = (stage(), limiter(algorithm));

        let admitted = stage.limit_all(&[check(&limiter, 1), check(&limiter, 2)]).await;
        let denied = stage.limit_all(&[check(&limiter, 1), check(&limiter, 2)]).await;

        let of = |results: Vec<RateLimitResult>| {
            results.iter().map(|result| (result.is_success(), result.remaining())).collect::<Vec<_>>()
        };
        assert_eq!(of(admitted), [(true, 2), (true, 2)], "{algorithm:?}");
        assert_eq!(of(denied), [(false, 2), (false, 2)], "{algorithm:?}");
    }
}

#[tokio::test]
async fn a_certain_denial_is_remembered_for_its_rate_and_greater_ones() {
    for algorithm in all_algorithms() {
        let stage = stage();
        let limiter = Arc::new(Limiter { remembers_denied: true, ..(*limiter(algorithm)).clone() });
        stage.limit(&check(&limiter, 3)).await;
        assert_eq!(stage.limits.denied(&[check(&limiter, 3)]), None, "{algorithm:?}");

        let wait = stage.limit(&check(&limiter, 3)).await.retry_after();

        let denied = |rate| stage.limits.denied(&[check(&limiter, rate)]);
        let remembered = denied(3).unwrap().remove(0);
        assert_eq!(remembered.reason(), Some(Reason::CacheBlock), "{algorithm:?}");
        assert!(!remembered.is_success() && remembered.retry_after() == wait, "{algorithm:?}");
        assert!(denied(4).is_some() && denied(2).is_none(), "{algorithm:?}");
        stage.pass(wait);
        assert_eq!(denied(3), None, "{algorithm:?}");
        assert!(stage.limit(&check(&limiter, 3)).await.is_success(), "{algorithm:?}");
    }
}

#[tokio::test]
async fn a_blocked_id_is_denied_until_its_time_and_others_are_not() {
    let stage = stage();
    let limiter = Arc::new(Limiter { is_blocking: true, ..(*limiter(fixed(5))).clone() });
    let one = check(&limiter, 1);
    stage.limits.block(&stage.store, &one, Ttl::from_whole_seconds(60)).await.unwrap();

    let denied = stage.limit(&one).await;
    assert_eq!((denied.reason(), denied.retry_after()), (Some(Reason::Blocked), 60_000));
    assert!(stage.limit(&Check { id: "other".into(), ..one.clone() }).await.is_success());

    stage.limits.unblock(&stage.store, &one).await.unwrap();
    assert!(stage.limit(&one).await.is_success());
    stage.limits.block(&stage.store, &one, Ttl::from_whole_seconds(60)).await.unwrap();
    stage.pass(60_000);
    assert!(stage.limit(&one).await.is_success());
}

#[tokio::test]
async fn a_limit_that_replaces_the_limiters_counts_for_every_algorithm() {
    for algorithm in all_algorithms() {
        let stage = stage();
        let limiter = Arc::new(Limiter { is_dynamic: true, ..(*limiter(algorithm)).clone() });
        let key = Algorithm::dynamic_key("ratelimit").unwrap();
        stage.store.set(&key, "2", Expiry::Never).await.unwrap();

        let mut admitted = 0;
        while stage.limit(&check(&limiter, 1)).await.is_success() {
            admitted += 1;
        }

        assert_eq!(admitted, 2, "{algorithm:?}");
    }
}

#[tokio::test]
async fn a_burst_is_admitted_whole_where_a_token_takes_no_whole_milliseconds() {
    for (tokens, window) in [(3, 1_000), (7, 1_000), (11, 60_000), (30, 1_000)] {
        let gcra = Algorithm::Gcra { tokens, window, burst: tokens };
        for _ in 0..200 {
            let (stage, one) = (stage(), check(&limiter(gcra), 1));
            for _ in 0..tokens {
                assert!(stage.limit(&one).await.is_success(), "{tokens} in {window} ms");
            }
            assert!(!stage.limit(&one).await.is_success(), "{tokens} in {window} ms");
        }
    }
}

/// What a window of any length can admit at most: a burst, what is refilled in it, and half a request for rounding.
#[tokio::test]
async fn a_gcra_and_a_bucket_admit_no_more_than_their_rate_in_any_interval() {
    let mut random = fastrand::Rng::with_seed(1);
    for (algorithm, burst, interval) in [
        (Algorithm::Gcra { tokens: 7, window: 1_000, burst: 5 }, 5.0, 1_000.0 / 7.0),
        (Algorithm::Gcra { tokens: 10, window: 1_000, burst: 10 }, 10.0, 100.0),
        (Algorithm::TokenBucket { refill: 1, interval: 100, tokens: 6 }, 6.0, 100.0),
    ] {
        let (stage, one) = (stage(), check(&limiter(algorithm), 1));
        let mut admitted = Vec::new();
        for _ in 0..20_000 {
            if stage.limit(&one).await.is_success() {
                admitted.push(stage.now.load(Relaxed));
            }
            stage.pass(random.u64(0..60));
        }
        for (first, start) in admitted.iter().enumerate() {
            for (last, end) in admitted.iter().enumerate().skip(first).take(50) {
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                let most = burst + (end - start) as f64 / interval + 1.5;
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                let count = (last - first + 1) as f64;
                assert!(count <= most, "{algorithm:?}: {count} within {} ms", end - start);
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let (count, passed) = (admitted.len() as f64, (stage.now.load(Relaxed) - START) as f64);
        assert!(count >= passed / interval * 0.98, "{algorithm:?}: only {count} in {passed} ms");
    }
}

/// Windows and buckets go by the clock of the instance that asks; a GCRA by that of the store.
#[tokio::test]
async fn a_clock_that_is_an_hour_ahead_changes_nothing_for_a_gcra() {
    for algorithm in all_algorithms() {
        let (stage, one) = (stage(), check(&limiter(algorithm), 1));
        let ahead = RateLimits::new(Clock::from_fn(|| START + 3_600_000));
        let mut admitted = 0;
        for _ in 0..20 {
            for limits in [&stage.limits, &ahead] {
                let results = limits.admit(&stage.store, std::slice::from_ref(&one)).await.unwrap();
                admitted += i32::from(results.iter().all(RateLimitResult::is_success));
            }
        }

        let expected = match algorithm {
            // Each instance counts in a window of its own.
            Algorithm::FixedWindow { .. } | Algorithm::SlidingWindow { .. } => 10,
            // The one ahead refills once, what was used until then.
            Algorithm::TokenBucket { .. } => 6,
            Algorithm::Gcra { .. } => 5,
        };
        assert_eq!(admitted, expected, "{algorithm:?}");
    }
}

#[tokio::test]
async fn a_limit_of_nothing_admits_nothing() {
    for algorithm in all_algorithms() {
        let stage = stage();
        let limiter = Arc::new(Limiter { is_dynamic: true, ..(*limiter(algorithm)).clone() });
        let key = Algorithm::dynamic_key("ratelimit").unwrap();
        stage.store.set(&key, "0", Expiry::Never).await.unwrap();

        let denied = stage.limit(&check(&limiter, 1)).await;

        assert_eq!((denied.is_success(), denied.remaining()), (false, 0), "{algorithm:?}");
    }
}

#[test]
fn an_id_cannot_take_the_key_of_the_limit_that_all_share() {
    let bucket = Algorithm::TokenBucket { refill: 1, interval: 1, tokens: 1 };

    let error = bucket.limit(("ratelimit", "dynamic:global"), 1, START, 0.0).unwrap_err();

    assert!(error.is_invalid_value(), "{error}");
}

#[tokio::test]
async fn what_limiters_have_done_is_counted_by_name() {
    let (stage, one) = (stage(), check(&limiter(fixed(1)), 1));
    stage.limit(&one).await;
    stage.limit(&one).await;

    let counts = stage.limits.counts();

    let expected = RateLimitCounts { allowed: 1, denied: 1, denied_by_cache: 0, fallen_back: 0 };
    assert_eq!(counts.get("default"), Some(&expected));
}
