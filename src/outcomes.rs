//! The queue of what the I/O thread has to tell JavaScript: outcomes of calls, log and changes of state.

use std::sync::{Arc, Mutex, PoisonError};

use napi::bindgen_prelude::Env;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use redlatch_core::log::LogMessage;
use redlatch_core::store::BreakerChange;

use crate::promise::Outcome;

type WakeUp = ThreadsafeFunction<(), (), (), napi::Status, false, true>;

/// Outcomes that have not been told to JavaScript, and what wakes it. Used by all threads.
pub(crate) struct Outcomes {
    queue: Mutex<Queue>,
    wake_up: Mutex<WakeUp>,
}

#[derive(Default)]
pub(crate) struct Queue {
    pub(crate) outcomes: Vec<(u32, Outcome)>,
    pub(crate) log: Vec<LogMessage>,
    pub(crate) changes: Vec<BreakerChange>,
}

impl Outcomes {
    pub(crate) fn new(wake_up: WakeUp) -> Self {
        Self { queue: Mutex::default(), wake_up: Mutex::new(wake_up) }
    }

    /// Everything that is in the queue.
    pub(crate) fn take(&self) -> Queue {
        std::mem::take(&mut *lock(&self.queue))
    }

    pub(crate) fn push_change(self: &Arc<Self>, change: BreakerChange) {
        lock(&self.queue).changes.push(change);
        drop(WakeUpWhenDropped(Arc::clone(self)));
    }

    pub(crate) fn push(self: &Arc<Self>, slot: u32, outcome: Outcome, log: Vec<LogMessage>) {
        let mut queue = lock(&self.queue);
        let is_first = queue.outcomes.is_empty();
        queue.outcomes.push((slot, outcome));
        queue.log.extend(log);
        drop(queue);
        if !is_first {
            return;
        }
        let wake_up = WakeUpWhenDropped(Arc::clone(self));
        if let Ok(io_thread) = tokio::runtime::Handle::try_current() {
            // Behind the other calls that the same answer has made ready, so that all are settled together.
            io_thread.spawn(async move { drop(wake_up) });
        }
    }

    /// Wakes the JavaScript thread again for outcomes that it could not settle yet.
    pub(crate) fn wake_up_if_any(self: &Arc<Self>) {
        if !lock(&self.queue).outcomes.is_empty() {
            drop(WakeUpWhenDropped(Arc::clone(self)));
        }
    }

    /// Lets the wake-up keep the process alive, or no longer.
    pub(crate) fn reference(&self, env: &Env, keep_alive: bool) -> napi::Result<()> {
        let mut wake_up = lock(&self.wake_up);
        #[expect(
            deprecated,
            reason = "cloning counts threads; whether the event loop may end is another matter"
        )]
        if keep_alive { wake_up.refer(env) } else { wake_up.unref(env) }
    }
}

/// Wakes the JavaScript thread even when the I/O thread ends before it gets to it.
struct WakeUpWhenDropped(Arc<Outcomes>);

impl Drop for WakeUpWhenDropped {
    fn drop(&mut self) {
        // Fails only while the environment is being torn down, when nobody waits any more.
        lock(&self.0.wake_up).call((), ThreadsafeFunctionCallMode::NonBlocking);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
