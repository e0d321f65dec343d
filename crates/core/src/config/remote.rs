//! The database: its URL and token, from options or environment variables, and how to connect to it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;

use super::{DEFAULT_MAX_RESPONSE_BYTES, DEFAULT_TIMEOUT, Options, Proxy};
use crate::log::LogMessage;

pub(super) const URL: &str = "UPSTASH_REDIS_REST_URL";
pub(super) const TOKEN: &str = "UPSTASH_REDIS_REST_TOKEN";
pub(super) const OLD_URL: &str = "KV_REST_API_URL";
pub(super) const OLD_TOKEN: &str = "KV_REST_API_TOKEN";
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

/// A secret. `Debug` does not show it, and no error contains it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Token(String);

impl Token {
    /// Wraps `token`, which must be a valid header value.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    pub(crate) fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Remote {
    /// Resolves the database. Returns `None` if none is configured, or if a setting is wrong; the latter adds a warning.
    pub(super) fn resolve(
        options: &Options,
        variable: impl Fn(&str) -> Option<String>,
        warnings: &mut Vec<LogMessage>,
    ) -> Option<Self> {
        let (url, token) = credentials(options, &variable, warnings)?;
        let proxy = Proxy::from_env(&url.parsed, &variable).unwrap_or_else(|problem| {
            warnings.push(LogMessage::Warn(format!("{problem}; requests to Redis do not use a proxy.")));
            None
        });
        Some(Self {
            url: url.text,
            token,
            timeout: options.timeout.unwrap_or(DEFAULT_TIMEOUT),
            extra_ca_certs: variable(EXTRA_CA_CERTS).map(PathBuf::from),
            max_response_bytes: options.max_response_bytes.unwrap_or(DEFAULT_MAX_RESPONSE_BYTES),
            proxy,
        })
    }
}

/// The URL and the token, from the first source that sets one of them.
fn credentials(
    options: &Options,
    variable: impl Fn(&str) -> Option<String>,
    warnings: &mut Vec<LogMessage>,
) -> Option<(EndpointUrl, Token)> {
    let in_code = (options.url.clone(), options.token.as_ref().map(|token| token.secret().to_owned()));
    let sources = [
        ("url", "token", in_code),
        (URL, TOKEN, (variable(URL), variable(TOKEN))),
        (OLD_URL, OLD_TOKEN, (variable(OLD_URL), variable(OLD_TOKEN))),
    ];
    let (url_name, token_name, (url, token)) =
        sources.into_iter().find(|(.., (url, token))| url.is_some() || token.is_some())?;
    if url_name == OLD_URL {
        warnings.push(LogMessage::Warn(format!(
            "{OLD_URL} and {OLD_TOKEN} are deprecated; rename them to {URL} and {TOKEN}."
        )));
    }
    let checked = match (url, token) {
        (Some(url), Some(token)) => EndpointUrl::parse(url_name, &url)
            .and_then(|url| Ok((url, usable_token(token_name, &token)?)))
            .inspect(|(url, _)| warnings.extend(url.plain_http_warning(url_name))),
        (Some(_), None) => Err(format!("{url_name} is set but {token_name} is missing")),
        _ => Err(format!("{token_name} is set but {url_name} is missing")),
    };
    checked
        .map_err(|problem| {
            warnings
                .push(LogMessage::Warn(format!("{problem}; values are kept in this process's memory only.")));
        })
        .ok()
}

/// The REST URL as the user wrote it, without a trailing `/`, and parsed.
struct EndpointUrl {
    text: String,
    parsed: Url,
}

impl EndpointUrl {
    fn parse(name: &str, text: &str) -> Result<Self, String> {
        let text = text.trim();
        let text = text.strip_suffix('/').unwrap_or(text);
        if has_port_out_of_range(text) {
            return Err(format!("{name} is not an http(s) URL: its port is above {}", u16::MAX));
        }
        let parsed =
            parse_http_url(text).filter(|url| url.query().is_none() && url.fragment().is_none()).ok_or_else(
                || format!("{name} is not an http(s) URL; copy the REST URL, which starts with https://"),
            )?;
        if authority(text).is_some_and(|authority| authority.contains('@')) {
            return Err(format!("{name} must not hold credentials; the token goes into its own setting"));
        }
        Ok(Self { text: text.to_owned(), parsed })
    }

    fn plain_http_warning(&self, name: &str) -> Option<LogMessage> {
        (self.parsed.scheme() == "http" && !is_loopback(&self.parsed)).then(|| {
            LogMessage::Warn(format!(
                "{name} is a plain http URL to another host: the token and all values cross the network unencrypted."
            ))
        })
    }
}

/// Parses an http(s) URL.
///
/// `Url::parse` also accepts text that needs repair, such as `https:host`, `https:\\host`, spaces or `http://{host}`.
/// This rejects such text, because an HTTP request cannot carry it or would go elsewhere than the text says.
pub(super) fn parse_http_url(text: &str) -> Option<Url> {
    let is_in_host = |c: char| c.is_ascii_alphanumeric() || "-._~[]:".contains(c);
    let host = authority(text)?.rsplit('@').next()?;
    let needs_repair = host.is_empty()
        || !host.chars().all(is_in_host)
        || !text.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    Url::parse(text).ok().filter(|url| !needs_repair && matches!(url.scheme(), "http" | "https"))
}

/// The text between `://` and the path: `user:password@host:port`.
fn authority(url: &str) -> Option<&str> {
    url.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#']).next())
}

/// Whether `url` has a number as its port that no port has. `Url::parse` refuses it as any other text.
pub(super) fn has_port_out_of_range(url: &str) -> bool {
    let port = authority(url).and_then(|authority| authority.rsplit_once(':')).map_or("", |(_, port)| port);
    !port.is_empty() && port.chars().all(|c| c.is_ascii_digit()) && port.parse::<u16>().is_err()
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn usable_token(name: &str, text: &str) -> Result<Token, String> {
    let text = text.trim();
    if text.is_empty() || text.contains(|c: char| !c.is_ascii_graphic()) {
        return Err(format!("{name} holds characters that no token has (white space or non-ASCII)"));
    }
    Ok(Token::new(text))
}
