use super::*;

const URL: &str = "https://eu1-name.upstash.io";
const TOKEN: &str = "AXNhbXBsZQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[test]
fn every_mistake_in_a_pair_is_named_without_its_text() {
    for (url, token, expected) in [
        (
            "eu1-name.upstash.io",
            TOKEN,
            "UPSTASH_REDIS_REST_URL is not an http(s) URL: it does not start with https://",
        ),
        ("rediss://default:pass@eu1-name.upstash.io:6379", TOKEN, "the address for TCP clients"),
        (
            "redis-cli --tls -u redis://default:pass@eu1-name.upstash.io:6379",
            TOKEN,
            "the address for TCP clients",
        ),
        (
            TOKEN,
            URL,
            "UPSTASH_REDIS_REST_TOKEN holds the URL, and UPSTASH_REDIS_REST_URL the token; exchange them",
        ),
        (URL, URL, "UPSTASH_REDIS_REST_TOKEN holds a URL"),
        ("\"https://eu1-name.upstash.io\"", TOKEN, "UPSTASH_REDIS_REST_URL has quotation marks"),
        (URL, "'AXNhbXBsZQ'", "UPSTASH_REDIS_REST_TOKEN has quotation marks"),
        ("https://eu1-name.upstash.io,", TOKEN, "UPSTASH_REDIS_REST_URL ends with a comma"),
        (URL, "AXNhbXBsZQ;", "UPSTASH_REDIS_REST_TOKEN ends with a comma or semicolon"),
        ("https://me:pass@eu1-name.upstash.io", TOKEN, "must not hold credentials"),
        ("https://eu1-name.upstash.io:65536", TOKEN, "its port is above 65535"),
        ("https://eu1-name.upstash.io/pipeline", TOKEN, "UPSTASH_REDIS_REST_URL has a path"),
        ("https://console.upstash.com/redis/1234", TOKEN, "the address of the Upstash console"),
        (
            "https://eu1-name.upst ash.io",
            TOKEN,
            "UPSTASH_REDIS_REST_URL is not an http(s) URL: it holds white space",
        ),
        (URL, "AXNh bXBsZQ", "(white space)"),
        (URL, "AXNh\u{fc}XBsZQ", "(non-ASCII)"),
        ("UPSTASH_REDIS_REST_URL=https://eu1-name.upstash.io", TOKEN, "holds its own name"),
    ] {
        let mistake = of_pair(Source::Upstash, url, token).unwrap_or_default();

        assert!(mistake.contains(expected), "{url} {token}: {mistake}");
        for secret in ["eu1-name", "pass@", "AXNh"] {
            assert!(!mistake.contains(secret), "{mistake}");
        }
    }
    assert_eq!(of_pair(Source::Upstash, URL, TOKEN), None);
    assert_eq!(of_pair(Source::Upstash, "http://localhost:8079/behind/a/path", "short"), None);
}

#[test]
fn a_password_of_upstash_is_recognized() {
    let url = EndpointUrl::parse(URL).unwrap();

    let suspicion = suspicion(Source::Kv, &url, "0123456789abcdef0123456789abcdef").unwrap();
    assert!(suspicion.starts_with("KV_REST_API_TOKEN looks like the password"), "{suspicion}");
    assert_eq!(super::suspicion(Source::Kv, &url, TOKEN), None);
    let other = EndpointUrl::parse("http://localhost:8079").unwrap();
    assert_eq!(super::suspicion(Source::Kv, &other, "0123456789abcdef0123456789abcdef"), None);
}

#[test]
fn only_addresses_of_upstash_count_as_those_for_tcp_clients() {
    assert!(is_tcp_address_of_upstash("rediss://default:pass@eu1-name.upstash.io:6379"));
    assert!(!is_tcp_address_of_upstash("redis://localhost:6379"));
    assert!(!is_tcp_address_of_upstash(URL));
}
