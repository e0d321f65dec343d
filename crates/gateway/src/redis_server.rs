//! A temporary Redis: a real `redis-server` on a free loopback port, without persistence, killed on drop.
//!
//! The port is found by binding it. On Linux it stays bound beside Redis, so no other program can take it, even while
//! Redis is stopped. Elsewhere another program may take it, which two checks handle: a server that could not bind is
//! started again on another port, and a reply counts only if it comes from the server started here (its working
//! directory is a temporary one that no other server has).

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use socket2::Socket;
use tempfile::TempDir;

use crate::listener;

const START_TIMEOUT: Duration = Duration::from_secs(10);
const POLL_INTERVAL: Duration = Duration::from_millis(5);
const PROBE_TIMEOUT: Duration = Duration::from_millis(500);
const PORT_ATTEMPTS: usize = 10;

/// A temporary Redis. Its methods block until the server has started or stopped.
#[derive(Debug)]
pub struct RedisServer {
    port: u16,
    running: Mutex<Option<Running>>,
    _reservation: Option<Socket>,
}

/// The process and its working directory, which is new for each start, so nothing survives a restart.
#[derive(Debug)]
struct Running {
    child: Child,
    directory: TempDir,
}

enum StartError {
    /// The process exited, most likely because the port was taken.
    Exited,
    Other(io::Error),
}

impl RedisServer {
    /// Starts `redis-server` from the `PATH`, or the program in the environment variable `REDIS_SERVER`, and returns
    /// once it replies.
    ///
    /// # Errors
    ///
    /// When the program is missing, when it does not reply within ten seconds, or when it exits on each of ten ports.
    pub fn start() -> io::Result<Self> {
        for _ in 0..PORT_ATTEMPTS {
            let (port, reservation) = reserve()?;
            match Running::start(port) {
                Ok(running) => {
                    return Ok(Self { port, running: Mutex::new(Some(running)), _reservation: reservation });
                }
                Err(StartError::Exited) => {}
                Err(StartError::Other(error)) => return Err(error),
            }
        }
        Err(io::Error::other(format!("redis-server exited on {PORT_ATTEMPTS} ports in a row")))
    }

    /// The address as a URL: `redis://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The port on the loopback interface; it stays the same over a restart.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the server is running.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running().is_some()
    }

    /// Kills the server, as a crash would. Its connections are closed when this returns.
    pub fn stop(&self) {
        *self.running() = None;
    }

    /// Starts the server again on the same port, empty. A running server is killed first.
    ///
    /// # Errors
    ///
    /// When it does not start, for instance because another program took the port meanwhile.
    pub fn restart(&self) -> io::Result<()> {
        let mut running = self.running();
        *running = None;
        *running = Some(Running::start(self.port).map_err(|error| match error {
            StartError::Exited => {
                io::Error::other(format!("redis-server cannot listen on port {} again", self.port))
            }
            StartError::Other(error) => error,
        })?);
        Ok(())
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        // A panic elsewhere cannot leave this inconsistent, and the process must still be killed on drop.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn start(port: u16) -> Result<Self, StartError> {
        let directory =
            tempfile::Builder::new().prefix("redlatch-redis-").tempdir().map_err(StartError::Other)?;
        let child = spawn(port, &directory).map_err(StartError::Other)?;
        // From here on an error drops `running`, which kills the process.
        let mut running = Self { child, directory };
        let deadline = Instant::now() + START_TIMEOUT;
        while Instant::now() < deadline {
            if running.child.try_wait().map_err(StartError::Other)?.is_some() {
                return Err(StartError::Exited);
            }
            if running.answers(port).unwrap_or(false) {
                return Ok(running);
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        Err(StartError::Other(io::Error::new(
            io::ErrorKind::TimedOut,
            "redis-server did not reply within 10 s",
        )))
    }

    fn answers(&self, port: u16) -> io::Result<bool> {
        let mut stream =
            TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), PROBE_TIMEOUT)?;
        stream.set_read_timeout(Some(PROBE_TIMEOUT))?;
        stream.write_all(b"PING\r\nCONFIG GET dir\r\nQUIT\r\n")?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply)?;
        let name = self.directory.path().file_name().unwrap_or_default().to_string_lossy();
        Ok(reply.starts_with("+PONG\r\n") && reply.contains(&*name))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if the process has already exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(port: u16, directory: &TempDir) -> io::Result<Child> {
    let program = std::env::var_os("REDIS_SERVER").unwrap_or_else(|| "redis-server".into());
    Command::new(&program)
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"])
        .arg("--port")
        .arg(port.to_string())
        .arg("--dir")
        .arg(directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => io::Error::new(
                io::ErrorKind::NotFound,
                format!(
                    "{} is not installed: run `apt-get install redis-server` or `brew install redis`, \
                     or name the program in REDIS_SERVER",
                    program.display()
                ),
            ),
            _ => error,
        })
}

/// Finds a free port. On Linux sockets with `SO_REUSEADDR` may share a port if only one of them listens.
fn reserve() -> io::Result<(u16, Option<Socket>)> {
    let socket = listener::bind(0)?;
    let port = listener::port_of(&socket)?;
    Ok((port, cfg!(target_os = "linux").then_some(socket)))
}
