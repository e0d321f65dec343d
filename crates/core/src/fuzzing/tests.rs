use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 2_000,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Fragments in any order, with arbitrary texts in between.
fn fragments(fragments: &'static [&'static str], count: usize) -> impl Strategy<Value = String> {
    let fragment =
        prop_oneof![9 => prop::sample::select(fragments).prop_map(String::from), 1 => any::<String>()];
    prop::collection::vec(fragment, 0..count).prop_map(|fragments| fragments.concat())
}

/// An error text. `$` and `#` with a digit are secrets.
fn error_text() -> impl Strategy<Value = String> {
    let words =
        &["ERR ", "WRONGPASS ", "NOPERM ", "NOSCRIPT", "#0", "#1", "#2", " ", "\\n", "\\\"", "'", "Key was:"];
    fragments(words, 8)
}

fn argument() -> impl Strategy<Value = String> {
    prop_oneof![1 => any::<String>(), 2 => fragments(&["a", "b", " ", "\n", "\u{a0}"], 4)]
}

fn result() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        error_text().prop_map(|text| format!("{{\"error\":\"{text}\"}}")),
        prop::sample::select(vec!["null", "1", "-1", "1.5", "\"OK\"", "\"YQ==\"", "[1,\"YQ==\",[null]]"])
            .prop_map(|value| format!("{{\"result\":{value}}}")),
    ];
    prop_oneof![9 => leaf, 1 => Just("{}".to_owned())]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        2 => prop::collection::vec(any::<u8>(), 0..64),
        4 => fragments(&["{\"error\":", "{\"result\":", "\"", "[", "]", "}", ",", "ERR ", "$0", "$1", "#2", "1", "null"], 12)
            .prop_map(String::into_bytes),
        4 => result().prop_map(String::into_bytes),
        4 => prop::collection::vec(result(), 0..4)
            .prop_map(|results| format!("[{}]", results.join(",")).into_bytes()),
    ]
}

fn status() -> impl Strategy<Value = u16> {
    prop_oneof![3 => prop::sample::select(vec![200, 400, 401, 403, 404, 413, 429, 500, 503]), 1 => any::<u16>()]
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        3 => prop::sample::select(vec![
            "null", "true", "0", "-1.50", "1e21", "12345678901234567890", "\"\"", "\"\\ud800\"", "\"}\"", "\"\\\"\\\\\"",
            "{}", "[]", " { } ", "\"status\"",
        ])
        .prop_map(String::from),
        1 => any::<String>().prop_map(|text| serde_json::json!(text).to_string()),
    ];
    leaf.prop_recursive(3, 24, 5, |value| {
        let array = prop::collection::vec(value.clone(), 0..4);
        prop_oneof![1 => array.prop_map(|items| format!("[{}]", items.join(" ,"))), 3 => object(value)]
    })
}

fn object(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "status",
        "stat\\u0075s",
        "timestamp",
        "a",
        "\\u0061",
        "",
        "\\udc00",
        "\u{1f600}",
        "b",
    ]);
    let space = prop::sample::select(vec!["", "", " ", "\n\t"]);
    let field = (name, value, space.clone())
        .prop_map(|(name, value, space)| format!("{space}\"{name}\"{space}:{space}{value}{space}"));
    (prop::collection::vec(field, 0..6), space)
        .prop_map(|(fields, space)| format!("{space}{{{space}{}}}{space}", fields.join(",")))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_response_is_read_without_showing_a_secret(
        status in status(),
        is_batch: bool,
        arguments in prop::collection::vec(prop::collection::vec(argument(), 0..3), 0..4),
        body in body(),
    ) {
        let arguments: Vec<Vec<&str>> =
            arguments.iter().map(|arguments| arguments.iter().map(String::as_str).collect()).collect();

        check_response(status, is_batch, &arguments, &body);
    }

    #[test]
    fn a_change_of_a_json_text_changes_nothing_else(
        text in object(json()),
        values in prop::collection::vec(json(), 0..4),
    ) {
        prop_assert!(Object::parse(&text).is_some(), "{}", text);
        let values: Vec<&str> = values.iter().map(String::as_str).collect();

        check_json_splice(&text, &values);
    }
}
