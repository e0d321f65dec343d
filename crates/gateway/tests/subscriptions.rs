//! Subscriptions send their events, and end with the client, a fault, Redis or the gateway, without a trace in Redis.
//!
//! `case n` is the number of a conformance case in the README's list.

mod support;

use std::time::Duration;

use hyper::Method;
use redlatch_gateway::{Fault, RedisServer};
use support::http::Events;
use support::{TestGateway, TestResponse, read};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Subscribes as official clients do.
#[expect(clippy::unwrap_used, reason = "a test's helper")]
async fn subscribe(gateway: &TestGateway, path: &str) -> Events {
    let request = gateway.request(Method::POST, path).header("Accept", "text/event-stream");
    let response = request.header("Upstash-Encoding", "base64").body("[]").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert!(response.headers().contains_key("upstash-sync-token"));
    response.events()
}

/// The next event, which must come.
#[expect(clippy::unwrap_used, reason = "a test's helper")]
async fn next(events: &mut Events) -> String {
    tokio::time::timeout(TIMEOUT, events.next()).await.unwrap().unwrap().unwrap()
}

/// Whether the response breaks off, as opposed to a proper end.
#[expect(clippy::unwrap_used, reason = "a test's helper")]
async fn breaks_off(mut events: Events) -> bool {
    tokio::time::timeout(TIMEOUT, events.next()).await.unwrap().is_err()
}

/// The connections of subscribers that Redis has.
#[expect(clippy::unwrap_used, reason = "a test's helper")]
fn subscribers(redis: &RedisServer) -> usize {
    let mut connection = redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
    let list: String =
        redis::cmd("CLIENT").arg("LIST").arg("TYPE").arg("pubsub").query(&mut connection).unwrap();
    list.lines().count()
}

/// Waits until Redis has no subscriber.
#[expect(clippy::unwrap_used, reason = "a test's helper")]
async fn no_subscriber_remains(redis: &RedisServer) {
    let none = async {
        while subscribers(redis) > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(TIMEOUT, none).await.unwrap();
}

#[tokio::test]
async fn a_subscription_is_confirmed_and_receives_what_is_published() {
    let gateway = TestGateway::start().await;

    // Case 56.
    let mut events = subscribe(&gateway, "/subscribe/chat").await;
    assert_eq!(next(&mut events).await, "data: subscribe,chat,1");

    let published = [
        (gateway.post("/", r#"["PUBLISH","chat","hello"]"#).await, "data: message,chat,hello"),
        (gateway.get("/publish/chat/how%20are%20you").await, "data: message,chat,how are you"),
        (gateway.post("/publish/chat", r#"{"a":[1,"é"]}"#).await, r#"data: message,chat,{"a":[1,"é"]}"#),
        (gateway.post("/publish/chat", "two\nlines").await, "data: message,chat,two\ndata: lines"),
    ];
    for (response, event) in published {
        assert_eq!(response, TestResponse::new(200, r#"{"result":1}"#));
        assert_eq!(next(&mut events).await, event);
    }
}

#[tokio::test]
async fn a_pattern_receives_messages_of_all_channels_that_match() {
    let gateway = TestGateway::start().await;

    // Case 57.
    let mut events = subscribe(&gateway, "/psubscribe/user:*").await;
    assert_eq!(next(&mut events).await, "data: psubscribe,user:*,1");

    assert_eq!(gateway.run(r#"["PUBLISH","user:1","hi"]"#).await, r#"{"result":1}"#);
    assert_eq!(gateway.run(r#"["PUBLISH","other","hi"]"#).await, r#"{"result":0}"#);
    gateway.run(r#"["PUBLISH","user:2","hi, you"]"#).await;
    assert_eq!(next(&mut events).await, "data: pmessage,user:*,user:1,hi");
    assert_eq!(next(&mut events).await, "data: pmessage,user:*,user:2,hi, you");
}

#[tokio::test]
async fn each_segment_is_a_channel_and_names_may_be_encoded_and_repeated() {
    let gateway = TestGateway::start().await;

    let mut events = subscribe(&gateway, "/SUBSCRIBE/a%2Fb/c/c?x=y").await;
    assert_eq!(next(&mut events).await, "data: subscribe,a/b,1");
    assert_eq!(next(&mut events).await, "data: subscribe,c,2");
    assert_eq!(next(&mut events).await, "data: subscribe,c,2");

    gateway.run(r#"["PUBLISH","c","1"]"#).await;
    gateway.run(r#"["PUBLISH","a/b","2"]"#).await;
    assert_eq!(next(&mut events).await, "data: message,c,1");
    assert_eq!(next(&mut events).await, "data: message,a/b,2");
}

#[tokio::test]
async fn every_subscription_counts_for_itself_and_commands_go_on_beside_it() {
    let gateway = TestGateway::start().await;

    let mut subscriptions = Vec::new();
    for _ in 0..10 {
        let mut events = subscribe(&gateway, "/subscribe/chat").await;
        assert_eq!(next(&mut events).await, "data: subscribe,chat,1");
        subscriptions.push(events);
    }

    assert_eq!(gateway.run(r#"["PUBLISH","chat","hello"]"#).await, r#"{"result":10}"#);
    for events in &mut subscriptions {
        assert_eq!(next(events).await, "data: message,chat,hello");
    }
    assert_eq!(gateway.counters().command("SUBSCRIBE"), 10);
}

#[tokio::test]
async fn a_subscription_needs_a_token_of_either_kind_and_a_channel() {
    let gateway = TestGateway::start().await;

    let refused = read(gateway.bare(Method::POST, "/subscribe/chat").bearer_auth("wrong")).await;
    assert_eq!(refused.status, 401);
    let reading = gateway.bare(Method::POST, "/subscribe/chat").bearer_auth(gateway.read_only_token());
    assert_eq!(reading.send().await.unwrap().status(), 200);
    for name in ["subscribe", "psubscribe"] {
        let expected = format!(r#"{{"error":"ERR wrong number of arguments for '{name}' command"}}"#);
        assert_eq!(gateway.post(&format!("/{name}"), "[]").await, TestResponse::new(400, expected));
    }
    let get = gateway.get("/subscribe/chat").await;
    assert!(get.status == 400 && get.body.contains("or it has a special context path"), "{}", get.body);
}

#[tokio::test]
async fn a_subscription_ends_with_its_client() {
    let gateway = TestGateway::start().await;
    let mut events = subscribe(&gateway, "/subscribe/chat").await;
    next(&mut events).await;
    assert_eq!(subscribers(&gateway.redis), 1);

    drop(events);

    no_subscriber_remains(&gateway.redis).await;
    assert_eq!(gateway.run(r#"["PUBLISH","chat","hello"]"#).await, r#"{"result":0}"#);
}

#[tokio::test]
async fn a_closed_port_and_a_drop_end_open_subscriptions() {
    for fault in [Fault::Refuse, Fault::Drop] {
        let gateway = TestGateway::start().await;
        let mut events = subscribe(&gateway, "/subscribe/chat").await;
        next(&mut events).await;

        gateway.add_fault(fault.clone()).await.unwrap();

        assert!(breaks_off(events).await, "{fault:?}");
        no_subscriber_remains(&gateway.redis).await;
        gateway.clear_faults().await.unwrap();
        let mut events = subscribe(&gateway, "/subscribe/chat").await;
        assert_eq!(next(&mut events).await, "data: subscribe,chat,1", "{fault:?}");
    }
}

#[tokio::test]
async fn faults_apply_to_the_request_that_subscribes() {
    let gateway = TestGateway::start().await;
    let subscribing = || gateway.request(Method::POST, "/subscribe/chat").body("[]");

    for fault in [
        Fault::Drop,
        Fault::ExecuteThenDrop,
        Fault::Reset { after_bytes: None },
        Fault::Truncate { keep_bytes: None },
    ] {
        gateway.add_fault(fault.clone().times(1)).await.unwrap();
        assert!(subscribing().send().await.is_err(), "{fault:?}");
    }
    let status = Fault::Status { status: 503, body: None, headers: [].into() };
    gateway.add_fault(status.times(1)).await.unwrap();
    assert_eq!(subscribing().send().await.unwrap().status(), 503);

    no_subscriber_remains(&gateway.redis).await;
}

#[tokio::test]
async fn a_subscription_ends_with_redis_and_without_redis_there_is_none() {
    let gateway = TestGateway::start().await;
    let mut events = subscribe(&gateway, "/subscribe/chat").await;
    next(&mut events).await;

    gateway.redis.stop();

    assert!(breaks_off(events).await);
    assert_eq!(gateway.post("/subscribe/chat", "[]").await.status, 503);
}

#[tokio::test]
async fn a_subscription_ends_with_the_gateway() {
    let started = TestGateway::start().await;
    let mut events = subscribe(&started, "/subscribe/chat").await;
    next(&mut events).await;
    let TestGateway { gateway, redis, http: _http } = started;

    drop(gateway);

    assert!(breaks_off(events).await);
    no_subscriber_remains(&redis).await;
}
