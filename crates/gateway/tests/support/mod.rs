//! A gateway with a Redis of its own and an HTTP client, for one test.

#![expect(clippy::unwrap_used, reason = "the lint spares tests, and these are their helpers")]
#![allow(dead_code, reason = "each test binary uses its own part of it")]

pub(crate) mod authority;
pub(crate) mod http;

use std::sync::Arc;

use http::{Http, Request, Response};
use hyper::Method;
use hyper::body::Bytes;
use redlatch_gateway::{Gateway, Options, RedisServer};

pub(crate) struct Stage {
    pub(crate) gateway: Gateway,
    pub(crate) redis: Arc<RedisServer>,
    pub(crate) http: Http,
}

/// An answer, read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let redis = Arc::new(RedisServer::start().unwrap());
        let options = Options { redis: Some(Arc::clone(&redis)), ..options };
        let gateway = Gateway::start(options).await.unwrap();
        Self { gateway, redis, http: Http::new() }
    }

    /// A request without a token.
    pub(crate) fn bare(&self, method: Method, path: &str) -> Request {
        self.http.request(method, &format!("{}{path}", self.gateway.url()))
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> Request {
        self.bare(method, path).bearer_auth(self.gateway.token())
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        read(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        read(self.request(Method::POST, path).body(body)).await
    }

    pub(crate) async fn post_base64(&self, path: &str, body: &'static str) -> Answer {
        read(self.request(Method::POST, path).header("Upstash-Encoding", "base64").body(body)).await
    }

    /// A single command that must succeed; its answer's body.
    pub(crate) async fn run(&self, command: &'static str) -> String {
        let answer = self.post("/", command).await;
        assert_eq!(answer.status, 200, "{command} answered {}", answer.body);
        answer.body
    }

    pub(crate) async fn control(&self, method: Method, path: &str, json: &'static str) -> Answer {
        let url = format!("{}{path}", self.gateway.control_url());
        read(self.http.request(method, &url).header("Content-Type", "application/json").body(json)).await
    }
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, body: body.into() }
    }

    pub(crate) async fn read(response: Response) -> Self {
        Self { status: response.status().as_u16(), body: response.text().await.unwrap() }
    }
}

pub(crate) async fn read(request: Request) -> Answer {
    Answer::read(request.send().await.unwrap()).await
}
