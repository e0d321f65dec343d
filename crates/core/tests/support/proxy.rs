//! A forward proxy on a free port: tunnels for https, absolute URLs for http.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the proxy does with a request.
#[derive(Clone, Copy)]
pub(crate) enum Access {
    /// Forwards it.
    Open,
    /// Forwards it if its `Proxy-Authorization` has this value, and otherwise responds with 407.
    Authorized(&'static str),
    /// Responds with this status.
    Denied(u16),
}

/// The proxy; it ends with the test's runtime.
pub(crate) struct ForwardProxy {
    pub(crate) address: SocketAddr,
    request_lines: Arc<Mutex<Vec<String>>>,
}

impl ForwardProxy {
    pub(crate) async fn start(access: Access) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let request_lines = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&request_lines);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, access, Arc::clone(&seen)));
            }
        });
        Self { address, request_lines }
    }

    /// The first request line of each connection.
    pub(crate) fn request_lines(&self) -> Vec<String> {
        self.request_lines.lock().unwrap().clone()
    }
}

/// Looks at the first request of a connection and forwards the rest of it unread.
async fn serve(mut client: TcpStream, access: Access, request_lines: Arc<Mutex<Vec<String>>>) {
    let mut received = Vec::new();
    let head_end = loop {
        if let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end + 4;
        }
        if client.read_buf(&mut received).await.unwrap() == 0 {
            return;
        }
    };
    let head = String::from_utf8(received[..head_end].to_vec()).unwrap();
    let request_line = head.lines().next().unwrap().to_owned();
    request_lines.lock().unwrap().push(request_line.clone());
    let denial = match access {
        Access::Open => None,
        Access::Authorized(value) => {
            let expected = format!("proxy-authorization: {value}");
            (!head.lines().any(|line| line.eq_ignore_ascii_case(&expected))).then_some(407)
        }
        Access::Denied(status) => Some(status),
    };
    if let Some(status) = denial {
        let response = format!("HTTP/1.1 {status} Denied\r\ncontent-length: 0\r\n\r\n");
        client.write_all(response.as_bytes()).await.unwrap();
        return;
    }
    let target = request_line.split(' ').nth(1).unwrap();
    if request_line.starts_with("CONNECT ") {
        let server = TcpStream::connect(target).await.unwrap();
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
        forward(client, server).await;
    } else {
        let authority = target.split('/').nth(2).unwrap();
        let mut server = TcpStream::connect(authority).await.unwrap();
        server.write_all(&received).await.unwrap();
        forward(client, server).await;
    }
}

async fn forward(mut client: TcpStream, mut server: TcpStream) {
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}
