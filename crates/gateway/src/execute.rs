//! Executes the commands of one request and writes the response, or subscribes.
//!
//! Each command is checked and translated before it is sent, and its reply is translated back.
//! A pipeline is sent to Redis in one write. So is a transaction from MULTI to EXEC, which keeps other commands on
//! the shared connection out of it.

use hyper::StatusCode;
use redis::aio::PubSubStream;
use redis::{Pipeline, Value};

use crate::auth::Access;
use crate::command::CommandKind;
use crate::http_error::HttpError;
use crate::redis_link::{Connection, RedisLink, Unreachable};
use crate::reply;
use crate::request::{Commands, Encoding, ParsedCommand};
use crate::subscription::Subscription;
use crate::translation::{ReplyTranslation, Translated, Translator};

/// What a request is answered with.
pub(crate) enum Answer {
    Json(JsonResponse),
    /// A subscription that Redis has confirmed, and its messages.
    Messages(Subscription, PubSubStream),
}

/// A status, a JSON body, and whether the request may have changed data.
pub(crate) struct JsonResponse {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
    pub(crate) wrote: bool,
}

impl From<HttpError> for JsonResponse {
    fn from(error: HttpError) -> Self {
        let mut body = Vec::new();
        reply::write_error(&mut body, &error.text);
        Self { status: error.status, body, wrote: false }
    }
}

impl From<Unreachable> for HttpError {
    fn from(_: Unreachable) -> Self {
        Self::unreachable()
    }
}

/// What the client may do, and how it wants strings encoded.
#[derive(Clone, Copy)]
pub(crate) struct Caller {
    pub(crate) access: Access,
    pub(crate) encoding: Encoding,
}

/// Executes a request's commands.
pub(crate) async fn execute(
    link: &RedisLink,
    translator: &Translator,
    commands: Commands,
    caller: Caller,
) -> Result<Answer, HttpError> {
    let redis = link.connection().await?;
    let session = Session { redis: &redis, translator, caller };
    Ok(Answer::Json(match commands {
        Commands::One(parsed) => session.one(parsed).await?,
        Commands::Pipeline(parsed) => session.pipeline(parsed).await?,
        Commands::Transaction(parsed) => session.transaction(parsed).await?,
        Commands::Subscription(parsed) => return subscribe(link, parsed).await,
    }))
}

/// Either token may subscribe, because that reads no key.
async fn subscribe(link: &RedisLink, parsed: ParsedCommand) -> Result<Answer, HttpError> {
    let command = parsed?;
    let subscription = Subscription::of(&command)?;
    let messages = link.subscribe(&subscription).await?;
    Ok(Answer::Messages(subscription, messages))
}

/// What the commands of one request share.
struct Session<'request> {
    redis: &'request Connection,
    translator: &'request Translator,
    caller: Caller,
}

impl Session<'_> {
    async fn one(&self, parsed: ParsedCommand) -> Result<JsonResponse, HttpError> {
        let (Translated { command, reply }, kind) = self.prepare(parsed)?;
        let value = reply.apply(self.redis.send(&command).await?);
        Ok(single(&value, kind == CommandKind::Write, self.caller.encoding))
    }

    async fn pipeline(&self, parsed: Vec<ParsedCommand>) -> Result<JsonResponse, HttpError> {
        let mut commands = Pipeline::with_capacity(parsed.len());
        let mut wrote = false;
        let mut slots = Vec::with_capacity(parsed.len());
        for command in parsed {
            slots.push(self.prepare(command).map(|(Translated { command, reply }, kind)| {
                wrote |= kind == CommandKind::Write;
                commands.add_command(command);
                reply
            }));
        }
        let values = if commands.is_empty() { Vec::new() } else { self.redis.send_all(&commands).await? };
        let mut values = values.into_iter();
        // redis-rs returns exactly one value for each command.
        let replies =
            slots.into_iter().map(|slot| slot.map(|reply| (reply, values.next().unwrap_or(Value::Nil))));
        Ok(self.array(replies, wrote))
    }

    async fn transaction(&self, parsed: Vec<ParsedCommand>) -> Result<JsonResponse, HttpError> {
        let mut commands = Pipeline::with_capacity(parsed.len());
        commands.atomic();
        let mut wrote = false;
        let mut replies = Vec::with_capacity(parsed.len());
        for command in parsed {
            let (Translated { command, reply }, kind) = self.prepare(command)?;
            wrote |= kind == CommandKind::Write;
            commands.add_command(command);
            replies.push(reply);
        }
        match self.redis.send_atomic(&commands).await? {
            Ok(values) => Ok(self.array(replies.into_iter().zip(values).map(Ok), wrote)),
            Err(discarded) => Ok(single(&discarded, false, self.caller.encoding)),
        }
    }

    fn prepare(&self, parsed: ParsedCommand) -> Result<(Translated, CommandKind), HttpError> {
        let command = parsed?;
        let kind = self.redis.commands.check(&command, self.caller.access)?;
        Ok((self.translator.translate(command)?, kind))
    }

    fn array(
        &self,
        replies: impl ExactSizeIterator<Item = Result<(ReplyTranslation, Value), HttpError>>,
        wrote: bool,
    ) -> JsonResponse {
        let mut body = Vec::with_capacity(replies.len() * 32);
        for reply in replies {
            body.push(if body.is_empty() { b'[' } else { b',' });
            match reply {
                Ok((translation, value)) => {
                    reply::write(&mut body, &translation.apply(value), self.caller.encoding);
                }
                Err(error) => reply::write_error(&mut body, &error.text),
            }
        }
        body.push(b']');
        JsonResponse { status: StatusCode::OK, body, wrote }
    }
}

/// One result as the whole response; an error from Redis is a 400.
fn single(value: &Value, wrote: bool, encoding: Encoding) -> JsonResponse {
    let status =
        if matches!(value, Value::ServerError(_)) { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let mut body = Vec::with_capacity(64);
    reply::write(&mut body, value, encoding);
    JsonResponse { status, body, wrote }
}
