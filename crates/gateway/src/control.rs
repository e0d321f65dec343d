//! The control server on its own loopback port: faults, counters, and stopping and starting Redis.
//!
//! It needs no token, because it only listens on the loopback interface.

use std::io;
use std::sync::{Arc, Weak};

use axum::extract::rejection::JsonRejection;
use axum::extract::{Json, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Router, serve};
use tokio::net::TcpListener;

use crate::counters::Counters;
use crate::faults::Rule;
use crate::redis_server::RedisServer;
use crate::rest::Rest;
use crate::server::ListenerHandle;

/// What the control routes and the methods of `Gateway` act on.
#[derive(Clone)]
pub(crate) struct Controls {
    pub(crate) rest: Arc<Rest>,
    pub(crate) listener: ListenerHandle,
    /// Weak, so that the gateway's background tasks do not keep Redis alive after its owner dropped it.
    pub(crate) redis: Option<Weak<RedisServer>>,
}

impl Controls {
    pub(crate) async fn add_fault(&self, rule: Rule) -> io::Result<()> {
        rule.check().map_err(|reason| io::Error::new(io::ErrorKind::InvalidInput, reason))?;
        if rule.is_refuse() {
            return self.listener.set_open(false).await;
        }
        self.rest.faults.add(rule);
        Ok(())
    }

    pub(crate) async fn clear_faults(&self) -> io::Result<()> {
        self.rest.faults.clear();
        self.listener.set_open(true).await
    }
}

type ErrorResponse = (StatusCode, String);

/// Serves the control routes until it is dropped.
pub(crate) async fn run(listener: TcpListener, controls: Controls) -> io::Result<()> {
    let routes = Router::new()
        .route("/faults", post(add_fault).delete(clear_faults))
        .route("/counters", get(counters).delete(reset_counters))
        .route("/redis/stop", post(stop_redis))
        .route("/redis/start", post(start_redis))
        .with_state(controls);
    serve(listener, routes).await
}

async fn add_fault(
    State(controls): State<Controls>,
    rule: Result<Json<Rule>, JsonRejection>,
) -> Result<StatusCode, ErrorResponse> {
    let Json(rule) = rule.map_err(|rejection| (StatusCode::BAD_REQUEST, rejection.body_text()))?;
    controls.add_fault(rule).await.map_err(|error| error_response(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn clear_faults(State(controls): State<Controls>) -> Result<StatusCode, ErrorResponse> {
    controls.clear_faults().await.map_err(|error| error_response(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn counters(State(controls): State<Controls>) -> Json<Counters> {
    Json(controls.rest.tally.snapshot())
}

async fn reset_counters(State(controls): State<Controls>) -> StatusCode {
    controls.rest.tally.reset();
    StatusCode::NO_CONTENT
}

async fn stop_redis(State(controls): State<Controls>) -> Result<StatusCode, ErrorResponse> {
    with_redis(controls, |redis| {
        redis.stop();
        Ok(())
    })
    .await
}

async fn start_redis(State(controls): State<Controls>) -> Result<StatusCode, ErrorResponse> {
    with_redis(controls, |redis| if redis.is_running() { Ok(()) } else { redis.restart() }).await
}

async fn with_redis(
    controls: Controls,
    act: impl FnOnce(&RedisServer) -> io::Result<()> + Send + 'static,
) -> Result<StatusCode, ErrorResponse> {
    let redis = controls
        .redis
        .and_then(|redis| redis.upgrade())
        .ok_or((StatusCode::NOT_FOUND, "this gateway did not start its Redis".to_owned()))?;
    let acted = tokio::task::spawn_blocking(move || act(&redis)).await;
    acted.unwrap_or_else(|panic| Err(io::Error::other(panic))).map_err(|error| error_response(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

fn error_response(error: &io::Error) -> ErrorResponse {
    let status = match error.kind() {
        io::ErrorKind::InvalidInput => StatusCode::BAD_REQUEST,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, error.to_string())
}
