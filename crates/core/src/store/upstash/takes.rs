//! What only one caller gets. If the reply is lost, nobody can tell who has it.

use tokio::time::Instant;

use super::UpstashStore;
use super::conditional::lost;
use super::scripts::VERIFY;
use crate::Result;
use crate::keys::Key;
use crate::store::Guess;
use crate::upstash::Command;

impl UpstashStore {
    /// If the reply is lost and the value is still there, takes it then.
    pub(super) async fn take(&self, key: &Key, deadline: Instant) -> Result<Option<String>> {
        let take = || self.client.run_by(Command::new("GETDEL").key(key), deadline);
        let mut reply = take().await;
        let Some(first) = lost(&reply).cloned() else { return reply?.into_text() };
        while let Some(lost) = lost(&reply)
            && Instant::now() < deadline
            && self.look(key, lost, deadline).await?.is_some()
        {
            reply = take().await;
        }
        // Nothing there now does not say that there was nothing before.
        reply?.into_text()?.map(Some).ok_or(first)
    }

    /// A guess is not sent again, because it could be counted twice.
    pub(super) async fn verify_hash(&self, key: &Key, hash: &str, deadline: Instant) -> Result<Guess> {
        let reply = self.client.eval(&VERIFY, key, |command| command.arg(hash), deadline).await?;
        Ok(reply.into_text()?.map_or(Guess::Absent, |before| Guess::at(before, hash)))
    }
}
