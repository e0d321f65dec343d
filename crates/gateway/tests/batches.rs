//! Pipelines, transactions, the sync token, the size limit and a stopped Redis behave as in the service.
//!
//! `case n` is the number of a conformance case in the README's list.

mod support;

use hyper::Method;
use redlatch_gateway::GatewayOptions;
use support::{TestGateway, TestResponse, read};

const DOCUMENTED_BATCH: &str = r#"[["SET","key1","valuex"],["SETEX","key2",13,"valuez"],["INCR","key1"],["ZADD","myset",11,"item1",22,"item2"]]"#;
const DOCUMENTED_RESPONSE: &str = r#"[{"result":"OK"},{"result":"OK"},{"error":"ERR value is not an integer or out of range"},{"result":2}]"#;

#[tokio::test]
async fn batches_respond_in_order_with_errors_in_place() {
    // Cases 43 and 47.
    for path in ["/pipeline", "/multi-exec"] {
        let gateway = TestGateway::start().await;
        assert_eq!(
            gateway.post(path, DOCUMENTED_BATCH).await,
            TestResponse::new(200, DOCUMENTED_RESPONSE),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_pipeline_runs_what_stands_around_a_command_that_cannot() {
    let gateway = TestGateway::start().await;
    let batch = r#"[["SET","k","v"],["NOTACMD"],["SET","k",null],[],["GET"],["BLPOP","l",0],["GET","k"]]"#;

    // Case 44.
    let response = gateway.post("/pipeline", batch).await;

    assert_eq!(response.status, 200);
    let slots: Vec<serde_json::Value> = serde_json::from_str(&response.body).unwrap();
    let beginnings = [
        "ERR Command is not available: 'NOTACMD'",
        "ERR null args are not supported",
        "ERR empty command",
        "ERR wrong number of arguments for 'get' command",
        "ERR Command \"BLPOP\" is not allowed in REST",
    ];
    for (slot, beginning) in slots[1..6].iter().zip(beginnings) {
        assert!(slot["error"].as_str().is_some_and(|text| text.starts_with(beginning)), "{slot}");
    }
    assert_eq!((&slots[0]["result"], &slots[6]["result"]), (&"OK".into(), &"v".into()));
}

#[tokio::test]
async fn a_pipeline_of_one_is_an_array_of_one() {
    let gateway = TestGateway::start().await;

    // Case 45.
    assert_eq!(
        gateway.post("/pipeline", r#"[["PING"]]"#).await,
        TestResponse::new(200, r#"[{"result":"PONG"}]"#)
    );
    assert_eq!(gateway.post_base64("/pipeline", r#"[["PING"]]"#).await.body, r#"[{"result":"UE9ORw=="}]"#);
}

#[tokio::test]
async fn a_batch_that_fails_as_a_whole_gets_one_object() {
    let gateway = TestGateway::start().await;

    for body in ["", "[]", "{}", r#"["GET","k"]"#, r#"[["GET","k"],"x"]"#, r#"[["GET""#] {
        for path in ["/pipeline", "/multi-exec"] {
            let response = gateway.post(path, body).await;
            assert_eq!(response.status, 400, "{path} {body} got {}", response.body);
            assert!(response.body.starts_with(r#"{"error":""#), "{path} {body} got {}", response.body);
        }
    }
    // Case 46.
    let response =
        read(gateway.bare(Method::POST, "/pipeline").bearer_auth("wrong").body(r#"[["PING"]]"#)).await;
    assert_eq!(response.status, 401);
    assert!(response.body.starts_with(r#"{"error":"WRONGPASS "#));
}

#[tokio::test]
async fn a_transaction_with_an_impossible_command_runs_none() {
    let gateway = TestGateway::start().await;

    // Case 48.
    for bad in [r#"["NOTACMD"]"#, r#"["GET"]"#, r#"["GET",null]"#, r#"["BLPOP","l",0]"#, r#"["EXEC"]"#] {
        let response =
            gateway.post("/multi-exec", format!(r#"[["SET","t","1"],{bad},["SET","t","2"]]"#)).await;
        assert_eq!(response.status, 400, "{bad} got {}", response.body);
        assert!(response.body.starts_with(r#"{"error":"ERR "#), "{bad} got {}", response.body);
        assert_eq!(gateway.run(r#"["GET","t"]"#).await, r#"{"result":null}"#, "{bad}");
    }
}

#[tokio::test]
async fn a_transaction_responds_in_json_in_any_format() {
    let gateway = TestGateway::start().await;

    // Case 49.
    let request = gateway.request(Method::POST, "/multi-exec").header("Upstash-Response-Format", "resp2");
    let response = read(request.body(r#"[["PING"]]"#)).await;

    assert_eq!(response, TestResponse::new(200, r#"[{"result":"PONG"}]"#));
}

#[tokio::test]
async fn concurrent_transactions_and_single_commands_do_not_mix() {
    let gateway = TestGateway::start().await;
    let transaction =
        |key: usize| format!(r#"[["SET","k{key}",0],["INCR","k{key}"],["INCR","k{key}"],["DEL","k{key}"]]"#);

    // Case 50.
    for _ in 0..5 {
        let transactions =
            (0..20).map(|key| gateway.request(Method::POST, "/multi-exec").body(transaction(key)));
        let singles =
            (0..20).map(|key| gateway.request(Method::POST, "/").body(format!(r#"["GET","k{key}"]"#)));
        let spawn = |request| tokio::spawn(read(request));
        let (transactions, singles): (Vec<_>, Vec<_>) =
            transactions.zip(singles).map(|(one, other)| (spawn(one), spawn(other))).unzip();
        for response in transactions {
            let expected = r#"[{"result":"OK"},{"result":1},{"result":2},{"result":1}]"#;
            assert_eq!(response.await.unwrap(), TestResponse::new(200, expected));
        }
        for response in singles {
            assert_eq!(response.await.unwrap(), TestResponse::new(200, r#"{"result":null}"#));
        }
    }
}

#[tokio::test]
async fn every_response_has_a_sync_token_and_a_write_changes_it() {
    let gateway = TestGateway::start().await;
    let token = async |path: &str, body: &'static str| {
        let response = gateway.request(Method::POST, path).body(body).send().await.unwrap();
        response.headers()["upstash-sync-token"].to_str().unwrap().to_owned()
    };

    // Case 51.
    let first = token("/", r#"["SET","k",1]"#).await;
    let second = token("/", r#"["SET","k",2]"#).await;
    assert_ne!(first, second);
    assert_eq!(token("/", r#"["GET","k"]"#).await, second, "a read changes nothing");
    assert_eq!(token("/", "").await, second, "an error changes nothing");
    let third = token("/pipeline", r#"[["GET","k"],["INCR","k"]]"#).await;
    let fourth = token("/multi-exec", r#"[["INCR","k"]]"#).await;
    let fifth = token("/", r#"["EVAL","return redis.call('INCR','k')",0]"#).await;
    assert!(second != third && third != fourth && fourth != fifth);
}

#[tokio::test]
async fn the_size_limit_is_for_one_command() {
    let gateway =
        TestGateway::with(GatewayOptions { max_request_bytes: 100, ..GatewayOptions::default() }).await;
    let (fits, exceeds) = ("v".repeat(60), "v".repeat(98));
    let beginning = r#"{"error":"ERR max request size exceeded. Limit: 100 bytes, Actual: 102 bytes"#;

    // Case 52.
    for (path, body) in [
        ("/", format!(r#"["SET","k","{exceeds}"]"#)),
        ("/set/k", exceeds.clone()),
        ("/pipeline", format!(r#"[["SET","k","v"],["SET","k","{exceeds}"]]"#)),
        ("/multi-exec", format!(r#"[["SET","k","v"],["SET","k","{exceeds}"]]"#)),
    ] {
        let response = gateway.post(path, body).await;
        assert_eq!(response.status, 413, "{path}");
        assert!(response.body.starts_with(beginning), "{path} got {}", response.body);
    }
    assert_eq!(gateway.run(r#"["GET","k"]"#).await, r#"{"result":null}"#);
    // Case 53.
    let batch = format!(r#"[["SET","k","{fits}"],["SET","k","{fits}"]]"#);
    assert_eq!(gateway.post("/pipeline", batch).await.status, 200);
}

#[tokio::test]
async fn a_lost_redis_is_a_503_and_a_restarted_one_is_found_again() {
    let gateway = TestGateway::start().await;
    let unreachable = TestResponse::new(503, r#"{"error":"ERR upstream Redis is not reachable"}"#);

    gateway.redis.stop();
    for (path, body) in
        [("/", r#"["PING"]"#), ("/pipeline", r#"[["PING"]]"#), ("/multi-exec", r#"[["PING"]]"#)]
    {
        assert_eq!(gateway.post(path, body).await, unreachable, "{path}");
    }

    gateway.redis.restart().unwrap();
    assert_eq!(gateway.run(r#"["PING"]"#).await, r#"{"result":"PONG"}"#);
}
