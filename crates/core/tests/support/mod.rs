//! Stores to run tests on. `advance` moves the time: of an injected clock, or by shortening the TTL of every key in a real
//! Redis.

#![expect(clippy::unwrap_used, reason = "the lint spares tests, and these are their helpers")]
#![allow(dead_code, reason = "each test binary uses its own part of it")]

pub(crate) mod outage;
pub(crate) mod proxy;
pub(crate) mod stub;
pub(crate) mod tls;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use redlatch_core::clock::Clock;
use redlatch_core::config::{DEFAULT_MAX_RESPONSE_BYTES, MemoryLimits, OnOutage, Remote, Token};
use redlatch_core::keys::Key;
use redlatch_core::log::Log;
use redlatch_core::store::{FallbackStore, MemoryStore, Store, UpstashStore};
use redlatch_core::upstash::{Client, Command, Reply};
use redlatch_gateway::{Gateway, GatewayOptions, Mode, RedisServer};

/// The time at which every injected clock starts.
pub(crate) const START: u64 = 1_700_000_000_000;

/// A store, and control of its time.
pub(crate) trait Stage: Sized {
    type Store: Store;

    async fn start() -> Self;
    fn store(&self) -> &Self::Store;
    async fn advance(&self, time: Duration);
    /// The time of the store's clock.
    fn now(&self) -> u64;
}

/// The hands of a clock, which move only by `advance`.
#[derive(Clone)]
pub(crate) struct Hands(Arc<AtomicU64>);

impl Hands {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU64::new(START)))
    }

    pub(crate) fn clock(&self) -> Clock {
        let now = Arc::clone(&self.0);
        Clock::from_fn(move || now.load(Relaxed))
    }

    pub(crate) fn advance(&self, time: Duration) {
        self.0.fetch_add(u64::try_from(time.as_millis()).unwrap(), Relaxed);
    }

    pub(crate) fn now(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

pub(crate) struct Memory {
    pub(crate) hands: Hands,
    pub(crate) store: MemoryStore,
}

impl Stage for Memory {
    type Store = MemoryStore;

    async fn start() -> Self {
        let hands = Hands::new();
        Self { store: MemoryStore::new(MemoryLimits::default(), hands.clock()), hands }
    }

    fn store(&self) -> &MemoryStore {
        &self.store
    }

    async fn advance(&self, time: Duration) {
        self.hands.advance(time);
    }

    fn now(&self) -> u64 {
        self.hands.now()
    }
}

/// An Upstash-compatible gateway with its own Redis.
pub(crate) struct Upstash {
    pub(crate) gateway: Gateway,
    pub(crate) redis: Arc<RedisServer>,
    pub(crate) client: Client,
    pub(crate) store: UpstashStore,
    pub(crate) log: Log,
}

impl Upstash {
    pub(crate) async fn with(options: GatewayOptions) -> Self {
        let redis = Arc::new(RedisServer::start().unwrap());
        let gateway =
            Gateway::start(GatewayOptions { redis: Some(Arc::clone(&redis)), ..options }).await.unwrap();
        let log = Log::default();
        let client = connect(remote(&gateway), &log);
        let store = UpstashStore::new(client.clone(), Clock::system());
        Self { gateway, redis, client, store, log }
    }
}

impl Stage for Upstash {
    type Store = UpstashStore;

    async fn start() -> Self {
        Self::with(GatewayOptions::default()).await
    }

    fn store(&self) -> &UpstashStore {
        &self.store
    }

    async fn advance(&self, time: Duration) {
        let millis = i64::try_from(time.as_millis()).unwrap();
        let Reply::Array(keys) = self.client.run(Command::new("KEYS").arg("*")).await.unwrap() else {
            panic!("the reply to KEYS is an array")
        };
        for key in keys {
            let key = key.into_text().unwrap().unwrap();
            if let remaining @ 0.. = pttl(&self.client, &key).await {
                let shorter = Command::new("PEXPIRE").arg(&key).number(remaining - millis);
                self.client.run(shorter).await.unwrap();
            }
        }
    }

    fn now(&self) -> u64 {
        Clock::system().now()
    }
}

/// Redis itself behind the gateway, which has less than Upstash.
pub(crate) struct PlainRedis(Upstash);

impl Stage for PlainRedis {
    type Store = UpstashStore;

    async fn start() -> Self {
        Self(Upstash::with(GatewayOptions { mode: Mode::Redis, ..GatewayOptions::default() }).await)
    }

    fn store(&self) -> &UpstashStore {
        &self.0.store
    }

    async fn advance(&self, time: Duration) {
        self.0.advance(time).await;
    }

    fn now(&self) -> u64 {
        self.0.now()
    }
}

/// A fallback store on an available Redis.
pub(crate) struct Fallback {
    pub(crate) upstash: Upstash,
    pub(crate) store: FallbackStore<UpstashStore>,
}

impl Stage for Fallback {
    type Store = FallbackStore<UpstashStore>;

    async fn start() -> Self {
        let upstash = Upstash::start().await;
        let store = fall_back(upstash.store.clone(), MemoryLimits::default(), &upstash.log);
        Self { upstash, store }
    }

    fn store(&self) -> &Self::Store {
        &self.store
    }

    async fn advance(&self, time: Duration) {
        self.upstash.advance(time).await;
    }

    fn now(&self) -> u64 {
        self.upstash.now()
    }
}

pub(crate) fn remote(gateway: &Gateway) -> Remote {
    Remote {
        url: gateway.url(),
        token: Token::new(gateway.token()),
        timeout: Duration::from_secs(20),
        extra_ca_certs: None,
        max_response_bytes: DEFAULT_MAX_RESPONSE_BYTES,
        proxy: None,
    }
}

/// A client whose dispatcher runs on the test's runtime.
pub(crate) fn connect(remote: Remote, log: &Log) -> Client {
    let (client, mut dispatcher) = Client::new(remote, Clock::system(), log.clone());
    tokio::spawn(async move { dispatcher.run().await });
    client
}

/// A fallback store whose prober runs on the test's runtime.
pub(crate) fn fall_back(
    remote: UpstashStore,
    limits: MemoryLimits,
    log: &Log,
) -> FallbackStore<UpstashStore> {
    fall_back_with_clock(remote, limits, log, Clock::system())
}

pub(crate) fn fall_back_with_clock(
    remote: UpstashStore,
    limits: MemoryLimits,
    log: &Log,
    clock: Clock,
) -> FallbackStore<UpstashStore> {
    let (store, prober) = FallbackStore::new(Some(remote), limits, OnOutage::default(), clock, log.clone());
    tokio::spawn(async move { prober.run().await });
    store
}

/// The remaining milliseconds of a key; -1 for no TTL, -2 for no key.
pub(crate) async fn pttl(client: &Client, key: &str) -> i64 {
    client.run(Command::new("PTTL").arg(key)).await.unwrap().into_integer().unwrap()
}

pub(crate) fn key(name: &str) -> Key {
    Key::plain("key", name).unwrap()
}
