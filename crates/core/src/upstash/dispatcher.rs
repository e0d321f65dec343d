//! Batches: what is in the queue at one moment leaves as one HTTP request.
//!
//! Calls come from any thread and only put their command into the queue; the [`Dispatcher`] runs on the I/O thread, takes
//! all that is there and sends it: one command to `/`, several to `/pipeline`, an atomic group to `/multi-exec` on its
//! own. Commands of one request run in the order in which they were called.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::http::HttpClient;
use super::request_metrics::RequestMetrics;
use super::retry::{Answers, RetryingClient, Waiting, fail_all};
use super::{Command, Reply};
use crate::clock::Clock;
use crate::config::Remote;
use crate::log::Log;
use crate::{Error, Result};

/// As many commands as the official client puts into one pipeline.
const MAX_BATCH_COMMANDS: usize = 1_000;
/// A command over the service's size limit, which is 10 MiB or more, fails the whole request. So a command larger than
/// this travels alone, and shares its failure with no other.
const MAX_BATCH_BYTES: usize = 4 * 1024 * 1024;
/// With this many requests under way, commands wait, and leave together when one is answered.
const MAX_REQUESTS: usize = 32;

/// Puts commands into the queue of a [`Dispatcher`].
#[derive(Clone)]
pub struct Client {
    queue: mpsc::UnboundedSender<Queued>,
    timeout: Duration,
    metrics: Arc<RequestMetrics>,
}

/// Sends what its [`Client`] has queued, for as long as there is a client.
pub struct Dispatcher {
    queue: mpsc::UnboundedReceiver<Queued>,
    remote: Remote,
    clock: Clock,
    log: Log,
    metrics: Arc<RequestMetrics>,
}

enum Queued {
    Command(Command, Waiting),
    Transaction(Vec<Command>, Instant, oneshot::Sender<Answers>),
}

impl Client {
    /// A client of the database that `remote` names, and the driver that someone has to run for it.
    #[must_use]
    pub fn new(remote: Remote, clock: Clock, log: Log) -> (Self, Dispatcher) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let metrics = Arc::new(RequestMetrics::new());
        let client = Self { queue: sender, timeout: remote.timeout, metrics: Arc::clone(&metrics) };
        (client, Dispatcher { queue: receiver, remote, clock, log, metrics })
    }

    /// How long a call may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// How the requests fare.
    #[must_use]
    pub fn request_metrics(&self) -> &RequestMetrics {
        &self.metrics
    }

    /// Runs a command.
    ///
    /// # Errors
    ///
    /// When the database cannot be used or refuses the command.
    pub async fn run(&self, command: Command) -> Result<Reply> {
        self.run_by(command, Instant::now() + self.timeout).await
    }

    /// Runs a command, if that is done by `deadline`.
    ///
    /// # Errors
    ///
    /// When the database cannot be used or refuses the command.
    pub async fn run_by(&self, command: Command, deadline: Instant) -> Result<Reply> {
        self.queue(|answer| Queued::Command(command, Waiting { answer, deadline })).await
    }

    /// Runs commands as one transaction: nobody sees some of them done without the others. As in Redis, one that is
    /// refused while running does not undo the others.
    ///
    /// # Errors
    ///
    /// When the database cannot be used or refuses the transaction as a whole.
    pub async fn transaction(&self, commands: Vec<Command>) -> Answers {
        let deadline = Instant::now() + self.timeout;
        self.queue(|answer| Queued::Transaction(commands, deadline, answer)).await
    }

    async fn queue<T>(&self, queued: impl FnOnce(oneshot::Sender<Result<T>>) -> Queued) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        self.queue.send(queued(answer)).map_err(|_| Error::abandoned())?;
        answered.await.unwrap_or_else(|_| Err(Error::abandoned()))
    }
}

impl Dispatcher {
    /// Sends batches until every [`Client`] is gone and every answer is in.
    pub async fn run(mut self) {
        let http = HttpClient::new(&self.remote, self.clock, &self.log);
        let database = http.map(|http| Arc::new(RetryingClient::new(http, self.metrics)));
        let permits = Arc::new(Semaphore::new(MAX_REQUESTS));
        let mut requests = JoinSet::new();
        let mut queued = Vec::new();
        // Waiting for a permit ends when a request does, by a deadline no later than those of the commands that wait.
        while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
            if self.queue.recv_many(&mut queued, usize::MAX).await == 0 {
                break;
            }
            let batches = Batch::divide(std::mem::take(&mut queued));
            let database = database.clone();
            while requests.try_join_next().is_some() {}
            requests.spawn(async move {
                send_in_order(batches, database).await;
                drop(permit);
            });
        }
        requests.join_all().await;
    }
}

/// Sends what was queued together, one request after the other, so that it runs in its order. Behind a request that
/// finds the database unusable, the rest fails unsent: it would only wait for the same outcome.
async fn send_in_order(batches: Vec<Batch>, database: Result<Arc<RetryingClient>>) {
    let mut database = database;
    for batch in batches {
        match &database {
            Ok(usable) => {
                if let Err(error) = batch.send(usable).await {
                    database = Err(Error::not_sent(&error));
                }
            }
            Err(error) => batch.fail(error),
        }
    }
}

/// What goes into one request.
enum Batch {
    Commands(Vec<Command>, Vec<Waiting>),
    Transaction(Vec<Command>, Instant, oneshot::Sender<Answers>),
}

impl Batch {
    /// Makes requests of what is queued, in its order: a transaction alone, other commands together up to the limits.
    fn divide(queue: Vec<Queued>) -> Vec<Self> {
        let mut batches: Vec<Self> = Vec::new();
        let mut bytes = 0;
        for queued in queue {
            match queued {
                Queued::Transaction(commands, deadline, answer) => {
                    batches.push(Self::Transaction(commands, deadline, answer));
                }
                Queued::Command(command, waiting) => {
                    bytes += command.len();
                    match batches.last_mut() {
                        Some(Self::Commands(commands, all))
                            if commands.len() < MAX_BATCH_COMMANDS && bytes <= MAX_BATCH_BYTES =>
                        {
                            commands.push(command);
                            all.push(waiting);
                        }
                        _ => {
                            bytes = command.len();
                            batches.push(Self::Commands(vec![command], vec![waiting]));
                        }
                    }
                }
            }
        }
        batches
    }

    /// Sends the request and hands out the answers; the error is one of the database as a whole.
    async fn send(self, database: &RetryingClient) -> Result<()> {
        match self {
            Self::Transaction(commands, deadline, answer) => {
                let replies = database.transaction(&commands, deadline).await;
                let outage = replies.as_ref().err().filter(|error| error.is_outage()).cloned();
                // A caller that has gone away no longer listens; there is nobody to tell.
                let _ = answer.send(replies);
                outage.map_or(Ok(()), Err)
            }
            Self::Commands(commands, waiting) => database.pipeline(commands, waiting).await,
        }
    }

    fn fail(self, error: &Error) {
        match self {
            Self::Commands(_, waiting) => fail_all(waiting, error),
            Self::Transaction(_, _, answer) => {
                let _ = answer.send(Err(error.clone()));
            }
        }
    }
}
