use std::path::PathBuf;

use super::remote::EXTRA_CA_CERTS;
use super::*;

/// As long as a token is.
const LONG: &str = "secretAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const URL: &str = "UPSTASH_REDIS_REST_URL";
const TOKEN: &str = "UPSTASH_REDIS_REST_TOKEN";
const OLD_URL: &str = "KV_REST_API_URL";
const OLD_TOKEN: &str = "KV_REST_API_TOKEN";

fn resolve(variables: &[(&str, &str)]) -> (Config, Vec<String>) {
    resolve_with(&Options::default(), variables)
}

fn resolve_with(options: &Options, variables: &[(&str, &str)]) -> (Config, Vec<String>) {
    let lookup =
        |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
    let (config, warnings) = Config::resolve(options, lookup);
    let texts = warnings.into_iter().map(|warning| match warning {
        LogMessage::Info(text) => format!("info: {text}"),
        LogMessage::Warn(text) => format!("warn: {text}"),
    });
    (config, texts.collect())
}

#[test]
fn both_variables_make_a_remote_without_white_space_or_trailing_slash() {
    let (config, warnings) = resolve(&[
        (URL, " https://a.upstash.io/\n"),
        (TOKEN, "\tsecretAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA "),
    ]);

    let remote = config.remote.unwrap();
    assert_eq!((remote.url.as_str(), remote.token.secret()), ("https://a.upstash.io", LONG));
    assert_eq!(remote.timeout, Duration::from_secs(2));
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn an_empty_environment_means_memory_and_says_nothing() {
    let (config, warnings) = resolve(&[(URL, ""), (TOKEN, "  ")]);

    assert_eq!(
        config,
        Config {
            remote: None,
            problem: None,
            memory: MemoryLimits { entries: 100_000, bytes: 67_108_864 },
            on_outage: OnOutage::default()
        }
    );
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn what_cannot_be_used_means_memory_with_one_warning_that_shows_no_secret() {
    for (variables, expected) in [
        (vec![(URL, "https://a.upstash.io")], "UPSTASH_REDIS_REST_TOKEN is missing"),
        (vec![(TOKEN, LONG)], "UPSTASH_REDIS_REST_URL is missing"),
        (
            vec![(URL, "rediss://a.upstash.io:6379"), (TOKEN, LONG)],
            "UPSTASH_REDIS_REST_URL is not an http(s) URL",
        ),
        (vec![(URL, "secret"), (TOKEN, LONG)], "UPSTASH_REDIS_REST_URL is not an http(s) URL"),
        (vec![(URL, "https://u:secret@a.upstash.io"), (TOKEN, "x")], "must not hold credentials"),
        (
            vec![(URL, "https://a.upstash.io"), (TOKEN, "sec ret")],
            "UPSTASH_REDIS_REST_TOKEN holds characters",
        ),
    ] {
        let (config, warnings) = resolve(&variables);

        assert_eq!(config.remote, None, "{variables:?}");
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].starts_with("warn: ") && warnings[0].contains(expected), "{warnings:?}");
        assert!(!warnings[0].contains("secret"), "{warnings:?}");
    }
}

#[test]
fn a_url_that_would_need_repair_is_rejected() {
    for url in [
        "https:a.upstash.io",
        "https:/a.upstash.io",
        "https:///a.upstash.io",
        "https:\\\\a.upstash.io",
        "https://{a}.upstash.io",
        "https://a.upstash.io/a b",
        "https://b\u{fc}cher.example",
        "https://a.upstash.io?",
        "https://a.upstash.io#",
        "https://",
    ] {
        let (config, warnings) = resolve(&[(URL, url), (TOKEN, LONG)]);

        assert_eq!(config.remote, None, "{url}");
        assert!(warnings[0].contains("UPSTASH_REDIS_REST_URL is not an http(s) URL"), "{warnings:?}");
    }
}

#[test]
fn a_port_above_65535_is_named() {
    for url in
        ["https://a.upstash.io:65536", "http://[::1]:99999/p", "https://a.upstash.io:123456789012345678901"]
    {
        let (config, warnings) = resolve(&[(URL, url), (TOKEN, LONG)]);

        assert_eq!(config.remote, None, "{url}");
        let expected = "UPSTASH_REDIS_REST_URL is not an http(s) URL: its port is above 65535";
        assert!(warnings.len() == 1 && warnings[0].contains(expected), "{warnings:?}");
    }
    for url in ["https://a.upstash.io:65535", "https://[2001:db8::99999]:443", "http://[::1]"] {
        let (_, warnings) = resolve(&[(URL, url), (TOKEN, LONG)]);

        assert!(!warnings.iter().any(|warning| warning.contains("port")), "{warnings:?}");
    }
}

#[test]
fn a_url_stays_as_it_was_written() {
    for url in [
        "https://A.upstash.io",
        "https://a.upstash.io:443",
        "HTTPS://redis.example/p/../q",
        "https://xn--bcher-kva.example",
    ] {
        let (config, _) = resolve(&[(URL, url), (TOKEN, LONG)]);

        assert_eq!(config.remote.unwrap().url, url);
    }
}

#[test]
fn the_old_variables_count_when_the_new_ones_are_absent() {
    let old = [(OLD_URL, "https://old.upstash.io"), (OLD_TOKEN, "old")];

    let (config, warnings) = resolve(&old);
    assert_eq!(config.remote.unwrap().url, "https://old.upstash.io");
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("rename them to UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN"));

    let (config, warnings) = resolve(&[old[0], old[1], (URL, "https://new.upstash.io"), (TOKEN, "new")]);
    assert_eq!(config.remote.unwrap().url, "https://new.upstash.io");
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn redis_can_be_disabled() {
    let variables = [(URL, "https://a.upstash.io"), (TOKEN, LONG), (DISABLE, "true")];

    let (config, warnings) = resolve(&variables);
    assert_eq!(config.remote, None);
    assert_eq!(warnings, ["info: Redis is disabled; values are kept in this process's memory only."]);

    let options = Options { disable_redis: Some(false), ..Options::default() };
    assert!(resolve_with(&options, &variables).0.remote.is_some());
}

#[test]
fn plain_http_is_warned_of_unless_it_stays_on_this_machine() {
    for (url, count) in [
        ("http://redis.internal", 1),
        ("http://10.0.0.7:8079", 1),
        ("http://localhost:8079", 0),
        ("http://127.0.0.1:8079", 0),
        ("http://[::1]:8079", 0),
    ] {
        let (config, warnings) = resolve(&[(URL, url), (TOKEN, LONG)]);

        assert!(config.remote.is_some(), "{url}");
        assert_eq!(warnings.len(), count, "{url}: {warnings:?}");
    }
}

#[test]
fn options_replace_what_the_environment_says() {
    let variables = [(URL, "https://a.upstash.io"), (TOKEN, "env"), (EXTRA_CA_CERTS, "/etc/ca.pem")];
    let options = Options {
        url: Some("https://b.upstash.io".into()),
        token: Some(Token::new("code")),
        timeout: Some(Duration::from_millis(50)),
        memory_max_entries: Some(3),
        ..Options::default()
    };

    let (config, _) = resolve_with(&options, &variables);

    let remote = config.remote.unwrap();
    assert_eq!((remote.url.as_str(), remote.token.secret()), ("https://b.upstash.io", "code"));
    assert_eq!(remote.timeout, Duration::from_millis(50));
    assert_eq!(remote.extra_ca_certs, Some(PathBuf::from("/etc/ca.pem")));
    assert_eq!(config.memory.entries, 3);

    let half = Options { url: Some("https://b.upstash.io".into()), ..Options::default() };
    let (config, warnings) = resolve_with(&half, &variables);
    assert_eq!(config.remote, None);
    assert!(warnings[0].contains("url is set but token is missing"), "{warnings:?}");
}

#[test]
fn a_value_that_is_empty_is_told_from_one_that_is_missing() {
    for (variables, expected) in [
        (vec![(URL, "https://a.upstash.io"), (TOKEN, " ")], "UPSTASH_REDIS_REST_TOKEN is empty"),
        (vec![(URL, ""), (TOKEN, LONG)], "UPSTASH_REDIS_REST_URL is empty"),
        (vec![(OLD_URL, "https://a.upstash.io")], "KV_REST_API_TOKEN is missing"),
    ] {
        let (config, warnings) = resolve(&variables);

        assert!(warnings.last().unwrap().contains(expected), "{warnings:?}");
        assert!(config.problem.unwrap().contains(expected));
    }
}

#[test]
fn every_warning_about_a_setting_ends_with_the_doctor() {
    for variables in [
        vec![(URL, "https://a.upstash.io")],
        vec![(URL, "https://a.upstash.io"), (TOKEN, "0123456789abcdef0123456789abcdef")],
        vec![(URL, "http://redis.internal"), (TOKEN, LONG)],
        vec![("REDIS_URL", "rediss://default:secret@a.upstash.io:6379")],
        vec![("NODE_ENV", "production")],
        vec![("NODE_ENV", "production"), ("REDIS_URL", "rediss://default:secret@a.upstash.io:6379")],
    ] {
        let (_, warnings) = resolve(&variables);

        assert_eq!(warnings.len(), 1, "{variables:?}: {warnings:?}");
        assert!(warnings[0].starts_with("warn: ") && warnings[0].ends_with(DOCTOR), "{warnings:?}");
        assert!(!warnings[0].contains("secret"), "{warnings:?}");
    }
}

#[test]
fn memory_in_production_is_no_warning_when_it_is_wanted_or_a_database_is_there() {
    for variables in [vec![(DISABLE, "true")], vec![(URL, "https://a.upstash.io"), (TOKEN, LONG)]] {
        let (_, warnings) = resolve(&[&variables[..], &[("NODE_ENV", "production")]].concat());

        assert!(!warnings.iter().any(|warning| warning.starts_with("warn")), "{warnings:?}");
    }
}

#[test]
fn debug_output_shows_no_token() {
    let (config, _) = resolve(&[(URL, "https://a.upstash.io"), (TOKEN, LONG)]);

    assert!(!format!("{config:?}").contains("secret"));
}

#[test]
fn numbers_in_options_are_checked() {
    for bad in [0.0, -1.0, 1.5, f64::NAN, f64::INFINITY] {
        assert!(Options::timeout_from_millis("timeoutMs", bad).unwrap_err().is_invalid_value(), "{bad}");
        assert!(Options::limit("memory.maxEntries", bad).unwrap_err().is_invalid_value(), "{bad}");
    }
    assert_eq!(Options::timeout_from_millis("timeoutMs", 1.0).unwrap(), Duration::from_millis(1));
}
