//! A running gateway, and the options to start it with.
//!
//! It has its own runtime, so a test may pause its clock or block its thread.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::auth::Tokens;
use crate::control::{self, Controls};
use crate::counters::{Counters, Tally};
use crate::faults::{Faults, Rule};
use crate::listener;
use crate::mode::Mode;
use crate::redis_link::RedisLink;
use crate::redis_server::RedisServer;
use crate::rest::Rest;
use crate::server;
use crate::sync_token::SyncCounter;
use crate::tls::Tls;
use crate::translation::Translator;

/// How to start a gateway. It has no `Debug`, so no log can show the tokens.
#[derive(Clone)]
pub struct GatewayOptions {
    /// The Redis behind the gateway, as `redis://[user:password@]host:port`; by default on this machine's 6379.
    pub redis_url: String,
    /// A Redis to use instead of `redis_url`, which the control server can stop and start.
    pub redis: Option<Arc<RedisServer>>,
    /// What the gateway imitates where Upstash and Redis differ; Upstash by default.
    pub mode: Mode,
    /// The REST port on the loopback interface; 0, the default, picks a free one.
    pub port: u16,
    /// The control port on the loopback interface; 0, the default, picks a free one.
    pub control_port: u16,
    /// The token with full access; random by default.
    pub token: String,
    /// The token that may only read; random by default.
    pub read_only_token: String,
    /// The maximum size of one command, 10 MiB by default.
    pub max_request_bytes: usize,
    /// The timeout of Redis, 5 s by default; after it the request fails with 503. It is long because a busy Redis must
    /// not fail requests. A Redis that is gone is detected at once.
    pub redis_timeout: Duration,
    /// The number of threads that serve requests, 2 by default.
    pub threads: usize,
    /// The certificate for TLS on the REST port; without TLS by default. The control port never uses TLS.
    pub tls: Option<Tls>,
}

impl Default for GatewayOptions {
    fn default() -> Self {
        Self {
            redis_url: "redis://127.0.0.1:6379".to_owned(),
            redis: None,
            mode: Mode::default(),
            port: 0,
            control_port: 0,
            token: new_token(),
            read_only_token: new_token(),
            max_request_bytes: 10 * 1024 * 1024,
            redis_timeout: Duration::from_secs(5),
            threads: 2,
            tls: None,
        }
    }
}

/// A running gateway; it stops when dropped.
pub struct Gateway {
    controls: Controls,
    address: SocketAddr,
    control_address: SocketAddr,
    scheme: &'static str,
    redis_url: String,
    _background: Background,
    /// Kept so that dropping the last owner's gateway kills Redis at once.
    _redis: Option<Arc<RedisServer>>,
}

/// The gateway's runtime; `None` only while dropping.
struct Background(Option<Runtime>);

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // A blocking shutdown would panic inside the caller's runtime.
            runtime.shutdown_background();
        }
    }
}

impl Gateway {
    /// Starts a gateway. Requests get 503 until Redis is reachable.
    ///
    /// # Errors
    ///
    /// When a port is taken or the Redis URL is not valid.
    pub async fn start(options: GatewayOptions) -> io::Result<Self> {
        let runtime =
            Builder::new_multi_thread().worker_threads(options.threads.max(1)).enable_all().build()?;
        let handle = runtime.handle().clone();
        let background = Background(Some(runtime));
        let redis = options.redis.clone();
        let scheme = if options.tls.is_some() { "https" } else { "http" };
        let running = handle.spawn(run(options)).await;
        let (controls, [address, control_address], redis_url) =
            running.unwrap_or_else(|panic| Err(io::Error::other(panic)))?;
        Ok(Self {
            controls,
            address,
            control_address,
            scheme,
            redis_url,
            _background: background,
            _redis: redis,
        })
    }

    /// The base URL of the REST server, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The base URL of the control server, without a slash at its end.
    #[must_use]
    pub fn control_url(&self) -> String {
        format!("http://{}", self.control_address)
    }

    /// The URL of the Redis behind the gateway.
    #[must_use]
    pub fn redis_url(&self) -> &str {
        &self.redis_url
    }

    /// The token with full access.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.controls.rest.tokens.full
    }

    /// The token that may only read.
    #[must_use]
    pub fn read_only_token(&self) -> &str {
        &self.controls.rest.tokens.read_only
    }

    /// Adds a fault, or a rule made by [`Fault::times`](crate::Fault::times). It applies once this returns.
    ///
    /// # Errors
    ///
    /// When the rule is invalid, such as a status below 400, or the port cannot be closed.
    pub async fn add_fault(&self, rule: impl Into<Rule>) -> io::Result<()> {
        self.controls.add_fault(rule.into()).await
    }

    /// Removes all faults: closes the connections of requests that hang and opens the port again.
    ///
    /// # Errors
    ///
    /// When the port cannot be opened again.
    pub async fn clear_faults(&self) -> io::Result<()> {
        self.controls.clear_faults().await
    }

    /// The counters so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.controls.rest.tally.snapshot()
    }

    /// Sets all counters to zero.
    pub fn reset_counters(&self) {
        self.controls.rest.tally.reset();
    }
}

async fn run(options: GatewayOptions) -> io::Result<(Controls, [SocketAddr; 2], String)> {
    let redis_url = options.redis.as_ref().map_or(options.redis_url, |redis| redis.url());
    let rest = Arc::new(Rest {
        link: RedisLink::new(&redis_url, options.redis_timeout, options.mode)?,
        translator: Translator::new(options.mode),
        tokens: Tokens { full: options.token, read_only: options.read_only_token },
        max_request_bytes: options.max_request_bytes,
        faults: Faults::new(),
        tally: Tally::default(),
        sync_token: SyncCounter::default(),
    });
    let control = listener::listen(listener::bind(options.control_port)?)?;
    let control_address = control.local_addr()?;
    let (address, listener) = server::serve(Arc::clone(&rest), options.port, options.tls)?;
    // Connects before the first request. If this fails, each request tries again.
    let _ = rest.link.connection().await;
    let controls = Controls { rest, listener, redis: options.redis.as_ref().map(Arc::downgrade) };
    tokio::spawn(control::run(control, controls.clone()));
    Ok((controls, [address, control_address], redis_url))
}

/// A random token. It only guards a loopback port, so std's random keys are good enough.
fn new_token() -> String {
    let word = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
}
