//! The caches. Each stands on a [`Store`] and knows nothing of HTTP or of the fallback.
//!
//! Reading is forgiving: an absent or expired entry reads as `None`, and so does one whose text is not the JSON of
//! the expected shape, which is then removed unless it has changed meanwhile. Writing is strict: what could not be
//! read back is refused.

mod customer;
mod form;
mod form_key;
mod idempotency;

pub use customer::{Customer, CustomerCache, CustomerId, Subscription};
pub use form::{FormCache, Submission};
pub use form_key::form_key;
pub use idempotency::{CachedResult, IdempotencyCache};

use crate::Result;
use crate::keys::Key;
use crate::store::Store;

/// Reads `key` and removes what is not fit to be read. Only that removal takes a second request.
async fn read<S: Store>(
    store: &S,
    key: &Key,
    is_fit: impl Fn(&str) -> bool + Send,
) -> Result<Option<String>> {
    let Some(text) = store.get(key).await? else { return Ok(None) };
    if is_fit(&text) {
        return Ok(Some(text));
    }
    store.remove_corrupt(key, &text).await?;
    Ok(None)
}
