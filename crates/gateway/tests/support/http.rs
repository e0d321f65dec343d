//! A small HTTP client on hyper. It asks for nothing that the features of another crate's client could change.

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

/// A client that keeps its connections.
#[derive(Clone)]
pub(crate) struct Http(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

/// Why there is no answer, or not the whole of one.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Http {
    /// A client that trusts no certificate.
    pub(crate) fn new() -> Self {
        Self::trusting([])
    }

    /// A client that trusts what these authorities have signed.
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

    pub(crate) fn request(&self, method: Method, url: &str) -> Request {
        let head = hyper::Request::builder().method(method).uri(url);
        Request { client: self.0.clone(), head, body: Bytes::new() }
    }
}

/// A request to be sent.
pub(crate) struct Request {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    head: hyper::http::request::Builder,
    body: Bytes,
}

impl Request {
    pub(crate) fn header(self, name: &str, value: impl AsRef<str>) -> Self {
        Self { head: self.head.header(name, value.as_ref()), ..self }
    }

    pub(crate) fn bearer_auth(self, token: &str) -> Self {
        self.header("Authorization", format!("Bearer {token}"))
    }

    pub(crate) fn body(self, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..self }
    }

    pub(crate) async fn send(self) -> Result<Response, Failure> {
        let request = self.head.body(Full::new(self.body))?;
        Ok(Response(self.client.request(request).await?))
    }

    /// Sends it and waits no longer than this for the answer; `None` if there is none by then.
    pub(crate) async fn send_within(self, longest: Duration) -> Option<Result<Response, Failure>> {
        tokio::time::timeout(longest, self.send()).await.ok()
    }
}

/// An answer whose head has arrived.
#[derive(Debug)]
pub(crate) struct Response(hyper::Response<Incoming>);

impl Response {
    pub(crate) fn status(&self) -> StatusCode {
        self.0.status()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    pub(crate) async fn text(self) -> Result<String, Failure> {
        Ok(String::from_utf8(self.0.into_body().collect().await?.to_bytes().into())?)
    }
}
