//! What the key of a session holds: `{"e":epoch,"n":next?,"c":createdAt,"m":updatedAt,"w":stamps,"v":data}`.
//!
//! `e` is the epoch of the user under which the session was made. `n` is another one under which it counts, too: that of
//! a revocation which has spared it. `w` is a random stamp of each of the last writes, so that a writer whose reply was
//! lost recognizes its own write even below a later one. `{"w":stamp}` alone stands for a moment where a session was
//! that has moved to another id.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::options::SessionOptions;
use crate::clock::UnixMillis;
use crate::json::{self, Field, FieldType, Object};
use crate::{Error, Result};

const USER_ID: &str = "userId";
const SHAPE: &[Field] = &[Field::required(USER_ID, FieldType::NonEmptyText)];

const STAMP_LENGTH: usize = 8;
/// How many writes of others may follow a write before its writer has found out that it took effect.
const STAMPS: usize = 4;

/// A session's data.
pub struct SessionData {
    text: String,
    user_id: String,
}

impl SessionData {
    /// Takes the caller's JSON text.
    ///
    /// # Errors
    ///
    /// When it is no object with a `userId`. `argument` names it in the error.
    pub fn from_json(argument: &str, text: String) -> Result<Self> {
        let user_id = user_id(argument, &parse(argument, &text)?)?;
        Ok(Self { text, user_id })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn user_id(&self) -> &str {
        &self.user_id
    }
}

/// Fields that replace those of a session's data, and the names of fields that are removed.
pub struct SessionChange {
    replaced: Vec<(String, String)>,
    removed: Vec<String>,
}

impl SessionChange {
    /// Takes the caller's JSON text, and the names that it does not have because they are to be removed.
    ///
    /// # Errors
    ///
    /// When it is no object, or the name of a field is not well-formed Unicode. `argument` names it in the error.
    pub fn from_json(argument: &str, text: &str, removed: Vec<String>) -> Result<Self> {
        let fields = parse(argument, text)?.named_fields().ok_or_else(|| {
            Error::invalid_field(argument, "has a field whose name is not well-formed Unicode")
        })?;
        let replaced = fields.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        Ok(Self { replaced, removed })
    }

    /// The data with the changes.
    fn apply(&self, data: &Object<'_>) -> Result<String> {
        let replaced: Vec<(&str, &str)> =
            self.replaced.iter().map(|(name, value)| (&**name, &**value)).collect();
        let text = data.with(&replaced);
        if self.removed.is_empty() {
            return Ok(text);
        }
        let removed: Vec<&str> = self.removed.iter().map(|name| &**name).collect();
        Ok(parse("data", &text)?.without(&removed))
    }
}

fn parse<'a>(argument: &str, text: &'a str) -> Result<Object<'a>> {
    Object::parse(text).ok_or_else(|| Error::invalid_field(argument, "must turn into a JSON object"))
}

fn user_id(argument: &str, data: &Object<'_>) -> Result<String> {
    json::check(argument, data, SHAPE)?;
    let text = data.get(USER_ID).and_then(json::text);
    text.map(Cow::into_owned).ok_or_else(|| {
        Error::invalid_field(&format!("{argument}.{USER_ID}"), "must be well-formed Unicode, but is not")
    })
}

/// A session as it is stored.
pub(super) struct Record<'a> {
    epoch: Cow<'a, str>,
    next_epoch: Option<Cow<'a, str>>,
    pub(super) created_at: UnixMillis,
    updated_at: UnixMillis,
    stamps: Cow<'a, str>,
    pub(super) user_id: String,
    pub(super) data: Object<'a>,
    data_text: &'a str,
}

/// A text, and the stamp by which its writer knows it.
pub(super) struct Stamped {
    pub(super) text: String,
    pub(super) stamp: String,
}

impl<'a> Record<'a> {
    /// `None` if the text is no session: see [`is_moved`].
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let object = Object::parse(text)?;
        let number = |name| object.get(name)?.parse().ok();
        let data_text = object.get("v")?;
        let data = Object::parse(data_text)?;
        Some(Self {
            epoch: json::text(object.get("e")?)?,
            next_epoch: object.get("n").and_then(json::text),
            created_at: number("c")?,
            updated_at: number("m")?,
            stamps: json::text(object.get("w")?)?,
            user_id: user_id("data", &data).ok()?,
            data,
            data_text,
        })
    }

    /// Whether it counts while the user's epoch is this one; absent is empty.
    pub(super) fn counts_in(&self, epoch: Option<&str>) -> bool {
        let epoch = epoch.unwrap_or_default();
        self.epoch == epoch || self.next_epoch.as_deref() == Some(epoch)
    }

    /// The other epoch under which it counts, if that is to come after this one.
    pub(super) fn epoch_after(&self, epoch: &str) -> Option<&str> {
        self.next_epoch.as_deref().filter(|next| *next != epoch)
    }

    pub(super) fn has_stamp(&self, stamp: &str) -> bool {
        self.stamps.as_bytes().chunks(STAMP_LENGTH).any(|one| one == stamp.as_bytes())
    }

    /// The text of a new session.
    pub(super) fn text(data: &str, epoch: &str, now: UnixMillis) -> String {
        stored(epoch, None, (now, now), &new_stamp(), data)
    }

    /// The text of this session with changed data.
    pub(super) fn changed(&self, change: &SessionChange, now: UnixMillis) -> Result<Stamped> {
        self.replaced(&change.apply(&self.data)?, now)
    }

    /// The text of this session with other data of the same user.
    pub(super) fn replaced(&self, data: &str, now: UnixMillis) -> Result<Stamped> {
        if user_id("data", &parse("data", data)?)? != self.user_id {
            let problem = "must stay the same: make a session for the other user with create";
            return Err(Error::invalid_field("data.userId", problem));
        }
        Ok(self.written(self.next_epoch.as_deref(), now, data))
    }

    /// The text of this session, which counts in another epoch, too.
    pub(super) fn spared(&self, current: &str, next: &str) -> Stamped {
        let stamp = new_stamp();
        let times = (self.created_at, self.updated_at);
        let text = stored(current, Some(next), times, &self.stamps_after(&stamp), self.data_text);
        Stamped { text, stamp }
    }

    fn written(&self, next: Option<&str>, now: UnixMillis, data: &str) -> Stamped {
        let stamp = new_stamp();
        let text = stored(&self.epoch, next, (self.created_at, now), &self.stamps_after(&stamp), data);
        Stamped { text, stamp }
    }

    fn stamps_after(&self, stamp: &str) -> String {
        let kept: usize = (STAMPS - 1) * STAMP_LENGTH;
        let older: String = self.stamps.chars().take(kept).collect();
        [stamp, &older].concat()
    }

    /// What the caller gets: the data, `createdAt`, `updatedAt` and `expiresAt`.
    pub(super) fn to_json(&self, options: &SessionOptions) -> String {
        let [created_at, updated_at, expires_at] =
            [self.created_at, self.updated_at, options.expires_at(self.created_at)]
                .map(|time| time.to_string());
        self.data.with(&[("createdAt", &created_at), ("updatedAt", &updated_at), ("expiresAt", &expires_at)])
    }

    /// The text of this session, its data, the time that was spent, and whether the text may be outdated, for a caller that
    /// makes new data of it.
    pub(super) fn to_basis_json(&self, text: &str, spent: u64, may_be_outdated: bool) -> String {
        format!("[{},{},{spent},{may_be_outdated}]", json::to_json(&text), self.data_text)
    }
}

/// What stands for a moment where a session was that has moved. No two are the same.
pub(super) fn moved() -> String {
    format!(r#"{{"w":"{}"}}"#, new_stamp())
}

/// Whether a text that is no session stands where one was.
pub(super) fn is_moved(text: &str) -> bool {
    Object::parse(text).is_some_and(|object| object.get("w").is_some() && object.get("v").is_none())
}

fn stored(
    epoch: &str,
    next: Option<&str>,
    (created_at, updated_at): (UnixMillis, UnixMillis),
    stamps: &str,
    data: &str,
) -> String {
    let mut text = format!(r#"{{"e":{}"#, json::to_json(&epoch));
    // Writing to a string cannot fail.
    if let Some(next) = next {
        let _ = write!(text, r#","n":{}"#, json::to_json(&next));
    }
    let _ = write!(text, r#","c":{created_at},"m":{updated_at},"w":"{stamps}","v":{data}}}"#);
    text
}

fn new_stamp() -> String {
    format!("{:08x}", fastrand::u32(..))
}
