//! Requests to the database, and their repeats.
//!
//! Every command has a deadline, by which it has an answer or an error. Until then, a request that fails for a reason
//! that may pass is sent again, but of its commands only those that may run twice ([`Command::is_idempotent`]): whoever
//! asked for the others is told, and has to find out.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::http::{Endpoint, HttpClient};
use super::reply::{self, Asked};
use super::request_metrics::RequestMetrics;
use super::{Command, Reply};
use crate::{Error, Result};

/// How often a request is sent at most.
const MAX_ATTEMPTS: u32 = 3;
/// The pause before a repeat is random between this and three times the one before it.
/// <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);

/// The replies to the commands of one request; the outer error is one of the database as a whole.
pub(super) type Answers = Result<Vec<Result<Reply>>>;

/// Who waits for the reply to one command, and until when.
pub(super) struct Waiting {
    pub(super) answer: oneshot::Sender<Result<Reply>>,
    pub(super) deadline: Instant,
}

/// Gives all the same error.
pub(super) fn fail_all(waiting: impl IntoIterator<Item = Waiting>, error: &Error) {
    for Waiting { answer, .. } in waiting {
        let _ = answer.send(Err(error.clone()));
    }
}

/// The database's endpoint, and how requests to it fare.
pub(super) struct RetryingClient {
    http: HttpClient,
    metrics: Arc<RequestMetrics>,
}

impl RetryingClient {
    pub(super) fn new(http: HttpClient, metrics: Arc<RequestMetrics>) -> Self {
        Self { http, metrics }
    }

    /// Runs commands as one transaction.
    pub(super) async fn transaction(&self, commands: &[Command], deadline: Instant) -> Answers {
        let mut pauses = Pauses::new(deadline);
        loop {
            let answer = self.request(Endpoint::Transaction, commands, deadline).await;
            match &answer {
                Err(error)
                    if error.is_transient()
                        && commands.iter().all(Command::is_idempotent)
                        && pauses.wait(error).await => {}
                _ => return answer,
            }
            self.metrics.retried();
        }
    }

    /// Sends commands and hands out their replies; the error is one of the database as a whole.
    pub(super) async fn pipeline(&self, mut commands: Vec<Command>, mut waiting: Vec<Waiting>) -> Result<()> {
        let mut pauses =
            Pauses::new(waiting.iter().map(|one| one.deadline).max().unwrap_or_else(Instant::now));
        loop {
            let endpoint = if commands.len() == 1 { Endpoint::Command } else { Endpoint::Pipeline };
            let deadline = waiting.iter().map(|one| one.deadline).min().unwrap_or_else(Instant::now);
            let error = match self.request(endpoint, &commands, deadline).await {
                Ok(replies) => {
                    waiting.into_iter().zip(replies).for_each(|(one, reply)| drop(one.answer.send(reply)));
                    return Ok(());
                }
                Err(error) if error.is_outage() => error,
                Err(refusal) => {
                    fail_all(waiting, &refusal);
                    return Ok(());
                }
            };
            let all = commands.into_iter().zip(waiting);
            let may_help = error.is_transient() || error.is_timeout();
            let (again, over): (Vec<_>, Vec<_>) = all.partition(|(command, one)| {
                may_help && command.is_idempotent() && one.deadline > Instant::now()
            });
            fail_all(over.into_iter().map(|(_, one)| one), &error);
            (commands, waiting) = again.into_iter().unzip();
            if commands.is_empty() || !pauses.wait(&error).await {
                fail_all(waiting, &error);
                return Err(error);
            }
            self.metrics.retried();
        }
    }

    async fn request(&self, endpoint: Endpoint, commands: &[Command], deadline: Instant) -> Answers {
        let start = Instant::now();
        let batch = endpoint != Endpoint::Command;
        let answer = self.http.post(endpoint, body(commands, batch), deadline).await?;
        self.metrics.answered(start.elapsed());
        let asked = Asked { commands, batch, token: self.http.token(), retry_after: answer.retry_after };
        reply::read(answer.status, &answer.body, asked)
    }
}

/// The pauses between the attempts of one request.
struct Pauses {
    deadline: Instant,
    attempts: u32,
    last: Duration,
}

impl Pauses {
    fn new(deadline: Instant) -> Self {
        Self { deadline, attempts: 1, last: SHORTEST_PAUSE }
    }

    /// Pauses for another attempt; `false`, at once, when there is to be none.
    async fn wait(&mut self, error: &Error) -> bool {
        let range = (self.last * 3).saturating_sub(SHORTEST_PAUSE);
        let random = SHORTEST_PAUSE + range.mul_f64(fastrand::f64());
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

/// `["GET","a"]`, or an array of such arrays.
fn body(commands: &[Command], several: bool) -> Vec<u8> {
    let mut body = Vec::with_capacity(commands.iter().map(|command| command.len() + 1).sum::<usize>() + 2);
    for (index, command) in commands.iter().enumerate() {
        if several {
            body.push(if index == 0 { b'[' } else { b',' });
        }
        command.write_to(&mut body);
    }
    if several {
        body.push(b']');
    }
    body
}
