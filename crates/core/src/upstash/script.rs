//! Lua scripts, and how an endpoint wants them.
//!
//! On Upstash a script locks the whole database, unless its first line says that its keys suffice. Redis itself refuses
//! that line. Then the scripts go to this endpoint without it.
//! <https://upstash.com/docs/redis/features/key-locking>

use tokio::time::Instant;

use super::{Client, Command, Reply};
use crate::Result;
use crate::keys::Key;

const KEY_LOCKING: &str = "#!lua flags=allow-key-locking\n";

/// A script, with its digests.
pub struct Script {
    for_upstash: Source,
    for_redis: Source,
}

struct Source {
    text: String,
    digest: String,
}

impl Source {
    fn new(text: String) -> Self {
        let digest = sha1_smol::Sha1::from(&text).hexdigest();
        Self { text, digest }
    }
}

impl Script {
    /// The script with this text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self {
            for_upstash: Source::new([KEY_LOCKING, text].concat()),
            for_redis: Source::new(text.to_owned()),
        }
    }
}

impl Client {
    /// Runs a script on one key; see [`Client::eval_keys`].
    ///
    /// # Errors
    ///
    /// When Redis is unavailable or refuses the script.
    pub async fn eval(
        &self,
        script: &Script,
        key: &Key,
        with_arguments: impl Fn(Command) -> Command,
        deadline: Instant,
    ) -> Result<Reply> {
        self.eval_keys(script, &[key], with_arguments, deadline).await
    }

    /// Runs a script by its digest, until `deadline`. If the server does not know it, as after a restart, a second
    /// request sends the text. `with_arguments` adds what follows the keys.
    ///
    /// # Errors
    ///
    /// When Redis is unavailable or refuses the script.
    pub async fn eval_keys(
        &self,
        script: &Script,
        keys: &[&Key],
        with_arguments: impl Fn(Command) -> Command,
        deadline: Instant,
    ) -> Result<Reply> {
        let command = |name, script: &str| {
            let command = Command::new(name).arg(script).number(keys.len() as u64);
            with_arguments(keys.iter().fold(command, |command, key| command.key(key)))
        };
        loop {
            let is_plain = self.traits().refuses_script_flags();
            let source = if is_plain { &script.for_redis } else { &script.for_upstash };
            let error = match self.run_by(command("EVALSHA", &source.digest), deadline).await {
                Err(error) if error.is_unknown_script() => {
                    match self.run_by(command("EVAL", &source.text), deadline).await {
                        Err(error) if error.is_refused_script_flag() => error,
                        result => return result,
                    }
                }
                // A server that does not look for the script before it reads the flags.
                Err(error) if error.is_refused_script_flag() => error,
                result => return result,
            };
            if is_plain {
                return Err(error);
            }
            self.traits().note_refused_script_flags();
        }
    }

    /// Runs a command with the condition that the key holds a text, where the server has it; `None` where it has not.
    ///
    /// # Errors
    ///
    /// When Redis is unavailable or refuses the command.
    pub async fn run_conditional(&self, command: Command, deadline: Instant) -> Result<Option<Reply>> {
        if self.traits().lacks_conditions() {
            return Ok(None);
        }
        match self.run_by(command, deadline).await {
            Err(error) if error.is_unknown_condition() => {
                self.traits().note_lacking_conditions();
                Ok(None)
            }
            result => result.map(Some),
        }
    }
}
