//! The completion queue: what the I/O thread has finished, on its way to the JavaScript thread.
//!
//! The first completion in an empty queue wakes the JavaScript thread, once; it then settles all that are there.

use std::sync::{Arc, Mutex, PoisonError};

use napi::bindgen_prelude::{Either4, Env, Null};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use redlatch_core::log::LogMessage;
use redlatch_core::store::BreakerChange;
use redlatch_core::{Error as CoreError, Result as CoreResult};

use crate::handle::Handle;

/// What a call resolves to: a boolean, a number, or a string, which the face may parse as JSON. `null` stands for
/// nothing too; the face knows which methods have no result.
pub(crate) type ReturnValue = Either4<Null, bool, f64, String>;

/// How a call has ended.
pub(crate) type Completion = CoreResult<ReturnValue>;

type WakeUp = ThreadsafeFunction<(), (), (), napi::Status, false, true>;

/// A type of the core that becomes a [`ReturnValue`].
pub(crate) trait IntoReturnValue: Send + 'static {
    fn into_return_value(self) -> ReturnValue;
}

impl IntoReturnValue for () {
    fn into_return_value(self) -> ReturnValue {
        Either4::A(Null)
    }
}

impl IntoReturnValue for bool {
    fn into_return_value(self) -> ReturnValue {
        Either4::B(self)
    }
}

impl IntoReturnValue for i64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "JavaScript has no other number; the documentation says so"
    )]
    fn into_return_value(self) -> ReturnValue {
        Either4::C(self as f64)
    }
}

impl IntoReturnValue for Option<i64> {
    fn into_return_value(self) -> ReturnValue {
        self.map_or(Either4::A(Null), IntoReturnValue::into_return_value)
    }
}

impl IntoReturnValue for String {
    fn into_return_value(self) -> ReturnValue {
        Either4::D(self)
    }
}

impl IntoReturnValue for Option<String> {
    fn into_return_value(self) -> ReturnValue {
        self.map_or(Either4::A(Null), Either4::D)
    }
}

/// Settles one promise exactly once, from any thread; rejects it if dropped first.
pub(crate) struct PendingPromise {
    slot: u32,
    queue: Arc<CompletionQueue>,
    service: Arc<Handle>,
    is_settled: bool,
}

impl PendingPromise {
    pub(crate) fn new(slot: u32, queue: Arc<CompletionQueue>, service: Arc<Handle>) -> Self {
        Self { slot, queue, service, is_settled: false }
    }

    pub(crate) fn settle(mut self, completion: Completion) {
        self.push(completion);
    }

    fn push(&mut self, completion: Completion) {
        self.is_settled = true;
        self.queue.push(self.slot, completion, self.service.log().take());
    }
}

impl Drop for PendingPromise {
    fn drop(&mut self) {
        if !self.is_settled {
            self.push(Err(CoreError::abandoned()));
        }
    }
}

/// The completions of one realm that are not settled yet, and what wakes its JavaScript thread. Used by all threads.
pub(crate) struct CompletionQueue {
    waiting: Mutex<Waiting>,
    wake_up: Mutex<WakeUp>,
}

/// What waits for the JavaScript thread.
#[derive(Default)]
pub(crate) struct Waiting {
    pub(crate) completions: Vec<(u32, Completion)>,
    pub(crate) log: Vec<LogMessage>,
    pub(crate) changes: Vec<BreakerChange>,
}

impl CompletionQueue {
    pub(crate) fn new(wake_up: WakeUp) -> Self {
        Self { waiting: Mutex::default(), wake_up: Mutex::new(wake_up) }
    }

    /// Takes all that waits.
    pub(crate) fn take(&self) -> Waiting {
        std::mem::take(&mut *lock(&self.waiting))
    }

    pub(crate) fn push_change(self: &Arc<Self>, change: BreakerChange) {
        lock(&self.waiting).changes.push(change);
        drop(WakeUpWhenDropped(Arc::clone(self)));
    }

    fn push(self: &Arc<Self>, slot: u32, completion: Completion, log: Vec<LogMessage>) {
        let mut waiting = lock(&self.waiting);
        let is_first = waiting.completions.is_empty();
        waiting.completions.push((slot, completion));
        waiting.log.extend(log);
        drop(waiting);
        if !is_first {
            return;
        }
        let wake_up = WakeUpWhenDropped(Arc::clone(self));
        if let Ok(io_thread) = tokio::runtime::Handle::try_current() {
            // It runs after the other calls that the same response has completed, so all are settled together.
            io_thread.spawn(async move { drop(wake_up) });
        }
    }

    /// Wakes the JavaScript thread again for completions that it could not settle yet.
    pub(crate) fn wake_up_if_any(self: &Arc<Self>) {
        if !lock(&self.waiting).completions.is_empty() {
            drop(WakeUpWhenDropped(Arc::clone(self)));
        }
    }

    /// Sets whether the wake-up keeps the process alive.
    pub(crate) fn reference(&self, env: &Env, keep_alive: bool) -> napi::Result<()> {
        let mut wake_up = lock(&self.wake_up);
        #[expect(
            deprecated,
            reason = "cloning counts threads; whether the event loop may end is another matter"
        )]
        if keep_alive { wake_up.refer(env) } else { wake_up.unref(env) }
    }
}

/// Wakes the JavaScript thread even when the I/O thread ends first.
struct WakeUpWhenDropped(Arc<CompletionQueue>);

impl Drop for WakeUpWhenDropped {
    fn drop(&mut self) {
        // It fails only while the environment is torn down, when no promise can be settled any more.
        lock(&self.0.wake_up).call((), ThreadsafeFunctionCallMode::NonBlocking);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
