//! A stream, with or without TLS, that can be broken in the middle of a response.
//!
//! hyper owns the stream while it serves it, so the request to break it comes through a shared `Cut`. `SO_LINGER` of
//! zero turns the close into a TCP reset.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

const NEVER: usize = usize::MAX;
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// Requests the break of one connection.
pub(crate) struct Cut(AtomicUsize);

impl Cut {
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(NEVER))
    }

    /// Resets the connection after the head of the next response and `body_bytes` of its body.
    pub(crate) fn after(&self, body_bytes: usize) {
        self.0.store(body_bytes, Ordering::Release);
    }

    fn body_bytes(&self) -> Option<usize> {
        match self.0.load(Ordering::Acquire) {
            NEVER => None,
            bytes => Some(bytes),
        }
    }
}

/// A stream that can reset its connection when it is closed.
pub(crate) trait Reset {
    /// Makes closing reset the connection.
    fn reset_on_close(&self) -> io::Result<()>;
}

impl Reset for TcpStream {
    fn reset_on_close(&self) -> io::Result<()> {
        self.set_zero_linger()
    }
}

impl Reset for TlsStream<TcpStream> {
    fn reset_on_close(&self) -> io::Result<()> {
        self.get_ref().0.set_zero_linger()
    }
}

/// A stream that breaks where its `Cut` says.
pub(crate) struct CutStream<S> {
    stream: S,
    cut: Arc<Cut>,
    /// Bytes that may still be written, once the end of the head is known.
    left: Option<usize>,
}

impl<S: AsyncWrite + Reset + Unpin> CutStream<S> {
    pub(crate) fn new(stream: S, cut: Arc<Cut>) -> Self {
        Self { stream, cut, left: None }
    }

    fn poll_write_cut(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
        body_bytes: usize,
    ) -> Poll<io::Result<usize>> {
        let allowed = match self.left {
            Some(left) => left,
            // hyper writes the head in one piece, so its end is in the first write.
            None => match bytes.windows(END_OF_HEAD.len()).position(|window| window == END_OF_HEAD) {
                Some(position) => position + END_OF_HEAD.len() + body_bytes,
                None => bytes.len(),
            },
        };
        if allowed == 0 {
            // TLS may still buffer a part of the response, which a reset would drop.
            ready!(Pin::new(&mut self.stream).poll_flush(context))?;
            self.stream.reset_on_close()?;
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let written =
            ready!(Pin::new(&mut self.stream).poll_write(context, &bytes[..allowed.min(bytes.len())]))?;
        self.left = Some(allowed - written);
        Poll::Ready(Ok(written))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for CutStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Reset + Unpin> AsyncWrite for CutStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.cut.body_bytes() {
            Some(body_bytes) => self.poll_write_cut(context, bytes, body_bytes),
            None => Pin::new(&mut self.stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.cut.body_bytes() {
            Some(body_bytes) => {
                let first = pieces.iter().find(|piece| !piece.is_empty()).map_or(&[][..], |piece| piece);
                self.poll_write_cut(context, first, body_bytes)
            }
            None => Pin::new(&mut self.stream).poll_write_vectored(context, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
