//! A gateway with its own Redis and an HTTP client, for one test.

#![expect(clippy::unwrap_used, reason = "the lint spares tests, and these are their helpers")]
#![allow(dead_code, reason = "each test binary uses its own part of it")]

pub(crate) mod authority;
pub(crate) mod http;

use std::ops::Deref;
use std::sync::Arc;

use http::{Http, HttpRequest, HttpResponse};
use hyper::Method;
use hyper::body::Bytes;
use redlatch_gateway::{Gateway, GatewayOptions, RedisServer};

pub(crate) struct TestGateway {
    pub(crate) gateway: Gateway,
    pub(crate) redis: Arc<RedisServer>,
    pub(crate) http: Http,
}

/// A response with its body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TestResponse {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Deref for TestGateway {
    type Target = Gateway;

    fn deref(&self) -> &Gateway {
        &self.gateway
    }
}

impl TestGateway {
    pub(crate) async fn start() -> Self {
        Self::with(GatewayOptions::default()).await
    }

    pub(crate) async fn with(options: GatewayOptions) -> Self {
        let redis = Arc::new(RedisServer::start().unwrap());
        let options = GatewayOptions { redis: Some(Arc::clone(&redis)), ..options };
        let gateway = Gateway::start(options).await.unwrap();
        Self { gateway, redis, http: Http::new() }
    }

    /// A request without a token.
    pub(crate) fn bare(&self, method: Method, path: &str) -> HttpRequest {
        self.http.request(method, &format!("{}{path}", self.url()))
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> HttpRequest {
        self.bare(method, path).bearer_auth(self.token())
    }

    pub(crate) async fn get(&self, path: &str) -> TestResponse {
        read(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Bytes>) -> TestResponse {
        read(self.request(Method::POST, path).body(body)).await
    }

    pub(crate) async fn post_base64(&self, path: &str, body: &'static str) -> TestResponse {
        read(self.request(Method::POST, path).header("Upstash-Encoding", "base64").body(body)).await
    }

    /// Sends a command that must succeed and returns the body of the response.
    pub(crate) async fn run(&self, command: &'static str) -> String {
        let response = self.post("/", command).await;
        assert_eq!(response.status, 200, "{command} got {}", response.body);
        response.body
    }

    pub(crate) async fn control(&self, method: Method, path: &str, json: &'static str) -> TestResponse {
        let url = format!("{}{path}", self.control_url());
        read(self.http.request(method, &url).header("Content-Type", "application/json").body(json)).await
    }
}

impl TestResponse {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, body: body.into() }
    }

    pub(crate) async fn read(response: HttpResponse) -> Self {
        Self { status: response.status().as_u16(), body: response.text().await.unwrap() }
    }
}

pub(crate) async fn read(request: HttpRequest) -> TestResponse {
    TestResponse::read(request.send().await.unwrap()).await
}
