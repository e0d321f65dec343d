//! The one shared connection to Redis, made on demand and made anew after it broke.
//!
//! Every request is sent at most once: when its connection breaks, the request fails and only the next one connects
//! again. A connection that Redis closes while idle is noticed at once, so a restarted Redis costs no request.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Cmd, ConnectionAddr, IntoConnectionInfo, Pipeline, ProtocolVersion,
    RedisConnectionInfo, RedisError, Value,
};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::command::CommandTable;

const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
/// HTTP requests that may queue for the connection before senders wait; one message is one whole pipeline.
const QUEUE_LENGTH: usize = 1024;

/// Redis could not be asked, or its answer did not come.
#[derive(Debug)]
pub(crate) struct Unreachable;

/// Where Redis is, and the connection to it while there is one.
pub(crate) struct RedisLink {
    address: (String, u16),
    settings: RedisConnectionInfo,
    response_timeout: Duration,
    current: RwLock<Option<Arc<Connection>>>,
    /// Held while connecting; holds when that last failed.
    connecting: Mutex<Option<Instant>>,
}

/// One connection and the commands of the server at its other end.
pub(crate) struct Connection {
    redis: MultiplexedConnection,
    pub(crate) commands: CommandTable,
    closed: Arc<AtomicBool>,
}

impl RedisLink {
    pub(crate) fn new(url: &str, response_timeout: Duration) -> io::Result<Self> {
        let invalid = |text: &str| io::Error::new(io::ErrorKind::InvalidInput, text.to_owned());
        // The error of redis-rs is left out: it may show the URL, and that may hold a password.
        let info = url.into_connection_info().map_err(|_| invalid("the Redis URL is not valid"))?;
        let ConnectionAddr::Tcp(host, port) = info.addr() else {
            return Err(invalid("the Redis URL must start with redis://"));
        };
        Ok(Self {
            address: (host.clone(), *port),
            // In RESP2 a hash is a flat array and a float a string, as Upstash answers.
            settings: info.redis_settings().clone().set_protocol(ProtocolVersion::RESP2),
            response_timeout,
            current: RwLock::new(None),
            connecting: Mutex::new(None),
        })
    }

    /// The connection in use, or a new one.
    pub(crate) async fn connection(&self) -> Result<Arc<Connection>, Unreachable> {
        if let Some(connection) = self.open() {
            return Ok(connection);
        }
        let asked = Instant::now();
        let mut failed_at = self.connecting.lock().await;
        if let Some(connection) = self.open() {
            return Ok(connection);
        }
        // Whoever waited while an attempt failed shares its outcome, or a crowd would wait for one attempt each.
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

    async fn connect(&self) -> Result<Connection, RedisError> {
        let stream = TcpStream::connect((self.address.0.as_str(), self.address.1)).await?;
        stream.set_nodelay(true)?;
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
        Ok(Connection { redis, commands: CommandTable::from_reply(&table), closed })
    }
}

impl Connection {
    pub(crate) async fn send(&self, command: &Cmd) -> Result<Value, Unreachable> {
        self.redis.clone().send_packed_command(command).await.map_err(|_| self.give_up())
    }

    /// Sends a pipeline in one write; the answers are in the order of the commands, errors among them.
    pub(crate) async fn send_all(&self, commands: &Pipeline) -> Result<Vec<Value>, Unreachable> {
        self.redis.clone().send_packed_commands(commands, 0, commands.len()).await.map_err(|_| self.give_up())
    }

    /// Sends commands between MULTI and EXEC. The inner error is Redis's reason for executing none of them.
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

    /// Redis's own errors are values; whatever else fails leaves the connection in doubt, so it is not used again.
    fn give_up(&self) -> Unreachable {
        self.closed.store(true, Ordering::Release);
        Unreachable
    }
}
