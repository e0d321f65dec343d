//! Batches: what is in the queue at one moment leaves as one HTTP request.
//!
//! Calls come from any thread and only put their command into the queue; the [`Driver`] runs on the I/O thread, takes
//! all that is there and sends it: one command to `/`, several to `/pipeline`, an atomic group to `/multi-exec` on its
//! own. Commands of one request run in the order in which they were called.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;

use super::client::{Endpoint, Http};
use super::reply::{self, Asked};
use super::{Command, Reply};
use crate::config::Remote;
use crate::notice::Notices;
use crate::{Error, Result};

/// As many commands as the official client puts into one pipeline.
const MAX_BATCH_COMMANDS: usize = 1_000;
/// A command over the service's size limit, which is 10 MiB or more, fails the whole request. So a command larger than
/// this travels alone, and shares its failure with no other.
const MAX_BATCH_BYTES: usize = 4 * 1024 * 1024;
/// With this many requests under way, commands wait, and leave together when one is answered.
const MAX_REQUESTS: usize = 32;

type Answers = Result<Vec<Result<Reply>>>;

/// Puts commands into the queue of a [`Driver`].
#[derive(Clone)]
pub struct Client {
    queue: mpsc::UnboundedSender<Queued>,
}

/// Sends what its [`Client`] has queued, for as long as there is a client.
pub struct Driver {
    queue: mpsc::UnboundedReceiver<Queued>,
    remote: Remote,
    notices: Notices,
}

enum Queued {
    Command(Command, oneshot::Sender<Result<Reply>>),
    Transaction(Vec<Command>, oneshot::Sender<Answers>),
}

impl Client {
    /// A client of the database that `remote` names, and the driver that someone has to run for it.
    #[must_use]
    pub fn new(remote: Remote, notices: Notices) -> (Self, Driver) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { queue: sender }, Driver { queue: receiver, remote, notices })
    }

    /// Runs a command.
    ///
    /// # Errors
    ///
    /// When the database cannot be used or refuses the command.
    pub async fn run(&self, command: Command) -> Result<Reply> {
        self.queue(|answer| Queued::Command(command, answer)).await
    }

    /// Runs commands as one transaction: nobody sees some of them done without the others. As in Redis, one that is
    /// refused while running does not undo the others.
    ///
    /// # Errors
    ///
    /// When the database cannot be used or refuses the transaction as a whole.
    pub async fn transaction(&self, commands: Vec<Command>) -> Answers {
        self.queue(|answer| Queued::Transaction(commands, answer)).await
    }

    async fn queue<T>(&self, queued: impl FnOnce(oneshot::Sender<Result<T>>) -> Queued) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        self.queue.send(queued(answer)).map_err(|_| Error::abandoned())?;
        answered.await.unwrap_or_else(|_| Err(Error::abandoned()))
    }
}

impl Driver {
    /// Sends batches until every [`Client`] is gone and every answer is in.
    pub async fn run(mut self) {
        let http = Http::new(&self.remote, &self.notices).map(Arc::new);
        let permits = Arc::new(Semaphore::new(MAX_REQUESTS));
        let mut requests = JoinSet::new();
        let mut queued = Vec::new();
        while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
            if self.queue.recv_many(&mut queued, usize::MAX).await == 0 {
                break;
            }
            let batches = Batch::divide(std::mem::take(&mut queued));
            let (http, timeout) = (http.clone(), self.remote.timeout);
            while requests.try_join_next().is_some() {}
            requests.spawn(async move {
                send_in_order(batches, http, timeout).await;
                drop(permit);
            });
        }
        requests.join_all().await;
    }
}

/// Sends what was queued together, one request after the other, so that it runs in its order. Behind a request that
/// finds the database unusable, the rest fails unsent: it would only wait for the same outcome.
async fn send_in_order(batches: Vec<Batch>, http: Result<Arc<Http>>, timeout: Duration) {
    let mut http = http;
    for batch in batches {
        match &http {
            Ok(usable) => {
                if let Err(error) = batch.send(usable, timeout).await {
                    http = Err(error);
                }
            }
            Err(error) => batch.fail(error),
        }
    }
}

/// What goes into one request.
enum Batch {
    Commands(Vec<Command>, Vec<oneshot::Sender<Result<Reply>>>),
    Transaction(Vec<Command>, oneshot::Sender<Answers>),
}

impl Batch {
    /// Makes requests of what is queued, in its order: a transaction alone, other commands together up to the limits.
    fn divide(queue: Vec<Queued>) -> Vec<Self> {
        let mut batches: Vec<Self> = Vec::new();
        let mut bytes = 0;
        for queued in queue {
            match queued {
                Queued::Transaction(commands, answer) => batches.push(Self::Transaction(commands, answer)),
                Queued::Command(command, answer) => {
                    bytes += command.len();
                    match batches.last_mut() {
                        Some(Self::Commands(commands, answers))
                            if commands.len() < MAX_BATCH_COMMANDS && bytes <= MAX_BATCH_BYTES =>
                        {
                            commands.push(command);
                            answers.push(answer);
                        }
                        _ => {
                            bytes = command.len();
                            batches.push(Self::Commands(vec![command], vec![answer]));
                        }
                    }
                }
            }
        }
        batches
    }

    /// Sends the request and hands out the answers; the error is one of the database as a whole.
    async fn send(self, http: &Http, timeout: Duration) -> Result<()> {
        // A caller that has gone away no longer listens; there is nobody to tell.
        match self {
            Self::Transaction(commands, answer) => {
                let replies = request(http, Endpoint::Transaction, &commands, timeout).await;
                let outage = outage(&replies);
                let _ = answer.send(replies);
                outage
            }
            Self::Commands(commands, answers) => {
                let endpoint = if commands.len() == 1 { Endpoint::Command } else { Endpoint::Pipeline };
                let replies = request(http, endpoint, &commands, timeout).await;
                let outage = outage(&replies);
                match replies {
                    Ok(replies) => answers.into_iter().zip(replies).for_each(|(answer, reply)| {
                        let _ = answer.send(reply);
                    }),
                    Err(error) => fail_all(answers, &error),
                }
                outage
            }
        }
    }

    fn fail(self, error: &Error) {
        match self {
            Self::Commands(_, answers) => fail_all(answers, error),
            Self::Transaction(_, answer) => {
                let _ = answer.send(Err(error.clone()));
            }
        }
    }
}

fn outage(replies: &Answers) -> Result<()> {
    replies.as_ref().err().filter(|error| error.is_outage()).map_or(Ok(()), |error| Err(error.clone()))
}

fn fail_all(answers: Vec<oneshot::Sender<Result<Reply>>>, error: &Error) {
    for answer in answers {
        let _ = answer.send(Err(error.clone()));
    }
}

async fn request(http: &Http, endpoint: Endpoint, commands: &[Command], timeout: Duration) -> Answers {
    let asked = Asked { commands, batch: endpoint != Endpoint::Command, token: http.token() };
    let (status, answer) = http.post(endpoint, body(commands, asked.batch), timeout).await?;
    reply::read(status, &answer, asked)
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
