//! What the key of a run holds.

use std::fmt::Write as _;

use crate::clock::UnixMillis;
use crate::json::{self, Object};

/// How the work has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// With this value as JSON; `None` if there is none.
    Done(Option<String>),
    /// With a value that could not be stored.
    NoResult,
    /// With this error as JSON.
    Failed(String),
}

/// What is known of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// Nothing.
    Absent,
    /// The work goes on since this time, if known.
    Running(Option<UnixMillis>),
    /// It is done.
    Done(Option<UnixMillis>),
    /// It has failed.
    Failed(Option<UnixMillis>),
}

/// What a key holds.
pub(super) struct Record {
    pub(super) state: RunState,
    pub(super) fingerprint: String,
    pub(super) outcome: Option<Outcome>,
}

impl Record {
    /// `None` if the text is corrupt.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let object = Object::parse(text)?;
        let at = object.get("a").and_then(|at| at.parse().ok());
        let fingerprint = object.get("f").and_then(json::text).unwrap_or_default().into_owned();
        let (state, outcome) = match &*json::text(object.get("s")?)? {
            "run" => (RunState::Running(at), None),
            "done" if object.get("n").is_some() => (RunState::Done(at), Some(Outcome::NoResult)),
            "done" => (RunState::Done(at), Some(Outcome::Done(object.get("v").map(str::to_owned)))),
            "fail" => (RunState::Failed(at), Some(Outcome::Failed(object.get("e")?.to_owned()))),
            _ => return None,
        };
        Some(Self { state, fingerprint, outcome })
    }

    /// The text of a run that `owner` began at `started_at`. Without an outcome, it is the lease.
    pub(super) fn text(
        owner: &str,
        fingerprint: &str,
        started_at: UnixMillis,
        outcome: Option<&Outcome>,
    ) -> String {
        let (state, value) = match outcome {
            None => ("run", None),
            Some(Outcome::Done(value)) => ("done", value.as_deref().map(|value| ("v", value))),
            Some(Outcome::NoResult) => ("done", Some(("n", "true"))),
            Some(Outcome::Failed(error)) => ("fail", Some(("e", &**error))),
        };
        let fingerprint = json::to_json(&fingerprint);
        let mut text = format!(r#"{{"s":"{state}","o":"{owner}","f":{fingerprint},"a":{started_at}"#);
        if let Some((name, value)) = value {
            // Writing to a string cannot fail.
            let _ = write!(text, r#","{name}":{value}"#);
        }
        text.push('}');
        text
    }
}

impl RunState {
    /// `{ state, startedAt? }`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let (state, at) = match self {
            Self::Absent => ("absent", None),
            Self::Running(at) => ("running", *at),
            Self::Done(at) => ("done", *at),
            Self::Failed(at) => ("failed", *at),
        };
        let at = at.map_or_else(String::new, |at| format!(r#","startedAt":{at}"#));
        format!(r#"{{"state":"{state}"{at}}}"#)
    }
}
