//! The REST port speaks TLS where it is told to, with the same answers, faults and counters.

mod support;

use std::path::Path;
use std::process::Command;

use hyper::Method;
use redlatch_gateway::{Fault, Options, Tls};
use support::authority::Authority;
use support::http::Http;
use support::{Answer, Stage};

const INCR: &str = r#"["INCR","n"]"#;

#[expect(clippy::unwrap_used, reason = "a test's helper")]
async fn secured() -> Stage {
    let authority = Authority::new();
    let tls = Tls::from_pem_files(authority.certificate.path(), authority.key.path()).unwrap();
    let mut stage = Stage::with(Options { tls: Some(tls), ..Options::default() }).await;
    stage.http = Http::trusting([authority.der]);
    stage
}

#[tokio::test]
async fn commands_are_answered_and_counted_over_tls() {
    let stage = secured().await;

    assert!(stage.gateway.url().starts_with("https://127.0.0.1:"));
    assert_eq!(stage.run(INCR).await, r#"{"result":1}"#);
    assert_eq!(stage.run(INCR).await, r#"{"result":2}"#);

    let counters = stage.gateway.counters();
    assert_eq!((counters.requests, counters.connections, counters.command("INCR")), (2, 1, 2));
    assert_eq!(stage.control(Method::GET, "/counters", "").await.status, 200, "the control port is plain");
}

#[tokio::test]
async fn who_does_not_know_the_authority_is_not_served() {
    let stage = secured().await;

    let refused = Http::new().request(Method::POST, &stage.gateway.url()).body(INCR).send().await;

    assert!(refused.is_err());
    assert_eq!(stage.gateway.counters().requests, 0);
}

#[tokio::test]
async fn faults_meet_requests_over_tls() {
    let stage = secured().await;
    let add = async |rule| stage.gateway.add_fault(rule).await.unwrap();

    add(Fault::Status { status: 503, body: None, headers: [].into() }.times(1)).await;
    assert_eq!(stage.post("/", INCR).await.status, 503);
    add(Fault::Drop.times(1)).await;
    assert!(stage.request(Method::POST, "/").body(INCR).send().await.is_err());
    assert_eq!(stage.run(INCR).await, r#"{"result":1}"#);

    add(Fault::Reset { after_bytes: Some(4) }.times(1)).await;
    let answer = stage.request(Method::POST, "/").body(INCR).send().await.unwrap();
    assert_eq!(answer.headers()["content-length"], "12", "the whole head came first");
    assert!(answer.text().await.is_err(), "the body broke off");
    assert_eq!(stage.run(INCR).await, r#"{"result":3}"#, "what was cut off had been executed");
}

#[tokio::test]
async fn a_closed_port_closes_connections_over_tls_too() {
    let stage = secured().await;
    stage.run(INCR).await;

    stage.gateway.add_fault(Fault::Refuse).await.unwrap();
    assert!(stage.request(Method::POST, "/").body(INCR).send().await.is_err());

    stage.gateway.clear_faults().await.unwrap();
    assert_eq!(stage.post("/", INCR).await, Answer::new(200, r#"{"result":2}"#));
}

#[test]
fn files_that_hold_no_certificate_are_refused() {
    let authority = Authority::new();
    let (certificate, key) = (authority.certificate.path(), authority.key.path());

    for (certificate, key) in [(key, key), (certificate, certificate), (Path::new("absent.pem"), key)] {
        assert!(Tls::from_pem_files(certificate, key).is_err());
    }
    assert!(Tls::from_pem_files(certificate, Authority::new().key.path()).is_err(), "the key of another");
}

#[test]
fn the_program_wants_certificate_and_key_together() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_redlatch-gateway"));

    let output = program.args(["--spawn-redis", "--tls-key", "key.pem"]).output().unwrap();

    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("--tls-certificate"));
}
