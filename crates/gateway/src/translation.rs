//! What becomes of a command on its way to Redis: in the mode `upstash` some commands are replaced by ones that
//! every Redis has.

use redis::{Cmd, Value};

use crate::command::argument;
use crate::conditions;
use crate::http_error::HttpError;
use crate::mode::Mode;
use crate::scripts::Scripts;

/// Translates the commands of one gateway.
pub(crate) struct Translator {
    mode: Mode,
    scripts: Scripts,
}

/// A command as Redis gets it.
pub(crate) struct Translated {
    pub(crate) command: Cmd,
    pub(crate) reply: ReplyTranslation,
}

/// How the reply of Redis becomes the reply to the client.
pub(crate) struct ReplyTranslation {
    /// The digest that a successful SCRIPT LOAD replies with: of the text that the client knows.
    digest: Option<String>,
}

impl Translator {
    pub(crate) fn new(mode: Mode) -> Self {
        Self { mode, scripts: Scripts::default() }
    }

    /// Translates one command. Scripts are remembered here, so a batch is to be translated in its order.
    pub(crate) fn translate(&self, command: Cmd) -> Result<Translated, HttpError> {
        if self.mode == Mode::Redis {
            return Ok(command.into());
        }
        let name = argument(&command, 0);
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        let replaced = if is("set") {
            conditions::set(&command)
        } else if is("delex") {
            Some(conditions::delex(&command)?)
        } else if is("eval") || is("eval_ro") {
            self.scripts.eval(&command)
        } else if is("evalsha") || is("evalsha_ro") {
            self.scripts.evalsha(&command)
        } else if is("script") && argument(&command, 1).eq_ignore_ascii_case(b"exists") {
            Some(self.scripts.exists(&command))
        } else if is("script") && argument(&command, 1).eq_ignore_ascii_case(b"load") {
            return Ok(match self.scripts.load(&command) {
                Some((load, digest)) => {
                    Translated { command: load, reply: ReplyTranslation { digest: Some(digest) } }
                }
                None => command.into(),
            });
        } else {
            None
        };
        Ok(replaced.unwrap_or(command).into())
    }
}

impl From<Cmd> for Translated {
    fn from(command: Cmd) -> Self {
        Self { command, reply: ReplyTranslation { digest: None } }
    }
}

impl ReplyTranslation {
    pub(crate) fn apply(self, reply: Value) -> Value {
        match (self.digest, reply) {
            (Some(digest), Value::BulkString(_)) => Value::BulkString(digest.into_bytes()),
            (_, reply) => reply,
        }
    }
}
