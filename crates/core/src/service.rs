//! All parts put together, for one [`Config`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use parking_lot::Mutex;
use serde::Serialize;

use crate::caches::{
    Attempts, BetterAuthStorage, CustomerCache, ExpressSessions, FormCache, IdempotencyCache, RateLimits,
    Runs, Sessions, TempDataCache,
};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::Error;
use crate::json::to_json;
use crate::log::{Log, LogMessage};
use crate::report::Report;
use crate::store::{Class, FallbackStore, Prober, RemoteStore, UpstashStore};
use crate::supervise::supervise;
use crate::upstash::{self, Client};

/// How often `drain` looks at the number of pending writes.
const DRAIN_POLL: Duration = Duration::from_millis(10);

/// The store of a [`Service`].
pub type ServiceStore = FallbackStore<UpstashStore>;

/// The store and the caches on it.
pub struct Service {
    /// String keys with TTLs.
    pub store: Arc<ServiceStore>,
    /// The results of API requests.
    pub idempotency: IdempotencyCache<ServiceStore>,
    /// Runs and locks.
    pub runs: Runs<ServiceStore>,
    /// Form submissions.
    pub forms: FormCache<ServiceStore>,
    /// Rate limits.
    pub rate_limits: RateLimits,
    /// Attempts of whoever is limited.
    pub attempts: Attempts<ServiceStore>,
    /// Sessions.
    pub sessions: Sessions<ServiceStore>,
    /// Sessions of express-session.
    pub express_sessions: ExpressSessions<ServiceStore>,
    /// What better-auth stores.
    pub better_auth: BetterAuthStorage<ServiceStore>,
    /// Customers and subscriptions.
    pub customers: CustomerCache<ServiceStore>,
    /// One-time data.
    pub temp: TempDataCache<ServiceStore>,
    log: Log,
    /// What is wrong with the settings that name a database.
    problem: Option<String>,
    task: Mutex<Option<BackgroundTask>>,
}

/// The dispatcher and the prober.
pub struct BackgroundTask {
    dispatcher: upstash::Dispatcher,
    prober: Prober<UpstashStore>,
    log: Log,
}

impl BackgroundTask {
    /// Runs until the service is dropped.
    pub async fn run(self) {
        let Self { dispatcher, prober, log } = self;
        tokio::join!(
            supervise(log.clone(), "sends requests", dispatcher, |dispatcher| dispatcher.run().boxed()),
            supervise(log, "probes Redis", prober, |prober| prober.run().boxed())
        );
    }
}

/// Where values are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// In Redis.
    Redis,
    /// In this process's memory.
    InMemory,
}

/// The outcome of a health check.
#[derive(Debug, Clone)]
pub struct Health {
    /// Whether calls are served as configured.
    pub is_healthy: bool,
    /// Where values go by configuration: the database, even while it cannot be reached.
    pub mode: Mode,
    /// How long the check took.
    pub response_time: Duration,
    /// A sentence for a person.
    pub message: &'static str,
    /// Why the database cannot be used.
    pub error: Option<Error>,
}

/// What [`Service::stats`] tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Whether a database is configured and the last call could use it.
    pub is_redis_available: bool,
    /// The live entries that only memory holds.
    pub in_memory_cache_size: usize,
}

impl Health {
    /// `{ status, message, responseTime, mode, error?, code? }`; `responseTime` is in milliseconds.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut health = self.short();
        // In hundredths of a millisecond: more digits are noise.
        health.response_time = Some((self.response_time.as_secs_f64() * 1e5).round() / 100.0);
        health.mode = Some(if self.mode == Mode::Redis { "redis" } else { "in-memory" });
        health.error = self.error.as_ref().map(ToString::to_string);
        health.code = self.error.as_ref().map(Error::outage_code);
        to_json(&health)
    }

    /// `{ status, message }`.
    #[must_use]
    pub fn to_short_json(&self) -> String {
        to_json(&self.short())
    }

    fn short(&self) -> HealthJson {
        let status = if self.is_healthy { "healthy" } else { "unhealthy" };
        HealthJson { status, message: self.message, response_time: None, mode: None, error: None, code: None }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HealthJson {
    status: &'static str,
    message: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_time: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
}

impl Stats {
    /// `{ isRedisAvailable, inMemoryCacheSize, cacheType }`.
    #[must_use]
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct StatsJson {
            is_redis_available: bool,
            in_memory_cache_size: usize,
            cache_type: &'static str,
        }

        to_json(&StatsJson {
            is_redis_available: self.is_redis_available,
            in_memory_cache_size: self.in_memory_cache_size,
            cache_type: if self.is_redis_available { "Redis" } else { "In-Memory" },
        })
    }
}

impl Service {
    /// The service that `config` describes. It connects with the first call.
    #[must_use]
    pub fn new(config: Config, clock: Clock) -> Self {
        let log = Log::default();
        let (client, dispatcher) =
            config.remote.map(|remote| Client::new(remote, clock.clone(), log.clone())).unzip();
        let remote = client.map(|client| UpstashStore::new(client, clock.clone()));
        let (store, prober) =
            FallbackStore::new(remote, config.memory, config.on_outage, clock.clone(), log.clone());
        let task_log = log.clone();
        let of = |class| Arc::new(store.for_class(class));
        Self {
            idempotency: IdempotencyCache::new(of(Class::Idempotency)),
            runs: Runs::new(clock.clone()),
            rate_limits: RateLimits::new(clock.clone()),
            attempts: Attempts::new(of(Class::RateLimit), clock.clone()),
            better_auth: BetterAuthStorage::new(of(Class::Session)),
            sessions: Sessions::new(of(Class::Session), clock.clone()),
            express_sessions: ExpressSessions::new(of(Class::Session), clock.clone()),
            forms: FormCache::new(of(Class::Form), clock),
            customers: CustomerCache::new(of(Class::Customer)),
            temp: TempDataCache::new(of(Class::Temp)),
            store: of(Class::Manager),
            log,
            problem: config.problem,
            task: Mutex::new(dispatcher.map(|dispatcher| BackgroundTask {
                dispatcher,
                prober,
                log: task_log,
            })),
        }
    }

    /// Background task: spawn once on a tokio runtime before the first Redis call. `None` without a database, and when
    /// it was taken before.
    pub fn take_background_task(&self) -> Option<BackgroundTask> {
        self.task.lock().take()
    }

    /// The messages for the operator.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Sends PING. Memory mode is healthy, unless the settings were to name a database. While the circuit breaker is open, only the prober sends PING, and this
    /// returns the last error.
    pub async fn health(&self) -> Health {
        let start = Instant::now();
        let Some(remote) = self.store.remote() else {
            return Health {
                is_healthy: self.problem.is_none(),
                mode: Mode::InMemory,
                response_time: start.elapsed(),
                message: if self.problem.is_none() {
                    "Redis is not configured; this process's memory is in use"
                } else {
                    "Redis is wrongly configured; this process's memory is in use"
                },
                error: self.problem.as_deref().map(Error::misconfigured),
            };
        };
        let error = if self.store.is_remote_available() {
            match self.store.observe(remote.ping(Duration::MAX).await) {
                Ok(answer) => answer.err(),
                Err(outage) => Some(outage),
            }
        } else {
            self.store.breaker().last_error().map(|last| last.error)
        };
        Health {
            is_healthy: error.is_none(),
            mode: Mode::Redis,
            response_time: start.elapsed(),
            message: if error.is_none() {
                "Redis answers"
            } else {
                "Redis cannot be used; memory takes over"
            },
            error,
        }
    }

    /// Waits until all writes buffered during an outage are replayed, at most `timeout`. Returns the number still
    /// pending.
    pub async fn drain(&self, timeout: Duration) -> usize {
        let deadline = tokio::time::Instant::now() + timeout;
        while self.store.pending() > 0 && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(DRAIN_POLL.min(deadline - tokio::time::Instant::now())).await;
        }
        self.store.pending()
    }

    /// Replays what is pending, because the service ends; at most `timeout`, by default the timeout of a call. The log
    /// tells the number of writes that are lost.
    pub async fn farewell(&self, timeout: Option<Duration>) {
        let Some(remote) = self.store.remote() else { return };
        let deadline = tokio::time::Instant::now() + timeout.unwrap_or_else(|| remote.timeout());
        let left = self.store.replay_before_the_end(deadline).await;
        if left > 0 {
            self.log.push(LogMessage::Warn(format!(
                "Writes made while Redis was not available are lost, because it is not available at the end: {left}."
            )));
        }
    }

    /// Figures that need no request.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            is_redis_available: self.store.is_remote_available(),
            in_memory_cache_size: self.store.memory().len(),
        }
    }

    /// The metrics.
    #[must_use]
    pub fn report(&self) -> Report {
        Report::of(&self.store, self.rate_limits.counts())
    }
}
