//! When memory takes over for Redis, and when it does not.

mod support;

use redlatch_core::caches::Algorithm;
use redlatch_core::clock::Clock;
use redlatch_core::config::{MemoryLimits, Options, Remote, Token};
use redlatch_core::keys::{Expiry, Ttl};
use redlatch_core::log::{Log, LogMessage};
use redlatch_core::store::{Store, UpstashStore};
use redlatch_core::upstash::Command;
use redlatch_core::{Config, Mode, Service};
use redlatch_gateway::Fault;
use support::outage::Outage;
use support::{Fallback, START, Stage, connect, fall_back, key, remote};

#[tokio::test]
async fn memory_takes_over_during_an_outage_and_logs_it_once() {
    let stage = Fallback::start().await;
    let store = stage.store();
    stage.upstash.gateway.add_fault(Fault::Refuse).await.unwrap();

    store.set(&key("k"), "v", Expiry::Never).await.unwrap();
    assert!(store.set_if_absent(&key("lock"), "v", Ttl::from_whole_seconds(5)).await.unwrap());
    assert!(!store.set_if_absent(&key("lock"), "v", Ttl::from_whole_seconds(5)).await.unwrap());

    assert_eq!(store.get(&key("k")).await.unwrap().as_deref(), Some("v"));
    assert!(!store.is_remote_available());
    assert_eq!(store.memory().len(), 2);
    let log = stage.upstash.log.take();
    assert!(matches!(&log[..], [LogMessage::Warn(text)] if text.contains("memory takes over")), "{log:?}");
}

#[tokio::test]
async fn a_refusal_rejects_and_memory_does_not_take_over() {
    let stage = Fallback::start().await;
    let store = stage.store();
    stage.upstash.client.run(Command::new("LPUSH").arg("user:list").arg("v")).await.unwrap();

    let error = store.get(&key("user:list")).await.unwrap_err();
    assert!(error.is_refused());
    assert_eq!(
        error.to_string(),
        "redis refused GET on a key that starts with \"user:\": \
         WRONGTYPE Operation against a key holding the wrong kind of value"
    );
    assert!(store.increment(&key("user:list"), 1).await.unwrap_err().is_refused());

    assert!(store.memory().is_empty());
    assert!(store.is_remote_available());
    assert_eq!(stage.upstash.log.take(), []);
}

#[tokio::test]
async fn a_wrong_token_is_an_outage_and_the_log_names_the_variable() {
    let stage = Fallback::start().await;
    let log = Log::default();
    let wrong = Remote { token: Token::new("wrong"), ..remote(&stage.upstash.gateway) };
    let database = UpstashStore::new(connect(wrong, &log), Clock::system());
    let store = fall_back(database, MemoryLimits::default(), &log);

    store.set(&key("k"), "v", Expiry::Never).await.unwrap();

    assert_eq!(store.get(&key("k")).await.unwrap().as_deref(), Some("v"));
    let messages = log.take();
    assert!(
        matches!(&messages[..], [LogMessage::Warn(text)] if text.contains("UPSTASH_REDIS_REST_TOKEN")),
        "{messages:?}"
    );
}

#[tokio::test]
async fn a_health_check_distinguishes_memory_from_an_outage() {
    let stage = Fallback::start().await;
    let (mut config, _) = Config::resolve(&Options::default(), |_| None);

    let local = Service::new(config.clone(), Clock::system()).health().await;
    assert!(local.is_healthy && local.mode == Mode::InMemory && local.error.is_none());

    config.remote = Some(remote(&stage.upstash.gateway));
    let service = Service::new(config, Clock::system());
    tokio::spawn(service.take_background_task().unwrap().run());
    let health = service.health().await;
    assert!(health.is_healthy && health.mode == Mode::Redis && health.error.is_none());
    assert!(service.take_background_task().is_none());

    stage.upstash.gateway.add_fault(Fault::Refuse).await.unwrap();
    let health = service.health().await;
    assert!(
        !health.is_healthy
            && health.mode == Mode::Redis
            && health.error.is_some_and(|error| error.is_outage())
    );
}

#[tokio::test]
async fn a_flood_of_ids_in_an_outage_leaves_the_room_for_claims() {
    let outage = Outage::with(MemoryLimits { entries: 3, ..MemoryLimits::default() }).await;
    outage.begin().await;
    let limit = |id: u64| {
        let window = Algorithm::FixedWindow { tokens: 1, window: 1_000_000 };
        window.limit(("limit", &id.to_string()), 1, START, 0.0).unwrap()
    };

    for id in 0..3 {
        assert!(outage.store.admit(&[limit(id)]).await.unwrap().is_admitted);
        assert!(!outage.store.admit(&[limit(id)]).await.unwrap().is_admitted);
    }

    let full = outage.store.admit(&[limit(3)]).await.unwrap_err();
    assert!(full.is_no_fallback(), "{full}");
    assert!(
        outage.store.set_if_absent(&key("claim"), "v", Ttl::from_whole_seconds(5)).await.unwrap(),
        "claims have their own room"
    );
}
