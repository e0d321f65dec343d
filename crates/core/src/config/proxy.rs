//! The proxy between this process and the database, from the variables that Node reads.

use std::fmt;
use std::net::Ipv4Addr;

use reqwest::Url;

use super::endpoint::{has_port_out_of_range, parse_http_url};

const USE_ENV_PROXY: &str = "NODE_USE_ENV_PROXY";

/// An HTTP proxy. Its URL can contain credentials, so `Debug` does not show it, and no error contains it.
///
/// The proxy variables apply under the rules of Node 24 for `http` and `https` requests
/// (<https://nodejs.org/api/http.html#built-in-proxy-support>):
///
/// - They apply only if `NODE_USE_ENV_PROXY` is `1`. Node's `--use-env-proxy` option is not visible here.
/// - An `https` database uses `https_proxy`, or else `HTTPS_PROXY`. An `http` database uses `http_proxy`, or else
///   `HTTP_PROXY`. Neither falls back to the other, and `ALL_PROXY` is ignored.
/// - The proxy is an `http://` or `https://` URL, with or without `user:password@`. Its default port is 80 or 443.
///   Node throws on a URL that it cannot parse and ignores other schemes, such as `socks5://`; both give a warning here,
///   and requests connect directly.
/// - `no_proxy`, or else `NO_PROXY`, lists hosts to connect to directly, separated by commas. Case does not matter.
///
/// | entry | matches |
/// | --- | --- |
/// | `*` | every host |
/// | `example.com` | this host, not its subdomains |
/// | `example.com:8080` | this host on this port |
/// | `.example.com` | this host and all its subdomains |
/// | `*.example.com` | all subdomains, not the host itself |
/// | `192.168.1.1`, `::1` | this address; IPv6 without brackets |
/// | `192.168.1.1-192.168.1.100` | a range of IPv4 addresses |
///
/// As in Node, CIDR blocks (`10.0.0.0/8`), ranges of IPv6 addresses and entries separated by spaces match nothing, and
/// host names are not resolved to compare addresses.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Proxy(Url);

impl Proxy {
    /// The proxy for requests to `endpoint`. An error names the variable that has no usable URL.
    pub(super) fn from_env(
        endpoint: &Url,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, String> {
        if variable(USE_ENV_PROXY).as_deref() != Some("1") {
            return Ok(None);
        }
        let names = if endpoint.scheme() == "https" {
            ["https_proxy", "HTTPS_PROXY"]
        } else {
            ["http_proxy", "HTTP_PROXY"]
        };
        let Some((name, text)) = names.into_iter().find_map(|name| Some((name, variable(name)?))) else {
            return Ok(None);
        };
        let bypass_list = variable("no_proxy").or_else(|| variable("NO_PROXY")).unwrap_or_default();
        if bypasses(&bypass_list, endpoint) {
            return Ok(None);
        }
        match parse_http_url(&text) {
            Some(url) => Ok(Some(Self(url))),
            None if has_port_out_of_range(&text) => {
                Err(format!("{name} is not the http(s) URL of a proxy: its port is above {}", u16::MAX))
            }
            None => Err(format!("{name} is not the http(s) URL of a proxy")),
        }
    }

    /// The URL, with its credentials.
    pub(crate) fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proxy(..)")
    }
}

/// Whether an entry of `list` matches the endpoint.
fn bypasses(list: &str, endpoint: &Url) -> bool {
    let host = endpoint.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = endpoint.port_or_known_default().unwrap_or_default();
    list.split(',').map(|entry| entry.trim().to_ascii_lowercase()).any(|entry| {
        entry == "*"
            || entry == host
            || entry == format!("{host}:{port}")
            || entry.strip_prefix('.').is_some_and(|domain| host == domain || is_subdomain(host, domain))
            || entry.strip_prefix("*.").is_some_and(|domain| is_subdomain(host, domain))
            || is_in_range(host, &entry).unwrap_or(false)
    })
}

fn is_subdomain(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|labels| labels.ends_with('.'))
}

/// `None` if `host` is no IPv4 address, or `range` no range of them.
fn is_in_range(host: &str, range: &str) -> Option<bool> {
    let (first, last) = range.split_once('-')?;
    let address = |text: &str| text.trim().parse::<Ipv4Addr>().ok();
    Some((address(first)?..=address(last)?).contains(&address(host)?))
}

#[cfg(test)]
mod tests;
