//! One HTTP request: address, authentication, headers, and its answer.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;

use super::sync_token::SyncToken;
use super::tls;
use crate::config::{Remote, Token};
use crate::notice::Notices;
use crate::{Error, Result};

const ENCODING: HeaderName = HeaderName::from_static("upstash-encoding");
const SYNC_TOKEN: HeaderName = HeaderName::from_static("upstash-sync-token");

/// Sends bodies to the database's endpoint.
pub(super) struct Http {
    client: reqwest::Client,
    url: String,
    token: Token,
    sync_token: SyncToken,
}

impl Http {
    /// Sets up connections, but opens none.
    pub(super) fn new(remote: &Remote, notices: &Notices) -> Result<Self> {
        let tls = tls::config(remote.extra_ca_certs.as_deref(), notices).map_err(Error::connect)?;
        let client = reqwest::Client::builder()
            .user_agent(concat!("redlatch/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers(remote)?)
            .tls_backend_preconfigured(tls)
            // A redirect would carry the commands, and over plain http the token, to wherever an answer says.
            .redirect(Policy::none())
            .referer(false)
            // The variables that name a proxy are not among this package's settings, and Node's fetch ignores them too.
            .no_proxy()
            .build()
            .map_err(Error::connect)?;
        Ok(Self {
            client,
            url: remote.url.clone(),
            token: remote.token.clone(),
            sync_token: SyncToken::new(),
        })
    }

    /// The token that every request carries.
    pub(super) fn token(&self) -> &Token {
        &self.token
    }

    /// Posts `body` to `path` (such as `/pipeline`) and returns the status and the body of the answer.
    pub(super) async fn post(&self, path: &str, body: Vec<u8>, timeout: Duration) -> Result<(u16, Bytes)> {
        let (number, token) = self.sync_token.next();
        let request = self
            .client
            .post(format!("{}{path}", self.url))
            .header(SYNC_TOKEN, token)
            .timeout(timeout)
            .body(body);
        let response = request.send().await.map_err(transport)?;
        if let Some(token) = response.headers().get(SYNC_TOKEN) {
            self.sync_token.update(number, token);
        }
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(transport)?;
        Ok((status, body))
    }
}

fn headers(remote: &Remote) -> Result<HeaderMap> {
    let mut authorization =
        HeaderValue::try_from(format!("Bearer {}", remote.token.secret())).map_err(Error::connect)?;
    authorization.set_sensitive(true);
    Ok(HeaderMap::from_iter([
        (AUTHORIZATION, authorization),
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (ENCODING, HeaderValue::from_static("base64")),
    ]))
}

fn transport(error: reqwest::Error) -> Error {
    if error.is_timeout() { Error::timeout() } else { Error::connect(error.without_url()) }
}
