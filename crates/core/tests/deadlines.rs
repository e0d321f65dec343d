//! Deadlines of calls and of the requests that they share, and bounds of what a server sends.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::Mutex;
use redlatch_core::caches::{FormCache, SessionData, SessionOptions, Sessions};
use redlatch_core::clock::Clock;
use redlatch_core::config::{MemoryLimits, Remote};
use redlatch_core::keys::{Expiry, FORM, Ttl};
use redlatch_core::log::Log;
use redlatch_core::store::{Class, Operation, Outcome, Output, Store, UpstashStore};
use redlatch_core::upstash::{Client, Command, Reply, Script};
use redlatch_gateway::{Fault, GatewayOptions, Mode};
use serde_json::Value;
use support::stub::Stub;
use support::{Stage, Upstash, connect, fall_back, key, remote};
use tokio::time::Instant;

const MINUTE: Ttl = Ttl::from_whole_seconds(60);

fn client_of(stub: &Stub, upstash: &Upstash) -> Client {
    connect(Remote { url: stub.url.clone(), ..remote(&upstash.gateway) }, &Log::default())
}

#[tokio::test]
async fn a_call_of_several_requests_has_one_deadline() {
    let upstash = Upstash::start().await;
    let timeout = Duration::from_millis(400);
    let client = connect(Remote { timeout, ..remote(&upstash.gateway) }, &Log::default());
    let database = UpstashStore::new(client, Clock::system());
    let store = Arc::new(fall_back(database, MemoryLimits::default(), &Log::default()));
    let forms = FormCache::new(Arc::clone(&store), Clock::system());
    let name = FORM.key("key", "f").unwrap();
    let text = r#"{"eventId":"e","guestEmail":"g","startTime":"s","status":"processing","timestamp":1}"#;
    upstash.store.set(&name, text, Expiry::Never).await.unwrap();
    // A read, a script by its digest, and the script itself, of which each takes less than the timeout.
    upstash.gateway.add_fault(Fault::Latency { ms: 250 }).await.unwrap();

    forms.mark_completed(&name, None).await.unwrap();

    assert_eq!(store.metrics().calls(Class::Manager, Outcome::FellBack), 1);
}

#[tokio::test]
async fn all_tries_of_a_change_of_a_session_have_one_deadline() {
    let upstash = Upstash::start().await;
    let timeout = Duration::from_millis(400);
    let client = connect(Remote { timeout, ..remote(&upstash.gateway) }, &Log::default());
    let database = UpstashStore::new(client, Clock::system());
    let store = Arc::new(fall_back(database, MemoryLimits::default(), &Log::default()));
    let sessions = Sessions::new(Arc::clone(&store), Clock::system());
    let options = SessionOptions::default();
    let data = SessionData::from_json("data", r#"{"userId":"u"}"#.into()).unwrap();
    let made: Value = serde_json::from_str(&sessions.create(&options, &data).await.unwrap()).unwrap();
    let id = made["id"].as_str().unwrap();
    let begun = sessions.begin_change(&options, id, false).await.unwrap().unwrap();
    let (basis, data, ..): (String, Value, u64, bool) = serde_json::from_str(&begun).unwrap();
    // Less than the timeout, but more than what the time before leaves of it.
    upstash.gateway.add_fault(Fault::Latency { ms: 250 }).await.unwrap();

    sessions.change(&options, id, (&basis, &data.to_string()), (200, 1)).await.unwrap();

    assert_eq!(store.metrics().calls(Class::Manager, Outcome::FellBack), 1);
}

#[tokio::test]
async fn a_short_deadline_ends_its_call_and_not_its_neighbours() {
    let upstash = Upstash::start().await;
    upstash.gateway.add_fault(Fault::Latency { ms: 300 }.times(1)).await.unwrap();
    let ended = Mutex::new(Vec::new());
    let run = async |name, deadline| {
        let reply = upstash.client.run_by(Command::new("INCR").arg("n"), Instant::now() + deadline).await;
        ended.lock().push(name);
        reply
    };

    let (short, long) =
        tokio::join!(run("short", Duration::from_millis(50)), run("long", Duration::from_secs(20)));

    assert!(short.unwrap_err().is_timeout());
    assert_eq!(long.unwrap(), Reply::Integer(2));
    assert_eq!(ended.into_inner(), ["short", "long"]);
    assert_eq!(upstash.gateway.counters().requests, 1);
}

#[tokio::test]
async fn a_call_that_runs_out_of_time_does_not_count_for_the_breaker() {
    let upstash = Upstash::start().await;
    let store = fall_back(upstash.store.clone(), MemoryLimits::default(), &upstash.log);
    upstash.gateway.add_fault(Fault::Latency { ms: 300 }.times(1)).await.unwrap();
    let deadline = Instant::now() + Duration::from_millis(50);

    let (name, other) = (key("k"), key("other"));
    let short = store.execute_by(Operation::Get { key: &name }, deadline);
    let (short, long) = tokio::join!(short, store.get(&other));

    assert_eq!((short.unwrap(), long.unwrap()), (Output::Value(None), None));
    assert_eq!(store.metrics().calls(Class::Manager, Outcome::FellBack), 1);
    assert!(store.breaker().last_error().is_none());
}

#[tokio::test]
async fn an_endless_response_is_refused_and_not_held() {
    let endless =
        |number: usize| format!(r#"{{"result":"{}"}}"#, "QUFB".repeat(if number == 1 { 1 } else { 1 << 20 }));
    let stub = Stub::start(move |number, _| (200, vec![], endless(number))).await;
    let upstash = Upstash::start().await;
    let limited = Remote { url: stub.url.clone(), max_response_bytes: 1 << 20, ..remote(&upstash.gateway) };
    let client = connect(limited, &Log::default());

    let error = client.run(Command::new("GET").arg("k")).await.unwrap_err();

    assert!(error.is_refused() && !error.is_outage(), "{error}");
    assert!(error.to_string().contains("larger than 1048576 bytes"), "{error}");
    assert_eq!(client.run(Command::new("GET").arg("k")).await.unwrap(), Reply::Text("AAA".into()));
}

#[tokio::test]
async fn reads_whose_values_are_too_large_together_are_read_apart() {
    let upstash = Upstash::start().await;
    let limited = Remote { max_response_bytes: 300_000, ..remote(&upstash.gateway) };
    let client = connect(limited, &Log::default());
    let value = "x".repeat(50_000);
    for number in 0..16 {
        upstash.store.set(&key(&format!("k{number}")), &value, Expiry::Never).await.unwrap();
    }

    let reads = (0..16).map(|number| client.run(Command::new("GET").arg(&format!("k{number}"))));
    let replies = join_all(reads).await;

    assert!(replies.into_iter().all(|reply| reply.unwrap() == Reply::Text(value.clone())));
}

#[tokio::test]
async fn each_command_of_a_large_batch_gets_its_refusal() {
    let upstash = Upstash::start().await;
    let refusal = r#"{"error":"OOM command not allowed when used memory > 'maxmemory'."}"#;
    let stub = Stub::start(move |_, request| {
        let commands: Vec<serde_json::Value> = serde_json::from_str(&request.body).unwrap();
        (200, vec![], format!("[{}]", vec![refusal; commands.len()].join(",")))
    })
    .await;
    let client = client_of(&stub, &upstash);
    let value = "x".repeat(4_096);

    let commands = (0..1_000).map(|number| {
        let command = Command::new("SET").key(&FORM.key("key", &number.to_string()).unwrap()).arg(&value);
        client.run(command)
    });
    let replies = join_all(commands).await;

    let texts: Vec<String> = replies.into_iter().map(|reply| reply.unwrap_err().to_string()).collect();
    assert!(texts.iter().all(|text| *text == texts[0]), "{:?}", texts[0]);
    assert!(
        texts[0].starts_with("redis refused SET on a key that starts with \"form:\": OOM"),
        "{:?}",
        texts[0]
    );
}

#[tokio::test]
async fn a_long_retry_after_delays_the_recovery_by_seconds_only() {
    for seconds in ["3600", "18446744073709551615"] {
        let upstash = Upstash::start().await;
        let headers = BTreeMap::from([("Retry-After".to_owned(), seconds.to_owned())]);
        let busy = Fault::Status { status: 503, body: None, headers };
        upstash.gateway.add_fault(busy).await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(1);

        let error = upstash.client.run_by(Command::new("GET").arg("k"), deadline).await.unwrap_err();

        assert!(error.is_outage(), "{seconds}: {error}");
        assert!(error.retry_after().unwrap() <= Duration::from_secs(15), "{seconds}");
    }
}

#[tokio::test]
async fn conditions_are_commands_where_the_server_has_them_and_else_scripts() {
    for (mode, scripts, commands) in [(Mode::Upstash, 0, 2), (Mode::Redis, 2, 1)] {
        let upstash = Upstash::with(GatewayOptions { mode, ..GatewayOptions::default() }).await;
        upstash.store.set(&key("k"), "0", Expiry::Never).await.unwrap();
        upstash.gateway.reset_counters();

        for (expected, new) in [("0", "1"), ("1", "2")] {
            upstash.store.compare_and_set(&key("k"), expected, new, Some(MINUTE)).await.unwrap();
        }
        assert!(upstash.store.compare_and_delete(&key("k"), "2").await.unwrap());

        // The script goes with its flags first, and is then known without them.
        let counters = upstash.gateway.counters();
        assert_eq!(counters.command("EVAL") - u64::from(scripts > 0), scripts, "{mode:?}");
        assert_eq!(counters.command("SET"), commands, "{mode:?}");
    }
}

#[tokio::test]
async fn a_script_goes_with_its_flags_to_a_server_that_takes_them() {
    for (mode, attempts) in [(Mode::Upstash, 1), (Mode::Redis, 2)] {
        let upstash = Upstash::with(GatewayOptions { mode, ..GatewayOptions::default() }).await;
        let script = Script::new("return redis.call('GET', KEYS[1])");
        let deadline = Instant::now() + Duration::from_secs(20);

        for _ in 0..2 {
            let reply = upstash.client.eval(&script, &key("k"), |command| command, deadline).await.unwrap();
            assert_eq!(reply, Reply::Nil);
        }

        assert_eq!(upstash.gateway.counters().command("EVAL"), attempts, "{mode:?}");
    }
}
