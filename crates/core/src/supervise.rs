//! Keeps the parts of the background running. A part that panics is a defect, and must not be the end of the service.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::log::{Log, LogMessage};

/// The pause before a part that has panicked starts again.
const PAUSE: Duration = Duration::from_millis(100);

/// Runs a part until it ends by itself. When it panics, it starts again, which is logged once. `what` completes "The part
/// that ..".
pub(crate) async fn supervise<P>(
    log: Log,
    what: &str,
    mut part: P,
    run: impl for<'a> Fn(&'a mut P) -> BoxFuture<'a, ()>,
) {
    let mut is_logged = false;
    while AssertUnwindSafe(run(&mut part)).catch_unwind().await.is_err() {
        if !std::mem::replace(&mut is_logged, true) {
            log.push(LogMessage::Warn(format!(
                "The part that {what} has failed and is started again; this is a defect of redlatch, please report it."
            )));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_part_that_panics_starts_again_and_logs_it_once() {
        let log = Log::default();
        let starts = AtomicUsize::new(0);

        supervise(log.clone(), "fails", &starts, |starts| {
            async move { assert!(starts.fetch_add(1, Relaxed) == 2, "a panic on purpose") }.boxed()
        })
        .await;

        assert_eq!(starts.into_inner(), 3);
        let messages = log.take();
        assert!(
            matches!(&messages[..], [LogMessage::Warn(text)] if text.contains("The part that fails")),
            "{messages:?}"
        );
    }
}
