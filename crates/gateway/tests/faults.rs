//! Every fault does what it says, for as many requests as it says, by method and by the control server.

mod support;

use std::time::{Duration, Instant};

use hyper::Method;
use redlatch_gateway::Fault;
use support::{Answer, Stage};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const INCR: &str = r#"["INCR","n"]"#;

/// Sends one INCR over a connection of its own and reads to the end of it.
#[expect(clippy::unwrap_used, reason = "a test's helper")]
async fn raw_incr(stage: &Stage) -> (String, std::io::Result<usize>) {
    let address = stage.gateway.url();
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).await.unwrap();
    let token = stage.gateway.token();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n{INCR}",
        INCR.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    let end = stream.read_to_end(&mut received).await;
    (String::from_utf8(received).unwrap(), end)
}

async fn count(stage: &Stage) -> String {
    stage.run(r#"["GET","n"]"#).await
}

/// Whether a request fails without an answer.
async fn fails(stage: &Stage) -> bool {
    stage.request(Method::POST, "/").body(INCR).send().await.is_err()
}

#[tokio::test]
async fn latency_delays_as_many_requests_as_asked_and_goes_with_other_faults() {
    let stage = Stage::start().await;
    let status = Fault::Status { status: 503, body: None, headers: [].into() };
    stage.gateway.add_fault(Fault::Latency { ms: 30 }.times(2)).await.unwrap();
    stage.gateway.add_fault(Fault::Latency { ms: 20 }.times(1)).await.unwrap();
    stage.gateway.add_fault(status.times(1)).await.unwrap();

    let started = Instant::now();
    assert_eq!(stage.post("/", INCR).await.status, 503);
    assert!(started.elapsed() >= Duration::from_millis(50));

    let started = Instant::now();
    assert_eq!(stage.post("/", INCR).await.status, 200);
    assert!(started.elapsed() >= Duration::from_millis(30));
}

#[tokio::test]
async fn refuse_closes_the_port_and_its_connections_until_cleared() {
    let stage = Stage::start().await;
    let address = stage.gateway.url().trim_start_matches("http://").to_owned();
    let mut open = TcpStream::connect(&address).await.unwrap();
    stage.run(INCR).await;

    stage.gateway.add_fault(Fault::Refuse).await.unwrap();
    let refused = TcpStream::connect(&address).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    assert_eq!(open.read(&mut [0; 1]).await.unwrap(), 0, "the open connection was closed");
    assert!(fails(&stage).await);

    stage.gateway.clear_faults().await.unwrap();
    assert_eq!(count(&stage).await, r#"{"result":"1"}"#);
}

#[tokio::test]
async fn hang_leaves_requests_unanswered_until_cleared() {
    let stage = Stage::start().await;
    stage.gateway.add_fault(Fault::Hang).await.unwrap();

    let hanging = tokio::spawn(stage.request(Method::POST, "/").body(INCR).send());
    let request = stage.request(Method::POST, "/").body(INCR);
    assert!(request.send_within(Duration::from_millis(50)).await.is_none());
    assert!(!hanging.is_finished());

    stage.gateway.clear_faults().await.unwrap();
    assert!(hanging.await.unwrap().is_err(), "the connection was closed without an answer");
    assert_eq!(count(&stage).await, r#"{"result":null}"#);
}

#[tokio::test]
async fn drop_closes_the_connection_without_executing() {
    let stage = Stage::start().await;
    stage.gateway.add_fault(Fault::Drop.times(1)).await.unwrap();

    let (received, _) = raw_incr(&stage).await;

    assert_eq!(received, "");
    assert_eq!(count(&stage).await, r#"{"result":null}"#);
}

#[tokio::test]
async fn execute_then_drop_executes_and_closes_without_an_answer() {
    let stage = Stage::start().await;
    stage.gateway.add_fault(Fault::ExecuteThenDrop.times(1)).await.unwrap();

    let (received, _) = raw_incr(&stage).await;

    assert_eq!(received, "");
    assert_eq!(count(&stage).await, r#"{"result":"1"}"#);
}

#[tokio::test]
async fn reset_sends_the_beginning_of_the_answer_and_resets_the_connection() {
    let stage = Stage::start().await;

    for (after_bytes, sent) in
        [(Some(0), ""), (Some(4), r#"{"re"#), (None, r#"{"resu"#), (Some(99), r#"{"result":3"#)]
    {
        stage.run(r#"["SET","n",2]"#).await;
        stage.gateway.add_fault(Fault::Reset { after_bytes }.times(1)).await.unwrap();
        let (received, end) = raw_incr(&stage).await;

        let (head, body) = received.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("content-length: 12"), "{head}");
        assert_eq!(body, sent);
        assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
        assert_eq!(count(&stage).await, r#"{"result":"3"}"#);
    }
}

#[tokio::test]
async fn status_answers_with_its_body_and_headers_without_executing() {
    let stage = Stage::start().await;
    let fault = Fault::Status {
        status: 429,
        body: Some("slow down".to_owned()),
        headers: [("Retry-After".to_owned(), "7".to_owned())].into(),
    };
    stage.gateway.add_fault(fault.times(1)).await.unwrap();

    let response = stage.request(Method::POST, "/").body(INCR).send().await.unwrap();

    assert_eq!(response.headers()["retry-after"], "7");
    assert_eq!(Answer::read(response).await, Answer::new(429, "slow down"));
    assert_eq!(count(&stage).await, r#"{"result":null}"#);
}

#[tokio::test]
async fn garbage_answers_200_with_what_is_not_json() {
    let stage = Stage::start().await;
    stage.gateway.add_fault(Fault::Garbage { body: None }.times(1)).await.unwrap();

    let answer = stage.post("/", INCR).await;

    assert_eq!(answer.status, 200);
    assert!(serde_json::from_str::<serde_json::Value>(&answer.body).is_err());
    assert_eq!(count(&stage).await, r#"{"result":null}"#);
}

#[tokio::test]
async fn truncate_cuts_the_json_of_a_valid_answer() {
    let stage = Stage::start().await;
    stage.gateway.add_fault(Fault::Truncate { keep_bytes: Some(8) }.times(1)).await.unwrap();

    assert_eq!(stage.post("/", INCR).await, Answer::new(200, r#"{"result"#));
    assert_eq!(count(&stage).await, r#"{"result":"1"}"#);
}

#[tokio::test]
async fn the_control_server_adds_and_clears_faults() {
    let stage = Stage::start().await;
    let added = Answer::new(204, "");
    let status = r#"{"fault":"status","status":500,"body":"down","headers":{"Retry-After":"1"}}"#;

    for rule in
        [r#"{"fault":"latency","ms":1,"requests":1}"#, r#"{"fault":"executeThenDrop","requests":1}"#, status]
    {
        assert_eq!(stage.control(Method::POST, "/faults", rule).await, added, "{rule}");
    }
    assert!(fails(&stage).await);
    assert_eq!(stage.post("/", INCR).await, Answer::new(500, "down"));
    assert_eq!(stage.control(Method::DELETE, "/faults", "").await, added);
    assert_eq!(count(&stage).await, r#"{"result":"1"}"#);

    assert_eq!(stage.control(Method::POST, "/faults", r#"{"fault":"refuse"}"#).await, added);
    assert!(fails(&stage).await);
    assert_eq!(stage.control(Method::DELETE, "/faults", "").await, added);
    assert_eq!(count(&stage).await, r#"{"result":"1"}"#);
}

#[tokio::test]
async fn a_rule_that_makes_no_sense_is_refused() {
    let stage = Stage::start().await;

    for rule in [
        "nonsense",
        r#"{"fault":"nonsense"}"#,
        r#"{"fault":"latency"}"#,
        r#"{"fault":"latency","ms":1,"request":1}"#,
        r#"{"fault":"hang","ms":1}"#,
        r#"{"fault":"hang","requests":0}"#,
        r#"{"fault":"hang","requests":-1}"#,
        r#"{"fault":"refuse","requests":1}"#,
        r#"{"fault":"status","status":200}"#,
        r#"{"fault":"status","status":500,"headers":{"a b":"c"}}"#,
    ] {
        assert_eq!(stage.control(Method::POST, "/faults", rule).await.status, 400, "{rule}");
    }
    assert_eq!(count(&stage).await, r#"{"result":null}"#);
}

#[tokio::test]
async fn counters_tell_what_was_seen() {
    let stage = Stage::start().await;
    stage.run(INCR).await;
    stage.post("/pipeline", r#"[["GET","n"],["get","n"],["NOTACMD"]]"#).await;
    stage.bare(Method::POST, "/").body(INCR).send().await.unwrap();

    let counters = stage.gateway.counters();
    assert_eq!((counters.requests, counters.connections, counters.commands.total), (3, 1, 4));
    assert_eq!((counters.command("incr"), counters.command("GET"), counters.command("NOTACMD")), (1, 2, 1));
    let expected =
        r#"{"connections":1,"requests":3,"commands":{"total":4,"byName":{"GET":2,"INCR":1,"NOTACMD":1}}}"#;
    assert_eq!(stage.control(Method::GET, "/counters", "").await.body, expected);

    assert_eq!(stage.control(Method::DELETE, "/counters", "").await.status, 204);
    assert_eq!(stage.gateway.counters().requests, 0);
}

#[tokio::test]
async fn the_control_server_stops_and_starts_redis() {
    let stage = Stage::start().await;
    stage.run(INCR).await;

    assert_eq!(stage.control(Method::POST, "/redis/stop", "").await.status, 204);
    assert_eq!(stage.post("/", INCR).await.status, 503);
    assert_eq!(stage.control(Method::POST, "/redis/start", "").await.status, 204);
    assert_eq!(count(&stage).await, r#"{"result":null}"#);
}
