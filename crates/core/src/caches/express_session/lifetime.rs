//! How long a session lives, by its cookie or by what the caller says.

use super::{ExpressOptions, ExpressSessions};
use crate::keys::{Key, Ttl};
use crate::store::Store;
use crate::{Error, Result};

/// What a session's TTL is made of.
#[derive(Debug, Clone, Copy)]
pub enum Lifetime {
    /// So many seconds, as a function of the caller's says.
    Seconds(f64),
    /// Until its cookie expires, in Unix milliseconds.
    Cookie(f64),
    /// As the options say.
    Default,
}

/// Methods have the errors of [`Store`], and fail if a lifetime is none.
impl<S: Store> ExpressSessions<S> {
    /// Stores a session, unless it was destroyed a moment ago. One whose lifetime is over is destroyed.
    pub async fn store(
        &self,
        options: &ExpressOptions,
        key: &Key,
        session: &str,
        lifetime: Lifetime,
    ) -> Result<()> {
        match self.left(options, lifetime)? {
            Some(ttl) => self.set(key, session, ttl).await,
            None => self.destroy(key).await,
        }
    }

    /// Renews the TTL of a session, once in a while. One whose lifetime is over is destroyed.
    pub async fn renew(&self, options: &ExpressOptions, key: &Key, lifetime: Lifetime) -> Result<()> {
        if !options.touches {
            return Ok(());
        }
        match self.left(options, lifetime)? {
            Some(ttl) => self.touch(key, ttl, options.touch_every).await,
            None => self.destroy(key).await,
        }
    }

    /// How long a session lives from now on; `None` if it is over.
    fn left(&self, options: &ExpressOptions, lifetime: Lifetime) -> Result<Option<Ttl>> {
        let seconds = match lifetime {
            Lifetime::Default => return Ok(Some(options.ttl)),
            Lifetime::Seconds(seconds) => seconds,
            Lifetime::Cookie(expires) if expires.is_finite() => {
                #[expect(clippy::cast_precision_loss, reason = "JavaScript has the time as such a number")]
                let now = self.clock.now() as f64;
                ((expires - now) / 1_000.0).ceil()
            }
            Lifetime::Cookie(_) => {
                return Err(Error::invalid_field("session.cookie.expires", "must be a date"));
            }
        };
        if seconds <= 0.0 { Ok(None) } else { Ttl::from_seconds("ttl", seconds).map(Some) }
    }
}
