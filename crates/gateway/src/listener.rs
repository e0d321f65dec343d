//! The listening socket of the REST port, which can be closed and opened again on the same port.
//!
//! While it is closed, connecting is refused, and the socket stays bound, so that no other program takes the port.
//!
//! Dropping the socket would not be enough to close it. A child process that another thread starts holds a copy of
//! every socket between fork and exec, and as long as one copy listens, the port accepts connections and cannot be
//! bound. On Linux `shutdown` ends listening for all copies at once. Elsewhere `shutdown` fails on a listening socket,
//! so the socket is dropped and the port bound again.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

const BACKLOG: i32 = 1024;

/// A loopback port, open or closed.
pub(crate) struct Listener {
    address: SocketAddr,
    /// `None` after closing or opening failed; the next attempt binds the port again.
    socket: Option<PortSocket>,
}

enum PortSocket {
    Listening(TcpListener),
    Bound(Socket),
}

impl Listener {
    /// Opens a loopback port; 0 picks a free one.
    pub(crate) fn open(port: u16) -> io::Result<Self> {
        let listener = listen(bind_by_number(port)?)?;
        Ok(Self { address: listener.local_addr()?, socket: Some(PortSocket::Listening(listener)) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next connection. Waits for ever while the port is closed.
    pub(crate) async fn accept(&self) -> io::Result<TcpStream> {
        match &self.socket {
            Some(PortSocket::Listening(listener)) => listener.accept().await.map(|(stream, _)| stream),
            _ => std::future::pending().await,
        }
    }

    /// Opens or closes the port, unless it already is open or closed.
    pub(crate) fn set_open(&mut self, open: bool) -> io::Result<()> {
        let port = self.address.port();
        self.socket = Some(match (self.socket.take(), open) {
            (Some(PortSocket::Listening(listener)), false) => PortSocket::Bound(unlisten(listener, port)?),
            (Some(PortSocket::Bound(socket)), true) => PortSocket::Listening(listen(socket)?),
            (Some(unchanged), _) => unchanged,
            (None, true) => PortSocket::Listening(listen(bind(port)?)?),
            (None, false) => PortSocket::Bound(bind(port)?),
        });
        Ok(())
    }
}

/// Binds a loopback port; 0 picks a free one.
pub(crate) fn bind(port: u16) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    // Without it Unix refuses the port while old connections linger. On Windows the option means something else.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
    Ok(socket)
}

/// Starts to listen. The socket is registered with tokio anew each time, because tokio remembers a shutdown.
pub(crate) fn listen(socket: Socket) -> io::Result<TcpListener> {
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket.into())
}

/// The port that a socket is bound to.
pub(crate) fn port_of(socket: &Socket) -> io::Result<u16> {
    socket
        .local_addr()?
        .as_socket()
        .map(|address| address.port())
        .ok_or_else(|| io::ErrorKind::Unsupported.into())
}

/// Binds a loopback port explicitly, also one that the system has picked. Linux gives a port that it picked itself
/// back at `shutdown`, and listening again would get another one.
fn bind_by_number(port: u16) -> io::Result<Socket> {
    let socket = bind(port)?;
    if port == 0 && cfg!(target_os = "linux") {
        // Two sockets may share a port until one of them listens, so nobody can take it in between.
        return bind(port_of(&socket)?);
    }
    Ok(socket)
}

/// Stops listening and keeps the port bound.
fn unlisten(listener: TcpListener, port: u16) -> io::Result<Socket> {
    let socket = Socket::from(listener.into_std()?);
    if cfg!(target_os = "linux") {
        socket.shutdown(std::net::Shutdown::Read)?;
        return Ok(socket);
    }
    drop(socket);
    bind(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn port_opens_again_after_it_was_closed() {
        let mut listener = Listener::open(0).unwrap();

        for _ in 0..2 {
            listener.set_open(false).unwrap();
            let refused = TcpStream::connect(listener.address()).await.unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);

            listener.set_open(true).unwrap();
            let (connected, accepted) =
                tokio::join!(TcpStream::connect(listener.address()), listener.accept());
            assert_eq!(connected.unwrap().local_addr().unwrap(), accepted.unwrap().peer_addr().unwrap());
        }
    }

    /// A child process has such a copy between fork and exec.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn port_closes_and_opens_while_a_copy_of_the_socket_exists() {
        let mut listener = Listener::open(0).unwrap();
        let Some(PortSocket::Listening(open)) = &listener.socket else { unreachable!() };
        let _copy = socket2::SockRef::from(open).try_clone().unwrap();

        listener.set_open(false).unwrap();
        let refused = TcpStream::connect(listener.address()).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);

        listener.set_open(true).unwrap();
        TcpStream::connect(listener.address()).await.unwrap();
    }
}
