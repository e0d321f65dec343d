//! Errors as JavaScript knows them. No other file names an error class or a code.

use napi::bindgen_prelude::{Env, JsError, JsRangeError, JsTypeError, Unknown};
use napi::{Error, Status};
use redlatch_core::Error as CoreError;

const INVALID_ARG_TYPE: &str = "ERR_INVALID_ARG_TYPE";
const INVALID_ARG_VALUE: &str = "ERR_INVALID_ARG_VALUE";
const REDIS_REPLY: &str = "ERR_REDIS_REPLY";
const FALLBACK_FULL: &str = "ERR_FALLBACK_FULL";
const REDIS_UNAVAILABLE: &str = "ERR_REDIS_UNAVAILABLE";
const CONFLICT: &str = "ERR_CONFLICT";
const REDIS_CONFIGURED: &str = "ERR_REDIS_CONFIGURED";
const INTERNAL: &str = "ERR_INTERNAL";

/// An error that a call rejects with.
pub(crate) struct Failure {
    class: ErrorClass,
    code: &'static str,
    message: String,
}

enum ErrorClass {
    Error,
    TypeError,
    RangeError,
}

impl Failure {
    fn new(class: ErrorClass, code: &'static str, message: String) -> Self {
        Self { class, code, message }
    }

    /// `argument` is not of the type that it must be.
    pub(crate) fn wrong_type(argument: &str, expected: &str, received: &str) -> Self {
        let message = format!("{argument} must be {expected}, got {received}");
        Self::new(ErrorClass::TypeError, INVALID_ARG_TYPE, message)
    }

    /// `JSON.stringify` threw for `argument`. The face has what was thrown and makes it the error's cause.
    pub(crate) fn not_json(argument: &str) -> Self {
        let message = format!("{argument} cannot be turned into JSON; see the error's cause");
        Self::new(ErrorClass::TypeError, INVALID_ARG_VALUE, message)
    }

    /// A getter of the caller's threw for `argument`. The face has what was thrown and makes it the error's cause.
    pub(crate) fn unreadable(argument: &str) -> Self {
        let message = format!("{argument} cannot be read, because a getter throws; see the error's cause");
        Self::new(ErrorClass::TypeError, INVALID_ARG_VALUE, message)
    }

    /// `call`, which is for tests on memory, must not touch what is in Redis.
    pub(crate) fn redis_configured(call: &str) -> Self {
        let message = format!(
            "{call} works on memory, but Redis is configured; set DISABLE_REDIS=true for the tests, or call \
             redisManager.configure({{ disableRedis: true }})"
        );
        Self::new(ErrorClass::Error, REDIS_CONFIGURED, message)
    }

    /// A fault of this package.
    pub(crate) fn internal(problem: impl Into<String>) -> Self {
        Self::new(ErrorClass::Error, INTERNAL, problem.into())
    }

    /// The JavaScript error.
    fn into_unknown(self, env: &Env) -> Unknown<'_> {
        let error = Error::new(self.code, self.message);
        match self.class {
            ErrorClass::Error => JsError::from(error).into_unknown(*env),
            ErrorClass::TypeError => JsTypeError::from(error).into_unknown(*env),
            ErrorClass::RangeError => JsRangeError::from(error).into_unknown(*env),
        }
    }

    /// The class, the code and the message, for the face to make the error of.
    pub(crate) fn into_parts(self) -> [String; 3] {
        let class = match self.class {
            ErrorClass::Error => "Error",
            ErrorClass::TypeError => "TypeError",
            ErrorClass::RangeError => "RangeError",
        };
        [class.into(), self.code.into(), self.message]
    }

    /// Throws the JavaScript error. The returned one tells napi that an exception is pending.
    pub(crate) fn throw(self, env: &Env) -> Error {
        match env.throw(self.into_unknown(env)) {
            Ok(()) => Error::from_status(Status::PendingException),
            Err(error) => error,
        }
    }
}

impl From<CoreError> for Failure {
    fn from(error: CoreError) -> Self {
        let (class, code) = if error.is_invalid_value() {
            (ErrorClass::RangeError, INVALID_ARG_VALUE)
        } else if error.is_invalid_field() {
            (ErrorClass::TypeError, INVALID_ARG_VALUE)
        } else if error.is_refused() {
            (ErrorClass::Error, REDIS_REPLY)
        } else if error.is_full() {
            (ErrorClass::Error, FALLBACK_FULL)
        } else if error.is_conflict() {
            (ErrorClass::Error, CONFLICT)
        } else if error.is_no_fallback() || error.is_unanswered() {
            (ErrorClass::Error, REDIS_UNAVAILABLE)
        } else {
            (ErrorClass::Error, INTERNAL)
        };
        Self::new(class, code, error.to_string())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::internal(error.reason)
    }
}

/// The result of `act`, or its failure as a JavaScript exception.
pub(crate) fn or_throw<T>(env: &Env, act: impl FnOnce() -> Result<T, Failure>) -> napi::Result<T> {
    act().map_err(|failure| failure.throw(env))
}
