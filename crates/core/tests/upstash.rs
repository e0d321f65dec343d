//! The wire protocol, and how the client handles faults.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use redlatch_core::caches::FormCache;
use redlatch_core::clock::Clock;
use redlatch_core::config::{DEFAULT_MAX_RESPONSE_BYTES, Remote, Token};
use redlatch_core::keys::{Expiry, FORM, Ttl};
use redlatch_core::log::Log;
use redlatch_core::store::{Store, Swap};
use redlatch_core::upstash::{Client, Command, Reply};
use redlatch_gateway::{Fault, GatewayOptions, Mode};
use support::stub::Stub;
use support::{Hands, Stage, Upstash, connect, key, remote};
use tokio::time::Instant;

fn client(url: &str) -> Client {
    let remote = Remote {
        url: url.into(),
        token: Token::new("the-token"),
        timeout: Duration::from_secs(20),
        extra_ca_certs: None,
        max_response_bytes: DEFAULT_MAX_RESPONSE_BYTES,
        proxy: None,
    };
    connect(remote, &Log::default())
}

fn ok() -> support::stub::Response {
    (200, vec![], r#"{"result":"OK"}"#.into())
}

#[tokio::test]
async fn a_request_carries_the_token_and_asks_for_base64() {
    let stub = Stub::start(|_, _| ok()).await;

    client(&stub.url).run(Command::new("SET").arg("k").arg("v")).await.unwrap();

    let request = stub.requests().remove(0);
    assert_eq!((request.path.as_str(), request.body.as_str()), ("/", r#"["SET","k","v"]"#));
    for (name, value) in [
        ("authorization", "Bearer the-token"),
        ("content-type", "application/json"),
        ("upstash-encoding", "base64"),
        ("upstash-sync-token", ""),
    ] {
        assert_eq!(request.headers.get(name).unwrap(), value, "{name}");
    }
}

#[tokio::test]
async fn a_path_in_the_url_is_kept() {
    let stub = Stub::start(|_, _| ok()).await;

    client(&format!("{}/proxy", stub.url)).run(Command::new("PING")).await.unwrap();

    assert_eq!(stub.requests()[0].path, "/proxy/");
}

#[tokio::test]
async fn commands_queued_together_are_one_pipeline_in_order() {
    let stub =
        Stub::start(|_, _| (200, vec![], r#"[{"result":1},{"error":"ERR no"},{"result":3}]"#.into())).await;
    let client = client(&stub.url);

    let replies = join_all(["a", "b", "c"].map(|k| client.run(Command::new("INCR").arg(k)))).await;

    assert_eq!(stub.requests().len(), 1);
    let request = stub.requests().remove(0);
    assert_eq!(request.path, "/pipeline");
    assert_eq!(request.body, r#"[["INCR","a"],["INCR","b"],["INCR","c"]]"#);
    assert_eq!(replies[0].as_ref().unwrap(), &Reply::Integer(1));
    assert!(replies[1].as_ref().unwrap_err().is_refused());
    assert_eq!(replies[2].as_ref().unwrap(), &Reply::Integer(3));
}

#[tokio::test]
async fn a_transaction_has_its_own_request() {
    let stub = Stub::start(|_, request| match request.path.as_str() {
        "/multi-exec" => (200, vec![], r#"[{"result":"OK"},{"result":1}]"#.into()),
        _ => ok(),
    })
    .await;
    let client = client(&stub.url);
    let set = || Command::new("SET").arg("k").arg("v");

    let (before, group, after) = tokio::join!(
        client.run(set()),
        client
            .transaction(vec![set(), Command::new("DEL").arg("d")], Instant::now() + Duration::from_secs(20)),
        client.run(set())
    );

    assert_eq!((before.unwrap(), after.unwrap()), (Reply::Ok, Reply::Ok));
    let replies: Vec<Reply> = group.unwrap().into_iter().map(Result::unwrap).collect();
    assert_eq!(replies, [Reply::Ok, Reply::Integer(1)]);
    let paths: Vec<String> = stub.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/", "/multi-exec", "/"]);
}

#[tokio::test]
async fn a_large_batch_is_divided_and_keeps_its_order() {
    let upstash = Upstash::start().await;
    let large = "x".repeat(3 * 1024 * 1024);

    let counts = join_all((0..1_500).map(|_| upstash.client.run(Command::new("INCR").arg("n")))).await;
    assert_eq!(counts.last().unwrap().as_ref().unwrap(), &Reply::Integer(1_500));
    assert_eq!(upstash.gateway.counters().requests, 2);

    upstash.gateway.reset_counters();
    let stored =
        join_all(["a", "b"].map(|k| upstash.client.run(Command::new("SET").arg(k).arg(&large)))).await;
    assert!(stored.into_iter().all(|reply| reply.unwrap() == Reply::Ok));
    assert_eq!(upstash.gateway.counters().requests, 2);
}

#[tokio::test]
async fn after_a_failed_batch_the_remaining_ones_are_not_sent() {
    let upstash = Upstash::start().await;
    upstash.gateway.add_fault(Fault::Drop.times(1)).await.unwrap();

    let counts = join_all((0..2_500).map(|_| upstash.client.run(Command::new("INCR").arg("n")))).await;

    assert!(counts.into_iter().all(|count| count.unwrap_err().is_outage()));
    assert_eq!(upstash.gateway.counters().requests, 1);
}

#[tokio::test]
async fn the_next_request_sends_the_sync_token() {
    let stub = Stub::start(|number, _| {
        let status = if number == 1 { 400 } else { 200 };
        let body = if number == 1 { r#"{"error":"ERR no"}"# } else { r#"{"result":"OK"}"# };
        let headers =
            if number == 2 { vec![] } else { vec![("upstash-sync-token", format!("token{number}"))] };
        (status, headers, body.into())
    })
    .await;
    let client = client(&stub.url);

    for _ in 0..4 {
        let _ = client.run(Command::new("SET").arg("k").arg("v")).await;
    }

    let sent: Vec<_> = stub
        .requests()
        .iter()
        .map(|r| r.headers["upstash-sync-token"].to_str().unwrap().to_owned())
        .collect();
    assert_eq!(sent, ["", "token0", "token1", "token1"]);
}

#[tokio::test]
async fn a_script_is_sent_again_if_the_server_does_not_know_it() {
    let options = GatewayOptions { mode: Mode::Redis, ..GatewayOptions::default() };
    let upstash = Upstash::with(options).await;
    let swap = async |old, new| {
        upstash.store.compare_and_set(&key("k"), old, new, Some(Ttl::from_whole_seconds(60))).await.unwrap()
    };
    upstash.store.set(&key("k"), "0", Expiry::Never).await.unwrap();

    assert_eq!(swap("0", "1").await, Swap::Done);
    upstash.gateway.reset_counters();
    assert_eq!(swap("1", "2").await, Swap::Done);
    assert_eq!(upstash.gateway.counters().requests, 1);

    upstash.client.run(Command::new("SCRIPT").arg("FLUSH")).await.unwrap();
    assert_eq!(swap("2", "3").await, Swap::Done);
    assert_eq!(upstash.gateway.counters().command("eval"), 1);
}

#[tokio::test]
async fn faults_are_outages_and_not_refusals() {
    let status =
        |status, body: &str| Fault::Status { status, body: Some(body.into()), headers: BTreeMap::new() };
    for fault in [
        Fault::Drop,
        Fault::Reset { after_bytes: Some(5) },
        Fault::Garbage { body: Some("<html>hello</html>".into()) },
        Fault::Truncate { keep_bytes: Some(8) },
        status(500, r#"{"error":"ERR internal"}"#),
        status(503, "busy"),
        status(429, r#"{"error":"ERR slow down"}"#),
        status(401, r#"{"error":"WRONGPASS invalid"}"#),
        Fault::Refuse,
    ] {
        let upstash = Upstash::start().await;
        upstash.store.set(&key("k"), "v", Expiry::Never).await.unwrap();

        upstash.gateway.add_fault(fault.clone()).await.unwrap();
        let error = upstash.store.get(&key("k")).await.unwrap_err();
        assert!(error.is_outage(), "{fault:?}: {error}");

        upstash.gateway.clear_faults().await.unwrap();
        assert_eq!(upstash.store.get(&key("k")).await.unwrap().as_deref(), Some("v"), "{fault:?}");
    }
}

#[tokio::test]
async fn a_call_without_a_reply_ends_at_its_deadline() {
    let upstash = Upstash::start().await;
    let client =
        connect(Remote { timeout: Duration::from_millis(100), ..remote(&upstash.gateway) }, &Log::default());
    upstash.gateway.add_fault(Fault::Hang).await.unwrap();

    let error = client.run(Command::new("GET").arg("k")).await.unwrap_err();

    assert!(error.is_timeout() && error.is_outage(), "{error}");
}

#[tokio::test]
async fn an_increment_whose_reply_was_lost_is_not_retried() {
    let upstash = Upstash::start().await;
    upstash.gateway.add_fault(Fault::ExecuteThenDrop).await.unwrap();

    assert!(upstash.store.increment(&key("n"), 1).await.unwrap_err().is_outage());

    upstash.gateway.clear_faults().await.unwrap();
    assert_eq!(upstash.store.get(&key("n")).await.unwrap().as_deref(), Some("1"));
}

#[tokio::test]
async fn an_increment_on_a_reused_connection_that_breaks_is_not_retried() {
    for fault in [Fault::ExecuteThenDrop, Fault::Drop] {
        let upstash = Upstash::start().await;
        upstash.store.increment(&key("n"), 1).await.unwrap();
        upstash.gateway.add_fault(fault.clone()).await.unwrap();

        let error = upstash.store.increment(&key("n"), 1).await.unwrap_err();

        assert_eq!(error.outage_code(), "connection_lost", "{fault:?}: {error:?}");
        assert_eq!(upstash.gateway.counters().connections, 1, "{fault:?}");
        assert_eq!(upstash.gateway.counters().requests, 2, "{fault:?}");
    }
}

#[tokio::test]
async fn a_read_whose_reply_was_lost_is_retried_and_an_increment_in_the_same_batch_is_not() {
    let upstash = Upstash::start().await;
    upstash.store.set(&key("k"), "v", Expiry::Never).await.unwrap();
    upstash.gateway.add_fault(Fault::ExecuteThenDrop.times(1)).await.unwrap();

    let (value, counter, name) = (key("k"), key("n"), key("k"));
    let (read, count, again) = tokio::join!(
        upstash.store.get(&value),
        upstash.store.increment(&counter, 1),
        upstash.store.get(&name)
    );

    assert_eq!((read.unwrap().as_deref(), again.unwrap().as_deref()), (Some("v"), Some("v")));
    assert!(count.unwrap_err().is_outage());
    assert_eq!(upstash.store.get(&counter).await.unwrap().as_deref(), Some("1"));
    assert_eq!(upstash.client.request_metrics().retries(), 1);
}

#[tokio::test]
async fn a_claim_whose_reply_was_lost_is_read_back() {
    let upstash = Upstash::start().await;
    let minute = Ttl::from_whole_seconds(60);
    upstash.gateway.add_fault(Fault::ExecuteThenDrop.times(1)).await.unwrap();
    assert!(upstash.store.set_if_absent(&key("a"), "mine", minute).await.unwrap());

    upstash.gateway.add_fault(Fault::Drop.times(1)).await.unwrap();
    assert!(upstash.store.set_if_absent(&key("b"), "mine", minute).await.unwrap());

    upstash.gateway.add_fault(Fault::ExecuteThenDrop.times(1)).await.unwrap();
    assert!(!upstash.store.set_if_absent(&key("a"), "another", minute).await.unwrap());
}

#[tokio::test]
async fn retry_after_is_respected() {
    let stub = Stub::start(|number, _| match number {
        0 => (429, vec![("retry-after", "3600".into())], r#"{"error":"ERR slow down"}"#.into()),
        _ => ok(),
    })
    .await;

    let client = client(&stub.url);
    let deadline = Instant::now() + Duration::from_secs(5);
    let error = client.run_by(Command::new("GET").arg("k"), deadline).await.unwrap_err();

    assert!(error.is_outage(), "{error}");
    assert_eq!(stub.requests().len(), 1);
}

#[tokio::test]
async fn after_a_freeze_of_the_process_a_new_connection_is_used() {
    let upstash = Upstash::start().await;
    let hands = Hands::new();
    let (client, mut dispatcher) = Client::new(remote(&upstash.gateway), hands.clock(), Log::default());
    tokio::spawn(async move { dispatcher.run().await });
    let ping = async || client.run(Command::new("PING")).await.unwrap();
    ping().await;
    ping().await;
    assert_eq!(upstash.gateway.counters().connections, 1);

    hands.advance(Duration::from_secs(300));
    ping().await;

    assert_eq!(upstash.gateway.counters().connections, 2);
}

#[tokio::test]
async fn marking_an_entry_that_is_not_utf8_ends() {
    let upstash = Upstash::start().await;
    let text = r#"{"eventId":"?","guestEmail":"g","startTime":"s","status":"processing","timestamp":1}"#;
    let script = r"return redis.call('SET', KEYS[1], (ARGV[1]:gsub('%?', '\255')))";
    let store = Command::new("EVAL").arg(script).arg("1").arg("form:k").arg(text);
    assert_eq!(upstash.client.run(store).await.unwrap(), Reply::Ok);
    let forms = FormCache::new(Arc::new(upstash.store.clone()), Clock::system());
    let name = FORM.key("key", "k").unwrap();

    tokio::time::timeout(Duration::from_secs(10), forms.mark_completed(&name, None)).await.unwrap().unwrap();

    let kept = upstash.store.get(&name).await.unwrap().unwrap();
    assert!(kept.contains('\u{fffd}') && kept.contains("processing"), "{kept}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let stub = Stub::start(|_, _| (307, vec![("location", "/elsewhere".into())], String::new())).await;

    let error = client(&stub.url).run(Command::new("PING")).await.unwrap_err();

    assert!(error.is_outage(), "{error}");
    assert_eq!(stub.requests().len(), 1);
}

#[tokio::test]
async fn a_read_only_token_is_refused_writing() {
    let upstash = Upstash::start().await;
    let token = Token::new(upstash.gateway.read_only_token());
    let reader = connect(Remote { token, ..remote(&upstash.gateway) }, &Log::default());

    let error = reader.run(Command::new("SET").arg("form:k").arg("v")).await.unwrap_err();

    assert!(error.is_refused() && error.to_string().contains("NOPERM"), "{error}");
    assert_eq!(reader.run(Command::new("GET").arg("form:k")).await.unwrap(), Reply::Nil);
}

#[tokio::test]
async fn the_http_client_does_not_read_proxy_variables() {
    // In a child process, because the variables of this process are shared by all tests.
    let program = std::env::current_exe().unwrap();
    let test = ["--exact", "a_request_carries_the_token_and_asks_for_base64"];

    let output = tokio::task::spawn_blocking(move || {
        let proxy = "http://127.0.0.1:1";
        std::process::Command::new(program)
            .args(test)
            .env("HTTP_PROXY", proxy)
            .env("ALL_PROXY", proxy)
            .output()
    });

    assert!(output.await.unwrap().unwrap().status.success());
}

#[tokio::test]
async fn errors_show_neither_token_nor_address_nor_arguments() {
    let remote = Remote {
        url: "http://127.0.0.1:1/the-address".into(),
        token: Token::new("the-token"),
        timeout: Duration::from_secs(20),
        extra_ca_certs: None,
        max_response_bytes: DEFAULT_MAX_RESPONSE_BYTES,
        proxy: None,
    };

    let error = connect(remote, &Log::default()).run(Command::new("GET").arg("the-key")).await.unwrap_err();

    let shown = format!("{error} {error:?}");
    assert!(
        !shown.contains("the-token") && !shown.contains("the-address") && !shown.contains("the-key"),
        "{shown}"
    );
}
