//! Which certificates the client trusts.

mod support;

use std::path::PathBuf;
use std::time::Duration;

use redlatch_core::config::{DEFAULT_MAX_RESPONSE_BYTES, Remote, Token};
use redlatch_core::log::{Log, LogMessage};
use redlatch_core::upstash::{Command, Reply};
use support::connect;
use support::stub::Stub;
use support::tls::Authority;

/// An https server that responds PONG, with a certificate for `localhost`.
struct Server {
    port: u16,
    authority: Authority,
}

async fn start() -> Server {
    let stub = Stub::start(|_, _| (200, vec![], r#"{"result":"UE9ORw=="}"#.into())).await;
    let authority = Authority::new();
    Server { port: authority.terminate(stub.address).await, authority }
}

async fn ping(
    url: String,
    extra_ca_certs: Option<PathBuf>,
) -> (redlatch_core::Result<Reply>, Vec<LogMessage>) {
    let remote = Remote {
        url,
        token: Token::new("t"),
        timeout: Duration::from_secs(20),
        extra_ca_certs,
        max_response_bytes: DEFAULT_MAX_RESPONSE_BYTES,
        proxy: None,
    };
    let log = Log::default();
    (connect(remote, &log).run(Command::new("PING")).await, log.take())
}

#[tokio::test]
async fn an_unknown_authority_is_not_trusted() {
    let server = start().await;

    let (reply, _) = ping(format!("https://localhost:{}", server.port), None).await;

    assert_eq!(reply.unwrap_err().outage_code(), "connect");
}

#[tokio::test]
async fn an_extra_authority_is_trusted() {
    let server = start().await;

    let (reply, log) =
        ping(format!("https://localhost:{}", server.port), Some(server.authority.pem_file())).await;

    assert_eq!(reply.unwrap(), Reply::Text("PONG".into()));
    assert_eq!(log, []);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let server = start().await;

    let (reply, _) =
        ping(format!("https://127.0.0.1:{}", server.port), Some(server.authority.pem_file())).await;

    assert_eq!(reply.unwrap_err().outage_code(), "connect");
}

#[tokio::test]
async fn an_unreadable_file_of_authorities_gives_a_warning_and_is_ignored() {
    let server = start().await;

    let (reply, log) =
        ping(format!("https://localhost:{}", server.port), Some("no-such-file.pem".into())).await;

    assert_eq!(reply.unwrap_err().outage_code(), "connect");
    assert!(matches!(&log[..], [LogMessage::Warn(text)] if text.contains("NODE_EXTRA_CA_CERTS")), "{log:?}");
}
