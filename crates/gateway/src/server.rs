//! The REST server: accepts connections, and closes the port and all connections for the fault `Refuse`.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::connection;
use crate::listener::Listener;
use crate::rest::Rest;
use crate::tls::Tls;

/// Keeps the loop from spinning while accepting fails, for instance because too many files are open.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(10);

/// A request to open or close the port, and where its result goes.
struct SetOpen {
    open: bool,
    done: oneshot::Sender<io::Result<()>>,
}

/// Opens and closes the port of a running server.
#[derive(Clone)]
pub(crate) struct ListenerHandle(mpsc::Sender<SetOpen>);

impl ListenerHandle {
    /// Opens or closes the port. Closing also closes all connections.
    pub(crate) async fn set_open(&self, open: bool) -> io::Result<()> {
        let (done, result) = oneshot::channel();
        let stopped = || io::Error::other("the gateway is shut down");
        self.0.send(SetOpen { open, done }).await.map_err(|_| stopped())?;
        result.await.map_err(|_| stopped())?
    }
}

/// Opens a loopback port and serves it in the background. Dropping all handles stops the server.
pub(crate) fn serve(
    rest: Arc<Rest>,
    port: u16,
    tls: Option<Tls>,
) -> io::Result<(SocketAddr, ListenerHandle)> {
    let listener = Listener::open(port)?;
    let address = listener.address();
    let (handle, requests) = mpsc::channel(1);
    tokio::spawn(accept(rest, tls, listener, requests));
    Ok((address, ListenerHandle(handle)))
}

async fn accept(
    rest: Arc<Rest>,
    tls: Option<Tls>,
    mut listener: Listener,
    mut requests: mpsc::Receiver<SetOpen>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(stream) => {
                    rest.tally.connection();
                    connections.spawn(connection::serve(Arc::clone(&rest), tls.clone(), stream));
                }
                Err(_) => tokio::time::sleep(PAUSE_AFTER_ERROR).await,
            },
            request = requests.recv() => {
                let Some(SetOpen { open, done }) = request else { return };
                if !open {
                    connections.shutdown().await;
                }
                // The caller may have stopped waiting.
                let _ = done.send(listener.set_open(open));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}
