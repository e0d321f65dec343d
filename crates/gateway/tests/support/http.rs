//! A small HTTP client on hyper. The features of other crates in the workspace do not change it.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{HeaderMap, Method, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A client that keeps its connections open.
#[derive(Clone)]
pub(crate) struct Http(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

/// Why there is no response or only a part of one.
pub(crate) type RequestError = Box<dyn std::error::Error + Send + Sync>;

impl Http {
    /// A client that trusts no certificate.
    pub(crate) fn new() -> Self {
        Self::trusting([])
    }

    /// A client that trusts certificates signed by these authorities.
    pub(crate) fn trusting(authorities: impl IntoIterator<Item = CertificateDer<'static>>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(authorities);
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build();
        Self(Client::builder(TokioExecutor::new()).build(connector))
    }

    pub(crate) fn request(&self, method: Method, url: &str) -> HttpRequest {
        let head = hyper::Request::builder().method(method).uri(url);
        HttpRequest { client: self.0.clone(), head, body: Bytes::new() }
    }
}

/// A request that is not sent yet.
pub(crate) struct HttpRequest {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    head: hyper::http::request::Builder,
    body: Bytes,
}

impl HttpRequest {
    pub(crate) fn header(self, name: &str, value: impl AsRef<str>) -> Self {
        Self { head: self.head.header(name, value.as_ref()), ..self }
    }

    pub(crate) fn bearer_auth(self, token: &str) -> Self {
        self.header("Authorization", format!("Bearer {token}"))
    }

    pub(crate) fn body(self, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..self }
    }

    pub(crate) async fn send(self) -> Result<HttpResponse, RequestError> {
        let request = self.head.body(Full::new(self.body))?;
        Ok(HttpResponse(self.client.request(request).await?))
    }

    /// Sends the request; `None` if there is no response within `timeout`.
    pub(crate) async fn send_within(self, timeout: Duration) -> Option<Result<HttpResponse, RequestError>> {
        tokio::time::timeout(timeout, self.send()).await.ok()
    }
}

/// A response whose head has arrived.
#[derive(Debug)]
pub(crate) struct HttpResponse(hyper::Response<Incoming>);

impl HttpResponse {
    pub(crate) fn status(&self) -> StatusCode {
        self.0.status()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// Reads the body event by event.
    pub(crate) fn events(self) -> Events {
        Events { body: self.0.into_body(), received: String::new() }
    }

    pub(crate) async fn text(self) -> Result<String, RequestError> {
        Ok(String::from_utf8(self.0.into_body().collect().await?.to_bytes().into())?)
    }
}

/// The server-sent events of a response. Dropping it closes the connection.
pub(crate) struct Events {
    body: Incoming,
    received: String,
}

impl Events {
    /// The next event as it was sent, without the empty line at its end. `None` at a proper end of the response.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, RequestError> {
        loop {
            if let Some((event, rest)) = self.received.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.received = rest;
                return Ok(Some(event));
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(frame) => {
                    let data = frame?.into_data().map_err(|_| "trailers instead of an event")?;
                    self.received.push_str(str::from_utf8(&data)?);
                }
            }
        }
    }
}
