//! One HTTP request: address, authentication, headers, and its answer.

use std::time::Duration;

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT,
};
use http::{Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::sync_token::SyncToken;
use super::tls;
use crate::clock::{Clock, UnixMillis};
use crate::config::{Remote, Token};
use crate::log::Log;
use crate::{Error, Result};

const ENCODING: HeaderName = HeaderName::from_static("upstash-encoding");
const SYNC_TOKEN: HeaderName = HeaderName::from_static("upstash-sync-token");
/// Shorter than the 60 seconds after which common load balancers drop a silent connection.
const IDLE_LIMIT: Duration = Duration::from_secs(45);

type Connections = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Sends bodies to the database's endpoint.
///
/// It follows no redirect, which would carry the commands, and over plain http the token, to wherever an answer says,
/// and no proxy variable: these are not among this package's settings, and Node's `fetch` ignores them too.
pub(super) struct HttpClient {
    connector: HttpsConnector<HttpConnector>,
    pool: Mutex<Pool>,
    clock: Clock,
    endpoints: Endpoints,
    headers: HeaderMap,
    token: Token,
    sync_token: SyncToken,
}

/// The connections, and the time of day at which one was last used.
///
/// The pool gives idle connections up by a monotonic clock, which stands still while a serverless platform has the
/// whole machine frozen. Its time of day goes on, and tells that the connections cannot be alive any more.
struct Pool {
    connections: Connections,
    last_used: UnixMillis,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
    /// The header of that name, where it counts seconds.
    pub(super) retry_after: Option<Duration>,
}

/// Where a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// One command.
    Command,
    /// Several commands.
    Pipeline,
    /// Several commands as one transaction.
    Transaction,
}

/// The addresses of the [`Endpoint`]s, made once.
struct Endpoints {
    command: Uri,
    pipeline: Uri,
    transaction: Uri,
}

impl HttpClient {
    /// Sets up connections, but opens none.
    pub(super) fn new(remote: &Remote, clock: Clock, log: &Log) -> Result<Self> {
        let tls = tls::config(remote.extra_ca_certs.as_deref(), log).map_err(Error::connect)?;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let endpoint = |path| Uri::try_from(format!("{}{path}", remote.url)).map_err(Error::connect);
        Ok(Self {
            pool: Mutex::new(Pool { connections: connections(&connector), last_used: clock.now() }),
            connector,
            clock,
            endpoints: Endpoints {
                command: endpoint("/")?,
                pipeline: endpoint("/pipeline")?,
                transaction: endpoint("/multi-exec")?,
            },
            headers: headers(&remote.token)?,
            token: remote.token.clone(),
            sync_token: SyncToken::new(),
        })
    }

    /// The token that every request carries.
    pub(super) fn token(&self) -> &Token {
        &self.token
    }

    /// Posts `body` and returns the answer, if it is there by `deadline`.
    pub(super) async fn post(&self, endpoint: Endpoint, body: Vec<u8>, deadline: Instant) -> Result<Answer> {
        let (number, sync_token) = self.sync_token.next();
        let mut request = Request::post(self.uri(endpoint)).body(Full::from(body)).map_err(Error::connect)?;
        request.headers_mut().clone_from(&self.headers);
        request.headers_mut().insert(SYNC_TOKEN, sync_token);
        let connections = self.connections();
        let exchange = async {
            let response = connections.request(request).await.map_err(failure)?;
            if let Some(token) = response.headers().get(SYNC_TOKEN) {
                self.sync_token.update(number, token);
            }
            let retry_after = response.headers().get(RETRY_AFTER).and_then(seconds);
            let status = response.status().as_u16();
            let body = response.into_body().collect().await.map_err(Error::lost)?.to_bytes();
            Ok(Answer { status, body, retry_after })
        };
        tokio::time::timeout_at(deadline, exchange).await.unwrap_or_else(|_| Err(Error::timeout()))
    }

    fn connections(&self) -> Connections {
        let now = self.clock.now();
        let mut pool = self.pool.lock();
        if Duration::from_millis(now.saturating_sub(pool.last_used)) > IDLE_LIMIT {
            pool.connections = connections(&self.connector);
        }
        pool.last_used = now;
        pool.connections.clone()
    }

    fn uri(&self, endpoint: Endpoint) -> Uri {
        match endpoint {
            Endpoint::Command => self.endpoints.command.clone(),
            Endpoint::Pipeline => self.endpoints.pipeline.clone(),
            Endpoint::Transaction => self.endpoints.transaction.clone(),
        }
    }
}

fn connections(connector: &HttpsConnector<HttpConnector>) -> Connections {
    Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE_LIMIT)
        .pool_timer(TokioTimer::new())
        .build(connector.clone())
}

fn failure(error: hyper_util::client::legacy::Error) -> Error {
    if error.is_connect() { Error::connect(error) } else { Error::lost(error) }
}

fn seconds(value: &HeaderValue) -> Option<Duration> {
    value.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

fn headers(token: &Token) -> Result<HeaderMap> {
    let mut authorization =
        HeaderValue::try_from(format!("Bearer {}", token.secret())).map_err(Error::connect)?;
    authorization.set_sensitive(true);
    Ok(HeaderMap::from_iter([
        (AUTHORIZATION, authorization),
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (ENCODING, HeaderValue::from_static("base64")),
        (USER_AGENT, HeaderValue::from_static(concat!("redlatch/", env!("CARGO_PKG_VERSION")))),
    ]))
}
