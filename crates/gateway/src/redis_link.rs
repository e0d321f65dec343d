//! The connections to Redis: one that all requests share, opened on demand and again after it broke, and one for each
//! subscription.
//!
//! Every request is sent at most once: when its connection breaks, the request fails, and the next one connects again.
//! An idle connection that Redis closes is detected at once, so restarting Redis fails no request.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use redis::aio::{MultiplexedConnection, PubSub, PubSubStream};
use redis::{
    AsyncConnectionConfig, Cmd, ConnectionAddr, IntoConnectionInfo, Pipeline, ProtocolVersion,
    RedisConnectionInfo, RedisError, Value,
};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::command::CommandTable;
use crate::mode::Mode;
use crate::subscription::{Subscription, SubscriptionKind};

const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
/// HTTP requests that may queue for the connection before senders wait; a pipeline counts once.
const QUEUE_LENGTH: usize = 1024;

/// Redis is not reachable or did not reply in time.
#[derive(Debug)]
pub(crate) struct Unreachable;

/// The address of Redis and the current connection.
pub(crate) struct RedisLink {
    address: (String, u16),
    settings: RedisConnectionInfo,
    response_timeout: Duration,
    mode: Mode,
    current: RwLock<Option<Arc<Connection>>>,
    /// Locked while connecting; contains when connecting last failed.
    connecting: Mutex<Option<Instant>>,
}

/// One connection and the commands that its server knows.
pub(crate) struct Connection {
    redis: MultiplexedConnection,
    pub(crate) commands: CommandTable,
    closed: Arc<AtomicBool>,
}

impl RedisLink {
    pub(crate) fn new(url: &str, response_timeout: Duration, mode: Mode) -> io::Result<Self> {
        let invalid = |text: &str| io::Error::new(io::ErrorKind::InvalidInput, text.to_owned());
        // The error of redis-rs is omitted: it may show the URL, which may contain a password.
        let info = url.into_connection_info().map_err(|_| invalid("the Redis URL is not valid"))?;
        let ConnectionAddr::Tcp(host, port) = info.addr() else {
            return Err(invalid("the Redis URL must start with redis://"));
        };
        Ok(Self {
            address: (host.clone(), *port),
            // In RESP2 a hash is a flat array and a float is a string, as in Upstash's responses.
            settings: info.redis_settings().clone().set_protocol(ProtocolVersion::RESP2),
            response_timeout,
            mode,
            current: RwLock::new(None),
            connecting: Mutex::new(None),
        })
    }

    /// The current connection, or a new one.
    pub(crate) async fn connection(&self) -> Result<Arc<Connection>, Unreachable> {
        if let Some(connection) = self.open() {
            return Ok(connection);
        }
        let asked = Instant::now();
        let mut failed_at = self.connecting.lock().await;
        if let Some(connection) = self.open() {
            return Ok(connection);
        }
        // A request that waited while connecting failed shares that failure; otherwise each would wait for its own attempt.
        if failed_at.is_some_and(|failed| failed > asked) {
            return Err(Unreachable);
        }
        let Ok(Ok(connection)) = timeout(CONNECT_TIMEOUT, self.connect()).await else {
            *failed_at = Some(Instant::now());
            return Err(Unreachable);
        };
        let connection = Arc::new(connection);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&connection));
        Ok(connection)
    }

    fn open(&self) -> Option<Arc<Connection>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().filter(|connection| !connection.closed.load(Ordering::Acquire)).cloned()
    }

    /// Subscribes on a connection of its own, which closes when the stream of messages is dropped.
    pub(crate) async fn subscribe(&self, subscription: &Subscription) -> Result<PubSubStream, Unreachable> {
        let subscribed = timeout(self.response_timeout, self.connect_and_subscribe(subscription)).await;
        subscribed.map_err(|_| Unreachable)?.map_err(|_| Unreachable)
    }

    async fn connect_and_subscribe(&self, subscription: &Subscription) -> Result<PubSubStream, RedisError> {
        let mut redis = PubSub::new(&self.settings, self.dial().await?).await?;
        match subscription.kind {
            SubscriptionKind::Channels => redis.subscribe(&subscription.names).await?,
            SubscriptionKind::Patterns => redis.psubscribe(&subscription.names).await?,
        }
        Ok(redis.into_on_message())
    }

    async fn dial(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect((self.address.0.as_str(), self.address.1)).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn connect(&self) -> Result<Connection, RedisError> {
        let stream = self.dial().await?;
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(Some(self.response_timeout))
            .set_pipeline_buffer_size(QUEUE_LENGTH);
        let (mut redis, driver) =
            MultiplexedConnection::new_with_config(&self.settings, stream, config).await?;
        let closed = Arc::new(AtomicBool::new(false));
        tokio::spawn({
            let closed = Arc::clone(&closed);
            async move {
                driver.await;
                closed.store(true, Ordering::Release);
            }
        });
        let table = redis.send_packed_command(&redis::cmd("COMMAND")).await?;
        Ok(Connection { redis, commands: CommandTable::from_reply(&table, self.mode), closed })
    }
}

impl Connection {
    pub(crate) async fn send(&self, command: &Cmd) -> Result<Value, Unreachable> {
        self.redis.clone().send_packed_command(command).await.map_err(|_| self.give_up())
    }

    /// Sends a pipeline in one write; the replies are in the order of the commands, errors included.
    pub(crate) async fn send_all(&self, commands: &Pipeline) -> Result<Vec<Value>, Unreachable> {
        self.redis.clone().send_packed_commands(commands, 0, commands.len()).await.map_err(|_| self.give_up())
    }

    /// Sends commands between MULTI and EXEC. The inner error is why Redis executed none of them.
    pub(crate) async fn send_atomic(
        &self,
        commands: &Pipeline,
    ) -> Result<Result<Vec<Value>, Value>, Unreachable> {
        let count = commands.len() + 1;
        match self.redis.clone().send_packed_commands(commands, count, 1).await {
            Ok(mut replies) => match replies.pop() {
                Some(Value::Array(results)) => Ok(Ok(results)),
                Some(error @ Value::ServerError(_)) => Ok(Err(error)),
                _ => Err(self.give_up()),
            },
            Err(error) => match error.into_server_errors() {
                Some(errors) if !errors.is_empty() => Ok(Err(Value::ServerError(errors[0].1.clone()))),
                _ => Err(self.give_up()),
            },
        }
    }

    /// Errors from Redis are values. After any other failure the connection is not used again.
    fn give_up(&self) -> Unreachable {
        self.closed.store(true, Ordering::Release);
        Unreachable
    }
}
