//! What holds for every change of a JSON object. proptest runs it in the tests, libFuzzer in `fuzz/`.

use super::*;

const CHANGES: [(&str, &str); 2] = [("status", "\"failed\""), ("timestamp", "7")];

/// Changes two fields of the object in `text`, if it is one.
///
/// # Panics
///
/// When another byte changes.
pub fn check_splice(text: &str) {
    let Some(object) = Object::parse(text) else { return };
    let changed = object.with(&CHANGES);
    let after = Object::parse(&changed).unwrap_or_else(|| panic!("no object any more: {changed}"));
    for (name, value) in CHANGES {
        assert_eq!(after.get(name), Some(value), "{changed}");
    }
    let old: Vec<_> = CHANGES.iter().filter_map(|(name, _)| Some((*name, object.get(name)?))).collect();
    if old.len() == CHANGES.len() {
        assert_eq!(after.with(&old), text);
    } else if old.is_empty() {
        let end = text.rfind('}').unwrap_or_default();
        assert!(changed.starts_with(&text[..end]) && changed.ends_with(&text[end..]), "{changed}");
    }
}
