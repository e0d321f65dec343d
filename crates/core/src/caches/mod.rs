//! The caches. Each uses a [`Store`] and does not depend on HTTP or the fallback.
//!
//! An absent or expired entry reads as `None`. So does a corrupt entry, whose text is not JSON of the expected shape; it is
//! then deleted, unless it has changed in the meantime. A write of such a text is an error.

mod attempts;
mod better_auth;
mod customer;
mod express_session;
mod form;
mod form_key;
mod idempotency;
mod last_seen;
mod lease;
mod random;
mod rate_limit;
mod run;
mod session;
mod temp;
mod touches;

pub use attempts::{Attempts, Window};
pub use better_auth::BetterAuthStorage;
pub use customer::{Customer, CustomerCache, CustomerId, Subscription};
pub use express_session::{ExpressOptions, ExpressSessions, Lifetime};
pub use form::{FormCache, Submission};
pub use form_key::{form_key, key_of_parts};
pub use idempotency::{CachedResult, IdempotencyCache};
pub use lease::{Finish, Lease, LeaseEnd};
pub use rate_limit::{
    Algorithm, Check, Limiter, RateLimitCounts, RateLimitResult, RateLimits, Reason, Remaining,
    millis_of_number, millis_of_words, results_to_json,
};
pub use run::{Begun, LockKeys, Outcome, RunKeys, RunOptions, RunState, Runs};
pub use session::{Changed, SessionChange, SessionData, SessionOptions, Sessions};
pub use temp::{CodeOptions, TempData, TempDataCache, TempKey, TempKind, Verification};

use crate::Result;
use crate::keys::Key;
use crate::store::{Store, Timed};

/// Reads `key`. Deletes a corrupt entry with a second request.
async fn read<S: Store>(
    store: &S,
    key: &Key,
    is_valid: impl Fn(&str) -> bool + Send,
) -> Result<Option<String>> {
    let store = Timed::begin(store);
    let Some(text) = store.get(key).await? else { return Ok(None) };
    if is_valid(&text) {
        return Ok(Some(text));
    }
    store.remove_corrupt(key, &text).await?;
    Ok(None)
}
