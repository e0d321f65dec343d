//! Pipelines and transactions answer as the service does, and so do the sync token, the size limit and a lost Redis.
//!
//! `case n` is the number of a conformance case in the README's list.

mod support;

use hyper::Method;
use redlatch_gateway::Options;
use support::{Answer, Stage, read};

const BATCH_OF_THE_DOCUMENTATION: &str = r#"[["SET","key1","valuex"],["SETEX","key2",13,"valuez"],["INCR","key1"],["ZADD","myset",11,"item1",22,"item2"]]"#;
const ITS_ANSWER: &str = r#"[{"result":"OK"},{"result":"OK"},{"error":"ERR value is not an integer or out of range"},{"result":2}]"#;

#[tokio::test]
async fn batches_answer_in_order_with_errors_in_their_slots() {
    // Cases 43 and 47.
    for path in ["/pipeline", "/multi-exec"] {
        let stage = Stage::start().await;
        assert_eq!(
            stage.post(path, BATCH_OF_THE_DOCUMENTATION).await,
            Answer::new(200, ITS_ANSWER),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_pipeline_runs_what_stands_around_a_command_that_cannot() {
    let stage = Stage::start().await;
    let batch = r#"[["SET","k","v"],["NOTACMD"],["SET","k",null],[],["GET"],["BLPOP","l",0],["GET","k"]]"#;

    // Case 44.
    let answer = stage.post("/pipeline", batch).await;

    assert_eq!(answer.status, 200);
    let slots: Vec<serde_json::Value> = serde_json::from_str(&answer.body).unwrap();
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
    let stage = Stage::start().await;

    // Case 45.
    assert_eq!(stage.post("/pipeline", r#"[["PING"]]"#).await, Answer::new(200, r#"[{"result":"PONG"}]"#));
    assert_eq!(stage.post_base64("/pipeline", r#"[["PING"]]"#).await.body, r#"[{"result":"UE9ORw=="}]"#);
}

#[tokio::test]
async fn a_batch_that_is_refused_as_a_whole_answers_one_object() {
    let stage = Stage::start().await;

    for body in ["", "[]", "{}", r#"["GET","k"]"#, r#"[["GET","k"],"x"]"#, r#"[["GET""#] {
        for path in ["/pipeline", "/multi-exec"] {
            let answer = stage.post(path, body).await;
            assert_eq!(answer.status, 400, "{path} {body} answered {}", answer.body);
            assert!(answer.body.starts_with(r#"{"error":""#), "{path} {body} answered {}", answer.body);
        }
    }
    // Case 46.
    let answer = read(stage.bare(Method::POST, "/pipeline").bearer_auth("wrong").body(r#"[["PING"]]"#)).await;
    assert_eq!(answer.status, 401);
    assert!(answer.body.starts_with(r#"{"error":"WRONGPASS "#));
}

#[tokio::test]
async fn a_transaction_with_an_impossible_command_runs_none() {
    let stage = Stage::start().await;

    // Case 48.
    for bad in [r#"["NOTACMD"]"#, r#"["GET"]"#, r#"["GET",null]"#, r#"["BLPOP","l",0]"#, r#"["EXEC"]"#] {
        let answer = stage.post("/multi-exec", format!(r#"[["SET","t","1"],{bad},["SET","t","2"]]"#)).await;
        assert_eq!(answer.status, 400, "{bad} answered {}", answer.body);
        assert!(answer.body.starts_with(r#"{"error":"ERR "#), "{bad} answered {}", answer.body);
        assert_eq!(stage.run(r#"["GET","t"]"#).await, r#"{"result":null}"#, "{bad}");
    }
}

#[tokio::test]
async fn a_transaction_answers_in_json_whatever_the_format() {
    let stage = Stage::start().await;

    // Case 49.
    let request = stage.request(Method::POST, "/multi-exec").header("Upstash-Response-Format", "resp2");
    let answer = read(request.body(r#"[["PING"]]"#)).await;

    assert_eq!(answer, Answer::new(200, r#"[{"result":"PONG"}]"#));
}

#[tokio::test]
async fn concurrent_transactions_and_single_commands_do_not_mix() {
    let stage = Stage::start().await;
    let transaction =
        |key: usize| format!(r#"[["SET","k{key}",0],["INCR","k{key}"],["INCR","k{key}"],["DEL","k{key}"]]"#);

    // Case 50.
    for _ in 0..5 {
        let transactions =
            (0..20).map(|key| stage.request(Method::POST, "/multi-exec").body(transaction(key)));
        let singles =
            (0..20).map(|key| stage.request(Method::POST, "/").body(format!(r#"["GET","k{key}"]"#)));
        let spawn = |request| tokio::spawn(read(request));
        let (transactions, singles): (Vec<_>, Vec<_>) =
            transactions.zip(singles).map(|(one, other)| (spawn(one), spawn(other))).unzip();
        for answer in transactions {
            let expected = r#"[{"result":"OK"},{"result":1},{"result":2},{"result":1}]"#;
            assert_eq!(answer.await.unwrap(), Answer::new(200, expected));
        }
        for answer in singles {
            assert_eq!(answer.await.unwrap(), Answer::new(200, r#"{"result":null}"#));
        }
    }
}

#[tokio::test]
async fn every_answer_has_a_sync_token_and_a_write_changes_it() {
    let stage = Stage::start().await;
    let token = async |path: &str, body: &'static str| {
        let response = stage.request(Method::POST, path).body(body).send().await.unwrap();
        response.headers()["upstash-sync-token"].to_str().unwrap().to_owned()
    };

    // Case 51.
    let first = token("/", r#"["SET","k",1]"#).await;
    let second = token("/", r#"["SET","k",2]"#).await;
    assert_ne!(first, second);
    assert_eq!(token("/", r#"["GET","k"]"#).await, second, "a read changes nothing");
    assert_eq!(token("/", "").await, second, "a refusal changes nothing");
    let third = token("/pipeline", r#"[["GET","k"],["INCR","k"]]"#).await;
    let fourth = token("/multi-exec", r#"[["INCR","k"]]"#).await;
    let fifth = token("/", r#"["EVAL","return redis.call('INCR','k')",0]"#).await;
    assert!(second != third && third != fourth && fourth != fifth);
}

#[tokio::test]
async fn the_size_limit_is_for_one_command() {
    let stage = Stage::with(Options { max_request_bytes: 100, ..Options::default() }).await;
    let (fits, exceeds) = ("v".repeat(60), "v".repeat(98));
    let beginning = r#"{"error":"ERR max request size exceeded. Limit: 100 bytes, Actual: 102 bytes"#;

    // Case 52.
    for (path, body) in [
        ("/", format!(r#"["SET","k","{exceeds}"]"#)),
        ("/set/k", exceeds.clone()),
        ("/pipeline", format!(r#"[["SET","k","v"],["SET","k","{exceeds}"]]"#)),
        ("/multi-exec", format!(r#"[["SET","k","v"],["SET","k","{exceeds}"]]"#)),
    ] {
        let answer = stage.post(path, body).await;
        assert_eq!(answer.status, 413, "{path}");
        assert!(answer.body.starts_with(beginning), "{path} answered {}", answer.body);
    }
    assert_eq!(stage.run(r#"["GET","k"]"#).await, r#"{"result":null}"#);
    // Case 53.
    let batch = format!(r#"[["SET","k","{fits}"],["SET","k","{fits}"]]"#);
    assert_eq!(stage.post("/pipeline", batch).await.status, 200);
}

#[tokio::test]
async fn a_lost_redis_is_a_503_and_a_restarted_one_is_found_again() {
    let stage = Stage::start().await;
    let unreachable = Answer::new(503, r#"{"error":"ERR upstream Redis is not reachable"}"#);

    stage.redis.stop();
    for (path, body) in
        [("/", r#"["PING"]"#), ("/pipeline", r#"[["PING"]]"#), ("/multi-exec", r#"[["PING"]]"#)]
    {
        assert_eq!(stage.post(path, body).await, unreachable, "{path}");
    }

    stage.redis.restart().unwrap();
    assert_eq!(stage.run(r#"["PING"]"#).await, r#"{"result":"PONG"}"#);
}
