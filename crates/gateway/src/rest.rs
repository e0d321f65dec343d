//! Handles one REST request: first the faults, then the protocol.
//!
//! The body is always read first, so that a fault applies to a request that was sent completely.

use std::fmt;
use std::sync::Arc;

use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};

use crate::auth::Tokens;
use crate::counters::Tally;
use crate::cut_stream::Cut;
use crate::execute::{Answer, Caller, JsonResponse, execute};
use crate::faults::{Fault, Faults, Plan};
use crate::http_error::HttpError;
use crate::redis_link::RedisLink;
use crate::request;
use crate::subscription::EventStream;
use crate::sync_token::SyncCounter;
use crate::translation::Translator;

const SYNC_TOKEN: HeaderName = HeaderName::from_static("upstash-sync-token");
const INJECTED_BODY: &str = r#"{"error":"ERR injected fault"}"#;
const GARBAGE_BODY: &str = "<html><body><h1>Bad Gateway</h1></body></html>";

/// State shared by all requests.
pub(crate) struct Rest {
    pub(crate) link: RedisLink,
    pub(crate) translator: Translator,
    pub(crate) tokens: Tokens,
    pub(crate) max_request_bytes: usize,
    pub(crate) faults: Faults,
    pub(crate) tally: Tally,
    pub(crate) sync_token: SyncCounter,
}

/// Closes the connection without a response; hyper does so when a service fails.
#[derive(Debug)]
pub(crate) struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("dropped by a fault")
    }
}

impl std::error::Error for Dropped {}

type HttpResponse = Response<Either<Full<Bytes>, EventStream>>;

impl Rest {
    /// Responds to one request, unless a fault prevents it.
    pub(crate) async fn handle(
        self: Arc<Self>,
        request: Request<Incoming>,
        cut: Arc<Cut>,
    ) -> Result<HttpResponse, Dropped> {
        self.tally.request();
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Dropped)?.to_bytes();
        let Plan { latency, fault, clearing } = self.faults.take();
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        match fault {
            None => Ok(match self.answer(&head, &body).await {
                Answer::Json(json) => self.respond(json),
                Answer::Messages(subscription, messages) => {
                    self.stream(EventStream::new(&subscription, messages, self.faults.drops()))
                }
            }),
            Some(Fault::Hang) => {
                if let Some(mut clearing) = clearing {
                    // An error means that the gateway is shut down, which ends the wait, too.
                    let _ = clearing.changed().await;
                }
                Err(Dropped)
            }
            Some(Fault::Status { status, body, headers }) => Ok(self.injected(status, body, headers)),
            Some(Fault::Garbage { body }) => Ok(self.garbage(body)),
            Some(Fault::ExecuteThenDrop) => {
                self.answer(&head, &body).await;
                Err(Dropped)
            }
            Some(Fault::Reset { after_bytes }) => {
                let response = self.json_answer(&head, &body).await?;
                if head.method == Method::HEAD || response.body.is_empty() {
                    return Err(Dropped);
                }
                cut.after(part(&response.body, after_bytes));
                Ok(self.respond(response))
            }
            Some(Fault::Truncate { keep_bytes }) => {
                let mut response = self.json_answer(&head, &body).await?;
                response.body.truncate(part(&response.body, keep_bytes));
                Ok(self.respond(response))
            }
            Some(Fault::Drop | Fault::Latency { .. } | Fault::Refuse) => Err(Dropped),
        }
    }

    async fn answer(&self, head: &Parts, body: &Bytes) -> Answer {
        if !matches!(head.method, Method::GET | Method::POST | Method::PUT | Method::HEAD) {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            return Answer::Json(JsonResponse { status, body: Vec::new(), wrote: false });
        }
        self.execute(head, body).await.unwrap_or_else(|error| Answer::Json(error.into()))
    }

    /// A fault that breaks off a response closes the connection of a subscription at once.
    async fn json_answer(&self, head: &Parts, body: &Bytes) -> Result<JsonResponse, Dropped> {
        match self.answer(head, body).await {
            Answer::Json(json) => Ok(json),
            Answer::Messages(..) => Err(Dropped),
        }
    }

    async fn execute(&self, head: &Parts, body: &Bytes) -> Result<Answer, HttpError> {
        let access = self.tokens.access(head).ok_or_else(HttpError::unauthorized)?;
        let commands = request::read(head, body, self.max_request_bytes)?;
        self.tally.commands(&commands);
        let caller = Caller { access, encoding: request::encoding(head) };
        execute(&self.link, &self.translator, commands, caller).await
    }

    fn respond(&self, json: JsonResponse) -> HttpResponse {
        let mut response = Response::new(Either::Left(Full::new(Bytes::from(json.body))));
        *response.status_mut() = json.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.headers_mut().insert(SYNC_TOKEN, self.sync_token.after(json.wrote));
        response
    }

    fn stream(&self, events: EventStream) -> HttpResponse {
        let mut response = Response::new(Either::Right(events));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response.headers_mut().insert(SYNC_TOKEN, self.sync_token.after(false));
        response
    }

    fn injected(
        &self,
        status: u16,
        body: Option<String>,
        headers: impl IntoIterator<Item = (String, String)>,
    ) -> HttpResponse {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = body.unwrap_or_else(|| INJECTED_BODY.to_owned()).into_bytes();
        let mut response = self.respond(JsonResponse { status, body, wrote: false });
        for (name, value) in headers {
            // Both were validated when the rule was added.
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }

    fn garbage(&self, body: Option<String>) -> HttpResponse {
        let body = body.unwrap_or_else(|| GARBAGE_BODY.to_owned()).into_bytes();
        let mut response = self.respond(JsonResponse { status: StatusCode::OK, body, wrote: false });
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
        response
    }
}

/// How much of a body to send: `wanted` or half of it, and never the whole body.
fn part(body: &[u8], wanted: Option<usize>) -> usize {
    wanted.unwrap_or(body.len() / 2).min(body.len().saturating_sub(1))
}
