//! `SET … IFEQ`, `SET … IFNE` and `DELEX` behave as Upstash documents them; in the mode `redis` Redis rejects them.

mod support;

use redlatch_gateway::{GatewayOptions, Mode};
use support::TestGateway;

const WRONG_TYPE: &str = r#"{"error":"WRONGTYPE Operation against a key holding the wrong kind of value"}"#;
const SYNTAX: &str = r#"{"error":"ERR syntax error"}"#;
const NULL: &str = r#"{"result":null}"#;
const OK: &str = r#"{"result":"OK"}"#;

/// Runs rows of `(command, body of the response)` in order.
async fn check(gateway: &TestGateway, rows: &[(&'static str, &str)]) {
    for (command, expected) in rows {
        assert_eq!(gateway.post("/", *command).await.body, *expected, "{command}");
    }
}

#[tokio::test]
async fn set_writes_only_if_the_old_value_is_as_asked() {
    let gateway = TestGateway::start().await;

    let rows = [
        (r#"["SET","k","v","IFEQ",""]"#, NULL),
        (r#"["SET","k","v","IFNE","v"]"#, OK),
        (r#"["SET","k","w","IFEQ","other"]"#, NULL),
        (r#"["SET","k","w","IFNE","v"]"#, NULL),
        (r#"["GET","k"]"#, r#"{"result":"v"}"#),
        (r#"["SET","k","w","ifeq","v"]"#, OK),
        (r#"["SET","k","IFEQ","IFNE","v"]"#, OK),
        (r#"["GET","k"]"#, r#"{"result":"IFEQ"}"#),
        (r#"["SET","IFEQ","IFNE"]"#, OK),
    ];
    check(&gateway, &rows).await;
}

#[tokio::test]
async fn get_replies_with_the_old_value_and_with_null_after_a_failed_condition() {
    let gateway = TestGateway::start().await;

    let rows = [
        (r#"["SET","k","v","IFNE","x","GET"]"#, NULL),
        (r#"["SET","k","w","GET","IFEQ","x"]"#, NULL),
        (r#"["SET","k","w","GET","IFEQ","v"]"#, r#"{"result":"v"}"#),
        (r#"["GET","k"]"#, r#"{"result":"w"}"#),
    ];
    check(&gateway, &rows).await;
}

#[tokio::test]
async fn a_conditional_set_takes_every_kind_of_ttl_and_drops_it_without_one() {
    let gateway = TestGateway::start().await;

    for ttl in [r#""EX",100"#, r#""PX",100000"#, r#""EXAT",4102444800"#, r#""PXAT",4102444800000"#] {
        for command in [
            format!(r#"["SET","k","v",{ttl},"IFNE","x"]"#),
            format!(r#"["SET","k","v","IFEQ","v",{ttl}]"#),
            r#"["SET","k","v","IFEQ","v","KEEPTTL"]"#.to_owned(),
        ] {
            assert_eq!(gateway.post("/", command.clone()).await.body, OK, "{command}");
            assert_ne!(gateway.run(r#"["TTL","k"]"#).await, r#"{"result":-1}"#, "{command}");
        }
        assert_eq!(gateway.run(r#"["SET","k","v","IFEQ","v"]"#).await, OK);
        assert_eq!(gateway.run(r#"["TTL","k"]"#).await, r#"{"result":-1}"#);
    }
}

#[tokio::test]
async fn delex_deletes_only_if_the_value_is_as_asked() {
    let gateway = TestGateway::start().await;

    let rows = [
        (r#"["DELEX","k","IFNE","v"]"#, r#"{"result":0}"#),
        (r#"["SET","k","v"]"#, OK),
        (r#"["DELEX","k","IFEQ","other"]"#, r#"{"result":0}"#),
        (r#"["DELEX","k","IFNE","v"]"#, r#"{"result":0}"#),
        (r#"["delex","k","ifeq","v"]"#, r#"{"result":1}"#),
        (r#"["DELEX","k","IFEQ","v"]"#, r#"{"result":0}"#),
        (r#"["SET","k","v"]"#, OK),
        (r#"["DELEX","k","IFNE","other"]"#, r#"{"result":1}"#),
        (r#"["RPUSH","list","v"]"#, r#"{"result":1}"#),
        (r#"["DELEX","list"]"#, r#"{"result":1}"#),
        (r#"["DELEX","list"]"#, r#"{"result":0}"#),
    ];
    check(&gateway, &rows).await;
}

#[tokio::test]
async fn a_key_of_another_type_is_an_error_and_stays() {
    let gateway = TestGateway::start().await;
    gateway.run(r#"["RPUSH","list","v"]"#).await;

    let rows = [
        (r#"["SET","list","v","IFEQ","v"]"#, WRONG_TYPE),
        (r#"["SET","list","v","IFNE","v"]"#, WRONG_TYPE),
        (r#"["DELEX","list","IFEQ","v"]"#, WRONG_TYPE),
        (r#"["LLEN","list"]"#, r#"{"result":1}"#),
    ];
    check(&gateway, &rows).await;
}

#[tokio::test]
async fn malformed_conditions_are_syntax_errors() {
    let gateway = TestGateway::start().await;
    gateway.run(r#"["SET","k","v"]"#).await;

    let rows = [
        (r#"["SET","k","w","IFEQ"]"#, SYNTAX),
        (r#"["SET","k","w","IFEQ","v","NX"]"#, SYNTAX),
        (r#"["SET","k","w","IFEQ","v","IFNE","x"]"#, SYNTAX),
        (r#"["SET","k","w","IFEQ","v","EX"]"#, SYNTAX),
        (r#"["SET","k","w","IFEQ","v","EX",1,"PX",1]"#, SYNTAX),
        (r#"["SET","k","w","IFEQ","v","EX",0]"#, r#"{"error":"ERR invalid expire time in 'set' command"}"#),
        (r#"["SET","k","w","IFDEQ","0000000000000000"]"#, SYNTAX),
        (r#"["DELEX","k","IFDEQ","0000000000000000"]"#, SYNTAX),
        (r#"["DELEX"]"#, r#"{"error":"ERR wrong number of arguments for 'delex' command"}"#),
        (r#"["DELEX","k","IFEQ"]"#, r#"{"error":"ERR wrong number of arguments for 'delex' command"}"#),
        (r#"["GET","k"]"#, r#"{"result":"v"}"#),
    ];
    check(&gateway, &rows).await;
}

#[tokio::test]
async fn conditions_work_in_batches_and_in_base64() {
    let gateway = TestGateway::start().await;
    let batch = r#"[["SET","k","v"],["SET","k","w","IFEQ","v"],["SET","k","x","IFEQ","v"],["SET","k","x","IFEQ","w","GET"],["DELEX","k","IFEQ","w"],["DELEX","k","IFEQ","x"]]"#;

    for path in ["/pipeline", "/multi-exec"] {
        let response = gateway.post_base64(path, batch).await;
        let results = [r#""OK""#, r#""OK""#, "null", r#""dw==""#, "0", "1"];
        let expected = results.map(|result| format!(r#"{{"result":{result}}}"#)).join(",");
        assert_eq!(response.body, format!("[{expected}]"), "{path}");
    }
}

#[tokio::test]
async fn of_simultaneous_swaps_one_succeeds() {
    let gateway = TestGateway::start().await;
    gateway.run(r#"["SET","k","old"]"#).await;

    let swaps = (0..20).map(|_| {
        let request = gateway.request(hyper::Method::POST, "/").body(r#"["SET","k","new","IFEQ","old"]"#);
        tokio::spawn(support::read(request))
    });
    let swaps: Vec<_> = swaps.collect();

    let mut granted = 0;
    for swap in swaps {
        granted += usize::from(swap.await.unwrap().body == OK);
    }
    assert_eq!(granted, 1);
}

#[tokio::test]
async fn the_counters_have_the_commands_of_the_client_and_a_swap_changes_the_sync_token() {
    let gateway = TestGateway::start().await;
    let token = async |body: &'static str| {
        let response = gateway.request(hyper::Method::POST, "/").body(body).send().await.unwrap();
        response.headers()["upstash-sync-token"].to_str().unwrap().to_owned()
    };

    let first = token(r#"["SET","k","v","IFNE","x"]"#).await;
    let second = token(r#"["DELEX","k","IFEQ","v"]"#).await;

    assert_ne!(first, second);
    let counters = gateway.counters();
    assert_eq!((counters.command("SET"), counters.command("DELEX"), counters.command("EVAL")), (1, 1, 0));
}

#[tokio::test]
async fn the_read_only_token_may_use_neither() {
    let gateway = TestGateway::start().await;

    for (command, name) in [(r#"["SET","k","v","IFNE","x"]"#, "set"), (r#"["DELEX","k"]"#, "delex")] {
        let request = gateway.bare(hyper::Method::POST, "/").bearer_auth(gateway.read_only_token());
        let response = support::read(request.body(command)).await;
        assert!(response.body.contains(&format!("NOPERM this user has no permissions to run the '{name}'")));
    }
}

#[tokio::test]
async fn in_the_mode_redis_they_are_errors_of_redis() {
    let options = GatewayOptions { mode: Mode::Redis, ..GatewayOptions::default() };
    let gateway = TestGateway::with(options).await;
    let unknown = r#"{"error":"ERR unknown command 'DELEX', with args beginning with: "#;

    assert_eq!(gateway.post("/", r#"["SET","k","v","IFNE","x"]"#).await.body, SYNTAX);
    assert!(gateway.post("/", r#"["DELEX","k"]"#).await.body.starts_with(unknown));

    let batch = r#"[["SET","k","v"],["DELEX","k"],["GET","k"]]"#;
    let piped = gateway.post("/pipeline", batch).await.body;
    assert!(piped.starts_with(&format!("[{OK},{unknown}")) && piped.ends_with(r#",{"result":"v"}]"#));
    let executed = gateway.post("/multi-exec", batch).await;
    assert!(executed.status == 400 && executed.body.starts_with(unknown), "{}", executed.body);
}

#[tokio::test]
async fn in_the_mode_redis_what_would_harm_the_connection_is_still_rejected() {
    let options = GatewayOptions { mode: Mode::Redis, ..GatewayOptions::default() };
    let gateway = TestGateway::with(options).await;

    for command in
        [r#"["SHUTDOWN"]"#, r#"["POST","x"]"#, r#"["host:"]"#, r#"["MULTI"]"#, r#"["BLPOP","l",0]"#]
    {
        assert_eq!(gateway.post("/", command).await.status, 400, "{command}");
        assert_eq!(gateway.run(r#"["PING"]"#).await, r#"{"result":"PONG"}"#, "{command}");
    }
    let request = gateway.bare(hyper::Method::POST, "/").bearer_auth(gateway.read_only_token());
    assert!(support::read(request.body(r#"["DELEX","k"]"#)).await.body.contains("NOPERM"));
}
