//! One accepted connection of the REST port, from the TLS handshake to its end.

use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::cut_stream::{Cut, CutStream, Reset};
use crate::rest::Rest;
use crate::tls::Tls;

/// Answers the requests of one connection until either side closes it.
pub(crate) async fn serve(rest: Arc<Rest>, tls: Option<Tls>, stream: TcpStream) {
    // Answers are small and wanted now. A failure shows at the first read.
    let _ = stream.set_nodelay(true);
    match tls {
        None => serve_http(rest, stream).await,
        Some(Tls(acceptor)) => {
            // The handshake fails if the client does not trust the certificate or does not speak TLS.
            if let Ok(stream) = acceptor.accept(stream).await {
                serve_http(rest, stream).await;
            }
        }
    }
}

async fn serve_http(rest: Arc<Rest>, stream: impl AsyncRead + AsyncWrite + Reset + Unpin) {
    let cut = Arc::new(Cut::new());
    let stream = TokioIo::new(CutStream::new(stream, Arc::clone(&cut)));
    let service = service_fn(move |request| Arc::clone(&rest).handle(request, Arc::clone(&cut)));
    // An error means that the client closed the connection or that a fault did; neither needs handling.
    let _ = http1::Builder::new().serve_connection(stream, service).await;
}
