//! Sends requests, and retries them until their deadline.
//!
//! Every command has a deadline, by which its caller gets a reply or an error. If a request fails for a transient reason,
//! only its idempotent commands are retried ([`Command::is_idempotent`]). The callers of the others get the error,
//! because Redis may have executed them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::http::{Endpoint, HttpClient};
use super::request_metrics::RequestMetrics;
use super::response::{self, RequestContext};
use super::{Command, Reply};
use crate::{Error, Result};

/// The maximum number of times a request is sent.
const MAX_ATTEMPTS: u32 = 3;
/// The minimum pause before a retry. The maximum is three times the previous pause; the pause is random in between.
/// <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>
const MIN_PAUSE: Duration = Duration::from_millis(10);

/// The result of each command of a request. The outer error means that Redis is unavailable.
pub(super) type Replies = Result<Vec<Result<Reply>>>;

/// Where the reply to a pending command goes, and the command's deadline.
pub(super) struct PendingReply {
    pub(super) sender: oneshot::Sender<Result<Reply>>,
    pub(super) deadline: Instant,
}

impl PendingReply {
    /// A caller may have stopped waiting; its reply is dropped.
    fn send(self, reply: Result<Reply>) {
        let _ = self.sender.send(reply);
    }
}

/// Sends the same error to every caller.
pub(super) fn fail_all(pending: impl IntoIterator<Item = PendingReply>, error: &Error) {
    for one in pending {
        one.send(Err(error.clone()));
    }
}

/// An HTTP client that retries, and counts requests and retries.
pub(super) struct RetryingClient {
    http: HttpClient,
    metrics: Arc<RequestMetrics>,
}

impl RetryingClient {
    pub(super) fn new(http: HttpClient, metrics: Arc<RequestMetrics>) -> Self {
        Self { http, metrics }
    }

    /// Runs commands as one transaction.
    pub(super) async fn transaction(&self, commands: &[Command], deadline: Instant) -> Replies {
        let mut backoff = Backoff::new(deadline);
        loop {
            let replies = self.request(Endpoint::Transaction, commands, deadline).await;
            match &replies {
                Err(error)
                    if error.is_transient()
                        && commands.iter().all(Command::is_idempotent)
                        && backoff.pause(error).await => {}
                _ => return replies,
            }
            self.metrics.retried();
        }
    }

    /// Runs commands and sends each reply to its caller.
    ///
    /// # Errors
    ///
    /// When Redis is unavailable. The callers have then got this error, too.
    pub(super) async fn pipeline(
        &self,
        mut commands: Vec<Command>,
        mut pending: Vec<PendingReply>,
    ) -> Result<()> {
        let mut backoff =
            Backoff::new(pending.iter().map(|one| one.deadline).max().unwrap_or_else(Instant::now));
        loop {
            let endpoint = if commands.len() == 1 { Endpoint::Command } else { Endpoint::Pipeline };
            let deadline = pending.iter().map(|one| one.deadline).min().unwrap_or_else(Instant::now);
            let error = match self.request(endpoint, &commands, deadline).await {
                Ok(replies) => {
                    pending.into_iter().zip(replies).for_each(|(one, reply)| one.send(reply));
                    return Ok(());
                }
                Err(error) if error.is_outage() => error,
                Err(refusal) => {
                    fail_all(pending, &refusal);
                    return Ok(());
                }
            };
            let may_retry = error.is_transient() || error.is_timeout();
            let all = commands.into_iter().zip(pending);
            let (retried, failed): (Vec<_>, Vec<_>) = all.partition(|(command, one)| {
                may_retry && command.is_idempotent() && one.deadline > Instant::now()
            });
            fail_all(failed.into_iter().map(|(_, one)| one), &error);
            (commands, pending) = retried.into_iter().unzip();
            if commands.is_empty() || !backoff.pause(&error).await {
                fail_all(pending, &error);
                return Err(error);
            }
            self.metrics.retried();
        }
    }

    async fn request(&self, endpoint: Endpoint, commands: &[Command], deadline: Instant) -> Replies {
        let start = Instant::now();
        let is_batch = endpoint != Endpoint::Command;
        let response = self.http.post(endpoint, body(commands, is_batch), deadline).await?;
        self.metrics.responded(start.elapsed());
        let retry_after = response.retry_after;
        let context = RequestContext { commands, is_batch, token: self.http.token(), retry_after };
        response::read(response.status, &response.body, context)
    }
}

/// The pauses between the attempts of one request: exponential backoff with jitter.
struct Backoff {
    deadline: Instant,
    attempts: u32,
    last: Duration,
}

impl Backoff {
    fn new(deadline: Instant) -> Self {
        Self { deadline, attempts: 1, last: MIN_PAUSE }
    }

    /// Pauses before the next attempt. Returns `false` at once if no attempt or no time is left.
    async fn pause(&mut self, error: &Error) -> bool {
        let range = (self.last * 3).saturating_sub(MIN_PAUSE);
        let random = MIN_PAUSE + range.mul_f64(fastrand::f64());
        let pause = error.retry_after().unwrap_or_default().max(random);
        let start = Instant::now() + pause;
        if self.attempts == MAX_ATTEMPTS || start >= self.deadline {
            return false;
        }
        self.attempts += 1;
        self.last = random;
        tokio::time::sleep_until(start).await;
        true
    }
}

/// The JSON of one command, or of an array of commands.
fn body(commands: &[Command], is_batch: bool) -> Vec<u8> {
    let mut body = Vec::with_capacity(commands.iter().map(|command| command.len() + 1).sum::<usize>() + 2);
    for (index, command) in commands.iter().enumerate() {
        if is_batch {
            body.push(if index == 0 { b'[' } else { b',' });
        }
        command.write_to(&mut body);
    }
    if is_batch {
        body.push(b']');
    }
    body
}
