//! The services of this process.
//!
//! Threads with the same configuration share one, its memory and its connections included, so that a claim counts for
//! the whole process. But an evaluation of the package on a thread that has one already gets a service of its own:
//! that is what modules do, and under Jest it keeps the test files of one process apart.

use std::io;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, ThreadId};

use redlatch_core::clock::Clock;
use redlatch_core::{Config, Service};

use crate::io_thread::IoThread;

static HANDLES: Mutex<Vec<Weak<Handle>>> = Mutex::new(Vec::new());

/// A service and the thread that it may need.
pub(crate) struct Handle {
    config: Config,
    service: Service,
    io: Mutex<Option<IoThread>>,
    is_closed: AtomicBool,
    threads: Mutex<Vec<ThreadId>>,
}

impl Deref for Handle {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}

impl Handle {
    fn new(config: Config) -> Arc<Self> {
        Arc::new(Self {
            service: Service::new(config.clone(), Clock::system()),
            config,
            io: Mutex::default(),
            is_closed: AtomicBool::new(false),
            threads: Mutex::default(),
        })
    }

    /// Whether another service has to be opened for further calls.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Relaxed)
    }

    fn serves(&self, config: &Config) -> bool {
        self.config == *config && !self.is_closed()
    }

    /// Adds the current thread; `false` when it is there already.
    fn join(&self) -> bool {
        let mut threads = lock(&self.threads);
        let thread = thread::current().id();
        let is_new = !threads.contains(&thread);
        if is_new {
            threads.push(thread);
        }
        is_new
    }

    /// The I/O thread, started now if it is not running. Only for services with a database.
    pub(crate) fn io(&self) -> io::Result<IoThread> {
        let mut io = lock(&self.io);
        if let Some(running) = &*io {
            return Ok(running.clone());
        }
        let driver =
            self.service.take_driver().ok_or_else(|| io::Error::other("it failed to start before"))?;
        let started = IoThread::start(driver)?;
        *io = Some(started.clone());
        Ok(started)
    }

    /// Lets the calls under way finish, lets go of connections and threads, and then calls `tell`. Further calls open
    /// another service.
    pub(crate) fn close(&self, tell: impl FnOnce() + Send + 'static) {
        self.is_closed.store(true, Relaxed);
        match lock(&self.io).take() {
            Some(io) => io.close(tell),
            None => tell(),
        }
    }
}

/// A realm's hold on a service.
pub(crate) struct Lease(Arc<Handle>);

impl Lease {
    /// The service for `config`: the one that the realm has, one that only other threads use, or a new one.
    pub(crate) fn open(config: Config, present: Option<Self>) -> Self {
        if let Some(present) = present.filter(|present| present.0.serves(&config)) {
            return present;
        }
        let mut handles = lock(&HANDLES);
        handles.retain(|handle| handle.strong_count() > 0);
        let shared =
            handles.iter().filter_map(Weak::upgrade).find(|handle| handle.serves(&config) && handle.join());
        Self(shared.unwrap_or_else(|| {
            let handle = Handle::new(config);
            handle.join();
            handles.push(Arc::downgrade(&handle));
            handle
        }))
    }

    pub(crate) fn handle(&self) -> &Arc<Handle> {
        &self.0
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let thread = thread::current().id();
        lock(&self.0.threads).retain(|known| *known != thread);
    }
}

/// A panic elsewhere has not left anything half done here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
