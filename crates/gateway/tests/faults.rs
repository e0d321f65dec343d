//! Every fault does what its documentation says, set by method and by the control server.

mod support;

use std::time::{Duration, Instant};

use hyper::Method;
use redlatch_gateway::Fault;
use support::{TestGateway, TestResponse};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const INCR: &str = r#"["INCR","n"]"#;

/// Sends one INCR over its own connection and reads until the connection closes.
#[expect(clippy::unwrap_used, reason = "a test's helper")]
async fn raw_incr(gateway: &TestGateway) -> (String, std::io::Result<usize>) {
    let address = gateway.url();
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).await.unwrap();
    let token = gateway.token();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n{INCR}",
        INCR.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    let end = stream.read_to_end(&mut received).await;
    (String::from_utf8(received).unwrap(), end)
}

async fn count(gateway: &TestGateway) -> String {
    gateway.run(r#"["GET","n"]"#).await
}

/// Whether a request fails without a response.
async fn fails(gateway: &TestGateway) -> bool {
    gateway.request(Method::POST, "/").body(INCR).send().await.is_err()
}

#[tokio::test]
async fn latency_delays_as_many_requests_as_asked_and_goes_with_other_faults() {
    let gateway = TestGateway::start().await;
    let status = Fault::Status { status: 503, body: None, headers: [].into() };
    gateway.add_fault(Fault::Latency { ms: 30 }.times(2)).await.unwrap();
    gateway.add_fault(Fault::Latency { ms: 20 }.times(1)).await.unwrap();
    gateway.add_fault(status.times(1)).await.unwrap();

    let started = Instant::now();
    assert_eq!(gateway.post("/", INCR).await.status, 503);
    assert!(started.elapsed() >= Duration::from_millis(50));

    let started = Instant::now();
    assert_eq!(gateway.post("/", INCR).await.status, 200);
    assert!(started.elapsed() >= Duration::from_millis(30));
}

#[tokio::test]
async fn refuse_closes_the_port_and_its_connections_until_cleared() {
    let gateway = TestGateway::start().await;
    let address = gateway.url().trim_start_matches("http://").to_owned();
    let mut open = TcpStream::connect(&address).await.unwrap();
    gateway.run(INCR).await;

    gateway.add_fault(Fault::Refuse).await.unwrap();
    let refused = TcpStream::connect(&address).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    assert_eq!(open.read(&mut [0; 1]).await.unwrap(), 0, "the open connection was closed");
    assert!(fails(&gateway).await);

    gateway.clear_faults().await.unwrap();
    assert_eq!(count(&gateway).await, r#"{"result":"1"}"#);
}

#[tokio::test]
async fn hang_gives_no_response_until_cleared() {
    let gateway = TestGateway::start().await;
    gateway.add_fault(Fault::Hang).await.unwrap();

    let hanging = tokio::spawn(gateway.request(Method::POST, "/").body(INCR).send());
    let request = gateway.request(Method::POST, "/").body(INCR);
    assert!(request.send_within(Duration::from_millis(50)).await.is_none());
    assert!(!hanging.is_finished());

    gateway.clear_faults().await.unwrap();
    assert!(hanging.await.unwrap().is_err(), "the connection was closed without a response");
    assert_eq!(count(&gateway).await, r#"{"result":null}"#);
}

#[tokio::test]
async fn drop_closes_the_connection_without_executing() {
    let gateway = TestGateway::start().await;
    gateway.add_fault(Fault::Drop.times(1)).await.unwrap();

    let (received, _) = raw_incr(&gateway).await;

    assert_eq!(received, "");
    assert_eq!(count(&gateway).await, r#"{"result":null}"#);
}

#[tokio::test]
async fn execute_then_drop_executes_and_closes_without_a_response() {
    let gateway = TestGateway::start().await;
    gateway.add_fault(Fault::ExecuteThenDrop.times(1)).await.unwrap();

    let (received, _) = raw_incr(&gateway).await;

    assert_eq!(received, "");
    assert_eq!(count(&gateway).await, r#"{"result":"1"}"#);
}

#[tokio::test]
async fn reset_sends_the_beginning_of_the_response_and_resets_the_connection() {
    let gateway = TestGateway::start().await;

    for (after_bytes, sent) in
        [(Some(0), ""), (Some(4), r#"{"re"#), (None, r#"{"resu"#), (Some(99), r#"{"result":3"#)]
    {
        gateway.run(r#"["SET","n",2]"#).await;
        gateway.add_fault(Fault::Reset { after_bytes }.times(1)).await.unwrap();
        let (received, end) = raw_incr(&gateway).await;

        let (head, body) = received.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("content-length: 12"), "{head}");
        assert_eq!(body, sent);
        assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
        assert_eq!(count(&gateway).await, r#"{"result":"3"}"#);
    }
}

#[tokio::test]
async fn status_responds_with_its_body_and_headers_without_executing() {
    let gateway = TestGateway::start().await;
    let fault = Fault::Status {
        status: 429,
        body: Some("slow down".to_owned()),
        headers: [("Retry-After".to_owned(), "7".to_owned())].into(),
    };
    gateway.add_fault(fault.times(1)).await.unwrap();

    let response = gateway.request(Method::POST, "/").body(INCR).send().await.unwrap();

    assert_eq!(response.headers()["retry-after"], "7");
    assert_eq!(TestResponse::read(response).await, TestResponse::new(429, "slow down"));
    assert_eq!(count(&gateway).await, r#"{"result":null}"#);
}

#[tokio::test]
async fn garbage_responds_with_200_and_a_body_that_is_not_json() {
    let gateway = TestGateway::start().await;
    gateway.add_fault(Fault::Garbage { body: None }.times(1)).await.unwrap();

    let response = gateway.post("/", INCR).await;

    assert_eq!(response.status, 200);
    assert!(serde_json::from_str::<serde_json::Value>(&response.body).is_err());
    assert_eq!(count(&gateway).await, r#"{"result":null}"#);
}

#[tokio::test]
async fn truncate_cuts_the_json_of_a_valid_response() {
    let gateway = TestGateway::start().await;
    gateway.add_fault(Fault::Truncate { keep_bytes: Some(8) }.times(1)).await.unwrap();

    assert_eq!(gateway.post("/", INCR).await, TestResponse::new(200, r#"{"result"#));
    assert_eq!(count(&gateway).await, r#"{"result":"1"}"#);
}

#[tokio::test]
async fn the_control_server_adds_and_clears_faults() {
    let gateway = TestGateway::start().await;
    let added = TestResponse::new(204, "");
    let status = r#"{"fault":"status","status":500,"body":"down","headers":{"Retry-After":"1"}}"#;

    for rule in
        [r#"{"fault":"latency","ms":1,"requests":1}"#, r#"{"fault":"executeThenDrop","requests":1}"#, status]
    {
        assert_eq!(gateway.control(Method::POST, "/faults", rule).await, added, "{rule}");
    }
    assert!(fails(&gateway).await);
    assert_eq!(gateway.post("/", INCR).await, TestResponse::new(500, "down"));
    assert_eq!(gateway.control(Method::DELETE, "/faults", "").await, added);
    assert_eq!(count(&gateway).await, r#"{"result":"1"}"#);

    assert_eq!(gateway.control(Method::POST, "/faults", r#"{"fault":"refuse"}"#).await, added);
    assert!(fails(&gateway).await);
    assert_eq!(gateway.control(Method::DELETE, "/faults", "").await, added);
    assert_eq!(count(&gateway).await, r#"{"result":"1"}"#);
}

#[tokio::test]
async fn an_invalid_rule_is_rejected() {
    let gateway = TestGateway::start().await;

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
        assert_eq!(gateway.control(Method::POST, "/faults", rule).await.status, 400, "{rule}");
    }
    assert_eq!(count(&gateway).await, r#"{"result":null}"#);
}

#[tokio::test]
async fn counters_count_connections_requests_and_commands() {
    let gateway = TestGateway::start().await;
    gateway.run(INCR).await;
    gateway.post("/pipeline", r#"[["GET","n"],["get","n"],["NOTACMD"]]"#).await;
    gateway.bare(Method::POST, "/").body(INCR).send().await.unwrap();

    let counters = gateway.counters();
    assert_eq!((counters.requests, counters.connections, counters.commands.total), (3, 1, 4));
    assert_eq!((counters.command("incr"), counters.command("GET"), counters.command("NOTACMD")), (1, 2, 1));
    let expected =
        r#"{"connections":1,"requests":3,"commands":{"total":4,"byName":{"GET":2,"INCR":1,"NOTACMD":1}}}"#;
    assert_eq!(gateway.control(Method::GET, "/counters", "").await.body, expected);

    assert_eq!(gateway.control(Method::DELETE, "/counters", "").await.status, 204);
    assert_eq!(gateway.counters().requests, 0);
}

#[tokio::test]
async fn the_control_server_stops_and_starts_redis() {
    let gateway = TestGateway::start().await;
    gateway.run(INCR).await;

    assert_eq!(gateway.control(Method::POST, "/redis/stop", "").await.status, 204);
    assert_eq!(gateway.post("/", INCR).await.status, 503);
    assert_eq!(gateway.control(Method::POST, "/redis/start", "").await.status, 204);
    assert_eq!(count(&gateway).await, r#"{"result":null}"#);
}
