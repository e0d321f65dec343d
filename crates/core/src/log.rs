//! Log messages for the operator.
//!
//! The core prints nothing. The binding takes the messages when it settles calls, and JavaScript's `console` prints them.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

/// The maximum number of messages in the log. A new message removes the oldest.
const LIMIT: usize = 100;

/// A log message. It contains no secret, key or value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogMessage {
    /// Information.
    Info(String),
    /// A problem that the operator should fix.
    Warn(String),
}

/// A queue of log messages. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<VecDeque<LogMessage>>>);

impl Log {
    /// Adds a message.
    pub fn push(&self, message: LogMessage) {
        let mut queue = self.0.lock();
        if queue.len() == LIMIT {
            queue.pop_front();
        }
        queue.push_back(message);
    }

    /// Takes all messages, the oldest first.
    #[must_use]
    pub fn take(&self) -> Vec<LogMessage> {
        self.0.lock().drain(..).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_once_and_their_number_is_limited() {
        let log = Log::default();
        for number in 0..LIMIT + 5 {
            log.clone().push(LogMessage::Info(number.to_string()));
        }

        let taken = log.take();

        assert_eq!((taken.len(), &taken[0]), (LIMIT, &LogMessage::Info("5".into())));
        assert_eq!(log.take(), []);
    }
}
