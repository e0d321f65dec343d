//! Single commands, arguments, types, encodings and paths behave as in the service.
//!
//! `case n` is the number of a conformance case in the README's list. `batches.rs` tests pipelines and transactions.

mod support;

use hyper::Method;
use support::{TestGateway, TestResponse, read};

/// Runs rows of `(case, body, status, response)` in order. A response that ends in `..` is a prefix.
async fn check(gateway: &TestGateway, path: &str, base64: bool, rows: &[(u8, &'static str, u16, &str)]) {
    for (case, body, status, expected) in rows {
        let response =
            if base64 { gateway.post_base64(path, body).await } else { gateway.post(path, *body).await };

        assert_eq!(response.status, *status, "case {case}: {body} got {}", response.body);
        match expected.strip_suffix("..") {
            Some(prefix) => assert!(response.body.starts_with(prefix), "case {case}: {}", response.body),
            None => assert_eq!(response.body, *expected, "case {case}: {body}"),
        }
    }
}

#[tokio::test]
async fn a_request_without_a_valid_token_is_unauthorized() {
    let gateway = TestGateway::start().await;
    let expected = r#"{"error":"WRONGPASS invalid or missing auth token"#;
    let post = |path| gateway.bare(Method::POST, path).body(r#"["PING"]"#);

    let refused = [(1, post("/")), (2, post("/").bearer_auth("wrong")), (2, post("/?_token=wrong"))];
    for (case, request) in refused {
        let response = read(request).await;
        assert_eq!(response.status, 401, "case {case}");
        assert!(response.body.starts_with(expected), "case {case}: {}", response.body);
    }
}

#[tokio::test]
async fn a_token_may_be_in_the_query_or_without_bearer_in_the_header_and_the_query_wins() {
    let gateway = TestGateway::start().await;
    let token = gateway.token();
    let in_query = format!("/ping?_token={token}");
    let pong = TestResponse::new(200, r#"{"result":"PONG"}"#);

    // Case 3.
    assert_eq!(read(gateway.bare(Method::GET, &in_query)).await, pong);
    assert_eq!(read(gateway.bare(Method::GET, &in_query).bearer_auth("wrong")).await, pong);
    assert_eq!(read(gateway.bare(Method::GET, "/ping").header("Authorization", token)).await, pong);
    assert_eq!(read(gateway.request(Method::GET, "/ping?_token=wrong")).await.status, 401);
}

#[tokio::test]
async fn methods_other_than_head_get_post_and_put_are_not_allowed() {
    let gateway = TestGateway::start().await;

    // Case 4.
    assert_eq!(read(gateway.request(Method::DELETE, "/")).await, TestResponse::new(405, ""));
    assert_eq!(read(gateway.request(Method::HEAD, "/ping")).await, TestResponse::new(200, ""));
    let put = gateway.request(Method::PUT, "/set/k").body("v");
    assert_eq!(read(put).await, TestResponse::new(200, r#"{"result":"OK"}"#));
}

#[tokio::test]
async fn bodies_that_are_not_a_command_are_bad_requests() {
    let gateway = TestGateway::start().await;

    let rows = [
        (5, "", 400, r#"{"error":"EOF"}"#),
        (6, r#"{"a":1}"#, 400, r#"{"error":"expected JSON array"}"#),
        (7, "[]", 400, r#"{"error":"ERR empty command"}"#),
        (7, r#"["GET","#, 400, r#"{"error":"unexpected EOF"}"#),
        (26, r#"["SET","k",null]"#, 400, r#"{"error":"ERR null args are not supported"}"#),
        (27, r#"["SET","k",{"a":1}]"#, 400, r#"{"error":"ERR unsupported arg type: \"{\": json.Delim"}"#),
        (27, r#"["SET","k",[1]]"#, 400, r#"{"error":"ERR unsupported arg type: \"[\": json.Delim"}"#),
    ];
    check(&gateway, "/", false, &rows).await;
}

#[tokio::test]
async fn content_types_and_unknown_headers_do_not_matter() {
    let gateway = TestGateway::start().await;
    // Case 8 is every other request here, which has no content type. Case 9 is the service's own headers.
    let headers = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("upstash-sync-token", ""),
        ("upstash-sync-token", "my-new-sync-token"),
        ("Upstash-Telemetry-Sdk", "@upstash/redis@v1.38.2"),
        ("Upstash-Response-Format", "json"),
    ];

    for (name, value) in headers {
        let request = gateway.request(Method::POST, "/").header(name, value).body(r#"["PING"]"#);
        assert_eq!(read(request).await, TestResponse::new(200, r#"{"result":"PONG"}"#), "{name}: {value}");
    }
}

#[tokio::test]
async fn single_commands_respond_in_resp2_shapes() {
    let gateway = TestGateway::start().await;

    let rows = [
        (10, r#"["SET","foo","bar","EX",100]"#, 200, r#"{"result":"OK"}"#),
        (11, r#"["GET","missing"]"#, 200, r#"{"result":null}"#),
        (12, r#"["SET","empty",""]"#, 200, r#"{"result":"OK"}"#),
        (12, r#"["GET","empty"]"#, 200, r#"{"result":""}"#),
        (13, r#"["SET","e","😀"]"#, 200, r#"{"result":"OK"}"#),
        (13, r#"["GET","e"]"#, 200, r#"{"result":"😀"}"#),
        (14, r#"["INCR","n"]"#, 200, r#"{"result":1}"#),
        (15, r#"["INCRBYFLOAT","f","2.5"]"#, 200, r#"{"result":"2.5"}"#),
        (16, r#"["MGET","foo","nope"]"#, 200, r#"{"result":["bar",null]}"#),
        (17, r#"["HSET","h","a",1,"b",2]"#, 200, r#"{"result":2}"#),
        (17, r#"["HGETALL","h"]"#, 200, r#"{"result":["a","1","b","2"]}"#),
        (18, r#"["ZADD","z",99.5,"m"]"#, 200, r#"{"result":1}"#),
        (18, r#"["ZRANGE","z",0,-1,"WITHSCORES"]"#, 200, r#"{"result":["m","99.5"]}"#),
        (19, r#"["SCAN","0"]"#, 200, r#"{"result":["0",[.."#),
        (20, r#"["SET","foo","x","NX"]"#, 200, r#"{"result":null}"#),
        (28, r#"["SET","k",true]"#, 200, r#"{"result":"OK"}"#),
        (28, r#"["GET","k"]"#, 200, r#"{"result":"true"}"#),
        (29, r#"["SET","big","101600000000150081467"]"#, 200, r#"{"result":"OK"}"#),
        (29, r#"["GET","big"]"#, 200, r#"{"result":"101600000000150081467"}"#),
        (30, r#"["EVAL","return {1,'a',{2,'b'},false}",0]"#, 200, r#"{"result":[1,"a",[2,"b"],null]}"#),
    ];
    check(&gateway, "/", false, &rows).await;
    let ttl = gateway.run(r#"["TTL","foo"]"#).await;
    assert!([r#"{"result":99}"#, r#"{"result":100}"#].contains(&ttl.as_str()), "case 10: {ttl}");
}

#[tokio::test]
async fn numbers_keep_the_digits_they_were_written_with() {
    let gateway = TestGateway::start().await;

    for literal in ["1000000", "1.0", "1e21", "-0", "9007199254740993"] {
        gateway.post("/", format!(r#"["SET","n",{literal}]"#)).await;
        let response = gateway.run(r#"["GET","n"]"#).await;
        assert_eq!(response, format!(r#"{{"result":"{literal}"}}"#));
    }
}

#[tokio::test]
async fn failing_commands_get_400_with_the_text_of_the_service() {
    let gateway = TestGateway::start().await;
    gateway.run(r#"["SET","foo","bar"]"#).await;
    let rows = [
        (21, r#"["GET"]"#, 400, r#"{"error":"ERR wrong number of arguments for 'get' command"}"#),
        (
            22,
            r#"["LPUSH","foo","x"]"#,
            400,
            r#"{"error":"WRONGTYPE Operation against a key holding the wrong.."#,
        ),
        (
            23,
            r#"["NOTACMD","a"]"#,
            400,
            r#"{"error":"ERR Command is not available: 'NOTACMD'. See https://.."#,
        ),
        (23, r#"["SHUTDOWN"]"#, 400, r#"{"error":"ERR Command is not available: 'SHUTDOWN'.."#),
        (23, r#"["MEMORY","NOTSUB"]"#, 400, r#"{"error":"ERR Command is not available: 'MEMORY NOTSUB'.."#),
        (24, r#"["SUBSCRIBE","c"]"#, 400, r#"{"error":"ERR Command \"SUBSCRIBE\" is not allowed in REST.."#),
        (24, r#"["multi"]"#, 400, r#"{"error":"ERR Command \"MULTI\" is not allowed in REST.."#),
        (24, r#"["CLIENT","ID"]"#, 400, r#"{"error":"ERR Command \"CLIENT\" is not allowed in REST.."#),
        (25, r#"["BLPOP","l","0"]"#, 400, r#"{"error":"ERR Command \"BLPOP\" is not allowed in REST.."#),
        (25, r#"["XREAD","BLOCK",0,"STREAMS","s","$"]"#, 400, r#"{"error":"ERR Command \"XREAD\" is not.."#),
        (25, r#"["XREAD","STREAMS","block","0"]"#, 200, r#"{"result":null}"#),
        (
            31,
            r#"["EVALSHA","0000000000000000000000000000000000000000",0]"#,
            400,
            r#"{"error":"NOSCRIPT No.."#,
        ),
    ];
    check(&gateway, "/", false, &rows).await;
    // Errors from Redis keep their text, with any code.
    let rows = [
        (22, r#"["EVAL","return {err='CODE two  spaces'}",0]"#, 400, r#"{"error":"CODE two  spaces"}"#),
        (22, r#"["EVAL","return {err='CODE'}",0]"#, 400, r#"{"error":"CODE"}"#),
        (22, r#"["INCRBY","foo",1]"#, 400, r#"{"error":"ERR value is not an integer or out of range"}"#),
    ];
    check(&gateway, "/", false, &rows).await;
    // Case 40: an error is plain text with base64, too.
    check(&gateway, "/", true, &rows[..2]).await;
}

#[tokio::test]
async fn base64_encodes_every_string_but_a_status_ok() {
    let gateway = TestGateway::start().await;

    let rows = [
        (13, r#"["SET","e","😀"]"#, 200, r#"{"result":"OK"}"#),
        (13, r#"["GET","e"]"#, 200, r#"{"result":"8J+YgA=="}"#),
        (30, r#"["EVAL","return {1,'a',{2,'b'},false}",0]"#, 200, r#"{"result":[1,"YQ==",[2,"Yg=="],null]}"#),
        (38, r#"["SET","foo","bar"]"#, 200, r#"{"result":"OK"}"#),
        (38, r#"["GET","foo"]"#, 200, r#"{"result":"YmFy"}"#),
        (38, r#"["PING"]"#, 200, r#"{"result":"UE9ORw=="}"#),
        (39, r#"["SET","v","OK"]"#, 200, r#"{"result":"OK"}"#),
        (39, r#"["GET","v"]"#, 200, r#"{"result":"T0s="}"#),
    ];
    check(&gateway, "/", true, &rows).await;
}

#[tokio::test]
async fn a_path_is_a_command_and_a_body_and_a_query_are_its_last_arguments() {
    let gateway = TestGateway::start().await;
    let ok = TestResponse::new(200, r#"{"result":"OK"}"#);

    // Case 33.
    assert_eq!(gateway.get("/set/foo/bar/EX/100").await, ok);
    assert_eq!(gateway.get("/get/foo").await, TestResponse::new(200, r#"{"result":"bar"}"#));
    // Case 34.
    assert_eq!(gateway.post("/set/v?EX=100", "a/b?c").await, ok);
    assert_eq!(gateway.run(r#"["GET","v"]"#).await, r#"{"result":"a/b?c"}"#);
    assert_ne!(gateway.run(r#"["TTL","v"]"#).await, r#"{"result":-1}"#);
    // Case 35.
    assert_eq!(gateway.get("/set/a%2Fb/c%20d").await, ok);
    assert_eq!(gateway.run(r#"["GET","a/b"]"#).await, r#"{"result":"c d"}"#);
    // The body of a GET is not an argument, and a name without a value is one argument.
    let get = gateway.request(Method::GET, "/set/foo/other?NX").body("ignored");
    assert_eq!(read(get).await, TestResponse::new(200, r#"{"result":null}"#));
}

#[tokio::test]
async fn binary_values_are_kept_in_base64_and_replaced_in_text() {
    let gateway = TestGateway::start().await;

    // Cases 36 and 37.
    gateway.post("/set/bin", vec![0xFF, 0xFE, 0x00, 0x01]).await;
    assert_eq!(gateway.post_base64("/", r#"["GET","bin"]"#).await.body, r#"{"result":"//4AAQ=="}"#);
    assert_eq!(gateway.run(r#"["GET","bin"]"#).await, "{\"result\":\"\u{FFFD}\u{FFFD}\\u0000\\u0001\"}");
}

#[tokio::test]
async fn response_formats_other_than_json_are_bad_requests() {
    let gateway = TestGateway::start().await;

    // Case 42. This gateway does not implement resp2.
    for format in ["resp2", "xml"] {
        let request = gateway.request(Method::POST, "/").header("Upstash-Response-Format", format);
        assert_eq!(read(request.body(r#"["PING"]"#)).await.status, 400, "{format}");
    }
}

#[tokio::test]
async fn the_read_only_token_only_reads_single_keys() {
    let gateway = TestGateway::start().await;
    gateway.run(r#"["SET","foo","bar"]"#).await;
    let token = gateway.read_only_token();

    // Case 55.
    let refused = [r#"["SET","foo","x"]"#, r#"["SCAN",0]"#, r#"["KEYS","*"]"#, r#"["EVAL","return 1",0]"#];
    for command in refused {
        let response = read(gateway.bare(Method::POST, "/").bearer_auth(token).body(command)).await;
        assert_eq!(response.status, 400, "{command}");
        assert!(
            response.body.starts_with(r#"{"error":"NOPERM this user has no permissions to run the '"#),
            "{command}"
        );
    }
    for command in [r#"["GET","foo"]"#, r#"["PING"]"#, r#"["OBJECT","ENCODING","foo"]"#] {
        let response = read(gateway.bare(Method::POST, "/").bearer_auth(token).body(command)).await;
        assert_eq!(response.status, 200, "{command} got {}", response.body);
    }
    assert_eq!(gateway.run(r#"["GET","foo"]"#).await, r#"{"result":"bar"}"#);
}
