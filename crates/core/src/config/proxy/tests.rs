use super::*;
use crate::config::{Config, Options, Token};
use crate::log::LogMessage;

fn resolve(url: &str, variables: &[(&str, &str)]) -> (Option<Proxy>, Vec<LogMessage>) {
    let lookup =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let options = Options { url: Some(url.into()), token: Some(Token::new("token")), ..Options::default() };
    let (config, log) = Config::resolve(&options, lookup);
    (config.remote.unwrap().proxy, log)
}

fn proxy(url: &str, variables: &[(&str, &str)]) -> Option<String> {
    let (proxy, log) = resolve(url, &[variables, &[(USE_ENV_PROXY, "1")]].concat());
    assert!(log.is_empty(), "{log:?}");
    proxy.map(|proxy| proxy.url().to_string())
}

#[test]
fn only_node_use_env_proxy_1_turns_the_variables_on() {
    for value in ["0", "true", "", "11"] {
        let variables = [("HTTPS_PROXY", "http://proxy"), (USE_ENV_PROXY, value)];

        assert_eq!(resolve("https://a.upstash.io", &variables), (None, vec![]), "{value}");
    }
    assert_eq!(resolve("https://a.upstash.io", &[("HTTPS_PROXY", "http://proxy")]), (None, vec![]));
    assert!(proxy("https://a.upstash.io", &[("HTTPS_PROXY", "http://proxy")]).is_some());
}

#[test]
fn the_scheme_of_the_database_and_lower_case_decide() {
    let all = [
        ("HTTP_PROXY", "http://upper-http"),
        ("HTTPS_PROXY", "http://upper-https"),
        ("ALL_PROXY", "http://all"),
        ("http_proxy", "http://lower-http"),
        ("https_proxy", "http://lower-https"),
    ];
    for (url, variables, expected) in [
        ("https://a.io", &all[..], Some("http://lower-https/")),
        ("https://a.io", &all[..4], Some("http://upper-https/")),
        ("http://127.0.0.1", &all[..], Some("http://lower-http/")),
        ("http://127.0.0.1", &all[..3], Some("http://upper-http/")),
        ("https://a.io", &[all[0], all[2], all[3]], None),
        ("http://127.0.0.1", &[all[1], all[2], all[4]], None),
        ("https://a.io", &[all[1], ("https_proxy", "")], Some("http://upper-https/")),
    ] {
        assert_eq!(proxy(url, variables).as_deref(), expected, "{url} {variables:?}");
    }
}

#[test]
fn no_proxy_matches_as_in_node() {
    for (list, url, is_match) in [
        ("*", "https://a.io", true),
        ("a.io", "https://a.io", true),
        ("A.IO", "https://a.io", true),
        ("a.io", "https://A.io", true),
        ("a.io", "https://b.a.io", false),
        ("a.io:443", "https://a.io", true),
        ("a.io:8443", "https://a.io:8443", true),
        ("a.io:8443", "https://a.io", false),
        (".a.io", "https://b.a.io", true),
        (".a.io", "https://a.io", true),
        (".a.io", "https://ba.io", false),
        ("*.a.io", "https://c.b.a.io", true),
        ("*.a.io", "https://a.io", false),
        ("*.a.io", "https://ba.io", false),
        ("127.0.0.1", "https://127.0.0.1", true),
        ("10.0.0.1-10.0.0.9", "https://10.0.0.9", true),
        ("10.0.0.1 - 10.0.0.9", "https://10.0.0.1", true),
        ("10.0.0.1-10.0.0.9", "https://10.0.0.10", false),
        ("10.0.0.1-10.0.0.9", "https://a.io", false),
        ("10.0.0.0/8", "https://10.0.0.1", false),
        ("::1", "https://[::1]", true),
        ("::1:443", "https://[::1]", true),
        ("[::1]", "https://[::1]", false),
        (" b.io , a.io ", "https://a.io", true),
        ("b.io a.io", "https://a.io", false),
        ("", "https://a.io", false),
        (",", "https://a.io", false),
    ] {
        let variables = [("HTTPS_PROXY", "http://proxy"), ("NO_PROXY", list)];

        assert_eq!(proxy(url, &variables).is_none(), is_match, "{list} {url}");
    }
    let both = [("HTTPS_PROXY", "http://proxy"), ("NO_PROXY", "a.io"), ("no_proxy", "b.io")];
    assert!(proxy("https://a.io", &both).is_some() && proxy("https://b.io", &both).is_none());
}

#[test]
fn an_unusable_proxy_gives_one_warning_without_its_credentials() {
    for url in ["proxy:8080", "socks5://secret@proxy", "http://secret@", "http://secret:{@{p}", "http:secret"]
    {
        let variables = [("HTTPS_PROXY", url), (USE_ENV_PROXY, "1")];

        let (proxy, log) = resolve("https://a.io", &variables);

        assert_eq!(proxy, None, "{url}");
        let [LogMessage::Warn(text)] = &log[..] else { panic!("{url}: {log:?}") };
        assert!(text.starts_with("HTTPS_PROXY is not the http(s) URL of a proxy; "), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}

#[test]
fn a_port_above_65535_of_a_proxy_is_named() {
    let variables = [("HTTPS_PROXY", "http://u:secret@proxy:65536"), (USE_ENV_PROXY, "1")];

    let (proxy, log) = resolve("https://a.io", &variables);

    assert_eq!(proxy, None);
    let [LogMessage::Warn(text)] = &log[..] else { panic!("{log:?}") };
    let expected = "HTTPS_PROXY is not the http(s) URL of a proxy: its port is above 65535; ";
    assert!(text.starts_with(expected) && !text.contains("secret"), "{text}");
}

#[test]
fn credentials_tell_proxies_apart_and_are_not_shown() {
    let with = |url| resolve("https://a.io", &[("HTTPS_PROXY", url), (USE_ENV_PROXY, "1")]).0.unwrap();

    assert_eq!(with("http://u:secret@proxy"), with("http://u:secret@proxy/"));
    assert_ne!(with("http://u:secret@proxy"), with("http://u:other@proxy"));
    assert_eq!(format!("{:?}", with("http://u:secret@proxy")), "Proxy(..)");
}
