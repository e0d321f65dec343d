//! Scripts with the flag `allow-key-locking` work in the mode `upstash`; in the mode `redis` Redis rejects the flag.

mod support;

use redlatch_gateway::{GatewayOptions, Mode};
use serde_json::json;
use sha1_smol::Sha1;
use support::TestGateway;

const FLAGGED: &str = "#!lua flags=allow-key-locking\nreturn redis.call('INCR', KEYS[1])";
const FLAGGED_READ: &str = "#!lua flags=no-writes,allow-key-locking\nreturn redis.call('GET', KEYS[1])";

fn digest(script: &str) -> String {
    Sha1::from(script).hexdigest()
}

/// Sends a command and returns the body of the response.
async fn send(gateway: &TestGateway, command: serde_json::Value) -> String {
    gateway.post("/", command.to_string()).await.body
}

#[tokio::test]
async fn a_flagged_script_runs_and_is_known_by_the_digest_of_its_whole_text() {
    let gateway = TestGateway::start().await;
    let known = json!(["EVALSHA", digest(FLAGGED), 1, "n"]);

    assert!(send(&gateway, known.clone()).await.starts_with(r#"{"error":"NOSCRIPT "#));
    assert_eq!(send(&gateway, json!(["EVAL", FLAGGED, 1, "n"])).await, r#"{"result":1}"#);
    assert_eq!(send(&gateway, known).await, r#"{"result":2}"#);
    let upper = digest(FLAGGED).to_uppercase();
    assert_eq!(send(&gateway, json!(["evalsha", upper, 1, "n"])).await, r#"{"result":3}"#);
}

#[tokio::test]
async fn script_load_replies_with_the_digest_of_the_whole_text_and_script_exists_knows_it() {
    let gateway = TestGateway::start().await;
    let digest = digest(FLAGGED);
    let exists = json!(["SCRIPT", "EXISTS", digest, "0".repeat(40), digest]);

    assert_eq!(send(&gateway, exists.clone()).await, r#"{"result":[0,0,0]}"#);
    let loaded = send(&gateway, json!(["SCRIPT", "LOAD", FLAGGED])).await;
    assert_eq!(loaded, format!(r#"{{"result":"{digest}"}}"#));
    assert_eq!(send(&gateway, exists).await, r#"{"result":[1,0,1]}"#);
    assert_eq!(send(&gateway, json!(["EVALSHA", digest, 1, "n"])).await, r#"{"result":1}"#);
}

#[tokio::test]
async fn a_script_that_redis_lost_is_a_noscript() {
    let gateway = TestGateway::start().await;
    let known = json!(["EVALSHA", digest(FLAGGED), 1, "n"]);
    send(&gateway, json!(["EVAL", FLAGGED, 1, "n"])).await;

    send(&gateway, json!(["SCRIPT", "FLUSH"])).await;
    assert!(send(&gateway, known.clone()).await.starts_with(r#"{"error":"NOSCRIPT "#));

    send(&gateway, json!(["EVAL", FLAGGED, 1, "n"])).await;
    gateway.redis.restart().unwrap();
    assert!(send(&gateway, known).await.starts_with(r#"{"error":"NOSCRIPT "#));
}

#[tokio::test]
async fn other_flags_stay_and_the_read_only_commands_take_the_flag_too() {
    let gateway = TestGateway::start().await;
    send(&gateway, json!(["SET", "k", "v"])).await;

    assert_eq!(send(&gateway, json!(["EVAL_RO", FLAGGED_READ, 1, "k"])).await, r#"{"result":"v"}"#);
    let known = json!(["EVALSHA_RO", digest(FLAGGED_READ), 1, "k"]);
    assert_eq!(send(&gateway, known).await, r#"{"result":"v"}"#);

    let writes = "#!lua flags=no-writes,allow-key-locking\nreturn redis.call('INCR', KEYS[1])";
    let refused = send(&gateway, json!(["EVAL", writes, 1, "n"])).await;
    assert!(refused.contains("Write commands are not allowed from read-only scripts"), "{refused}");
}

#[tokio::test]
async fn an_error_names_the_line_of_the_whole_text() {
    let gateway = TestGateway::start().await;
    let script = "#!lua flags=allow-key-locking\n\nreturn redis.call('NOTACMD')";

    let error = send(&gateway, json!(["EVAL", script, 0])).await;

    assert!(error.contains("on @user_script:3."), "{error}");
}

#[tokio::test]
async fn flagged_scripts_work_in_pipelines_and_transactions() {
    let gateway = TestGateway::start().await;
    let batch = json!([
        ["EVAL", FLAGGED, 1, "n"],
        ["EVALSHA", digest(FLAGGED), 1, "n"],
        ["SCRIPT", "LOAD", FLAGGED_READ],
        ["EVALSHA", digest(FLAGGED_READ), 1, "n"],
    ]);

    for (path, last) in [("/pipeline", 2), ("/multi-exec", 4)] {
        let expected = format!(
            r#"[{{"result":{}}},{{"result":{last}}},{{"result":"{}"}},{{"result":"{last}"}}]"#,
            last - 1,
            digest(FLAGGED_READ)
        );
        assert_eq!(gateway.post(path, batch.to_string()).await.body, expected, "{path}");
    }
}

#[tokio::test]
async fn a_script_without_the_flag_is_not_touched() {
    let gateway = TestGateway::start().await;

    for script in ["return 1", "#!lua\nreturn 1", "#!lua flags=no-writes\nreturn 1"] {
        assert_eq!(send(&gateway, json!(["EVAL", script, 0])).await, r#"{"result":1}"#, "{script}");
        let known = json!(["EVALSHA", digest(script), 0]);
        assert_eq!(send(&gateway, known).await, r#"{"result":1}"#, "{script}");
    }
}

#[tokio::test]
async fn in_the_mode_redis_the_flag_is_an_error_of_redis() {
    let options = GatewayOptions { mode: Mode::Redis, ..GatewayOptions::default() };
    let gateway = TestGateway::with(options).await;

    for command in [json!(["EVAL", FLAGGED, 1, "n"]), json!(["SCRIPT", "LOAD", FLAGGED])] {
        let response = gateway.post("/", command.to_string()).await;
        assert_eq!(response.status, 400, "{command}");
        assert!(response.body.contains("Unexpected flag in script shebang"), "{}", response.body);
    }
    let known = send(&gateway, json!(["EVALSHA", digest(FLAGGED), 1, "n"])).await;
    assert!(known.starts_with(r#"{"error":"NOSCRIPT "#), "{known}");
}
