//! The gateway as a program.
//!
//! Prints one line of JSON when it is ready, and runs until it is interrupted or terminated or, with
//! `--exit-with-stdin`, until its standard input closes, so that it ends with its parent.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;
use redlatch_gateway::{Gateway, GatewayOptions, Mode, RedisServer, Tls};
use serde_json::json;
use tokio::io::AsyncReadExt as _;

/// An Upstash-compatible REST server on the loopback interface in front of a real Redis, with faults on demand.
#[derive(Parser)]
#[command(name = "redlatch-gateway", version)]
struct Arguments {
    /// The Redis to use.
    #[arg(long, value_name = "URL", required_unless_present = "spawn_redis", conflicts_with = "spawn_redis")]
    redis_url: Option<String>,
    /// Start a temporary Redis and stop it at the end.
    #[arg(long)]
    spawn_redis: bool,
    /// What to imitate where Upstash and Redis differ.
    #[arg(long, value_enum, default_value_t)]
    mode: Mode,
    /// The REST port; 0 picks a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The control port; 0 picks a free one.
    #[arg(long, default_value_t = 0)]
    control_port: u16,
    /// The token with full access; random if absent.
    #[arg(long)]
    token: Option<String>,
    /// The token that may only read; random if absent.
    #[arg(long)]
    read_only_token: Option<String>,
    /// The maximum size of one command [default: 10485760].
    #[arg(long, value_name = "BYTES")]
    max_request_bytes: Option<usize>,
    /// Number of threads that serve requests [default: 2].
    #[arg(long)]
    threads: Option<usize>,
    /// Use TLS on the REST port, with this certificate chain in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// The key of the first of those certificates, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Exit when standard input closes.
    #[arg(long)]
    exit_with_stdin: bool,
}

impl Arguments {
    fn options(self) -> io::Result<GatewayOptions> {
        let defaults = GatewayOptions::default();
        let tls = match (self.tls_certificate, self.tls_key) {
            (Some(certificate), Some(key)) => Some(Tls::from_pem_files(&certificate, &key)?),
            _ => None,
        };
        Ok(GatewayOptions {
            redis: if self.spawn_redis { Some(Arc::new(RedisServer::start()?)) } else { None },
            redis_url: self.redis_url.unwrap_or(defaults.redis_url),
            mode: self.mode,
            port: self.port,
            control_port: self.control_port,
            token: self.token.unwrap_or(defaults.token),
            read_only_token: self.read_only_token.unwrap_or(defaults.read_only_token),
            max_request_bytes: self.max_request_bytes.unwrap_or(defaults.max_request_bytes),
            threads: self.threads.unwrap_or(defaults.threads),
            redis_timeout: defaults.redis_timeout,
            tls,
        })
    }
}

// This runtime only waits for the end; the gateway has its own.
#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let exit_with_stdin = arguments.exit_with_stdin;
    let options = arguments.options()?;
    let redis = options.redis.clone();
    let gateway = Gateway::start(options).await?;
    announce(&gateway)?;
    wait_for_the_end(exit_with_stdin).await?;
    // The gateway's threads own Redis too, and `exit` does not wait for them to drop it.
    if let Some(redis) = redis {
        redis.stop();
    }
    // Returning would wait for the read of standard input, which cannot be cancelled.
    std::process::exit(0)
}

fn announce(gateway: &Gateway) -> io::Result<()> {
    let line = json!({
        "url": gateway.url(),
        "controlUrl": gateway.control_url(),
        "redisUrl": gateway.redis_url(),
        "token": gateway.token(),
        "readOnlyToken": gateway.read_only_token(),
    });
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}

async fn wait_for_the_end(exit_with_stdin: bool) -> io::Result<()> {
    tokio::select! {
        outcome = tokio::signal::ctrl_c() => outcome,
        outcome = terminated() => outcome,
        outcome = stdin_closed(), if exit_with_stdin => outcome,
    }
}

#[cfg(unix)]
async fn terminated() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    signal(SignalKind::terminate())?.recv().await;
    Ok(())
}

#[cfg(not(unix))]
async fn terminated() -> io::Result<()> {
    std::future::pending().await
}

async fn stdin_closed() -> io::Result<()> {
    let mut input = tokio::io::stdin();
    let mut ignored = [0; 256];
    while input.read(&mut ignored).await? > 0 {}
    Ok(())
}
