use super::*;
use crate::keys::FORM;

fn command() -> Command {
    Command::new("SET").key(&FORM.key("key", "guest@example.com").unwrap()).arg("a secret value")
}

fn read_as(commands: &[Command], is_batch: bool, status: u16, body: &str) -> Result<Vec<Result<Reply>>> {
    let token = Token::new("the-token");
    read(status, body.as_bytes(), RequestContext { commands, is_batch, token: &token, retry_after: None })
}

fn single(status: u16, body: &str) -> Result<Reply> {
    read_as(&[command()], false, status, body)?.remove(0)
}

fn batch(status: u16, body: &str) -> Result<Vec<Result<Reply>>> {
    read_as(&[command(), Command::new("GET").arg("k")], true, status, body)
}

#[test]
fn replies_are_decoded_at_every_depth() {
    for (body, expected) in [
        (r#"{"result":"OK"}"#, Reply::Ok),
        (r#"{"result":null}"#, Reply::Nil),
        (r#"{"result":-7}"#, Reply::Integer(-7)),
        (r#"{"result":""}"#, Reply::Text(String::new())),
        (r#"{"result":"T0s="}"#, Reply::Text("OK".into())),
        (r#"{"result":"8J+YgA=="}"#, Reply::Text("\u{1f600}".into())),
        (r#"{"result":"//4="}"#, Reply::Text("\u{fffd}\u{fffd}".into())),
        (
            r#"{"result":[1,"YQ==",[2,"Yg=="],null]}"#,
            Reply::Array(vec![
                Reply::Integer(1),
                Reply::Text("a".into()),
                Reply::Array(vec![Reply::Integer(2), Reply::Text("b".into())]),
                Reply::Nil,
            ]),
        ),
    ] {
        assert_eq!(single(200, body).unwrap(), expected, "{body}");
    }
}

#[test]
fn an_error_counts_whatever_the_status() {
    for status in [200, 400, 413] {
        let error =
            single(status, r#"{"error":"ERR max request size exceeded. Limit: 1 bytes"}"#).unwrap_err();

        assert!(error.is_refused(), "{status}: {error}");
        assert_eq!(
            error.to_string(),
            "redis refused SET on a key that starts with \"form:\": ERR max request size exceeded. Limit: 1 bytes"
        );
    }
}

#[test]
fn a_rejected_token_is_recognised() {
    for (status, body) in [
        (401, r#"{"error":"WRONGPASS invalid or missing auth token. See https://docs"}"#),
        (401, r#"{"error":"Unauthorized"}"#),
        (400, r#"{"error":"WRONGPASS invalid username-password pair or user is disabled"}"#),
        (401, "denied"),
        (403, "<html>forbidden</html>"),
        (403, r#"{"error":"forbidden"}"#),
    ] {
        assert!(single(status, body).unwrap_err().is_unauthorized(), "{body}");
        assert!(batch(status, body).unwrap_err().is_unauthorized(), "{body}");
    }
    for status in [400, 403] {
        assert!(
            single(status, r#"{"error":"NOPERM this user has no permissions"}"#).unwrap_err().is_refused()
        );
    }
}

#[test]
fn failing_servers_and_exhausted_quotas_are_outages() {
    for (status, body) in [
        (500, r#"{"error":"ERR internal"}"#),
        (503, "<html>busy</html>"),
        (429, r#"{"error":"ERR slow down"}"#),
        (400, r#"{"error":"ERR max daily request limit exceeded. Limit: 10000, Usage: 10001."}"#),
        (400, r#"{"error":"ERR max requests limit exceeded. Limit: 500000, Usage: 500000."}"#),
        (404, r#"{"error":"no such project"}"#),
        (408, r#"{"error":"timed out"}"#),
        (200, "not json"),
        (200, r#"{"result":"not base64"}"#),
        (200, r#"{"result":"PONG!"}"#),
        (200, "{}"),
        (200, r#"{"result":1.5}"#),
        (200, r#"{"result":{"a":1}}"#),
        (500, r#"{"result":"OK"}"#),
        (200, r#"{"result":"YQ=="#),
        (200, ""),
    ] {
        assert!(single(status, body).unwrap_err().is_outage(), "{status} {body}");
        assert!(batch(status, body).unwrap_err().is_outage(), "{status} {body}");
    }
}

#[test]
fn errors_in_a_batch_stay_with_their_command() {
    let results = batch(200, r#"[{"error":"ERR no"},{"result":"YQ=="}]"#).unwrap();

    assert!(results[0].as_ref().unwrap_err().is_refused());
    assert_eq!(results[1].as_ref().unwrap(), &Reply::Text("a".into()));
    for wrong_length in ["[]", r#"[{"result":1}]"#, r#"[{"result":1},{"result":1},{"result":1}]"#] {
        assert!(batch(200, wrong_length).unwrap_err().is_outage(), "{wrong_length}");
    }
}

#[test]
fn what_is_too_large_is_refused_in_any_form() {
    assert!(single(413, "<html>too large</html>").unwrap_err().is_refused());
    let results = batch(413, r#"{"error":"ERR max request size exceeded. Limit: 1 bytes"}"#).unwrap();
    let texts: Vec<String> = results.into_iter().map(|result| result.unwrap_err().to_string()).collect();
    assert!(
        texts[0].starts_with("redis refused SET on a key that starts with \"form:\": ERR max"),
        "{texts:?}"
    );
    assert!(texts[1].starts_with("redis refused GET: ERR max"), "{texts:?}");
}

#[test]
fn error_texts_hold_no_arguments_and_no_token() {
    for text in [
        "ERR unknown command 'SET', with args beginning with: 'k'",
        "ERR Dynamic keys are not allowed. Key was: k",
        "ERR cannot take a secret value here",
        "ERR bad key form:guest@example.com",
        "ERR bad request [\"SET\",\"abc\",\"{\\\"card\\\":\\\"4242\\\"}\"]",
        "ERR bad token the-token",
        "ERR bad header Authorization: Bearer abc",
    ] {
        let json = serde_json::json!({ "error": text }).to_string();
        for (status, body) in [(400, json.as_str()), (500, &json), (502, text), (200, text)] {
            let error = single(status, body).unwrap_err().to_string();
            for secret in ["secret", "guest", "'k'", "abc", "4242", "the-token"] {
                assert!(!error.contains(secret), "{error}");
            }
            assert!(error.contains("ERR ") && error.ends_with(" ..."), "{error}");
        }
    }
    let long = single(502, &"x".repeat(5_000)).unwrap_err().to_string();
    assert!(long.len() < 300, "{}", long.len());
}

#[test]
fn white_space_that_is_collapsed_does_not_uncover_an_argument() {
    for text in ["ERR bad a  secret value", "ERR bad a\nsecret\tvalue"] {
        let json = serde_json::json!({ "error": text }).to_string();

        for (status, body) in [(400, json.as_str()), (502, text)] {
            let error = single(status, body).unwrap_err().to_string();

            assert!(error.ends_with("ERR bad ..."), "{error}");
        }
    }
}

#[test]
fn a_proxy_that_asks_for_credentials_is_an_outage() {
    let body = r#"{"error":"proxy authentication required"}"#;

    assert!(single(407, body).unwrap_err().is_outage());
    assert!(batch(407, body).unwrap_err().is_outage());
}
