//! The services of this process. Worker threads with the same configuration share one, so that they share its memory
//! and its connections.

use std::io;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use redlatch_core::clock::Clock;
use redlatch_core::{Config, Service};

use crate::io_thread::IoThread;

static HANDLES: Mutex<Vec<(Config, Weak<Handle>)>> = Mutex::new(Vec::new());

/// A service and the thread that it may need.
pub(crate) struct Handle {
    service: Service,
    io: OnceLock<IoThread>,
    is_closed: AtomicBool,
}

impl Deref for Handle {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}

impl Handle {
    /// The service for `config`: a running one, or a new one.
    pub(crate) fn open(config: &Config) -> Arc<Self> {
        let mut handles = HANDLES.lock().unwrap_or_else(PoisonError::into_inner);
        handles.retain(|(_, handle)| handle.upgrade().is_some_and(|handle| !handle.is_closed()));
        let running =
            handles.iter().find(|(known, _)| known == config).and_then(|(_, handle)| handle.upgrade());
        running.unwrap_or_else(|| {
            let service = Service::new(config.clone(), Clock::system());
            let handle = Arc::new(Self { service, io: OnceLock::new(), is_closed: AtomicBool::new(false) });
            handles.push((config.clone(), Arc::downgrade(&handle)));
            handle
        })
    }

    /// Whether another service has to be opened for further calls.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Relaxed)
    }

    /// The I/O thread, started now if it is not running. Only for services with a database.
    pub(crate) fn io(&self) -> io::Result<&IoThread> {
        if let Some(io) = self.io.get() {
            return Ok(io);
        }
        let driver = self.service.take_driver().ok_or_else(|| io::Error::other("it has ended"))?;
        let io = IoThread::start(driver)?;
        Ok(self.io.get_or_init(|| io))
    }

    /// Lets the calls under way finish, lets go of connections and threads, and then calls `tell`. Further calls open
    /// another service.
    pub(crate) fn close(&self, tell: impl FnOnce() + Send + 'static) {
        self.is_closed.store(true, Relaxed);
        match self.io.get() {
            Some(io) => io.close(tell),
            None => tell(),
        }
    }
}
