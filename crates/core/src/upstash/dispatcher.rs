//! Pipelining: all commands that are queued at one moment become one HTTP request.
//!
//! A call on any thread puts its command into the queue. The [`Dispatcher`] runs on the I/O thread, takes all queued
//! commands and sends them: one to `/`, several to `/pipeline`, a transaction to `/multi-exec` in its own request. The
//! commands of one request run in the order of the calls.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::http::HttpClient;
use super::request_metrics::RequestMetrics;
use super::retry::{PendingReply, Replies, RetryingClient, fail_all};
use super::server_traits::ServerTraits;
use super::{Command, Reply};
use crate::clock::Clock;
use crate::config::Remote;
use crate::log::Log;
use crate::{Error, Result};

/// The maximum number of commands in one pipeline, as in the official client.
const MAX_BATCH_COMMANDS: usize = 1_000;
/// The maximum size of a pipeline. A larger command gets its own request: if it exceeds the service's limit of 10 MiB or
/// more, the service refuses the whole request, and no other command should fail with it.
const MAX_BATCH_BYTES: usize = 4 * 1024 * 1024;
/// The maximum number of requests in flight. Further commands wait in the queue and are sent together.
const MAX_REQUESTS: usize = 32;

/// Puts commands into the queue of a [`Dispatcher`].
#[derive(Clone)]
pub struct Client {
    queue: mpsc::UnboundedSender<Queued>,
    timeout: Duration,
    metrics: Arc<RequestMetrics>,
    traits: Arc<ServerTraits>,
}

/// Sends the commands that its [`Client`]s have queued.
pub struct Dispatcher {
    queue: mpsc::UnboundedReceiver<Queued>,
    remote: Remote,
    clock: Clock,
    log: Log,
    metrics: Arc<RequestMetrics>,
}

enum Queued {
    Command(Command, PendingReply),
    Transaction(Vec<Command>, Instant, oneshot::Sender<Replies>),
}

impl Client {
    /// Creates a client of the database `remote`, and its dispatcher. Commands are sent while [`Dispatcher::run`] runs.
    #[must_use]
    pub fn new(remote: Remote, clock: Clock, log: Log) -> (Self, Dispatcher) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let metrics = Arc::new(RequestMetrics::new());
        let client = Self {
            queue: sender,
            timeout: remote.timeout,
            metrics: Arc::clone(&metrics),
            traits: Arc::default(),
        };
        (client, Dispatcher { queue: receiver, remote, clock, log, metrics })
    }

    /// The timeout of a call.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(super) fn traits(&self) -> &ServerTraits {
        &self.traits
    }

    /// The metrics of the requests.
    #[must_use]
    pub fn request_metrics(&self) -> &RequestMetrics {
        &self.metrics
    }

    /// Runs a command within the timeout.
    ///
    /// # Errors
    ///
    /// When Redis is unavailable or refuses the command.
    pub async fn run(&self, command: Command) -> Result<Reply> {
        self.run_by(command, Instant::now() + self.timeout).await
    }

    /// Runs a command until `deadline`.
    ///
    /// # Errors
    ///
    /// When Redis is unavailable or refuses the command.
    pub async fn run_by(&self, command: Command, deadline: Instant) -> Result<Reply> {
        self.queue(|sender| Queued::Command(command, PendingReply::new(sender, deadline))).await
    }

    /// Runs commands as one transaction, until `deadline`: other clients see all of them executed or none. As in Redis, if one command is
    /// refused while the transaction runs, the others still take effect.
    ///
    /// # Errors
    ///
    /// When Redis is unavailable or refuses the whole transaction.
    pub async fn transaction(&self, commands: Vec<Command>, deadline: Instant) -> Replies {
        self.queue(|sender| Queued::Transaction(commands, deadline, sender)).await
    }

    async fn queue<T>(&self, queued: impl FnOnce(oneshot::Sender<Result<T>>) -> Queued) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        self.metrics.queued();
        self.queue.send(queued(sender)).map_err(|_| Error::abandoned())?;
        receiver.await.unwrap_or_else(|_| Err(Error::abandoned()))
    }
}

impl Dispatcher {
    /// Sends queued commands until all [`Client`]s are dropped and no request is in flight.
    pub async fn run(&mut self) {
        let http = HttpClient::new(&self.remote, self.clock.clone(), &self.log);
        let metrics = Arc::clone(&self.metrics);
        let database = http.map(|http| Arc::new(RetryingClient::new(http, metrics)));
        let permits = Arc::new(Semaphore::new(MAX_REQUESTS));
        let mut requests = JoinSet::new();
        let mut queued = Vec::new();
        // A permit becomes free when a request ends. That is by a deadline no later than those of the queued commands.
        while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
            let taken = self.queue.recv_many(&mut queued, usize::MAX).await;
            if taken == 0 {
                break;
            }
            self.metrics.taken(taken);
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

/// Sends batches one after the other, so that their commands run in order. If a request finds Redis unavailable, the
/// remaining batches fail without being sent.
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

/// The commands of one request.
enum Batch {
    Commands(Vec<Command>, Vec<PendingReply>),
    Transaction(Vec<Command>, Instant, oneshot::Sender<Replies>),
}

impl Batch {
    /// Divides the queue into batches, in order. A transaction is a batch; other commands share one, up to the limits.
    fn divide(queue: Vec<Queued>) -> Vec<Self> {
        let mut batches: Vec<Self> = Vec::new();
        let mut bytes = 0;
        for queued in queue {
            match queued {
                Queued::Transaction(commands, deadline, sender) => {
                    batches.push(Self::Transaction(commands, deadline, sender));
                }
                Queued::Command(command, pending) => {
                    bytes += command.len();
                    match batches.last_mut() {
                        Some(Self::Commands(commands, all))
                            if commands.len() < MAX_BATCH_COMMANDS && bytes <= MAX_BATCH_BYTES =>
                        {
                            commands.push(command);
                            all.push(pending);
                        }
                        _ => {
                            bytes = command.len();
                            batches.push(Self::Commands(vec![command], vec![pending]));
                        }
                    }
                }
            }
        }
        batches
    }

    /// Sends the request and its replies to the callers.
    ///
    /// # Errors
    ///
    /// When Redis is unavailable.
    async fn send(self, database: &RetryingClient) -> Result<()> {
        match self {
            Self::Transaction(commands, deadline, sender) => {
                let replies = database.transaction(&commands, deadline).await;
                let outage = replies.as_ref().err().filter(|error| error.is_outage()).cloned();
                // A caller may have stopped waiting; its replies are dropped.
                let _ = sender.send(replies);
                outage.map_or(Ok(()), Err)
            }
            Self::Commands(commands, pending) => database.pipeline(commands, pending).await,
        }
    }

    fn fail(self, error: &Error) {
        match self {
            Self::Commands(_, pending) => fail_all(pending, error),
            Self::Transaction(_, _, sender) => {
                let _ = sender.send(Err(error.clone()));
            }
        }
    }
}
