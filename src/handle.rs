//! The services of this process.
//!
//! Threads with the same configuration share one service, with its memory and its connections, so that a claim counts
//! for the whole process. A second evaluation of the package on the same thread gets a service of its own, as a module
//! gets its own state. Under Jest, this keeps the test files of one process apart.

use std::cell::RefCell;
use std::io;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use redlatch_core::clock::{Clock, Lead};
use redlatch_core::log::LogMessage;
use redlatch_core::store::BreakerChange;
use redlatch_core::{Config, Service};

use crate::io_thread::IoThread;

static SERVICES: Mutex<Services> = Mutex::new(Services { running: Vec::new(), memory: None });

/// How long a service that was replaced, or whose threads have ended, replays what is pending.
const BACKGROUND_FAREWELL: Duration = Duration::from_secs(15);

thread_local! {
    /// What the evaluations of the package on this thread have opened.
    static OPENED: RefCell<Vec<Weak<Handle>>> = const { RefCell::new(Vec::new()) };
}

struct Services {
    running: Vec<Weak<Handle>>,
    /// The latest service that runs on memory only. It outlives the thread that opened it, because its values are nowhere
    /// else.
    memory: Option<Arc<Handle>>,
}

/// A service and the thread that it may need.
pub(crate) struct Handle {
    config: Config,
    service: Service,
    /// How far the time by which its entries expire is ahead.
    lead: Lead,
    io: Mutex<Option<IoThread>>,
    is_closed: AtomicBool,
    /// How many realms use it. Changed under the lock of `SERVICES` only.
    realms: AtomicUsize,
}

impl Deref for Handle {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}

impl Handle {
    fn new(config: Config) -> Arc<Self> {
        let lead = Lead::default();
        Arc::new(Self {
            service: Service::new(config.clone(), Clock::system_ahead(lead.clone())),
            config,
            lead,
            io: Mutex::default(),
            is_closed: AtomicBool::new(false),
            realms: AtomicUsize::new(0),
        })
    }

    /// Moves the time by which entries expire ahead by `time`.
    pub(crate) fn advance_by(&self, time: Duration) {
        self.lead.extend(time);
    }

    fn was_opened_here(&self) -> bool {
        OPENED.with_borrow(|opened| opened.iter().any(|handle| is(handle, self)))
    }

    fn serves(&self, config: &Config) -> bool {
        self.config == *config && !self.is_closed.load(Relaxed)
    }

    /// The I/O thread, started now if it is not running. Only for services with a database.
    pub(crate) fn io(&self) -> io::Result<IoThread> {
        let mut io = lock(&self.io);
        if let Some(running) = &*io {
            return Ok(running.clone());
        }
        let started = IoThread::start()?;
        let task =
            self.service.take_background_task().ok_or_else(|| io::Error::other("it has been closed"))?;
        started.spawn(task);
        *io = Some(started.clone());
        Ok(started)
    }

    /// Waits for pending calls, replays what is pending for at most `timeout`, closes connections and stops the I/O thread,
    /// then calls `done`.
    fn close(self: &Arc<Self>, timeout: Option<Duration>, done: impl FnOnce() + Send + 'static) {
        let io = lock(&self.io).take();
        match io {
            Some(io) => {
                let service = Arc::clone(self);
                io.close(Box::pin(async move { service.farewell(timeout).await }), done);
            }
            None => done(),
        }
    }

    /// Closes the service though nobody waits for it.
    fn close_in_background(self: &Arc<Self>) {
        let service = Arc::clone(self);
        self.close(Some(BACKGROUND_FAREWELL), move || {
            // No call is left that could take the messages to JavaScript.
            for message in service.log().take() {
                let (LogMessage::Info(text) | LogMessage::Warn(text)) = message;
                eprintln!("redlatch: {text}");
            }
        });
    }
}

/// Calls a listener for every change of state of a service, until it is dropped.
pub(crate) struct StateListener {
    handle: Arc<Handle>,
    id: u64,
}

impl StateListener {
    pub(crate) fn new(
        handle: Arc<Handle>,
        listener: impl Fn(&BreakerChange) + Send + Sync + 'static,
    ) -> Self {
        let id = handle.store.breaker().subscribe(listener);
        Self { handle, id }
    }
}

impl Drop for StateListener {
    fn drop(&mut self) {
        self.handle.store.breaker().unsubscribe(self.id);
    }
}

/// A realm's use of a service. Dropped, as at the end of a thread, it leaves the values in memory.
pub(crate) struct ServiceUse {
    handle: Arc<Handle>,
    is_released: bool,
}

impl ServiceUse {
    /// Whether this is the service for `config`.
    pub(crate) fn serves(&self, config: &Config) -> bool {
        self.handle.serves(config)
    }

    /// Uses the service for `config`: one that only other threads have opened, or a new one.
    pub(crate) fn open(config: Config) -> Self {
        let mut services = lock(&SERVICES);
        services.running.retain(|handle| handle.strong_count() > 0);
        let mut running = services.running.iter().rev().filter_map(Weak::upgrade);
        let shared = running.find(|handle| handle.serves(&config) && !handle.was_opened_here());
        let handle = shared.unwrap_or_else(|| services.start(config));
        handle.realms.fetch_add(1, Relaxed);
        OPENED.with_borrow_mut(|opened| {
            opened.retain(|handle| handle.strong_count() > 0);
            opened.push(Arc::downgrade(&handle));
        });
        Self { handle, is_released: false }
    }

    /// Uses a new service with the same configuration instead, which no other thread gets. For services on memory: there
    /// is nothing to close.
    pub(crate) fn renew(mut self) -> Self {
        self.release();
        let handle = Handle::new(self.handle.config.clone());
        handle.realms.fetch_add(1, Relaxed);
        Self { handle, is_released: false }
    }

    pub(crate) fn handle(&self) -> &Arc<Handle> {
        &self.handle
    }

    /// Ends the use. If it was the last, the service closes. Then, or at once, calls `done`.
    pub(crate) fn close(mut self, done: impl FnOnce() + Send + 'static) {
        if self.release() { self.handle.close(None, done) } else { done() }
    }

    /// Ends the use. If it was the last, the service closes though nobody waits for it.
    pub(crate) fn close_in_background(mut self) {
        if self.release() {
            self.handle.close_in_background();
        }
    }

    /// Ends the use; returns whether it was the last, in which case the service gets no further users.
    fn release(&mut self) -> bool {
        self.is_released = true;
        OPENED.with_borrow_mut(|opened| opened.retain(|handle| !is(handle, &self.handle)));
        lock(&SERVICES).release(&self.handle)
    }
}

impl Drop for ServiceUse {
    fn drop(&mut self) {
        if self.is_released {
            return;
        }
        let services = lock(&SERVICES);
        let is_last = self.handle.realms.fetch_sub(1, Relaxed) == 1;
        // Without this, what is pending would be lost with the service.
        let is_needed = is_last && self.handle.store.pending() > 0;
        if is_needed {
            self.handle.is_closed.store(true, Relaxed);
        }
        drop(services);
        if is_needed {
            self.handle.close_in_background();
        }
    }
}

impl Services {
    /// Counts one realm less. The last one closes the service to further users.
    fn release(&mut self, handle: &Arc<Handle>) -> bool {
        let is_last = handle.realms.fetch_sub(1, Relaxed) == 1;
        if is_last {
            handle.is_closed.store(true, Relaxed);
            self.memory.take_if(|memory| Arc::ptr_eq(memory, handle));
        }
        is_last
    }

    fn start(&mut self, config: Config) -> Arc<Handle> {
        let is_local = config.remote.is_none();
        let handle = Handle::new(config);
        self.running.push(Arc::downgrade(&handle));
        if is_local {
            self.memory = Some(Arc::clone(&handle));
        }
        handle
    }
}

fn is(weak: &Weak<Handle>, handle: &Handle) -> bool {
    std::ptr::eq(weak.as_ptr(), handle)
}

/// A panic elsewhere leaves nothing half done here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
