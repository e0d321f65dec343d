//! Calls on their way to the core, and their outcomes on the way back to JavaScript.
//!
//! A call that needs the network waits until the turn's microtask flush hands it to the I/O thread together with all
//! others of that turn. Its outcome goes into a queue; the first in it wakes the JavaScript thread, once, which then
//! settles all that are there. The promises themselves are made and settled by `promises.js`: only JavaScript can make
//! one that is an instance of the caller's own `Promise`, as under Jest, and it does so faster.
//!
//! The wake-up is referenced while calls are under way, so that they keep the process alive like a pending `fetch`,
//! and the `settle` function is held only so long: an idle package keeps neither the event loop nor a test's realm.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use napi::bindgen_prelude::{Either, Either4, Env, FnArgs, Function, FunctionRef, Null};
use redlatch_core::log::LogMessage;
use redlatch_core::store::BreakerChange;
use redlatch_core::{Error as CoreError, Result as CoreResult};

use crate::error::Failure;
use crate::handle::Handle;
use crate::io_thread::Call;
use crate::outcomes::{Outcomes, Queue};

/// What a call resolves to: a boolean, a number, a string or JSON that `promises.js` parses; `null` for nothing, of
/// which `promises.js` makes `undefined` where that is the result.
pub(crate) type Value = Either4<Null, bool, f64, String>;

/// Something that becomes a [`Value`].
pub(crate) trait IntoValue: Send + 'static {
    fn into_value(self) -> Value;
}

impl IntoValue for () {
    fn into_value(self) -> Value {
        Either4::A(Null)
    }
}

impl IntoValue for bool {
    fn into_value(self) -> Value {
        Either4::B(self)
    }
}

impl IntoValue for i64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "JavaScript has no other number; the documentation says so"
    )]
    fn into_value(self) -> Value {
        Either4::C(self as f64)
    }
}

impl IntoValue for String {
    fn into_value(self) -> Value {
        Either4::D(self)
    }
}

impl IntoValue for Option<String> {
    fn into_value(self) -> Value {
        self.map_or(Either4::A(Null), Either4::D)
    }
}

pub(crate) type Outcome = CoreResult<Value>;

/// The arguments of `settle` in `promises.js`, as flat lists: slot and value; slot, class, code and message of
/// errors; level and text of log; old state, new state, reason and time of changes of state.
pub(crate) type SettleArgs =
    FnArgs<(Vec<Either<u32, Value>>, Vec<Either<u32, String>>, Vec<String>, Vec<Either<String, f64>>)>;

/// The calls of one realm that are not settled yet. Belongs to its JavaScript thread.
pub(crate) struct Promises {
    waiting: RefCell<Vec<(Arc<Handle>, Call)>>,
    under_way: Cell<usize>,
    /// Whether somebody listens to changes of state, and so `settle` stays held.
    is_watching: Cell<bool>,
    settle: RefCell<Option<FunctionRef<SettleArgs, ()>>>,
    outcomes: RefCell<Option<Arc<Outcomes>>>,
}

/// The right and the duty to settle one promise, from any thread. Dropped unused, as by a panic, it rejects.
pub(crate) struct Ticket {
    slot: u32,
    outcomes: Arc<Outcomes>,
    handle: Arc<Handle>,
    is_used: bool,
}

impl Ticket {
    pub(crate) fn settle(mut self, outcome: Outcome) {
        self.push(outcome);
    }

    fn push(&mut self, outcome: Outcome) {
        self.is_used = true;
        self.outcomes.push(self.slot, outcome, self.handle.log().take());
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.is_used {
            self.push(Err(CoreError::abandoned()));
        }
    }
}

impl Promises {
    pub(crate) fn new() -> Self {
        Self {
            waiting: RefCell::default(),
            under_way: Cell::new(0),
            is_watching: Cell::new(false),
            settle: RefCell::default(),
            outcomes: RefCell::default(),
        }
    }

    /// The ticket for the promise in `slot`, which is under way from now on.
    pub(crate) fn ticket(
        self: &Rc<Self>,
        env: &Env,
        slot: u32,
        handle: &Arc<Handle>,
    ) -> napi::Result<Ticket> {
        let outcomes = self.outcomes(env)?;
        if self.under_way.replace(self.under_way.get() + 1) == 0 {
            outcomes.reference(env, true)?;
        }
        Ok(Ticket { slot, outcomes, handle: Arc::clone(handle), is_used: false })
    }

    /// Keeps a call until the flush.
    pub(crate) fn push(&self, handle: Arc<Handle>, call: Call) {
        self.waiting.borrow_mut().push((handle, call));
    }

    /// Holds `settle` for changes of state until [`Promises::unwatch`].
    pub(crate) fn watch(&self, settle: &Function<'_, SettleArgs, ()>) -> napi::Result<()> {
        self.is_watching.set(true);
        self.hold(settle)
    }

    pub(crate) fn unwatch(&self) {
        self.is_watching.set(false);
        self.let_go();
    }

    pub(crate) fn is_watching(&self) -> bool {
        self.is_watching.get()
    }

    /// What passes changes of state on to JavaScript, from any thread, as long as the realm exists.
    pub(crate) fn listener(
        self: &Rc<Self>,
        env: &Env,
    ) -> napi::Result<impl Fn(&BreakerChange) + Send + Sync + use<>> {
        let outcomes = Arc::downgrade(&self.outcomes(env)?);
        Ok(move |change: &BreakerChange| {
            if let Some(outcomes) = outcomes.upgrade() {
                outcomes.push_change(change.clone());
            }
        })
    }

    fn is_needed(&self) -> bool {
        self.under_way.get() > 0 || self.is_watching.get()
    }

    fn let_go(&self) {
        if !self.is_needed() {
            self.settle.take();
        }
    }

    /// Holds `settle` until all that is under way is settled.
    pub(crate) fn hold(&self, settle: &Function<'_, SettleArgs, ()>) -> napi::Result<()> {
        let mut held = self.settle.borrow_mut();
        if held.is_none() && self.is_needed() {
            *held = Some(settle.create_ref()?);
            if let Some(outcomes) = &*self.outcomes.borrow() {
                outcomes.wake_up_if_any();
            }
        }
        Ok(())
    }

    /// Hands all waiting calls to their I/O threads.
    pub(crate) fn flush(&self) {
        let mut waiting = self.waiting.take().into_iter().peekable();
        while let Some((handle, call)) = waiting.next() {
            let mut calls = vec![call];
            while let Some((_, call)) = waiting.next_if(|(next, _)| Arc::ptr_eq(next, &handle)) {
                calls.push(call);
            }
            match handle.io() {
                Ok(io) => io.run(calls),
                // Dropping the calls rejects their promises.
                Err(error) => {
                    handle.log().push(LogMessage::Warn(format!("Cannot start the I/O thread: {error}.")));
                }
            }
        }
    }

    fn outcomes(self: &Rc<Self>, env: &Env) -> napi::Result<Arc<Outcomes>> {
        if let Some(outcomes) = &*self.outcomes.borrow() {
            return Ok(Arc::clone(outcomes));
        }
        let promises: Weak<Self> = Rc::downgrade(self);
        // A function of the addon, not `settle` itself, which would be held for ever.
        let drain = env.create_function_from_closure::<(), (), _>("redlatch", move |context| {
            promises.upgrade().map_or(Ok(()), |promises| promises.drain(context.env))
        })?;
        let wake_up = drain.build_threadsafe_function::<()>().weak::<true>().build()?;
        let outcomes = Arc::new(Outcomes::new(wake_up));
        *self.outcomes.borrow_mut() = Some(Arc::clone(&outcomes));
        Ok(outcomes)
    }

    /// Settles everything in the queue.
    fn drain(&self, env: &Env) -> napi::Result<()> {
        let Some(outcomes) = self.outcomes.borrow().clone() else { return Ok(()) };
        // What a change of settings has flushed can be here before `settle` is held: the outcomes wait for that.
        let Some(settle) = self.settle.borrow().as_ref().map(|settle| settle.borrow_back(env)).transpose()?
        else {
            return Ok(());
        };
        let Queue { outcomes: settled, log, changes } = outcomes.take();
        self.under_way.set(self.under_way.get() - settled.len());
        if self.under_way.get() == 0 && !settled.is_empty() {
            outcomes.reference(env, false)?;
        }
        self.let_go();
        let (mut values, mut errors) = (Vec::with_capacity(settled.len() * 2), Vec::new());
        for (slot, outcome) in settled {
            match outcome {
                Ok(value) => values.extend([Either::A(slot), Either::B(value)]),
                Err(error) => {
                    errors.push(Either::A(slot));
                    errors.extend(Failure::from(error).into_parts().map(Either::B));
                }
            }
        }
        let log = log.into_iter().flat_map(parts).collect();
        let changes = changes.into_iter().flat_map(change_parts).collect();
        settle.call(FnArgs { data: (values, errors, log, changes) })
    }
}

/// The level and the text of a notice; the level is the name of a method of `console`.
pub(crate) fn parts(notice: LogMessage) -> [String; 2] {
    match notice {
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
