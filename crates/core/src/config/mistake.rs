//! What is wrong with a URL or a token, as precisely as their texts tell. No message contains either.

use super::endpoint::{EndpointUrl, authority, has_port_out_of_range};
use super::source::Source;

/// How long passwords of Upstash are. REST tokens are longer.
const PASSWORD_LENGTHS: std::ops::Range<usize> = 30..40;

/// What is wrong with a pair that is complete; `None` if it can be tried.
pub(super) fn of_pair(source: Source, url: &str, token: &str) -> Option<String> {
    let (url_name, token_name) = (source.url_name(), source.token_name());
    if looks_like_address(token) {
        return Some(if looks_like_address(url) {
            format!("{token_name} holds a URL; it needs the REST token")
        } else {
            format!("{token_name} holds the URL, and {url_name} the token; exchange them")
        });
    }
    of_any(url_name, url)
        .or_else(|| of_url(url_name, url))
        .or_else(|| of_any(token_name, token))
        .or_else(|| of_token(token_name, token))
}

/// What is also sent to the database, but will hardly be accepted.
pub(super) fn suspicion(source: Source, url: &EndpointUrl, token: &str) -> Option<String> {
    (url.is_upstash() && PASSWORD_LENGTHS.contains(&token.len())).then(|| {
        format!(
            "{} looks like the password of the database, not like its REST token; \
             copy the token that the console shows beside the REST URL",
            source.token_name()
        )
    })
}

/// Whether `text` is the address of an Upstash database for TCP clients, which this package cannot use.
pub(super) fn is_tcp_address_of_upstash(text: &str) -> bool {
    let host = authority(text).and_then(|authority| authority.rsplit('@').next()?.split(':').next());
    let is_upstash = |host: &str| host.ends_with(".upstash.io") || host.ends_with(".vercel-storage.com");
    is_tcp_address(text) && host.is_some_and(is_upstash)
}

fn is_tcp_address(text: &str) -> bool {
    text.contains("redis://") || text.contains("rediss://")
}

fn looks_like_address(text: &str) -> bool {
    text.contains("://") || text.trim_end_matches('/').ends_with(".upstash.io")
}

/// What can be wrong with either.
fn of_any(name: &str, text: &str) -> Option<String> {
    const QUOTES: [char; 7] = ['"', '\'', '`', '\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}'];
    let problem = if text.starts_with(QUOTES) || text.ends_with(QUOTES) {
        "has quotation marks around it, which are part of the value; remove them"
    } else if text.ends_with(',') || text.ends_with(';') {
        "ends with a comma or semicolon; remove it"
    } else if is_line_of(name, text) {
        "holds its own name, as in a line of an .env file; keep what is behind the ="
    } else {
        return None;
    };
    Some(format!("{name} {problem}"))
}

/// Whether `text` is a line of an .env file that sets `name`.
fn is_line_of(name: &str, text: &str) -> bool {
    text.split_once('=').is_some_and(|(start, _)| start.trim_start_matches("export ").trim() == name)
}

fn of_url(name: &str, text: &str) -> Option<String> {
    let problem = if is_tcp_address(text) {
        "it is the address for TCP clients; copy the REST URL, which starts with https://".into()
    } else if has_port_out_of_range(text) {
        format!("its port is above {}", u16::MAX)
    } else if authority(text).is_some_and(|authority| authority.contains('@')) {
        return Some(format!("{name} must not hold credentials; the token goes into its own setting"));
    } else if text.contains(char::is_whitespace) {
        "it holds white space".into()
    } else {
        let Some(url) = EndpointUrl::parse(text) else {
            let problem =
                if text.contains("://") { "copy the REST URL" } else { "it does not start with https://" };
            return Some(format!("{name} is not an http(s) URL: {problem}"));
        };
        return of_endpoint(name, &url);
    };
    Some(format!("{name} is not an http(s) URL: {problem}"))
}

fn of_endpoint(name: &str, url: &EndpointUrl) -> Option<String> {
    if url.host() == "console.upstash.com" {
        return Some(format!(
            "{name} is the address of the Upstash console; copy the REST URL that it shows"
        ));
    }
    (url.is_upstash() && url.has_path())
        .then(|| format!("{name} has a path; a database of Upstash is at https://name.upstash.io"))
}

fn of_token(name: &str, text: &str) -> Option<String> {
    let kind = if text.contains(char::is_whitespace) {
        "white space"
    } else if !text.is_ascii() {
        "non-ASCII"
    } else if text.contains(|c: char| !c.is_ascii_graphic()) {
        "control characters"
    } else {
        return None;
    };
    Some(format!("{name} holds characters that no token has ({kind}); copy it again"))
}

#[cfg(test)]
mod tests;
