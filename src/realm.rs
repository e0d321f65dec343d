//! A realm: one evaluation of the face, with its settings, its service and its promises.
//!
//! There is one for each JavaScript thread that loads the package, and under Jest one for each test file, while the
//! addon itself is loaded once in a process.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};

use napi::bindgen_prelude::{Env, Function, JsObjectValue, Object, ToNapiValue, Unknown};
use napi_derive::napi;
use redlatch_core::config::{MEMORY_IN_PRODUCTION, Options};
use redlatch_core::log::LogMessage;
use redlatch_core::{Config, Result as CoreResult};

use crate::argument::Property;
use crate::completions::{IntoReturnValue, ReturnValue};
use crate::error::{Failure, or_throw};
use crate::handle::{Handle, ServiceUse, StateListener};
use crate::io_thread::Call;
use crate::promises::{self, Promises, SettleArgs};
use crate::{argument, options};

/// What a method returns: the result, or `undefined` while the call is pending.
pub(crate) type Returned<'env> = napi::Result<Unknown<'env>>;

/// What a call comes to once its arguments are read.
pub(crate) enum Started<T, F> {
    Answer(T),
    Work(F),
}

/// The part of a realm that its classes share.
pub(crate) struct RealmState {
    options: RefCell<Options>,
    service: RefCell<Option<ServiceUse>>,
    /// Passes changes of state to JavaScript, while it has a listener.
    listener: RefCell<Option<StateListener>>,
    promises: Rc<Promises>,
    /// How many calls are reading their arguments, one within the other.
    reading: Cell<usize>,
    /// What closes services that were released meanwhile.
    closing: RefCell<Vec<Box<dyn FnOnce()>>>,
}

impl RealmState {
    /// Makes a call; see [`RealmState::call_or_answer`].
    pub(crate) fn call<'env, T, F>(
        &self,
        env: &'env Env,
        slot: u32,
        start: impl FnOnce(Arc<Handle>) -> Result<F, Failure>,
    ) -> Returned<'env>
    where
        T: IntoReturnValue,
        F: Future<Output = CoreResult<T>> + Send + 'static,
    {
        self.call_or_answer(env, slot, |service| start(service).map(Started::Work))
    }

    /// Makes a call. `start` reads the arguments and returns the work to do with the service, or its result, if it is known. Memory does it at once,
    /// and its result is returned. Other work waits until it is submitted, and `undefined` is returned.
    pub(crate) fn call_or_answer<'env, T, F>(
        &self,
        env: &'env Env,
        slot: u32,
        start: impl FnOnce(Arc<Handle>) -> Result<Started<T, F>, Failure>,
    ) -> Returned<'env>
    where
        T: IntoReturnValue,
        F: Future<Output = CoreResult<T>> + Send + 'static,
    {
        // The service comes first, and stays open: reading an argument can run the caller's own code, and with it `close`.
        let started = self.service().and_then(|service| {
            let _reading = Reading::begin(self);
            match start(Arc::clone(&service))? {
                Started::Answer(answer) => Ok(Some(answer.into_return_value())),
                Started::Work(work) => self.run(env, slot, service, work),
            }
        });
        match started {
            Ok(Some(value)) => value.into_unknown(env),
            Ok(None) => ().into_unknown(env),
            Err(failure) => Err(failure.throw(env)),
        }
    }

    fn run<T, F>(
        &self,
        env: &Env,
        slot: u32,
        service: Arc<Handle>,
        work: F,
    ) -> Result<Option<ReturnValue>, Failure>
    where
        T: IntoReturnValue,
        F: Future<Output = CoreResult<T>> + Send + 'static,
    {
        if service.store.is_local() {
            return match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(result) => Ok(Some(result?.into_return_value())),
                Poll::Pending => Err(Failure::internal("memory has kept a call waiting")),
            };
        }
        let promise = self.promises.pending(env, slot, &service)?;
        let call: Call =
            Box::pin(async move { promise.settle(work.await.map(IntoReturnValue::into_return_value)) });
        self.promises.push(service, call);
        Ok(None)
    }

    /// The service, which [`Realm::open`] has opened.
    pub(crate) fn service(&self) -> Result<Arc<Handle>, Failure> {
        self.service
            .borrow()
            .as_ref()
            .map(|service| Arc::clone(service.handle()))
            .ok_or_else(|| Failure::internal("the realm has not been opened"))
    }

    /// The service, if it is on memory only. `call` is what needs that.
    fn local_service(&self, call: &str) -> Result<Arc<Handle>, Failure> {
        let service = self.service()?;
        if service.store.is_local() { Ok(service) } else { Err(Failure::redis_configured(call)) }
    }

    /// Closes a service, now or when no call needs it any more.
    fn close(&self, close: impl FnOnce() + 'static) {
        if self.reading.get() > 0 {
            self.closing.borrow_mut().push(Box::new(close));
        } else {
            close();
        }
    }

    /// Listens to the present service, if JavaScript has a listener.
    fn listen(self: &Rc<Self>, env: &Env) -> Result<(), Failure> {
        self.listener.take();
        if self.promises.is_watching() {
            let listener = StateListener::new(self.service()?, self.promises.listener(env)?);
            *self.listener.borrow_mut() = Some(listener);
        }
        Ok(())
    }
}

/// A call that is reading its arguments and on its way to the service. It puts off what would close the service.
struct Reading<'a>(&'a RealmState);

impl<'a> Reading<'a> {
    fn begin(state: &'a RealmState) -> Self {
        state.reading.set(state.reading.get() + 1);
        Self(state)
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        let state = self.0;
        state.reading.set(state.reading.get() - 1);
        if state.reading.get() > 0 || state.closing.borrow().is_empty() {
            return;
        }
        state.promises.submit();
        for close in state.closing.take() {
            close();
        }
    }
}

/// Whether this is the warning that a process gives once, however often it evaluates the package.
fn is_repeated(message: &LogMessage) -> bool {
    static IS_LOGGED: AtomicBool = AtomicBool::new(false);
    matches!(message, LogMessage::Warn(text) if text == MEMORY_IN_PRODUCTION) && IS_LOGGED.swap(true, Relaxed)
}

/// One evaluation of the face.
#[napi]
pub struct Realm {
    state: Rc<RealmState>,
}

#[napi]
impl Realm {
    /// A realm that does not know its environment yet.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self {
            state: Rc::new(RealmState {
                options: RefCell::default(),
                service: RefCell::default(),
                listener: RefCell::default(),
                promises: Rc::new(Promises::new()),
                reading: Cell::new(0),
                closing: RefCell::default(),
            }),
        }
    }

    /// Opens the service that the settings and `environment` describe. Returns the levels and texts of log messages.
    #[napi(catch_unwind)]
    pub fn open(&self, env: &Env, environment: Object<'_>) -> napi::Result<Vec<String>> {
        let lookup = |name: &str| environment.get_named_property::<Option<String>>(name).ok().flatten();
        let (config, log) = Config::resolve(&self.state.options.borrow(), lookup);
        // Calls made so far belong to the service before.
        self.state.promises.submit();
        match self.state.service.take() {
            Some(present) if present.serves(&config) => *self.state.service.borrow_mut() = Some(present),
            present => {
                *self.state.service.borrow_mut() = Some(ServiceUse::open(config));
                if let Some(replaced) = present {
                    self.state.close(move || replaced.close_in_background());
                }
            }
        }
        or_throw(env, || self.state.listen(env))?;
        let log = log.into_iter().filter(|message| !is_repeated(message));
        Ok(log.flat_map(promises::log_parts).collect())
    }

    /// Replaces the settings, which the next `open` uses.
    #[napi(catch_unwind)]
    pub fn configure<'env>(
        &self,
        env: &'env Env,
        options: Unknown<'env>,
        property: Property<'env>,
    ) -> napi::Result<()> {
        let options = or_throw(env, || options::read(options, &property))?;
        *self.state.options.borrow_mut() = options;
        Ok(())
    }

    /// Submits the calls of this turn. `settle` is held until all of them are settled.
    #[napi(catch_unwind)]
    pub fn submit(
        &self,
        #[napi(ts_arg_type = "Settle")] settle: Function<'_, SettleArgs, ()>,
    ) -> napi::Result<()> {
        self.state.promises.hold(&settle)?;
        self.state.promises.submit();
        Ok(())
    }

    /// Passes changes of state to `settle` from now on. `listener` is only checked.
    #[napi(catch_unwind)]
    pub fn watch(
        &self,
        env: &Env,
        listener: Unknown<'_>,
        #[napi(ts_arg_type = "Settle")] settle: Function<'_, SettleArgs, ()>,
    ) -> napi::Result<()> {
        or_throw(env, || {
            argument::function("listener", listener)?;
            self.state.promises.watch(&settle)?;
            self.state.listen(env)
        })
    }

    /// Ends what `watch` has begun.
    #[napi(catch_unwind)]
    pub fn unwatch(&self) {
        self.state.promises.unwatch();
        self.state.listener.take();
    }

    /// For tests: gives the realm a memory of its own, which is empty.
    #[napi(catch_unwind)]
    pub fn reset(&self, env: &Env) -> napi::Result<()> {
        or_throw(env, || {
            self.state.local_service("reset")?;
            let present = self.state.service.take();
            *self.state.service.borrow_mut() = present.map(ServiceUse::renew);
            self.state.listen(env)
        })
    }

    /// For tests: moves the time by which the entries in memory expire.
    #[napi(catch_unwind)]
    pub fn advance_by(&self, env: &Env, seconds: Unknown<'_>) -> napi::Result<()> {
        or_throw(env, || {
            let time = argument::seconds("seconds", seconds)?;
            self.state.local_service("advanceBy")?.advance_by(time);
            Ok(())
        })
    }

    /// Releases the service. If no other realm uses it, it waits for pending calls, then closes its connections, stops
    /// its I/O thread and clears its memory.
    #[napi(catch_unwind)]
    pub fn close<'env>(
        &self,
        env: &'env Env,
        slot: u32,
        #[napi(ts_arg_type = "Settle")] settle: Function<'_, SettleArgs, ()>,
    ) -> Returned<'env> {
        let promises = &self.state.promises;
        promises.submit();
        self.state.listener.take();
        let Some(service) = self.state.service.take() else {
            return ().into_return_value().into_unknown(env);
        };
        let promise = promises.pending(env, slot, service.handle())?;
        promises.hold(&settle)?;
        self.state.close(move || service.close(move || promise.settle(Ok(().into_return_value()))));
        ().into_unknown(env)
    }
}

impl Realm {
    pub(crate) fn state(&self) -> Rc<RealmState> {
        Rc::clone(&self.state)
    }
}
