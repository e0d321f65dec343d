//! What there is to tell the operator, kept until someone asks.
//!
//! The core prints nothing. The binding takes the notices when it settles calls and hands them to the console of the
//! JavaScript side.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

/// More than this many notices that nobody has taken push out the oldest.
const LIMIT: usize = 100;

/// Something that the operator should read once. It holds no secret, key or value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Good to know.
    Info(String),
    /// Something should be mended.
    Warn(String),
}

/// A queue of notices; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Notices(Arc<Mutex<VecDeque<Notice>>>);

impl Notices {
    /// Adds a notice.
    pub fn push(&self, notice: Notice) {
        let mut queue = self.0.lock();
        if queue.len() == LIMIT {
            queue.pop_front();
        }
        queue.push_back(notice);
    }

    /// Takes all notices, the oldest first.
    #[must_use]
    pub fn take(&self) -> Vec<Notice> {
        self.0.lock().drain(..).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_told_once_and_do_not_pile_up() {
        let notices = Notices::default();
        for number in 0..LIMIT + 5 {
            notices.clone().push(Notice::Info(number.to_string()));
        }

        let taken = notices.take();

        assert_eq!((taken.len(), &taken[0]), (LIMIT, &Notice::Info("5".into())));
        assert_eq!(notices.take(), []);
    }
}
