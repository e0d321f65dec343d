//! What one evaluation of `index.js` has: its settings, its service and its promises.
//!
//! There is one for each JavaScript thread that loads the package, and under Jest one for each test file, while the
//! addon itself is loaded once in a process.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use napi::bindgen_prelude::{Env, Function, JsObjectValue, Object, ToNapiValue, Unknown};
use napi_derive::napi;
use redlatch_core::config::{OnOutage, Options, Policy, Token};
use redlatch_core::store::Class;
use redlatch_core::{Config, Result as CoreResult};

use crate::argument;
use crate::error::Failure;
use crate::handle::{Handle, Lease, Subscription};
use crate::io_thread::Call;
use crate::promise::{self, IntoValue, Promises, SettleArgs, Value};

/// What a method returns: the result, or `undefined` when the call is under way.
pub(crate) type Answer<'env> = napi::Result<Unknown<'env>>;

/// The part of a realm that its classes share.
pub(crate) struct RealmState {
    options: RefCell<Options>,
    lease: RefCell<Option<Lease>>,
    /// What tells JavaScript of changes of the state of the database, while somebody listens.
    subscription: RefCell<Option<Subscription>>,
    promises: Rc<Promises>,
}

impl RealmState {
    /// Makes a call: `arguments` checks what was passed, `work` does something with it. Work that memory can do is done
    /// at once and its result returned; other work is kept for the flush, and `undefined` says that it is under way.
    pub(crate) fn call<'env, A, T, F>(
        &self,
        env: &'env Env,
        slot: u32,
        arguments: impl FnOnce() -> Result<A, Failure>,
        work: impl FnOnce(Arc<Handle>, A) -> F,
    ) -> Answer<'env>
    where
        T: IntoValue,
        F: Future<Output = CoreResult<T>> + Send + 'static,
    {
        // The service comes first: reading an argument can run the caller's own code, and with it `close`.
        let started = self.handle().and_then(|handle| {
            let arguments = arguments()?;
            let future = work(Arc::clone(&handle), arguments);
            self.start(env, slot, handle, future)
        });
        match started {
            Ok(Some(value)) => value.into_unknown(env),
            Ok(None) => ().into_unknown(env),
            Err(failure) => Err(failure.throw(env)),
        }
    }

    fn start<T, F>(
        &self,
        env: &Env,
        slot: u32,
        handle: Arc<Handle>,
        work: F,
    ) -> Result<Option<Value>, Failure>
    where
        T: IntoValue,
        F: Future<Output = CoreResult<T>> + Send + 'static,
    {
        if handle.store.is_local() {
            return match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(result) => Ok(Some(result?.into_value())),
                Poll::Pending => Err(Failure::internal("memory has kept a call waiting")),
            };
        }
        let ticket = self.promises.ticket(env, slot, &handle)?;
        let call: Call = Box::pin(async move { ticket.settle(work.await.map(IntoValue::into_value)) });
        self.promises.push(handle, call);
        Ok(None)
    }

    /// The service, which [`Realm::open`] has opened.
    fn handle(&self) -> Result<Arc<Handle>, Failure> {
        self.lease
            .borrow()
            .as_ref()
            .map(|lease| Arc::clone(lease.handle()))
            .ok_or_else(|| Failure::internal("the realm has not been opened"))
    }
}

/// One evaluation of `index.js`.
#[napi]
pub struct Realm {
    state: Rc<RealmState>,
}

#[napi]
impl Realm {
    /// A realm that knows nothing of its environment yet.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self {
            state: Rc::new(RealmState {
                options: RefCell::default(),
                lease: RefCell::default(),
                subscription: RefCell::default(),
                promises: Rc::new(Promises::new()),
            }),
        }
    }

    /// Sets up what the settings and `environment` say, and returns the levels and texts of what there is to tell.
    #[napi(catch_unwind)]
    pub fn open(&self, env: &Env, environment: Object<'_>) -> napi::Result<Vec<String>> {
        let lookup = |name: &str| environment.get_named_property::<Option<String>>(name).ok().flatten();
        let (config, log) = Config::resolve(&self.state.options.borrow(), lookup);
        // What has been called so far belongs to the service as it was.
        self.state.promises.flush();
        let present = self.state.lease.take();
        *self.state.lease.borrow_mut() = Some(Lease::open(config, present));
        self.state.subscribe(env)?;
        Ok(log.into_iter().flat_map(promise::parts).collect())
    }

    /// Replaces the settings; they count from the next `open`.
    #[napi(catch_unwind)]
    pub fn configure(&self, env: &Env, options: Unknown<'_>) -> napi::Result<()> {
        let options = read_options(options).map_err(|failure| failure.throw(env))?;
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
        self.state.promises.flush();
        Ok(())
    }

    /// Passes changes of the state of the database to `settle` from now on. `listener` is checked only.
    #[napi(catch_unwind)]
    pub fn watch(
        &self,
        env: &Env,
        listener: Unknown<'_>,
        #[napi(ts_arg_type = "Settle")] settle: Function<'_, SettleArgs, ()>,
    ) -> napi::Result<()> {
        argument::function("listener", listener).map_err(|failure| failure.throw(env))?;
        self.state.promises.watch(&settle)?;
        self.state.subscribe(env)
    }

    /// Passes them no longer.
    #[napi(catch_unwind)]
    pub fn unwatch(&self) {
        self.state.promises.unwatch();
        self.state.subscription.take();
    }

    /// Gives up the service. If no other realm uses it, it lets the calls under way finish and then lets go of
    /// connections, threads and memory.
    #[napi(catch_unwind)]
    pub fn close<'env>(
        &self,
        env: &'env Env,
        slot: u32,
        #[napi(ts_arg_type = "Settle")] settle: Function<'_, SettleArgs, ()>,
    ) -> Answer<'env> {
        let promises = &self.state.promises;
        promises.flush();
        self.state.subscription.take();
        let Some(lease) = self.state.lease.take() else { return ().into_value().into_unknown(env) };
        let ticket = promises.ticket(env, slot, lease.handle())?;
        promises.hold(&settle)?;
        lease.close(move || ticket.settle(Ok(().into_value())));
        ().into_unknown(env)
    }
}

impl Realm {
    pub(crate) fn state(&self) -> Rc<RealmState> {
        Rc::clone(&self.state)
    }
}

impl RealmState {
    /// Listens to the present service, if somebody wants to know.
    fn subscribe(self: &Rc<Self>, env: &Env) -> napi::Result<()> {
        self.subscription.take();
        if self.promises.is_watching() {
            let handle = self.handle().map_err(|failure| failure.throw(env))?;
            *self.subscription.borrow_mut() = Some(Subscription::new(handle, self.promises.listener(env)?));
        }
        Ok(())
    }

    /// Calls `read` with the service.
    pub(crate) fn with_handle<T>(&self, env: &Env, read: impl FnOnce(&Handle) -> T) -> napi::Result<T> {
        self.handle().map(|handle| read(&handle)).map_err(|failure| failure.throw(env))
    }
}

fn read_options(options: Unknown<'_>) -> argument::Result<Options> {
    let Some(given) = argument::optional_object("options", options)? else { return Ok(Options::default()) };
    let timeout = argument::optional_number("options.timeoutMs", argument::property(&given, "timeoutMs")?)?;
    let mut read = Options {
        url: argument::optional_text("options.url", argument::property(&given, "url")?)?,
        token: argument::optional_text("options.token", argument::property(&given, "token")?)?
            .map(Token::new),
        disable_redis: argument::optional_boolean(
            "options.disableRedis",
            argument::property(&given, "disableRedis")?,
        )?,
        timeout: timeout
            .map(|millis| Options::timeout_from_millis("options.timeoutMs", millis))
            .transpose()?,
        on_outage: on_outage(&given)?,
        ..Options::default()
    };
    if let Some(memory) = argument::optional_object("options.memory", argument::property(&given, "memory")?)?
    {
        read.memory_max_entries = limit(&memory, "maxEntries")?;
        read.memory_max_bytes = limit(&memory, "maxBytes")?;
    }
    Ok(read)
}

fn on_outage(options: &Object<'_>) -> argument::Result<OnOutage> {
    let value = argument::property(options, "onOutage")?;
    let Some(given) = argument::optional_object("options.onOutage", value)? else {
        return Ok(OnOutage::default());
    };
    let mut read = OnOutage::default();
    for class in Class::ALL {
        let path = format!("options.onOutage.{}", class.name());
        let name = argument::optional_text(&path, argument::property(&given, class.name())?)?;
        if let Some(name) = name {
            read = read.with(class, Policy::from_name(&path, &name)?);
        }
    }
    Ok(read)
}

fn limit(memory: &Object<'_>, name: &str) -> argument::Result<Option<usize>> {
    let path = format!("options.memory.{name}");
    let count = argument::optional_number(&path, argument::property(memory, name)?)?;
    Ok(count.map(|count| Options::limit(&path, count)).transpose()?)
}
