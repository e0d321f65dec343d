//! The listening socket of the REST port and the connections it accepted.
//!
//! A closed port is the one fault that is a state of the server: the listener goes, all connections go, and a socket
//! that is bound but does not listen keeps the port, so that connecting is refused and no other program takes it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::cut_stream::{Cut, CutStream, Reset};
use crate::rest::Rest;
use crate::tls::Tls;

const BACKLOG: u32 = 1024;

/// Whether the port is to be open, and where to say that it is so.
struct Order {
    open: bool,
    done: oneshot::Sender<io::Result<()>>,
}

/// Opens and closes the port of a running server.
#[derive(Clone)]
pub(crate) struct Door(mpsc::Sender<Order>);

impl Door {
    /// Opens or closes the port; when this returns it is done.
    pub(crate) async fn set_open(&self, open: bool) -> io::Result<()> {
        let (done, outcome) = oneshot::channel();
        let gone = || io::Error::other("the gateway is shut down");
        self.0.send(Order { open, done }).await.map_err(|_| gone())?;
        outcome.await.map_err(|_| gone())?
    }
}

/// The socket, listening or merely holding the port.
enum Port {
    Open(TcpListener),
    Closed(TcpSocket),
}

/// Binds a loopback port and serves it in the background. Dropping every `Door` ends it with all its connections.
pub(crate) fn serve(rest: Arc<Rest>, port: u16, tls: Option<Tls>) -> io::Result<(SocketAddr, Door)> {
    let listener = bind(port)?.listen(BACKLOG)?;
    let address = listener.local_addr()?;
    let (orders, inbox) = mpsc::channel(1);
    let port = Port::Open(listener);
    tokio::spawn(accept(Reception { rest, tls }, port, address.port(), inbox));
    Ok((address, Door(orders)))
}

/// Binds a loopback port, of which there is no other kind here.
pub(crate) fn bind(port: u16) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Without it Unix refuses the port while old connections linger. Windows means something else by it.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    Ok(socket)
}

async fn accept(reception: Reception, port: Port, number: u16, mut inbox: mpsc::Receiver<Order>) {
    let mut port = Some(port);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = next(port.as_ref()) => match accepted {
                Ok(stream) => {
                    reception.rest.tally.connection();
                    connections.spawn(reception.clone().receive(stream));
                }
                // Such as too many open files: it passes, and a pause keeps the loop from spinning until then.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            },
            order = inbox.recv() => {
                let Some(order) = order else { return };
                if !order.open {
                    connections.shutdown().await;
                }
                let outcome = turn(port.take(), number, order.open);
                let (turned, told) = match outcome {
                    Ok(turned) => (Some(turned), Ok(())),
                    Err(error) => (None, Err(error)),
                };
                port = turned;
                // Whoever gave the order may have stopped waiting for it.
                let _ = order.done.send(told);
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn next(port: Option<&Port>) -> io::Result<TcpStream> {
    match port {
        Some(Port::Open(listener)) => listener.accept().await.map(|(stream, _)| stream),
        _ => std::future::pending().await,
    }
}

fn turn(port: Option<Port>, number: u16, open: bool) -> io::Result<Port> {
    match (port, open) {
        (Some(port @ Port::Open(_)), true) | (Some(port @ Port::Closed(_)), false) => Ok(port),
        (Some(Port::Closed(socket)), true) => Ok(Port::Open(socket.listen(BACKLOG)?)),
        (Some(Port::Open(listener)), false) => {
            drop(listener);
            Ok(Port::Closed(bind(number)?))
        }
        // An earlier turn failed and lost the port.
        (None, true) => Ok(Port::Open(bind(number)?.listen(BACKLOG)?)),
        (None, false) => Ok(Port::Closed(bind(number)?)),
    }
}

/// What a connection is met with.
#[derive(Clone)]
struct Reception {
    rest: Arc<Rest>,
    tls: Option<Tls>,
}

impl Reception {
    async fn receive(self, stream: TcpStream) {
        // Answers are small and wanted now. A failure shows at the first read.
        let _ = stream.set_nodelay(true);
        match self.tls {
            None => converse(self.rest, stream).await,
            Some(Tls(acceptor)) => {
                // It fails where the client does not trust the certificate or does not speak TLS.
                if let Ok(stream) = acceptor.accept(stream).await {
                    converse(self.rest, stream).await;
                }
            }
        }
    }
}

async fn converse(rest: Arc<Rest>, stream: impl AsyncRead + AsyncWrite + Reset + Unpin) {
    let cut = Arc::new(Cut::new());
    let stream = TokioIo::new(CutStream::new(stream, Arc::clone(&cut)));
    let service = service_fn(move |request| Arc::clone(&rest).handle(request, Arc::clone(&cut)));
    // It ends with an error when the client goes or a fault wants it so; there is nobody to tell.
    let _ = http1::Builder::new().serve_connection(stream, service).await;
}
