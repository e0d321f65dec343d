//! The database: its URL and token, from options or environment variables, and how to connect to it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::endpoint::EndpointUrl;
use super::{
    DEFAULT_MAX_RESPONSE_BYTES, DEFAULT_TIMEOUT, DOCTOR, Environment, Options, Proxy, Source, mistake,
};
use crate::log::LogMessage;

/// Variables that hold the address for TCP clients.
const TCP_URLS: [&str; 3] = ["REDIS_URL", "UPSTASH_REDIS_URL", "KV_URL"];
pub(super) const EXTRA_CA_CERTS: &str = "NODE_EXTRA_CA_CERTS";

/// How to connect to an Upstash database.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Remote {
    /// The REST endpoint, without a trailing `/`.
    pub url: String,
    /// The REST token.
    pub token: Token,
    /// The timeout of a call, connecting and retries included.
    pub timeout: Duration,
    /// A PEM file of certificate authorities to trust in addition to the public ones.
    pub extra_ca_certs: Option<PathBuf>,
    /// The maximum bytes of a response body. A larger answer is refused; 32 MiB by default.
    pub max_response_bytes: usize,
    /// The proxy of all requests; `None` connects directly.
    pub proxy: Option<Proxy>,
}

/// A secret. `Debug` does not show it, and no error contains it. It knows its source, so that errors can name it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Token {
    secret: String,
    source: Source,
}

impl Token {
    /// Wraps `token`, which must be a valid header value.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        Self { secret: token.into(), source: Source::Code }
    }

    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    /// Where it comes from, and the URL with it.
    pub(crate) fn source(&self) -> Source {
        self.source
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Remote {
    /// Resolves the database. Returns `None` if none is configured, and an error that names the setting if one is wrong.
    pub(super) fn resolve(
        options: &Options,
        environment: &Environment<impl Fn(&str) -> Option<String>>,
        warnings: &mut Vec<LogMessage>,
    ) -> Result<Option<Self>, String> {
        let Some((url, token)) = credentials(options, environment, warnings)? else { return Ok(None) };
        let variable = |name: &str| environment.get(name);
        let proxy = Proxy::from_env(&url.parsed, variable).unwrap_or_else(|problem| {
            warnings
                .push(LogMessage::Warn(format!("{problem}; requests to Redis do not use a proxy. {DOCTOR}")));
            None
        });
        Ok(Some(Self {
            url: url.text,
            token,
            timeout: options.timeout.unwrap_or(DEFAULT_TIMEOUT),
            extra_ca_certs: variable(EXTRA_CA_CERTS).map(PathBuf::from),
            max_response_bytes: options.max_response_bytes.unwrap_or(DEFAULT_MAX_RESPONSE_BYTES),
            proxy,
        }))
    }
}

/// The URL and the token, from the first source that sets one of them.
fn credentials(
    options: &Options,
    environment: &Environment<impl Fn(&str) -> Option<String>>,
    warnings: &mut Vec<LogMessage>,
) -> Result<Option<(EndpointUrl, Token)>, String> {
    let in_code = (options.url.clone(), options.token.as_ref().map(|token| token.secret().to_owned()));
    let in_environment = Source::ENVIRONMENT
        .map(|source| (source, (environment.get(source.url_name()), environment.get(source.token_name()))));
    let is_some =
        |(_, (url, token)): &(Source, (Option<String>, Option<String>))| url.is_some() || token.is_some();
    let Some((source, (url, token))) =
        std::iter::once((Source::Code, in_code)).chain(in_environment).find(is_some)
    else {
        warnings.extend(tcp_address_warning(environment));
        return Ok(None);
    };
    if source == Source::Kv {
        warnings.push(LogMessage::Warn(format!(
            "{} and {} are deprecated; rename them to {} and {}.",
            Source::Kv.url_name(),
            Source::Kv.token_name(),
            Source::Upstash.url_name(),
            Source::Upstash.token_name()
        )));
    }
    let (url, token) = both(source, url, token, |name| environment.is_empty(name))?;
    if let Some(mistake) = mistake::of_pair(source, &url, &token) {
        return Err(mistake);
    }
    let url_name = source.url_name();
    let url = EndpointUrl::parse(&url).ok_or_else(|| format!("{url_name} is not an http(s) URL"))?;
    warnings.extend(url.plain_http_warning(url_name));
    warnings.extend(
        mistake::suspicion(source, &url, &token)
            .map(|suspicion| LogMessage::Warn(format!("{suspicion}. {DOCTOR}"))),
    );
    Ok(Some((url, Token { secret: token, source })))
}

/// Both values without white space around them. `is_empty` says of a variable that it is set to nothing.
fn both(
    source: Source,
    url: Option<String>,
    token: Option<String>,
    is_empty: impl Fn(&str) -> bool,
) -> Result<(String, String), String> {
    let trimmed = |value: Option<String>| value.map(|text| text.trim().to_owned());
    let absence = |there: &str, name: &str, is_given: bool| {
        let problem = if is_given || is_empty(name) { "is empty" } else { "is missing" };
        format!("{there} is set but {name} {problem}")
    };
    let (url_name, token_name) = (source.url_name(), source.token_name());
    match (trimmed(url), trimmed(token)) {
        (Some(url), Some(token)) if !url.is_empty() && !token.is_empty() => Ok((url, token)),
        (Some(url), token) if !url.is_empty() => Err(absence(url_name, token_name, token.is_some())),
        (url, _) => Err(absence(token_name, url_name, url.is_some())),
    }
}

/// The Upstash console shows this address beside the REST URL, and Vercel sets it, too.
fn tcp_address_warning(environment: &Environment<impl Fn(&str) -> Option<String>>) -> Option<LogMessage> {
    let name = TCP_URLS
        .into_iter()
        .find(|name| environment.get(name).is_some_and(|text| mistake::is_tcp_address_of_upstash(&text)))?;
    let (url, token) = (Source::Upstash.url_name(), Source::Upstash.token_name());
    Some(LogMessage::Warn(format!(
        "{name} is the address for TCP clients, which is not used, and {url} and {token} are missing; \
         values are kept in this process's memory only. {DOCTOR}"
    )))
}
