//! The texts that this process last wrote or read, by key. A compare-and-set expects such a text and needs no read before
//! it. If the text is outdated, the compare-and-set fails, and is repeated with the new one.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::keys::Key;

/// The estimated bytes of one text.
const EXPECTED_BYTES: u64 = 256;

/// A bounded cache: without the text, one more request is made.
pub(super) struct LastSeen(Cache<String, Arc<str>, TextSize>);

#[derive(Clone)]
struct TextSize;

impl Weighter<String, Arc<str>> for TextSize {
    fn weight(&self, key: &String, text: &Arc<str>) -> u64 {
        (key.len() + text.len()) as u64
    }
}

impl LastSeen {
    /// At most `max_bytes` of keys and texts.
    pub(super) fn new(max_bytes: u64) -> Self {
        let expected = usize::try_from(max_bytes / EXPECTED_BYTES).unwrap_or(usize::MAX);
        Self(Cache::with_weighter(expected, max_bytes, TextSize))
    }

    pub(super) fn get(&self, key: &Key) -> Option<Arc<str>> {
        self.0.get(key.as_str())
    }

    pub(super) fn remember(&self, key: &Key, text: &str) {
        // Most texts are read again and again, and need no copy then.
        if self.get(key).is_some_and(|known| *known == *text) {
            return;
        }
        self.0.insert(key.as_str().to_owned(), text.into());
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> u64 {
        self.0.weight()
    }

    pub(super) fn forget(&self, key: &Key) {
        self.0.remove(key.as_str());
    }
}
