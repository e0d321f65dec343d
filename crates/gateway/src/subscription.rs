//! A subscription as server-sent events: the body of a response that ends with the client, Redis or a fault.
//!
//! Each subscription has a connection to Redis of its own, which closes when the body is dropped. hyper drops it as
//! soon as the client disconnects. Events are never encoded in base64, because official clients do not decode them.

use std::collections::{HashSet, VecDeque};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream as _;
use hyper::body::{Body, Bytes, Frame};
use redis::aio::PubSubStream;
use redis::{Cmd, Msg, RedisResult};
use tokio::sync::watch;

use crate::command::{argument, arguments};
use crate::http_error::HttpError;
use crate::rest::Dropped;

/// Whether the client named channels or patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SubscriptionKind {
    Channels,
    Patterns,
}

/// What a client subscribes to.
pub(crate) struct Subscription {
    pub(crate) kind: SubscriptionKind,
    pub(crate) names: Vec<Vec<u8>>,
}

impl Subscription {
    /// Reads SUBSCRIBE or PSUBSCRIBE.
    pub(crate) fn of(command: &Cmd) -> Result<Self, HttpError> {
        let (kind, name) = if argument(command, 0).eq_ignore_ascii_case(b"subscribe") {
            (SubscriptionKind::Channels, "subscribe")
        } else {
            (SubscriptionKind::Patterns, "psubscribe")
        };
        let names: Vec<_> = arguments(command).skip(1).map(<[u8]>::to_vec).collect();
        if names.is_empty() {
            return Err(HttpError::wrong_arity(name));
        }
        Ok(Self { kind, names })
    }
}

/// The events of one subscription.
pub(crate) struct EventStream {
    /// Events that Redis has already caused: the confirmations.
    ready: VecDeque<Bytes>,
    messages: PubSubStream,
    ended: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl EventStream {
    /// Starts with the confirmations. Ends when `ending` changes, without a proper end of the response.
    pub(crate) fn new(
        subscription: &Subscription,
        messages: PubSubStream,
        mut ending: watch::Receiver<u64>,
    ) -> Self {
        let ended = Box::pin(async move {
            // An error means that the gateway is shut down, which ends the subscription, too.
            let _ = ending.changed().await;
        });
        Self { ready: confirmations(subscription), messages, ended }
    }
}

impl Body for EventStream {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        if self.ended.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(Dropped)));
        }
        if let Some(confirmation) = self.ready.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(confirmation))));
        }
        let message = ready!(Pin::new(&mut self.messages).poll_next(context));
        // Without a message Redis has closed the connection.
        let event = message.and_then(|message| message_event(&message).ok()).ok_or(Dropped);
        Poll::Ready(Some(event.map(Frame::data)))
    }
}

/// As Redis confirms them: with the number of different names so far.
fn confirmations(Subscription { kind, names }: &Subscription) -> VecDeque<Bytes> {
    let word: &[u8] = match kind {
        SubscriptionKind::Channels => b"subscribe",
        SubscriptionKind::Patterns => b"psubscribe",
    };
    let mut different = HashSet::new();
    let confirm = |name: &Vec<u8>| {
        different.insert(name.clone());
        event(&[word, name, different.len().to_string().as_bytes()])
    };
    names.iter().map(confirm).collect()
}

fn message_event(message: &Msg) -> RedisResult<Bytes> {
    let channel: Vec<u8> = message.get_channel()?;
    let payload = message.get_payload_bytes();
    Ok(match message.get_pattern::<Option<Vec<u8>>>()? {
        Some(pattern) => event(&[b"pmessage", &pattern, &channel, payload]),
        None => event(&[b"message", &channel, payload]),
    })
}

/// One event. Each line of a text with line feeds gets its own `data:`, as the format of server-sent events demands.
fn event(fields: &[&[u8]]) -> Bytes {
    let text = fields.join(&b","[..]);
    let text = String::from_utf8_lossy(&text);
    let lines = text.split('\n').flat_map(|line| ["data: ", line, "\n"]);
    lines.chain(["\n"]).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::event;

    #[test]
    fn an_event_has_a_data_line_for_each_line_and_ends_with_an_empty_one() {
        assert_eq!(event(&[b"message", b"chat", b"hello"]), "data: message,chat,hello\n\n");
        assert_eq!(event(&[b"message", b"chat", b"a\nb"]), "data: message,chat,a\ndata: b\n\n");
        assert_eq!(event(&[b"message", b"chat", &[0xFF]]), "data: message,chat,\u{FFFD}\n\n");
    }
}
