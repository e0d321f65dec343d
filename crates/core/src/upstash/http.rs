//! HTTP requests to the REST endpoint.
//!
//! One call of [`HttpClient::post`] is one attempt. Redirects are off: they would send the commands, and over plain
//! http the token, to another host. Automatic retries are off: they could run a command twice, and `retry` decides
//! that. The environment is not read: a proxy comes from the [`Remote`].

use std::time::Duration;

use parking_lot::Mutex;
use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT,
};
use reqwest::{Method, Request, Url};
use tokio::time::Instant;

use super::connection_failure::Target;
use super::sync_token::SyncToken;
use super::tls;
use crate::clock::{Clock, SteadyMillis};
use crate::config::{Proxy, Remote, Token};
use crate::log::Log;
use crate::{Error, Result};

const ENCODING: HeaderName = HeaderName::from_static("upstash-encoding");
const SYNC_TOKEN: HeaderName = HeaderName::from_static("upstash-sync-token");
/// Common load balancers drop an idle connection after 60 seconds. The client closes it earlier.
const IDLE_TIMEOUT: Duration = Duration::from_secs(45);

/// A server that asks for a longer pause is asked again after this time: no outage may outlast its cause for long.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(15);

/// Posts request bodies to the database's endpoints.
pub(super) struct HttpClient {
    connector: Connector,
    pool: Mutex<ConnectionPool>,
    clock: Clock,
    endpoints: EndpointUrls,
    headers: HeaderMap,
    token: Token,
    target: Target,
    sync_token: SyncToken,
    max_response_bytes: usize,
}

/// The settings of a connection pool.
struct Connector {
    tls: rustls::ClientConfig,
    proxy: Option<Proxy>,
    target: Target,
}

/// The open connections, and the time of their last use.
///
/// reqwest closes idle connections by a clock that stops while a serverless platform freezes the machine; the steady
/// clock goes on. If it shows more than [`IDLE_TIMEOUT`], the connections are dead and a new pool replaces them.
struct ConnectionPool {
    client: reqwest::Client,
    last_used: SteadyMillis,
}

/// The parts of a response that the protocol uses.
pub(super) struct RestResponse {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// The `Retry-After` header, if it is a number of seconds; at most [`MAX_RETRY_AFTER`].
    pub(super) retry_after: Option<Duration>,
}

/// The path of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// One command.
    Command,
    /// Several commands.
    Pipeline,
    /// Several commands as one transaction.
    Transaction,
}

/// The URL of each [`Endpoint`], parsed once.
struct EndpointUrls {
    command: Url,
    pipeline: Url,
    transaction: Url,
}

impl HttpClient {
    /// Prepares requests to `remote`. Opens no connection.
    pub(super) fn new(remote: &Remote, clock: Clock, log: &Log) -> Result<Self> {
        let url_name = remote.token.source().url_setting();
        let unusable = || format!("check {url_name}");
        let tls = tls::config(remote.extra_ca_certs.as_deref(), log)
            .map_err(|error| Error::connect("TLS cannot be set up", error))?;
        let endpoint = |path| {
            Url::parse(&format!("{}{path}", remote.url)).map_err(|error| Error::connect(unusable(), error))
        };
        let endpoints = EndpointUrls {
            command: endpoint("/")?,
            pipeline: endpoint("/pipeline")?,
            transaction: endpoint("/multi-exec")?,
        };
        let target = Target::new(&endpoints.command, url_name);
        let connector = Connector { tls, proxy: remote.proxy.clone(), target };
        Ok(Self {
            pool: Mutex::new(ConnectionPool { client: connector.build()?, last_used: clock.steady() }),
            connector,
            clock,
            endpoints,
            headers: headers(&remote.token)?,
            token: remote.token.clone(),
            target,
            sync_token: SyncToken::new(),
            max_response_bytes: remote.max_response_bytes,
        })
    }

    /// The token that every request carries.
    pub(super) fn token(&self) -> &Token {
        &self.token
    }

    /// Posts `body` and waits for the response until `deadline`.
    pub(super) async fn post(
        &self,
        endpoint: Endpoint,
        body: Vec<u8>,
        deadline: Instant,
    ) -> Result<RestResponse> {
        let (number, sync_token) = self.sync_token.next();
        let mut request = Request::new(Method::POST, self.endpoints.url(endpoint).clone());
        request.headers_mut().clone_from(&self.headers);
        request.headers_mut().insert(SYNC_TOKEN, sync_token);
        *request.body_mut() = Some(body.into());
        let client = self.client()?;
        let exchange = async {
            let response = client.execute(request).await.map_err(|error| self.target.failure(error))?;
            let status = response.status().as_u16();
            self.sync_token.update(number, status, response.headers().get(SYNC_TOKEN));
            let retry_after = response.headers().get(RETRY_AFTER).and_then(seconds);
            let body = read_body(response, self.max_response_bytes, self.target).await?;
            Ok(RestResponse { status, body, retry_after })
        };
        tokio::time::timeout_at(deadline, exchange).await.unwrap_or_else(|_| Err(Error::timeout()))
    }

    /// The current pool, or a new one after a freeze.
    fn client(&self) -> Result<reqwest::Client> {
        let now = self.clock.steady();
        let mut pool = self.pool.lock();
        if Duration::from_millis(now.saturating_sub(pool.last_used)) > IDLE_TIMEOUT {
            pool.client = self.connector.build()?;
        }
        pool.last_used = now;
        Ok(pool.client.clone())
    }
}

impl EndpointUrls {
    fn url(&self, endpoint: Endpoint) -> &Url {
        match endpoint {
            Endpoint::Command => &self.command,
            Endpoint::Pipeline => &self.pipeline,
            Endpoint::Transaction => &self.transaction,
        }
    }
}

impl Connector {
    fn build(&self) -> Result<reqwest::Client> {
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .http1_only()
            .tcp_nodelay(true)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            // Without the maximum of 0, the policy would still copy each request in case it fails.
            .retry(reqwest::retry::never().max_retries_per_request(0))
            .no_proxy();
        if let Some(proxy) = &self.proxy {
            builder = builder
                .proxy(reqwest::Proxy::all(proxy.url().clone()).map_err(|error| self.target.failure(error))?);
        }
        builder.build().map_err(|error| self.target.failure(error))
    }
}

fn seconds(value: &HeaderValue) -> Option<Duration> {
    let seconds: u64 = value.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}

/// Reads a response body of at most `limit` bytes.
async fn read_body(mut response: reqwest::Response, limit: usize, target: Target) -> Result<Vec<u8>> {
    let announced = response.content_length().unwrap_or(0);
    if announced > limit as u64 {
        return Err(Error::too_large(limit));
    }
    let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or(0));
    while let Some(chunk) = response.chunk().await.map_err(|error| target.failure(error))? {
        if body.len() + chunk.len() > limit {
            return Err(Error::too_large(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn headers(token: &Token) -> Result<HeaderMap> {
    let mut authorization = HeaderValue::try_from(format!("Bearer {}", token.secret()))
        .map_err(|error| Error::connect(format!("check {}", token.source().token_setting()), error))?;
    authorization.set_sensitive(true);
    Ok(HeaderMap::from_iter([
        (AUTHORIZATION, authorization),
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (ENCODING, HeaderValue::from_static("base64")),
        (USER_AGENT, HeaderValue::from_static(concat!("redlatch/", env!("CARGO_PKG_VERSION")))),
    ]))
}
