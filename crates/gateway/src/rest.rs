//! One REST request from head to answer: first the faults, then the protocol.
//!
//! The request's body is read in any case, so that a fault meets a client that has said all it had to say.

use std::fmt;
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};

use crate::auth::Tokens;
use crate::counters::Tally;
use crate::cut_stream::Cut;
use crate::execute::{Answer, Asker, execute};
use crate::faults::{Fault, Faults, Plan};
use crate::redis_link::RedisLink;
use crate::refusal::Refusal;
use crate::request;
use crate::sync_token::SyncToken;

const SYNC_TOKEN: HeaderName = HeaderName::from_static("upstash-sync-token");
const INJECTED_BODY: &str = r#"{"error":"ERR injected fault"}"#;
const GARBAGE_BODY: &str = "<html><body><h1>Bad Gateway</h1></body></html>";

/// What all requests share.
pub(crate) struct Rest {
    pub(crate) link: RedisLink,
    pub(crate) tokens: Tokens,
    pub(crate) max_request_bytes: usize,
    pub(crate) faults: Faults,
    pub(crate) tally: Tally,
    pub(crate) sync_token: SyncToken,
}

/// The connection is to be closed without an answer; hyper does so when a service fails.
#[derive(Debug)]
pub(crate) struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("dropped by a fault")
    }
}

impl std::error::Error for Dropped {}

type Reply = Response<Full<Bytes>>;

impl Rest {
    /// Answers one request, or fails to, as the faults want it.
    pub(crate) async fn handle(
        self: Arc<Self>,
        request: Request<Incoming>,
        cut: Arc<Cut>,
    ) -> Result<Reply, Dropped> {
        self.tally.request();
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Dropped)?.to_bytes();
        let Plan { latency, fault, clearing } = self.faults.take();
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        match fault {
            None => Ok(self.reply(self.answer(&head, &body).await)),
            Some(Fault::Hang) => {
                if let Some(mut clearing) = clearing {
                    // It fails when the gateway is gone, which ends the waiting just as well.
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
                let answer = self.answer(&head, &body).await;
                if head.method == Method::HEAD || answer.body.is_empty() {
                    return Err(Dropped);
                }
                cut.after(part(&answer.body, after_bytes));
                Ok(self.reply(answer))
            }
            Some(Fault::Truncate { keep_bytes }) => {
                let mut answer = self.answer(&head, &body).await;
                answer.body.truncate(part(&answer.body, keep_bytes));
                Ok(self.reply(answer))
            }
            Some(Fault::Drop | Fault::Latency { .. } | Fault::Refuse) => Err(Dropped),
        }
    }

    async fn answer(&self, head: &Parts, body: &Bytes) -> Answer {
        if !matches!(head.method, Method::GET | Method::POST | Method::PUT | Method::HEAD) {
            return Answer { status: StatusCode::METHOD_NOT_ALLOWED, body: Vec::new(), wrote: false };
        }
        let Some(access) = self.tokens.access(head) else {
            return Refusal::unauthorized().into();
        };
        match request::read(head, body, self.max_request_bytes) {
            Ok(batch) => {
                self.tally.commands(&batch);
                execute(&self.link, batch, Asker { access, encoding: request::encoding(head) }).await
            }
            Err(refusal) => refusal.into(),
        }
    }

    fn reply(&self, answer: Answer) -> Reply {
        let mut reply = Response::new(Full::new(Bytes::from(answer.body)));
        *reply.status_mut() = answer.status;
        reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        reply.headers_mut().insert(SYNC_TOKEN, self.sync_token.after(answer.wrote));
        reply
    }

    fn injected(
        &self,
        status: u16,
        body: Option<String>,
        headers: impl IntoIterator<Item = (String, String)>,
    ) -> Reply {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = body.unwrap_or_else(|| INJECTED_BODY.to_owned()).into_bytes();
        let mut reply = self.reply(Answer { status, body, wrote: false });
        for (name, value) in headers {
            // Both were found valid when the rule was added.
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                reply.headers_mut().insert(name, value);
            }
        }
        reply
    }

    fn garbage(&self, body: Option<String>) -> Reply {
        let body = body.unwrap_or_else(|| GARBAGE_BODY.to_owned()).into_bytes();
        let mut reply = self.reply(Answer { status: StatusCode::OK, body, wrote: false });
        reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
        reply
    }
}

/// How much of a body to let out: what was asked for or half of it, and never the whole.
fn part(body: &[u8], wanted: Option<usize>) -> usize {
    wanted.unwrap_or(body.len() / 2).min(body.len().saturating_sub(1))
}
