//! A fallback store that loses its Redis, and another instance that does not.

use std::sync::Arc;
use std::time::Duration;

use redlatch_core::clock::Clock;
use redlatch_core::config::MemoryLimits;
use redlatch_core::log::Log;
use redlatch_core::store::{FallbackStore, Store, UpstashStore};
use redlatch_gateway::{Fault, Gateway, GatewayOptions};

use super::{Stage, Upstash, connect, fall_back_with_clock, key, remote};

/// A fallback store, and another instance on the same Redis that has no outage.
pub(crate) struct Outage {
    pub(crate) store: FallbackStore<UpstashStore>,
    pub(crate) upstash: Upstash,
    pub(crate) other: UpstashStore,
    _gateway: Gateway,
}

impl Outage {
    pub(crate) async fn prepare() -> Self {
        Self::with(MemoryLimits::default()).await
    }

    pub(crate) async fn with(limits: MemoryLimits) -> Self {
        Self::with_clock(limits, Clock::system()).await
    }

    /// With a clock of the store whose data is in Redis.
    pub(crate) async fn with_clock(limits: MemoryLimits, clock: Clock) -> Self {
        let upstash = Upstash::start().await;
        let options = GatewayOptions { redis: Some(Arc::clone(&upstash.redis)), ..GatewayOptions::default() };
        let gateway = Gateway::start(options).await.unwrap();
        let other = UpstashStore::new(connect(remote(&gateway), &Log::default()), Clock::system());
        let remote = UpstashStore::new(upstash.client.clone(), clock.clone());
        let store = fall_back_with_clock(remote, limits, &upstash.log, clock);
        Self { store, upstash, other, _gateway: gateway }
    }

    pub(crate) async fn begin(&self) {
        self.upstash.gateway.add_fault(Fault::Refuse).await.unwrap();
        // The first call opens the circuit breaker.
        self.store.exists(&key("any")).await.unwrap();
        assert!(!self.store.is_remote_available());
    }

    pub(crate) async fn end(&self) {
        self.upstash.gateway.clear_faults().await.unwrap();
        settle(&self.store).await;
    }

    pub(crate) async fn in_redis(&self, name: &str) -> Option<String> {
        self.other.get(&key(name)).await.unwrap()
    }
}

/// Waits until Redis is available and all writes are replayed.
pub(crate) async fn settle(store: &FallbackStore<UpstashStore>) {
    let settled = async {
        while !store.is_remote_available() || store.pending() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), settled).await.unwrap();
}
