//! Sends requests, and retries them until their deadline.
//!
//! Every command has a deadline, by which its caller gets a reply or an error; the request goes on for the others. If a
//! request fails for a transient reason, only idempotent commands are sent again ([`Command::is_idempotent`]), unless
//! the server has certainly not executed it. The callers of the others get the error, because Redis may have executed
//! them.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

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
    /// `None` once the caller has its reply.
    sender: Option<oneshot::Sender<Result<Reply>>>,
    deadline: Instant,
}

impl PendingReply {
    pub(super) fn new(sender: oneshot::Sender<Result<Reply>>, deadline: Instant) -> Self {
        Self { sender: Some(sender), deadline }
    }

    fn is_waiting(&self) -> bool {
        self.sender.is_some()
    }

    /// Ends the waiting of the caller.
    fn expire(&mut self) {
        self.reply(Err(Error::out_of_time()));
    }

    fn send(mut self, reply: Result<Reply>) {
        self.reply(reply);
    }

    /// A caller may have stopped waiting; its reply is dropped.
    fn reply(&mut self, reply: Result<Reply>) {
        if let Some(sender) = self.sender.take() {
            let _ = sender.send(reply);
        }
    }
}

fn last_deadline(pending: &[PendingReply]) -> Instant {
    pending.iter().map(|one| one.deadline).max().unwrap_or_else(Instant::now)
}

/// Whether commands can be sent again after an error.
fn may_retry(error: &Error, commands: &[Command]) -> bool {
    error.is_transient() && (error.is_certainly_not_executed() || commands.iter().all(Command::is_idempotent))
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
                Err(error) if may_retry(error, commands) && backoff.pause(error).await => {}
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
        let mut backoff = Backoff::new(last_deadline(&pending));
        loop {
            let replies = self.attempt(&commands, &mut pending).await;
            if let Err(error) = &replies
                && error.is_too_large()
                && commands.len() > 1
            {
                return self.halves(commands, pending, error).await;
            }
            let all = replies.unwrap_or_else(|error| vec![Err(error); commands.len()]);
            let mut repeated = (Vec::new(), Vec::new());
            let (mut outage, mut is_reached) = (None, false);
            for ((command, one), reply) in commands.into_iter().zip(pending).zip(all) {
                match reply {
                    Err(error) if error.is_outage() => {
                        outage = Some(error.clone());
                        if may_retry(&error, std::slice::from_ref(&command)) && one.is_waiting() {
                            repeated.0.push(command);
                            repeated.1.push(one);
                        } else {
                            one.send(Err(error));
                        }
                    }
                    reply => {
                        is_reached = true;
                        one.send(reply);
                    }
                }
            }
            (commands, pending) = repeated;
            let Some(error) = outage else { return Ok(()) };
            if commands.is_empty() || !backoff.pause(&error).await {
                fail_all(pending, &error);
                return if is_reached { Ok(()) } else { Err(error) };
            }
            self.metrics.retried();
        }
    }

    /// Sends one request, and ends the waiting of callers whose deadline passes before the request's.
    async fn attempt(&self, commands: &[Command], pending: &mut [PendingReply]) -> Replies {
        let endpoint = if commands.len() == 1 { Endpoint::Command } else { Endpoint::Pipeline };
        let last = last_deadline(pending);
        let mut request = pin!(self.request(endpoint, commands, last));
        loop {
            let next = pending.iter().filter(|one| one.is_waiting()).map(|one| one.deadline).min();
            let Some(next) = next.filter(|next| *next < last) else { return request.await };
            match timeout_at(next, &mut request).await {
                Ok(replies) => return replies,
                Err(_) => {
                    pending.iter_mut().filter(|one| one.deadline <= next).for_each(PendingReply::expire);
                }
            }
        }
    }

    /// Sends the two halves of a request whose response was too large, as far as they are idempotent. The others may have
    /// been executed.
    async fn halves(&self, commands: Vec<Command>, pending: Vec<PendingReply>, error: &Error) -> Result<()> {
        let all = commands.into_iter().zip(pending);
        let (mut left, lost): (Vec<_>, Vec<_>) = all.partition(|(command, _)| command.is_idempotent());
        fail_all(lost.into_iter().map(|(_, one)| one), error);
        let right = left.split_off(left.len() / 2);
        for half in [left, right].into_iter().filter(|half| !half.is_empty()) {
            let (commands, pending) = half.into_iter().unzip();
            Box::pin(self.pipeline(commands, pending)).await?;
        }
        Ok(())
    }

    async fn request(&self, endpoint: Endpoint, commands: &[Command], deadline: Instant) -> Replies {
        let _in_flight = self.metrics.in_flight();
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
