//! Keys and TTLs: the prefix and the default TTL of each cache, and the checks of arguments.
//!
//! The TypeScript module that redlatch replaces uses the same keys, and both run at once during a rolling deployment.
//! Nothing here may normalize, hash or otherwise change what the caller passed.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::num::NonZeroU64;
use std::time::Duration;

use crate::clock::{Clock, SteadyMillis, UnixMillis, millis};
use crate::{Error, Result};

/// The maximum length of a key in bytes, prefix included. Upstash refuses longer keys (`ERR max key size exceeded`), and
/// so does memory.
pub const MAX_KEY_BYTES: usize = 32 * 1024;

/// JavaScript's `Number.MAX_SAFE_INTEGER`. Redis accepts TTLs up to it.
const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

// The compiler evaluates this.
const MILLIS_A_SECOND: NonZeroU64 = NonZeroU64::new(1_000).unwrap();

/// The prefix and the default TTL of the keys of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Namespace {
    /// The prefix of every key in this namespace.
    pub prefix: &'static str,
    /// The default TTL in seconds.
    pub ttl_seconds: u32,
}

/// Results of API requests, by idempotency key.
pub const IDEMPOTENCY: Namespace = Namespace { prefix: "idempotency:", ttl_seconds: 600 };
/// Runs, by idempotency key.
pub const IDEMPOTENCY_RUN: Namespace = Namespace { prefix: "idempotency-run:", ttl_seconds: 86_400 };
/// The numbers of runs, by idempotency key.
pub const FENCE: Namespace = Namespace { prefix: "idempotency-fence:", ttl_seconds: 2_592_000 };
/// Locks, by name.
pub const LOCK: Namespace = Namespace { prefix: "lock:", ttl_seconds: 30 };
/// The numbers of locks, by name.
pub const LOCK_FENCE: Namespace = Namespace { prefix: "lock-fence:", ttl_seconds: 2_592_000 };
/// Form submissions, by the form's key.
pub const FORM: Namespace = Namespace { prefix: "form:", ttl_seconds: 300 };
/// Customers, by customer id.
pub const CUSTOMER: Namespace = Namespace { prefix: "customer:", ttl_seconds: 86_400 };
/// Customer ids, by user id.
pub const USER: Namespace = Namespace { prefix: "user:", ttl_seconds: 86_400 };
/// Customer ids, by e-mail address.
pub const EMAIL: Namespace = Namespace { prefix: "email:", ttl_seconds: 86_400 };
/// Subscriptions, by subscription id.
pub const SUBSCRIPTION: Namespace = Namespace { prefix: "subscription:", ttl_seconds: 86_400 };
/// Attempts, by the key of who makes them. The TTL is the default window; they are kept a little longer.
pub const RATE_LIMIT: Namespace = Namespace { prefix: "rate_limit:", ttl_seconds: 300 };
/// One-time data, by kind and id.
pub const TEMP: Namespace = Namespace { prefix: "temp:", ttl_seconds: 900 };

/// Sessions, by the hash of their id, where no other prefix is given.
pub const SESSION: Namespace = Namespace { prefix: "session:", ttl_seconds: 86_400 };
/// The epochs of users, by tag. The TTL, of 400 days, is the shortest.
pub const SESSION_EPOCH: Namespace = Namespace { prefix: "session-epoch:", ttl_seconds: 34_560_000 };
/// The lists of sessions of users, by tag.
pub const SESSION_INDEX: Namespace = Namespace { prefix: "session-index:", ttl_seconds: 2_592_000 };
/// Sessions of express-session, where no other prefix is given.
pub const EXPRESS_SESSION: Namespace = Namespace { prefix: "sess:", ttl_seconds: 86_400 };
/// What better-auth stores, where no other prefix is given.
pub const BETTER_AUTH: Namespace = Namespace { prefix: "better-auth:", ttl_seconds: 604_800 };

const NAMESPACES: [Namespace; 17] = [
    IDEMPOTENCY,
    IDEMPOTENCY_RUN,
    FENCE,
    LOCK,
    LOCK_FENCE,
    FORM,
    CUSTOMER,
    USER,
    EMAIL,
    SUBSCRIPTION,
    RATE_LIMIT,
    SESSION,
    SESSION_EPOCH,
    SESSION_INDEX,
    EXPRESS_SESSION,
    BETTER_AUTH,
    TEMP,
];

/// The default TTL of a completed form submission. It blocks a double click, but not a later submission.
pub const FORM_COMPLETED_TTL_SECONDS: u32 = 5;

/// The default TTL of a one-time code.
pub const TEMP_CODE_TTL_SECONDS: u32 = 600;

impl Namespace {
    /// The key of the entry `name`. `argument` names it in the error.
    ///
    /// # Errors
    ///
    /// When `name` is empty, or the key would be longer than [`MAX_KEY_BYTES`].
    pub fn key(&self, argument: &str, name: &str) -> Result<Key> {
        Key::new(argument, self.prefix, name)
    }

    /// The key of the entry `name` of one kind. `kind` is not longer than a few hundred bytes and without a colon, so that no
    /// two pairs have one key.
    ///
    /// # Errors
    ///
    /// Those of [`Namespace::key`].
    pub(crate) fn key_of_kind(&self, kind: &str, argument: &str, name: &str) -> Result<Key> {
        Key::new(argument, &[self.prefix, kind, ":"].concat(), name)
    }

    /// `ttl`, or the default TTL of this namespace.
    #[must_use]
    pub fn ttl_or_default(&self, ttl: Option<Ttl>) -> Ttl {
        ttl.unwrap_or_else(|| Ttl::from_whole_seconds(self.ttl_seconds))
    }
}

/// The part of a key that messages may contain: the prefix of its namespace. Empty for a key outside all namespaces.
#[must_use]
pub fn loggable_prefix(key: &str) -> &'static str {
    NAMESPACES
        .iter()
        .map(|namespace| namespace.prefix)
        .find(|prefix| key.starts_with(prefix))
        .unwrap_or_default()
}

/// The TTL of a stale copy of a value that was read from Redis, because a read does not return the remaining TTL: that of
/// its key, else the default of its namespace, or five minutes outside all namespaces.
#[must_use]
pub(crate) fn stale_ttl(key: &Key) -> Ttl {
    const OTHER_SECONDS: u32 = 300;
    let namespace = || NAMESPACES.iter().find(|namespace| key.text.starts_with(namespace.prefix));
    let seconds = || namespace().map_or(OTHER_SECONDS, |namespace| namespace.ttl_seconds);
    key.ttl.unwrap_or_else(|| Ttl::from_whole_seconds(seconds()))
}

/// A valid key: not empty and not too long. `Debug` shows only its prefix.
#[derive(Clone)]
pub struct Key {
    text: String,
    /// How long the caller lets its values live, if that is not the default of its namespace.
    ttl: Option<Ttl>,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl Key {
    /// A key without a prefix, for `redisManager`. `argument` names it in the error.
    ///
    /// # Errors
    ///
    /// When `name` is empty or longer than [`MAX_KEY_BYTES`].
    pub fn plain(argument: &str, name: &str) -> Result<Self> {
        Self::new(argument, "", name)
    }

    /// A key with the caller's own prefix. `argument` names `name` in the error.
    ///
    /// # Errors
    ///
    /// When `name` is empty, or the key would be longer than [`MAX_KEY_BYTES`].
    pub fn prefixed(argument: &str, prefix: &str, name: &str) -> Result<Self> {
        Self::new(argument, prefix, name)
    }

    fn new(argument: &str, prefix: &str, name: &str) -> Result<Self> {
        if name.is_empty() {
            return Err(Error::invalid_value(argument, "must not be empty"));
        }
        if prefix.len() + name.len() > MAX_KEY_BYTES {
            let limit = MAX_KEY_BYTES.saturating_sub(prefix.len());
            return Err(Error::invalid_value(
                argument,
                format_args!("must be at most {limit} bytes long in UTF-8; hash longer keys"),
            ));
        }
        Ok(Self { text: [prefix, name].concat(), ttl: None })
    }

    /// The same key, with how long its values live. A read does not tell that, and so it is how long a stale copy is used.
    #[must_use]
    pub fn living(self, ttl: Ttl) -> Self {
        Self { ttl: Some(ttl), ..self }
    }

    /// The whole key, as in Redis.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}..)", loggable_prefix(&self.text))
    }
}

/// A time to live of at least a millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ttl(NonZeroU64);

impl Ttl {
    /// Converts a JavaScript number of seconds to a TTL. `argument` names it in the error.
    ///
    /// # Errors
    ///
    /// When `seconds` is not a whole number of at least 1. Zero is an error, because other systems read it as "no expiry".
    pub fn from_seconds(argument: &str, seconds: f64) -> Result<Self> {
        let whole = Self::whole(seconds).ok_or_else(|| {
            Error::invalid_value(
                argument,
                format_args!("must be a whole number of seconds of at least 1, got {seconds}"),
            )
        })?;
        Ok(Self(whole.saturating_mul(MILLIS_A_SECOND)))
    }

    /// Converts a JavaScript number of milliseconds to a TTL. `argument` names it in the error.
    ///
    /// # Errors
    ///
    /// When `millis` is not a whole number of at least 1.
    pub fn from_millis(argument: &str, millis: f64) -> Result<Self> {
        Self::whole(millis).map(Self).ok_or_else(|| {
            Error::invalid_value(
                argument,
                format_args!("must be a whole number of milliseconds of at least 1, got {millis}"),
            )
        })
    }

    fn whole(number: f64) -> Option<NonZeroU64> {
        let is_whole = number.fract() == 0.0 && (1.0..=MAX_SAFE_INTEGER).contains(&number);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
        is_whole.then_some(number as u64).and_then(NonZeroU64::new)
    }

    /// A TTL from a constant. 0 becomes 1.
    #[must_use]
    pub const fn from_whole_seconds(seconds: u32) -> Self {
        match NonZeroU64::new(seconds as u64) {
            Some(seconds) => Self(seconds.saturating_mul(MILLIS_A_SECOND)),
            None => Self(MILLIS_A_SECOND),
        }
    }

    /// A TTL of whole milliseconds, at least one.
    #[must_use]
    pub fn from_duration(duration: Duration) -> Self {
        NonZeroU64::new(millis(duration)).map_or(Self(NonZeroU64::MIN), Self)
    }

    /// The TTL in milliseconds.
    #[must_use]
    pub fn as_millis(self) -> u64 {
        self.0.get()
    }

    /// The TTL in seconds, if it is a whole number of them.
    #[must_use]
    pub fn as_whole_seconds(self) -> Option<u64> {
        let millis = self.as_millis();
        millis.is_multiple_of(1_000).then_some(millis / 1_000)
    }
}

/// When an entry expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Never.
    Never,
    /// This long after the write.
    After(Ttl),
    /// At this wall-clock time. If it is in the past, the write leaves no entry.
    At(UnixMillis),
}

impl Expiry {
    /// When an entry that is written now expires, by the clock's steady time. `None` means never.
    #[must_use]
    pub fn expires_at(self, clock: &Clock) -> Option<SteadyMillis> {
        match self {
            Self::Never => None,
            Self::After(ttl) => Some(clock.steady().saturating_add(ttl.as_millis())),
            Self::At(time) => Some(clock.steady().saturating_add(time.saturating_sub(clock.now()))),
        }
    }

    /// Converts a JavaScript number of Unix milliseconds. A negative number is a time in the past.
    ///
    /// # Errors
    ///
    /// When `millis` is not a finite number.
    pub fn at(argument: &str, millis: f64) -> Result<Self> {
        if !millis.is_finite() {
            return Err(Error::invalid_value(argument, "must be a finite number of milliseconds since 1970"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` clamps, which is right at both ends: in the past, and later than any other time"
        )]
        Ok(Self::At(millis.min(MAX_SAFE_INTEGER) as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_counts_its_prefix_towards_the_limit() {
        let longest = "k".repeat(MAX_KEY_BYTES - "form:".len());

        assert!(FORM.key("key", &longest).is_ok());
        let error = FORM.key("key", &format!("{longest}k")).unwrap_err();

        assert_eq!(error.to_string(), "key must be at most 32763 bytes long in UTF-8; hash longer keys");
        assert!(Key::plain("key", &"k".repeat(MAX_KEY_BYTES)).is_ok());
        assert!(Key::plain("key", &"k".repeat(MAX_KEY_BYTES + 1)).is_err());
    }

    #[test]
    fn a_ttl_is_a_whole_number_of_at_least_one() {
        for good in [1.0, 600.0, MAX_SAFE_INTEGER] {
            assert!(Ttl::from_seconds("ttlSeconds", good).is_ok(), "{good}");
        }
        for bad in [0.0, -1.0, 0.5, 1.5, f64::NAN, f64::INFINITY, MAX_SAFE_INTEGER * 4.0] {
            assert!(Ttl::from_seconds("ttlSeconds", bad).unwrap_err().is_invalid_value(), "{bad}");
            assert!(Ttl::from_millis("leaseMs", bad).unwrap_err().is_invalid_value(), "{bad}");
        }
        assert_eq!(Ttl::from_seconds("ttlSeconds", 2.0).unwrap().as_millis(), 2_000);
        assert_eq!(Ttl::from_millis("leaseMs", 2_500.0).unwrap().as_whole_seconds(), None);
        assert_eq!(Ttl::from_millis("leaseMs", 2_000.0).unwrap().as_whole_seconds(), Some(2));
    }

    #[test]
    fn debug_output_shows_no_more_of_a_key_than_its_prefix() {
        let key = EMAIL.key("email", "guest@example.com").unwrap();

        assert_eq!(format!("{key:?}"), "Key(email:..)");
        assert_eq!(key.as_str(), "email:guest@example.com");
    }

    #[test]
    fn a_time_before_1970_is_in_the_past() {
        assert_eq!(Expiry::at("expiresAt", -5.0).unwrap(), Expiry::At(0));
        assert!(Expiry::at("expiresAt", f64::NAN).unwrap_err().is_invalid_value());
    }
}
