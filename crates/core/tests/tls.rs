//! Whom the client trusts.

#![expect(clippy::unwrap_used, reason = "the lint spares tests, and these are their helpers")]

mod support;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use redlatch_core::config::{Remote, Token};
use redlatch_core::log::{Log, LogMessage};
use redlatch_core::upstash::{Command, Reply};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use support::connect;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A server with a certificate of an authority that nobody knows but the PEM file beside it.
struct TlsServer {
    url: String,
    authority: tempfile::NamedTempFile,
}

async fn start() -> TlsServer {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let pair = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".into()]).unwrap().signed_by(&pair, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pair.serialize_der())),
        )
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(config))));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), authority.pem()).unwrap();
    TlsServer { url, authority: file }
}

/// Answers PONG to whatever arrives over a connection that the client has accepted.
async fn serve(listener: TcpListener, acceptor: TlsAcceptor) {
    while let Ok((stream, _)) = listener.accept().await {
        if let Ok(mut stream) = acceptor.accept(stream).await {
            let _ = stream.read(&mut [0; 4096]).await;
            let body = r#"{"result":"UE9ORw=="}"#;
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    }
}

async fn ping(url: &str, extra_ca_certs: Option<PathBuf>) -> (redlatch_core::Result<Reply>, Vec<LogMessage>) {
    let remote =
        Remote { url: url.into(), token: Token::new("t"), timeout: Duration::from_secs(20), extra_ca_certs };
    let log = Log::default();
    (connect(remote, &log).run(Command::new("PING")).await, log.take())
}

#[tokio::test]
async fn an_unknown_authority_is_not_trusted() {
    let server = start().await;

    let (reply, _) = ping(&server.url, None).await;

    assert!(reply.unwrap_err().is_outage());
}

#[tokio::test]
async fn an_extra_authority_is_trusted() {
    let server = start().await;

    let (reply, log) = ping(&server.url, Some(server.authority.path().into())).await;

    assert_eq!(reply.unwrap(), Reply::Text("PONG".into()));
    assert_eq!(log, []);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let server = start().await;
    let by_address = server.url.replace("localhost", "127.0.0.1");

    let (reply, _) = ping(&by_address, Some(server.authority.path().into())).await;

    assert!(reply.unwrap_err().is_outage());
}

#[tokio::test]
async fn a_file_of_authorities_that_cannot_be_read_is_told_and_ignored() {
    let server = start().await;

    let (reply, log) = ping(&server.url, Some("no-such-file.pem".into())).await;

    assert!(reply.unwrap_err().is_outage());
    assert!(matches!(&log[..], [LogMessage::Warn(text)] if text.contains("NODE_EXTRA_CA_CERTS")), "{log:?}");
}
