//! What an endpoint has been found to lack. Upstash has all of it; Redis itself before 8.4 has not.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// What an endpoint lacks. Found out with the first command that needs it, and remembered for good.
#[derive(Default)]
pub(super) struct ServerTraits {
    refuses_script_flags: AtomicBool,
    lacks_conditions: AtomicBool,
}

impl ServerTraits {
    /// Whether scripts go without their first line.
    pub(super) fn refuses_script_flags(&self) -> bool {
        self.refuses_script_flags.load(Relaxed)
    }

    pub(super) fn note_refused_script_flags(&self) {
        self.refuses_script_flags.store(true, Relaxed);
    }

    /// Whether there is neither `SET .. IFEQ` nor `DELEX`.
    pub(super) fn lacks_conditions(&self) -> bool {
        self.lacks_conditions.load(Relaxed)
    }

    pub(super) fn note_lacking_conditions(&self) {
        self.lacks_conditions.store(true, Relaxed);
    }
}
