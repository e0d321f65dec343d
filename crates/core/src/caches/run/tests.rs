use super::*;
use crate::config::MemoryLimits;
use crate::keys::Expiry;
use crate::store::{MemoryStore, Operation, Output};

/// Runs on memory, whose time tokio's paused clock moves.
struct Stage {
    runs: Runs<MemoryStore>,
    store: Arc<MemoryStore>,
}

fn stage() -> Stage {
    let start = Instant::now();
    let millis = move || u64::try_from(start.elapsed().as_millis()).unwrap();
    let clock = Clock::from_fn(move || 1_000 + millis());
    let store = Arc::new(MemoryStore::new(MemoryLimits::default(), clock.clone()));
    Stage { runs: Runs::new(clock), store }
}

fn keys() -> RunKeys {
    RunKeys::new("key", "k").unwrap()
}

const LEASE: Duration = Duration::from_secs(3);
const LONGEST: Duration = Duration::from_secs(60);

fn options(fingerprint: &str) -> RunOptions {
    RunOptions {
        ttl: Ttl::from_whole_seconds(600),
        lease: Ttl::from_whole_seconds(3),
        fingerprint: fingerprint.into(),
        is_blocking: false,
        is_fenced: false,
        longest: LEASE,
    }
}

impl Stage {
    async fn begin(&self) -> Begun {
        self.begin_with(options("f")).await
    }

    async fn begin_with(&self, options: RunOptions) -> Begun {
        self.runs.begin(Arc::clone(&self.store), &keys(), options).await.unwrap()
    }

    /// The owner of a run that has just begun.
    async fn owner(&self) -> String {
        let Begun::Run { owner, .. } = self.begin().await else { panic!("another runs") };
        owner
    }

    async fn finish(&self, owner: &str, value: &str) -> Option<Begun> {
        let outcome = Outcome::Done(Some(value.into()));
        self.runs.finish(owner, &outcome).await.unwrap()
    }

    async fn state(&self) -> RunState {
        self.runs.state(&self.store, &keys()).await.unwrap()
    }
}

fn done(value: &str) -> Begun {
    Begun::Ended(Outcome::Done(Some(value.into())))
}

#[tokio::test(start_paused = true)]
async fn the_first_caller_runs_and_the_others_get_its_outcome() {
    let stage = stage();
    assert_eq!(stage.state().await, RunState::Absent);

    let owner = stage.owner().await;
    assert_eq!(stage.begin().await, Begun::Wait);
    assert_eq!(stage.state().await, RunState::Running(Some(1_000)));
    assert_eq!(stage.finish(&owner, r#"{"url": 1.0}"#).await, None);

    assert_eq!(stage.begin().await, done(r#"{"url": 1.0}"#));
    assert_eq!(stage.state().await, RunState::Done(Some(1_000)));
    tokio::time::advance(Duration::from_secs(600)).await;
    assert!(matches!(stage.begin().await, Begun::Run { .. }));
}

#[tokio::test(start_paused = true)]
async fn another_fingerprint_is_a_mismatch_while_it_runs_and_after() {
    let stage = stage();
    let owner = stage.owner().await;

    assert_eq!(stage.begin_with(options("other")).await, Begun::Mismatch);
    stage.finish(&owner, "1").await;

    assert_eq!(stage.begin_with(options("other")).await, Begun::Mismatch);
}

#[tokio::test(start_paused = true)]
async fn a_released_run_and_one_that_was_never_kept_are_run_again() {
    let stage = stage();
    let owner = stage.owner().await;
    stage.runs.release(&owner).await.unwrap();
    let abandoned = stage.owner().await;

    assert_eq!(stage.begin().await, Begun::Wait);
    tokio::time::advance(LEASE).await;
    let next = stage.owner().await;

    assert_ne!(abandoned, next);
    assert_eq!(stage.finish(&next, "2").await, None);
    assert_eq!(stage.finish(&abandoned, "1").await, Some(done("2")), "whoever finishes late gets the same");
}

/// A store whose calls have a deadline, as those to a database have.
struct Remote(Arc<MemoryStore>);

impl Store for Remote {
    async fn execute(&self, operation: Operation<'_>) -> Result<Output> {
        self.0.execute(operation).await
    }

    fn deadline(&self) -> Option<Instant> {
        Some(Instant::now() + Duration::from_secs(1))
    }
}

/// Runs whose leases are renewed, the owner of one that has just begun, and what holds its key.
async fn remote_run(options: RunOptions) -> (Runs<Remote>, String, Stage) {
    let stage = stage();
    let runs = Runs::new(Clock::from_fn(|| 1_000));
    let store = Arc::new(Remote(Arc::clone(&stage.store)));
    let Begun::Run { owner, .. } = runs.begin(store, &keys(), options).await.unwrap() else {
        panic!("another runs")
    };
    (runs, owner, stage)
}

#[tokio::test(start_paused = true)]
async fn a_run_in_a_database_outlives_its_lease_until_it_lasts_too_long() {
    let (runs, owner, stage) = remote_run(RunOptions { longest: LONGEST, ..options("f") }).await;

    let (end, ()) = tokio::join!(runs.ended(&owner), async {
        tokio::time::sleep(Duration::from_millis(59_999)).await;
        assert_eq!(stage.begin().await, Begun::Wait);
    });

    assert_eq!(end, LeaseEnd::TooLong);
    tokio::time::advance(LEASE).await;
    assert!(matches!(stage.begin().await, Begun::Run { .. }));
}

#[tokio::test(start_paused = true)]
async fn the_holder_learns_that_its_lease_is_over_or_lost_also_afterwards() {
    let (runs, owner, _) = remote_run(options("f")).await;
    let outcome = Outcome::Done(None);
    let (end, _) = tokio::join!(runs.ended(&owner), runs.finish(&owner, &outcome));
    assert_eq!(end, LeaseEnd::Over);
    assert_eq!(runs.ended(&owner).await, LeaseEnd::Over);

    let (runs, owner, stage) = remote_run(RunOptions { longest: LONGEST, ..options("f") }).await;
    stage.store.set(&keys().run, "another's", Expiry::Never).await.unwrap();
    assert_eq!(runs.ended(&owner).await, LeaseEnd::Lost);
    assert_eq!(runs.ended(&owner).await, LeaseEnd::Lost);
}

#[tokio::test(start_paused = true)]
async fn whoever_finishes_late_can_try_again_while_another_runs() {
    let stage = stage();
    let late = stage.owner().await;
    tokio::time::advance(LEASE).await;
    let next = stage.owner().await;

    assert_eq!(stage.finish(&late, "1").await, Some(Begun::Wait));
    assert_eq!(stage.finish(&next, "2").await, None);
    assert_eq!(stage.finish(&late, "1").await, Some(done("2")));
}

#[tokio::test(start_paused = true)]
async fn a_run_of_a_service_that_was_closed_cannot_be_finished() {
    let error = stage().runs.finish("unknown", &Outcome::Done(None)).await.unwrap_err();

    assert!(error.to_string().contains("before the settings changed"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_blocks_is_not_run_again_before_its_ttl_is_over() {
    let stage = stage();
    let blocking = || RunOptions { is_blocking: true, ..options("f") };
    assert!(matches!(stage.begin_with(blocking()).await, Begun::Run { .. }));

    tokio::time::advance(Duration::from_secs(599)).await;
    assert_eq!(stage.begin_with(blocking()).await, Begun::Wait);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(matches!(stage.begin_with(blocking()).await, Begun::Run { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_result_that_was_stored_without_a_run_counts_as_its_outcome() {
    let stage = stage();
    stage.store.set(&keys().result, r#"{"url":"/"}"#, Expiry::Never).await.unwrap();

    assert_eq!(stage.begin().await, done(r#"{"url":"/"}"#));

    assert_eq!(stage.state().await, RunState::Done(None));
    assert!(!stage.store.exists(&keys().run).await.unwrap(), "the claim made meanwhile is given up");
}

#[tokio::test(start_paused = true)]
async fn an_error_and_a_value_that_cannot_be_stored_are_outcomes_too() {
    let stage = stage();
    for outcome in [Outcome::Failed(r#"{"name":"E"}"#.into()), Outcome::Done(None), Outcome::NoResult] {
        let owner = stage.owner().await;
        assert_eq!(stage.runs.finish(&owner, &outcome).await.unwrap(), None);
        assert_eq!(stage.begin().await, Begun::Ended(outcome));
        stage.store.delete(&[keys().run]).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_corrupt_record_is_removed() {
    let stage = stage();
    stage.store.set(&keys().run, "{\"s\":\"odd\"}", Expiry::Never).await.unwrap();

    assert_eq!(stage.begin().await, Begun::Wait);

    assert!(matches!(stage.begin().await, Begun::Run { .. }));
}

#[tokio::test(start_paused = true)]
async fn numbers_grow_with_every_run_and_lock() {
    let stage = stage();
    let fenced = || RunOptions { is_fenced: true, ..options("f") };
    let lock = LockKeys::new("name", "k").unwrap();
    for expected in 1..4 {
        let Begun::Run { owner, fence, .. } = stage.begin_with(fenced()).await else { panic!("it waits") };
        assert_eq!(fence, Some(expected));
        stage.runs.release(&owner).await.unwrap();

        let locked = stage.runs.lock(Arc::clone(&stage.store), &lock, fenced()).await.unwrap();
        let Begun::Run { owner, fence, .. } = locked else { panic!("it waits") };
        assert_eq!(fence, Some(expected));
        let other = stage.runs.lock(Arc::clone(&stage.store), &lock, fenced()).await.unwrap();
        assert_eq!(other, Begun::Wait);
        stage.runs.release(&owner).await.unwrap();
    }
}

#[test]
fn owners_differ() {
    let owners: std::collections::HashSet<String> = (0..1_000).map(|_| random_owner()).collect();
    assert_eq!(owners.len(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_cannot_be_numbered_leaves_its_key_free() {
    let stage = stage();
    let keys = keys();
    let no_number = "what is no number";
    stage.store.set(&keys.fence, no_number, Expiry::Never).await.unwrap();
    let fenced = RunOptions { is_fenced: true, ..options("f") };

    let error = stage.runs.begin(Arc::clone(&stage.store), &keys, fenced).await.unwrap_err();

    assert!(error.is_refused(), "{error}");
    assert!(matches!(stage.begin().await, Begun::Run { .. }));
}
