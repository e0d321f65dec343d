use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use futures_util::future::{FutureExt, join_all};
use tokio::time::Instant;

use super::*;
use crate::config::MemoryLimits;
use crate::keys::Expiry;
use crate::store::{MemoryStore, Operation, Output};

const START: UnixMillis = 1_700_000_000_000;

/// Attempts on a store that counts its operations, at a time that tests set. `timeout` makes it one to wait for.
struct Stage {
    attempts: Attempts<CountingStore>,
    store: Arc<CountingStore>,
    now: Arc<AtomicU64>,
}

struct CountingStore {
    memory: MemoryStore,
    operations: AtomicU64,
    timeout: Option<Duration>,
}

impl Store for CountingStore {
    async fn execute(&self, operation: Operation<'_>) -> Result<Output> {
        self.operations.fetch_add(1, Relaxed);
        if self.timeout.is_some() {
            tokio::task::yield_now().await;
        }
        self.memory.execute(operation).await
    }

    fn deadline(&self) -> Option<Instant> {
        self.timeout.map(|timeout| Instant::now() + timeout)
    }
}

fn stage(timeout: Option<Duration>) -> Stage {
    let now = Arc::new(AtomicU64::new(START));
    let time = Arc::clone(&now);
    let clock = Clock::from_fn(move || time.load(Relaxed));
    let memory = MemoryStore::new(MemoryLimits::default(), clock.clone());
    let store = Arc::new(CountingStore { memory, operations: AtomicU64::new(0), timeout });
    Stage { attempts: Attempts::new(Arc::clone(&store), clock), store, now }
}

fn remote() -> Stage {
    stage(Some(Duration::from_secs(1)))
}

fn key() -> Key {
    RATE_LIMIT.key("key", "1.2.3.4").unwrap()
}

fn window(attempts: u64, reset: UnixMillis) -> Window {
    Window { attempts, reset, is_denied: false }
}

const MINUTE: Option<Ttl> = Some(Ttl::from_whole_seconds(60));

impl Stage {
    async fn record(&self) {
        self.attempts.record(&key(), MINUTE).await.unwrap();
    }

    async fn count(&self) -> Window {
        self.attempts.count(&key(), MINUTE).await.unwrap()
    }

    fn pass(&self, millis: u64) {
        self.now.fetch_add(millis, Relaxed);
    }

    async fn text(&self) -> Option<String> {
        self.store.memory.get(&key()).await.unwrap()
    }
}

#[tokio::test]
async fn attempts_are_counted_until_they_leave_the_window() {
    let stage = stage(None);
    assert_eq!(stage.count().await, window(0, START + 60_000));

    stage.record().await;
    stage.pass(20_000);
    stage.record().await;

    assert_eq!(stage.count().await, window(2, START + 60_000));
    stage.pass(40_000);
    assert_eq!(stage.count().await, window(1, START + 80_000));
}

#[tokio::test]
async fn the_text_is_an_array_of_times_in_which_those_before_the_window_are_left_out() {
    let stage = stage(None);
    stage.record().await;
    stage.pass(1);
    stage.record().await;
    assert_eq!(stage.text().await, Some(format!("[{START},{}]", START + 1)));

    stage.pass(59_999);
    stage.record().await;

    assert_eq!(stage.text().await, Some(format!("[{},{}]", START + 1, START + 60_000)));
}

#[tokio::test]
async fn attempts_of_other_instances_count_too() {
    let stage = remote();
    stage.record().await;
    let theirs = format!("[{START},{START}, {START}]");
    stage.store.memory.set(&key(), &theirs, Expiry::Never).await.unwrap();

    stage.record().await;

    assert_eq!(stage.count().await.attempts, 4);
}

#[tokio::test]
async fn of_a_hundred_at_once_all_count_in_two_operations() {
    let stage = remote();

    join_all((0..100).map(|_| stage.record())).await;

    assert_eq!(stage.store.operations.load(Relaxed), 2, "the first, and those that came meanwhile");
    assert_eq!(stage.count().await.attempts, 100);
}

#[tokio::test]
async fn a_text_that_was_seen_needs_one_operation_and_a_reset_none_of_it() {
    let stage = remote();
    stage.record().await;
    stage.record().await;
    assert_eq!(stage.store.operations.load(Relaxed), 2);

    stage.attempts.reset(&key()).await.unwrap();
    stage.record().await;

    assert_eq!(stage.store.operations.load(Relaxed), 4);
    assert_eq!(stage.count().await.attempts, 1);
}

#[tokio::test]
async fn a_corrupt_text_counts_as_none_and_is_replaced() {
    for corrupt in ["{}", "[\"1\"]", "[1", "null"] {
        let stage = stage(None);
        stage.store.memory.set(&key(), corrupt, Expiry::Never).await.unwrap();

        stage.record().await;

        assert_eq!(stage.count().await.attempts, 1, "{corrupt}");
    }
}

#[tokio::test]
async fn a_call_that_is_given_up_does_not_hold_up_the_next_ones() {
    let stage = remote();
    let mut given_up: Vec<_> = (0..2).map(|_| Box::pin(stage.record())).collect();
    for call in &mut given_up {
        assert!(call.as_mut().now_or_never().is_none());
    }
    drop(given_up);

    stage.record().await;
    stage.record().await;

    assert_eq!(stage.count().await.attempts, 2);
}
