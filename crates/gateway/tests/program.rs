//! The program prints its addresses in one line and stops with its Redis when its standard input closes.

mod support;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use hyper::Method;
use serde_json::Value;
use support::http::Http;
use support::{TestResponse, read};

/// Starts the program with a Redis of its own.
#[expect(clippy::unwrap_used, reason = "a test's helper")]
fn start(options: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_redlatch-gateway"))
        .args(["--spawn-redis", "--exit-with-stdin", "--token", "full", "--threads", "1"])
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The line that the program prints when it is ready.
#[expect(clippy::unwrap_used, reason = "a test's helper")]
fn ready(program: &mut Child) -> Value {
    let mut line = String::new();
    BufReader::new(program.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

#[tokio::test]
async fn the_program_serves_until_its_standard_input_closes() {
    let mut program = start(&[]);
    let ready = ready(&mut program);
    let http = Http::new();

    let ping =
        http.request(Method::GET, &format!("{}/ping", ready["url"].as_str().unwrap())).bearer_auth("full");
    assert_eq!(read(ping).await, TestResponse::new(200, r#"{"result":"PONG"}"#));
    let counters = http.request(Method::GET, &format!("{}/counters", ready["controlUrl"].as_str().unwrap()));
    assert_eq!(read(counters).await.status, 200);
    assert!(ready["readOnlyToken"].as_str().is_some_and(|token| token.len() == 32));

    drop(program.stdin.take());
    assert!(program.wait().unwrap().success());
    let redis = redis::Client::open(ready["redisUrl"].as_str().unwrap()).unwrap();
    assert!(redis.get_connection().is_err_and(|error| error.is_connection_refusal()));
}

#[tokio::test]
async fn the_program_takes_the_mode_as_an_option() {
    let mut program = start(&["--mode", "redis"]);
    let ready = ready(&mut program);
    let delex = Http::new().request(Method::POST, ready["url"].as_str().unwrap()).bearer_auth("full");

    let response = read(delex.body(r#"["DELEX","k"]"#)).await;

    assert!(response.body.starts_with(r#"{"error":"ERR unknown command 'DELEX'"#), "{}", response.body);
    drop(program.stdin.take());
    assert!(program.wait().unwrap().success());
}

#[test]
fn the_program_requires_a_redis() {
    let output = Command::new(env!("CARGO_BIN_EXE_redlatch-gateway")).output().unwrap();

    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("--redis-url"));
}
