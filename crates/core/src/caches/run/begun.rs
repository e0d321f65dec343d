//! How a caller of a run begins, for the face as JSON.

use std::fmt::Write as _;
use std::time::Duration;

use super::record::{Outcome, Record};

/// How a caller of a run begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It does the work.
    Run {
        /// As this owner.
        owner: String,
        /// A number that grows with every run of the key, if asked for.
        fence: Option<i64>,
        /// The caller has to watch the time of its work itself, because there is no runtime that could: memory answers
        /// without one.
        untimed: Option<Duration>,
    },
    /// Another does the work, and has not finished.
    Wait,
    /// It is done.
    Ended(Outcome),
    /// The key belongs to another request.
    Mismatch,
}

impl Begun {
    /// How a run stands for a caller whose request has `fingerprint`.
    pub(super) fn by(record: Record, fingerprint: &str) -> Self {
        if record.fingerprint != fingerprint {
            return Self::Mismatch;
        }
        record.outcome.map_or(Self::Wait, Self::Ended)
    }

    /// `{ state, .. }`, for the face.
    #[must_use]
    pub fn to_json(&self) -> String {
        match self {
            Self::Run { owner, fence, untimed } => {
                let mut text = format!(r#"{{"state":"run","owner":"{owner}""#);
                // Writing to a string cannot fail.
                if let Some(fence) = fence {
                    let _ = write!(text, r#","fence":{fence}"#);
                }
                if let Some(time) = untimed {
                    let _ = write!(text, r#","untimedMs":{}"#, time.as_millis());
                }
                text.push('}');
                text
            }
            Self::Wait => r#"{"state":"wait"}"#.into(),
            Self::Mismatch => r#"{"state":"mismatch"}"#.into(),
            Self::Ended(Outcome::NoResult) => r#"{"state":"noResult"}"#.into(),
            Self::Ended(Outcome::Done(None)) => r#"{"state":"done"}"#.into(),
            Self::Ended(Outcome::Done(Some(value))) => format!(r#"{{"state":"done","value":{value}}}"#),
            Self::Ended(Outcome::Failed(error)) => format!(r#"{{"state":"failed","error":{error}}}"#),
        }
    }
}
