//! The thread that speaks to a database. The first call that needs the network starts it. It ends when its service is
//! closed or dropped and no call is pending.

use std::future::{Future, ready};
use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::thread;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use redlatch_core::BackgroundTask;
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::task::unconstrained;

/// A pending call, which settles its promise itself.
pub(crate) type Call = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Sends calls to the thread; it ends when the last clone is dropped.
#[derive(Clone)]
pub(crate) struct IoThread {
    messages: mpsc::UnboundedSender<Message>,
}

enum Message {
    Spawn(Box<BackgroundTask>),
    Calls(Vec<Call>),
    Close(Call, Box<dyn FnOnce() + Send>),
}

impl IoThread {
    /// Starts the thread.
    pub(crate) fn start() -> io::Result<Self> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("redlatch-io".into()).spawn(move || {
            // Unconstrained, because tokio's budget would settle the calls of one large request in several portions.
            let closed = runtime.block_on(unconstrained(run(receiver)));
            // Closes the connections, and does not wait for a name to be resolved.
            runtime.shutdown_background();
            for done in closed {
                done();
            }
        })?;
        Ok(Self { messages: sender })
    }

    /// Runs `task` beside the calls.
    pub(crate) fn spawn(&self, task: BackgroundTask) {
        self.send(Message::Spawn(Box::new(task)));
    }

    /// Runs calls. All of them start before the first of their commands is sent.
    pub(crate) fn run(&self, calls: Vec<Call>) {
        self.send(Message::Calls(calls));
    }

    /// Ends the thread after the pending calls and then `last`, then calls `done`.
    pub(crate) fn close(&self, last: Call, done: impl FnOnce() + Send + 'static) {
        if let Err(mpsc::error::SendError(Message::Close(_, done))) =
            self.messages.send(Message::Close(last, Box::new(done)))
        {
            done();
        }
    }

    fn send(&self, message: Message) {
        // Dropping a call rejects its promise, so nothing is lost when the thread has ended.
        let _ = self.messages.send(message);
    }
}

async fn run(mut messages: mpsc::UnboundedReceiver<Message>) -> Vec<Box<dyn FnOnce() + Send>> {
    let (mut last_calls, mut closed) = (Vec::new(), Vec::new());
    let mut calls = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            message = messages.recv() => match message {
                Some(Message::Spawn(task)) => drop(tokio::spawn(task.run())),
                // A call that panics rejects its own promise and no other.
                Some(Message::Calls(batch)) => {
                    calls.extend(batch.into_iter().map(|call| AssertUnwindSafe(call).catch_unwind()));
                }
                Some(Message::Close(last, done)) => {
                    messages.close();
                    last_calls.push(last);
                    closed.push(done);
                }
                None => break,
            },
            Some(_) = calls.next() => {}
        }
    }
    calls.for_each(|_| ready(())).await;
    for last in last_calls {
        last.await;
    }
    closed
}
