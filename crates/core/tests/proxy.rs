//! Requests through a forward proxy, as the variables of Node configure it.

#![expect(clippy::unwrap_used, reason = "the lint spares tests, and these are their helpers")]

mod support;

use redlatch_core::config::{Config, Options};
use redlatch_core::log::{Log, LogMessage};
use redlatch_core::upstash::{Client, Command, Reply};
use support::proxy::{Access, ForwardProxy};
use support::tls::Authority;
use support::{Stage, Upstash, connect};

const USER_SECRET: &str = "Basic dXNlcjpzZWNyZXRA";

/// A database that is reachable over https at `localhost` and over http at `127.0.0.1`.
struct Database {
    upstash: Upstash,
    authority: Authority,
    https_port: u16,
}

impl Database {
    async fn start() -> Self {
        let upstash = Upstash::start().await;
        let authority = Authority::new();
        let address = upstash.gateway.url().strip_prefix("http://").unwrap().parse().unwrap();
        let https_port = authority.terminate(address).await;
        Self { upstash, authority, https_port }
    }

    fn https_url(&self) -> String {
        format!("https://localhost:{}", self.https_port)
    }

    /// A client with the environment `variables`.
    fn client(&self, url: &str, variables: &[(&str, &str)]) -> Client {
        let pem_file = self.authority.pem_file();
        let database = [
            ("UPSTASH_REDIS_REST_URL", url),
            ("UPSTASH_REDIS_REST_TOKEN", self.upstash.gateway.token()),
            ("NODE_EXTRA_CA_CERTS", pem_file.to_str().unwrap()),
        ];
        let lookup = |name: &str| {
            let mut all = database.iter().chain(variables);
            all.find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let (config, log) = Config::resolve(&Options::default(), lookup);
        assert_eq!(log, Vec::<LogMessage>::new());
        connect(config.remote.unwrap(), &Log::default())
    }
}

async fn increment(client: &Client) -> redlatch_core::Result<Reply> {
    client.run(Command::new("INCR").arg("n")).await
}

#[tokio::test]
async fn https_requests_share_one_tunnel() {
    let database = Database::start().await;
    let proxy = ForwardProxy::start(Access::Authorized(USER_SECRET)).await;
    let url = format!("http://user:secret%40@{}", proxy.address);

    let client = database.client(
        &database.https_url(),
        &[("NODE_USE_ENV_PROXY", "1"), ("HTTPS_PROXY", &url), ("HTTP_PROXY", "http://127.0.0.1:1")],
    );

    assert_eq!(increment(&client).await.unwrap(), Reply::Integer(1));
    assert_eq!(increment(&client).await.unwrap(), Reply::Integer(2));
    assert_eq!(proxy.request_lines(), [format!("CONNECT localhost:{} HTTP/1.1", database.https_port)]);
}

#[tokio::test]
async fn a_plain_http_request_is_forwarded() {
    let database = Database::start().await;
    let proxy = ForwardProxy::start(Access::Authorized(USER_SECRET)).await;
    let (url, proxy_url) =
        (database.upstash.gateway.url(), format!("http://user:secret%40@{}", proxy.address));

    let client = database.client(&url, &[("NODE_USE_ENV_PROXY", "1"), ("HTTP_PROXY", &proxy_url)]);

    assert_eq!(increment(&client).await.unwrap(), Reply::Integer(1));
    assert_eq!(proxy.request_lines(), [format!("POST {url}/ HTTP/1.1")]);
}

#[tokio::test]
async fn the_connection_to_the_proxy_can_use_tls() {
    let database = Database::start().await;
    let proxy = ForwardProxy::start(Access::Open).await;
    let url = format!("https://localhost:{}", database.authority.terminate(proxy.address).await);

    let client =
        database.client(&database.https_url(), &[("NODE_USE_ENV_PROXY", "1"), ("HTTPS_PROXY", &url)]);

    assert_eq!(increment(&client).await.unwrap(), Reply::Integer(1));
    assert_eq!(proxy.request_lines().len(), 1);
}

#[tokio::test]
async fn without_node_use_env_proxy_or_for_a_no_proxy_host_requests_connect_directly() {
    let database = Database::start().await;
    let proxy = ForwardProxy::start(Access::Open).await;
    let url = format!("http://{}", proxy.address);
    let on = ("NODE_USE_ENV_PROXY", "1");
    let port = format!("localhost:{}", database.https_port);
    let (https, http) = (("HTTPS_PROXY", url.as_str()), ("HTTP_PROXY", url.as_str()));
    for (number, variables) in (1..).zip([
        &[https, http][..],
        &[on, http],
        &[on, https, ("NO_PROXY", &port)],
        &[on, https, ("no_proxy", "*")],
    ]) {
        let client = database.client(&database.https_url(), variables);

        assert_eq!(increment(&client).await.unwrap(), Reply::Integer(number), "{variables:?}");
        assert!(proxy.request_lines().is_empty(), "{variables:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_or_is_unavailable_is_an_outage_in_which_nothing_was_executed() {
    let database = Database::start().await;
    let unavailable = "127.0.0.1:1".parse().unwrap();
    for address in [
        ForwardProxy::start(Access::Authorized("Basic another")).await.address,
        ForwardProxy::start(Access::Denied(403)).await.address,
        ForwardProxy::start(Access::Denied(502)).await.address,
        unavailable,
    ] {
        let url = format!("http://user:secret%40@{address}");
        let client =
            database.client(&database.https_url(), &[("NODE_USE_ENV_PROXY", "1"), ("HTTPS_PROXY", &url)]);

        let error = increment(&client).await.unwrap_err();

        assert_eq!((error.is_outage(), error.outage_code()), (true, "connect"), "{error:?}");
        assert_eq!(database.upstash.gateway.counters().requests, 0);
        let shown = format!("{error} {error:?}");
        for secret in ["secret", "user", "dXNlcjpzZWNyZXRA", database.upstash.gateway.token()] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_to_forward_is_an_outage() {
    let database = Database::start().await;
    for status in [403, 407, 502] {
        let proxy = ForwardProxy::start(Access::Denied(status)).await;
        let url = format!("http://{}", proxy.address);
        let client = database
            .client(&database.upstash.gateway.url(), &[("NODE_USE_ENV_PROXY", "1"), ("HTTP_PROXY", &url)]);

        let error = increment(&client).await.unwrap_err();

        assert!(error.is_outage(), "{status}: {error:?}");
        assert_eq!(database.upstash.gateway.counters().requests, 0);
    }
}
