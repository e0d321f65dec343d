//! An HTTP server on a free port that records requests and sends prepared responses.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, Uri};

/// A received request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// Status, headers and body.
pub(crate) type Response = (u16, Vec<(&'static str, String)>, String);

type Handler = Arc<dyn Fn(usize, &Request) -> Response + Send + Sync>;

/// The server; it ends with the test's runtime.
pub(crate) struct Stub {
    pub(crate) url: String,
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Stub {
    /// Starts a server that responds to the request number `n`, counted from 0, with `respond(n, request)`.
    pub(crate) async fn start(respond: impl Fn(usize, &Request) -> Response + Send + Sync + 'static) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let url = format!("http://{address}");
        let respond: Handler = Arc::new(respond);
        let app = Router::new()
            .fallback(handle)
            .layer(DefaultBodyLimit::disable())
            .with_state((respond, Arc::clone(&seen)));
        tokio::spawn(async { axum::serve(listener, app).await });
        Self { url, address, seen }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

async fn handle(
    State((respond, seen)): State<(Handler, Arc<Mutex<Vec<Request>>>)>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, String) {
    let request =
        Request { path: uri.path().to_owned(), headers, body: String::from_utf8(body.to_vec()).unwrap() };
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push(request.clone());
        seen.len() - 1
    };
    let (status, headers, body) = respond(number, &request);
    let headers = headers.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    (StatusCode::from_u16(status).unwrap(), headers.collect(), body)
}
