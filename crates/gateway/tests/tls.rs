//! With a certificate the REST port uses TLS, with the same responses, faults and counters.

mod support;

use std::path::Path;
use std::process::Command;

use hyper::Method;
use redlatch_gateway::{Fault, GatewayOptions, Tls};
use support::authority::Authority;
use support::http::Http;
use support::{TestGateway, TestResponse};

const INCR: &str = r#"["INCR","n"]"#;

#[expect(clippy::unwrap_used, reason = "a test's helper")]
async fn secured() -> TestGateway {
    let authority = Authority::new();
    let tls = Tls::from_pem_files(authority.certificate.path(), authority.key.path()).unwrap();
    let mut gateway = TestGateway::with(GatewayOptions { tls: Some(tls), ..GatewayOptions::default() }).await;
    gateway.http = Http::trusting([authority.der]);
    gateway
}

#[tokio::test]
async fn commands_are_executed_and_counted_over_tls() {
    let gateway = secured().await;

    assert!(gateway.url().starts_with("https://127.0.0.1:"));
    assert_eq!(gateway.run(INCR).await, r#"{"result":1}"#);
    assert_eq!(gateway.run(INCR).await, r#"{"result":2}"#);

    let counters = gateway.counters();
    assert_eq!((counters.requests, counters.connections, counters.command("INCR")), (2, 1, 2));
    assert_eq!(gateway.control(Method::GET, "/counters", "").await.status, 200, "the control port is plain");
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_authority_is_not_served() {
    let gateway = secured().await;

    let refused = Http::new().request(Method::POST, &gateway.url()).body(INCR).send().await;

    assert!(refused.is_err());
    assert_eq!(gateway.counters().requests, 0);
}

#[tokio::test]
async fn faults_apply_over_tls() {
    let gateway = secured().await;
    let add = async |rule| gateway.add_fault(rule).await.unwrap();

    add(Fault::Status { status: 503, body: None, headers: [].into() }.times(1)).await;
    assert_eq!(gateway.post("/", INCR).await.status, 503);
    add(Fault::Drop.times(1)).await;
    assert!(gateway.request(Method::POST, "/").body(INCR).send().await.is_err());
    assert_eq!(gateway.run(INCR).await, r#"{"result":1}"#);

    add(Fault::Reset { after_bytes: Some(4) }.times(1)).await;
    let response = gateway.request(Method::POST, "/").body(INCR).send().await.unwrap();
    assert_eq!(response.headers()["content-length"], "12", "the whole head came first");
    assert!(response.text().await.is_err(), "the body broke off");
    assert_eq!(gateway.run(INCR).await, r#"{"result":3}"#, "what was cut off had been executed");
}

#[tokio::test]
async fn a_closed_port_closes_connections_over_tls_too() {
    let gateway = secured().await;
    gateway.run(INCR).await;

    gateway.add_fault(Fault::Refuse).await.unwrap();
    assert!(gateway.request(Method::POST, "/").body(INCR).send().await.is_err());

    gateway.clear_faults().await.unwrap();
    assert_eq!(gateway.post("/", INCR).await, TestResponse::new(200, r#"{"result":2}"#));
}

#[test]
fn files_without_a_certificate_are_rejected() {
    let authority = Authority::new();
    let (certificate, key) = (authority.certificate.path(), authority.key.path());

    for (certificate, key) in [(key, key), (certificate, certificate), (Path::new("absent.pem"), key)] {
        assert!(Tls::from_pem_files(certificate, key).is_err());
    }
    assert!(Tls::from_pem_files(certificate, Authority::new().key.path()).is_err(), "the key of another");
}

#[test]
fn the_program_requires_certificate_and_key_together() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_redlatch-gateway"));

    let output = program.args(["--spawn-redis", "--tls-key", "key.pem"]).output().unwrap();

    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("--tls-certificate"));
}
