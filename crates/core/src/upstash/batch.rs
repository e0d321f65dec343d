//! Batches: what is in the queue at one moment leaves as one HTTP request.
//!
//! Calls come from any thread and only put their command into the queue; the [`Driver`] runs on the I/O thread, takes
//! all that is there and sends it: one command to `/`, several to `/pipeline`, an atomic group to `/multi-exec` on its
//! own. Commands of one request run in the order in which they were called.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;

use super::client::Http;
use super::{Command, Reply, reply};
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

struct Queued {
    since: Instant,
    work: Work,
}

enum Work {
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
        self.queue(|answer| Work::Command(command, answer)).await
    }

    /// Runs commands as one transaction: nobody sees some of them done without the others. As in Redis, one that is
    /// refused while running does not undo the others.
    ///
    /// # Errors
    ///
    /// When the database cannot be used or refuses the transaction as a whole.
    pub async fn transaction(&self, commands: Vec<Command>) -> Answers {
        self.queue(|answer| Work::Transaction(commands, answer)).await
    }

    async fn queue<T>(&self, work: impl FnOnce(oneshot::Sender<Result<T>>) -> Work) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let queued = Queued { since: Instant::now(), work: work(answer) };
        self.queue.send(queued).map_err(|_| Error::abandoned())?;
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
            let batches = Batch::divide(std::mem::take(&mut queued), self.remote.timeout);
            let http = http.clone();
            while requests.try_join_next().is_some() {}
            requests.spawn(async move {
                // One after the other: what was queued together runs in its order, however many requests it takes.
                for batch in batches {
                    match &http {
                        Ok(http) => batch.send(http).await,
                        Err(error) => batch.fail(error),
                    }
                }
                drop(permit);
            });
        }
        requests.join_all().await;
    }
}

/// What goes into one request.
struct Batch {
    deadline: Instant,
    work: BatchWork,
}

enum BatchWork {
    Commands(Vec<Command>, Vec<oneshot::Sender<Result<Reply>>>),
    Transaction(Vec<Command>, oneshot::Sender<Answers>),
}

impl Batch {
    /// Makes requests of what is queued, in its order: a transaction alone, other commands together up to the limits.
    fn divide(queued: Vec<Queued>, timeout: Duration) -> Vec<Self> {
        let mut batches: Vec<Self> = Vec::new();
        let mut bytes = 0;
        for Queued { since, work } in queued {
            match work {
                Work::Transaction(commands, answer) => {
                    batches.push(Self {
                        deadline: since + timeout,
                        work: BatchWork::Transaction(commands, answer),
                    });
                }
                Work::Command(command, answer) => {
                    bytes += command.len();
                    match batches.last_mut().map(|batch| &mut batch.work) {
                        Some(BatchWork::Commands(commands, answers))
                            if commands.len() < MAX_BATCH_COMMANDS && bytes <= MAX_BATCH_BYTES =>
                        {
                            commands.push(command);
                            answers.push(answer);
                        }
                        _ => {
                            bytes = command.len();
                            let work = BatchWork::Commands(vec![command], vec![answer]);
                            // The deadline of a batch is that of its first command, which has waited longest.
                            batches.push(Self { deadline: since + timeout, work });
                        }
                    }
                }
            }
        }
        batches
    }

    async fn send(self, http: &Http) {
        // A caller that has gone away no longer listens; there is nobody to tell.
        match self.work {
            BatchWork::Transaction(commands, answer) => {
                let replies = request(http, "/multi-exec", &commands, self.deadline).await;
                let _ = answer.send(replies);
            }
            BatchWork::Commands(commands, answers) => {
                let path = if commands.len() == 1 { "/" } else { "/pipeline" };
                match request(http, path, &commands, self.deadline).await {
                    Ok(replies) => answers.into_iter().zip(replies).for_each(|(answer, reply)| {
                        let _ = answer.send(reply);
                    }),
                    Err(error) => Self::fail_commands(answers, &error),
                }
            }
        }
    }

    fn fail(self, error: &Error) {
        match self.work {
            BatchWork::Commands(_, answers) => Self::fail_commands(answers, error),
            BatchWork::Transaction(_, answer) => {
                let _ = answer.send(Err(error.clone()));
            }
        }
    }

    fn fail_commands(answers: Vec<oneshot::Sender<Result<Reply>>>, error: &Error) {
        for answer in answers {
            let _ = answer.send(Err(error.clone()));
        }
    }
}

async fn request(http: &Http, path: &str, commands: &[Command], deadline: Instant) -> Answers {
    let remaining = deadline.saturating_duration_since(Instant::now());
    if remaining.is_zero() {
        return Err(Error::timeout());
    }
    let several = path != "/";
    let (status, answer) = http.post(path, body(commands, several), remaining).await?;
    reply::read(status, &answer, commands, several)
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
