//! What there is to tell the operator, kept until someone asks.
//!
//! The core prints nothing. The binding takes the log when it settles calls and hands them to the console of the
//! JavaScript side.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

/// More than this many log that nobody has taken push out the oldest.
const LIMIT: usize = 100;

/// Something that the operator should read once. It holds no secret, key or value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogMessage {
    /// Good to know.
    Info(String),
    /// Something should be mended.
    Warn(String),
}

/// A queue of log; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<VecDeque<LogMessage>>>);

impl Log {
    /// Adds a notice.
    pub fn push(&self, notice: LogMessage) {
        let mut queue = self.0.lock();
        if queue.len() == LIMIT {
            queue.pop_front();
        }
        queue.push_back(notice);
    }

    /// Takes all log, the oldest first.
    #[must_use]
    pub fn take(&self) -> Vec<LogMessage> {
        self.0.lock().drain(..).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_told_once_and_do_not_pile_up() {
        let log = Log::default();
        for number in 0..LIMIT + 5 {
            log.clone().push(LogMessage::Info(number.to_string()));
        }

        let taken = log.take();

        assert_eq!((taken.len(), &taken[0]), (LIMIT, &LogMessage::Info("5".into())));
        assert_eq!(log.take(), []);
    }
}
