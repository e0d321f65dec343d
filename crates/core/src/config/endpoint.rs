//! The REST URL, and the parts of URLs.

use reqwest::Url;

use crate::log::LogMessage;

/// The REST URL as the user wrote it, without a trailing `/`, and parsed.
pub(super) struct EndpointUrl {
    pub(super) text: String,
    pub(super) parsed: Url,
}

impl EndpointUrl {
    /// `None` if `text` is not an http(s) URL, or one with more than a path.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_suffix('/').unwrap_or(text);
        let parsed = parse_http_url(text).filter(|url| url.query().is_none() && url.fragment().is_none())?;
        Some(Self { text: text.to_owned(), parsed })
    }

    pub(super) fn host(&self) -> &str {
        self.parsed.host_str().unwrap_or_default().trim_matches(['[', ']'])
    }

    pub(super) fn has_path(&self) -> bool {
        self.parsed.path() != "/"
    }

    /// Whether this is a database of Upstash's own service.
    pub(super) fn is_upstash(&self) -> bool {
        self.host().ends_with(".upstash.io")
    }

    pub(super) fn plain_http_warning(&self, name: &str) -> Option<LogMessage> {
        let is_local = self.host() == "localhost"
            || self.host().parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        (self.parsed.scheme() == "http" && !is_local).then(|| {
            LogMessage::Warn(format!(
                "{name} is a plain http URL to another host: the token and all values cross the network unencrypted. \
                 {}",
                super::DOCTOR
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
pub(super) fn authority(url: &str) -> Option<&str> {
    url.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#']).next())
}

/// Whether `url` has a number as its port that no port has. `Url::parse` refuses it as any other text.
pub(super) fn has_port_out_of_range(url: &str) -> bool {
    let port = authority(url).and_then(|authority| authority.rsplit_once(':')).map_or("", |(_, port)| port);
    !port.is_empty() && port.chars().all(|c| c.is_ascii_digit()) && port.parse::<u16>().is_err()
}
