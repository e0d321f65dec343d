//! The pending calls of one realm: on their way to the I/O thread, and settled on their way back.
//!
//! A call that needs the network waits until the face submits all calls of its turn together. The face makes and
//! settles the promises: only JavaScript can make one that is an instance of the caller's own `Promise`, as under
//! Jest, and it does so faster.
//!
//! The wake-up is referenced while calls are pending, so that they keep the process alive like a pending `fetch`. The
//! `settle` function is held only so long: an idle package keeps neither the event loop nor a test's realm alive.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use napi::bindgen_prelude::{Either, Env, FnArgs, Function, FunctionRef};
use redlatch_core::log::LogMessage;
use redlatch_core::store::BreakerChange;

use crate::completions::{CompletionQueue, PendingPromise, ReturnValue, Waiting};
use crate::error::Failure;
use crate::handle::Handle;
use crate::io_thread::Call;

/// The arguments of `settle` in `lib/calls.ts`, as flat lists: slot and value; slot, class, code and message of errors;
/// level and text of log messages; old state, new state, reason and time of changes of state.
pub(crate) type SettleArgs =
    FnArgs<(Vec<Either<u32, ReturnValue>>, Vec<Either<u32, String>>, Vec<String>, Vec<Either<String, f64>>)>;

/// The calls of one realm that are not settled yet. Belongs to its JavaScript thread.
pub(crate) struct Promises {
    /// Calls that have not been submitted yet.
    unsubmitted: RefCell<Vec<(Arc<Handle>, Call)>>,
    pending: Cell<usize>,
    /// Whether there is a listener to changes of state, so that `settle` stays held.
    is_watching: Cell<bool>,
    settle: RefCell<Option<FunctionRef<SettleArgs, ()>>>,
    queue: RefCell<Option<Arc<CompletionQueue>>>,
}

impl Promises {
    pub(crate) fn new() -> Self {
        Self {
            unsubmitted: RefCell::default(),
            pending: Cell::new(0),
            is_watching: Cell::new(false),
            settle: RefCell::default(),
            queue: RefCell::default(),
        }
    }

    /// The promise in `slot`, which is pending from now on.
    pub(crate) fn pending(
        self: &Rc<Self>,
        env: &Env,
        slot: u32,
        service: &Arc<Handle>,
    ) -> napi::Result<PendingPromise> {
        let queue = self.queue(env)?;
        if self.pending.replace(self.pending.get() + 1) == 0 {
            queue.reference(env, true)?;
        }
        Ok(PendingPromise::new(slot, queue, Arc::clone(service)))
    }

    /// Keeps a call until it is submitted.
    pub(crate) fn push(&self, service: Arc<Handle>, call: Call) {
        self.unsubmitted.borrow_mut().push((service, call));
    }

    /// Holds `settle` for changes of state until [`Promises::unwatch`].
    pub(crate) fn watch(&self, settle: &Function<'_, SettleArgs, ()>) -> napi::Result<()> {
        self.is_watching.set(true);
        self.hold(settle)
    }

    pub(crate) fn unwatch(&self) {
        self.is_watching.set(false);
        self.release_if_idle();
    }

    pub(crate) fn is_watching(&self) -> bool {
        self.is_watching.get()
    }

    /// A listener that passes changes of state to JavaScript, from any thread, as long as the realm exists.
    pub(crate) fn listener(
        self: &Rc<Self>,
        env: &Env,
    ) -> napi::Result<impl Fn(&BreakerChange) + Send + Sync + use<>> {
        let queue = Arc::downgrade(&self.queue(env)?);
        Ok(move |change: &BreakerChange| {
            if let Some(queue) = queue.upgrade() {
                queue.push_change(change.clone());
            }
        })
    }

    fn is_idle(&self) -> bool {
        self.pending.get() == 0 && !self.is_watching.get()
    }

    fn release_if_idle(&self) {
        if self.is_idle() {
            self.settle.take();
        }
    }

    /// Holds `settle` until no call is pending.
    pub(crate) fn hold(&self, settle: &Function<'_, SettleArgs, ()>) -> napi::Result<()> {
        let mut held = self.settle.borrow_mut();
        if held.is_none() && !self.is_idle() {
            *held = Some(settle.create_ref()?);
            if let Some(queue) = &*self.queue.borrow() {
                queue.wake_up_if_any();
            }
        }
        Ok(())
    }

    /// Hands all calls of this turn to their I/O threads.
    pub(crate) fn submit(&self) {
        let mut unsubmitted = self.unsubmitted.take().into_iter().peekable();
        while let Some((service, call)) = unsubmitted.next() {
            let mut calls = vec![call];
            while let Some((_, call)) = unsubmitted.next_if(|(next, _)| Arc::ptr_eq(next, &service)) {
                calls.push(call);
            }
            match service.io() {
                Ok(io) => io.run(calls),
                // Dropping the calls rejects their promises.
                Err(error) => {
                    service.log().push(LogMessage::Warn(format!("Cannot start the I/O thread: {error}.")));
                }
            }
        }
    }

    fn queue(self: &Rc<Self>, env: &Env) -> napi::Result<Arc<CompletionQueue>> {
        if let Some(queue) = &*self.queue.borrow() {
            return Ok(Arc::clone(queue));
        }
        let promises: Weak<Self> = Rc::downgrade(self);
        // A function of the addon and not `settle` itself, because it is held for ever.
        let settle_all = env.create_function_from_closure::<(), (), _>("redlatch", move |context| {
            promises.upgrade().map_or(Ok(()), |promises| promises.settle_all(context.env))
        })?;
        let wake_up = settle_all.build_threadsafe_function::<()>().weak::<true>().build()?;
        let queue = Arc::new(CompletionQueue::new(wake_up));
        *self.queue.borrow_mut() = Some(Arc::clone(&queue));
        Ok(queue)
    }

    /// Settles all that is in the queue.
    fn settle_all(&self, env: &Env) -> napi::Result<()> {
        let Some(queue) = self.queue.borrow().clone() else { return Ok(()) };
        // A change of settings submits calls before `settle` is held. Their completions wait until it is.
        let Some(settle) = self.settle.borrow().as_ref().map(|settle| settle.borrow_back(env)).transpose()?
        else {
            return Ok(());
        };
        let Waiting { completions, log, changes } = queue.take();
        self.pending.set(self.pending.get() - completions.len());
        if self.pending.get() == 0 && !completions.is_empty() {
            queue.reference(env, false)?;
        }
        self.release_if_idle();
        let (mut values, mut errors) = (Vec::with_capacity(completions.len() * 2), Vec::new());
        for (slot, completion) in completions {
            match completion {
                Ok(value) => values.extend([Either::A(slot), Either::B(value)]),
                Err(error) => {
                    errors.push(Either::A(slot));
                    errors.extend(Failure::from(error).into_parts().map(Either::B));
                }
            }
        }
        let log = log.into_iter().flat_map(log_parts).collect();
        let changes = changes.into_iter().flat_map(change_parts).collect();
        settle.call(FnArgs { data: (values, errors, log, changes) })
    }
}

/// The level and the text of a log message; the level is the name of a method of `console`.
pub(crate) fn log_parts(message: LogMessage) -> [String; 2] {
    match message {
        LogMessage::Info(text) => ["info".into(), text],
        LogMessage::Warn(text) => ["warn".into(), text],
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^53")]
fn change_parts(change: BreakerChange) -> [Either<String, f64>; 4] {
    [
        Either::A(change.from.name().into()),
        Either::A(change.to.name().into()),
        Either::A(change.reason),
        Either::B(change.at as f64),
    ]
}
