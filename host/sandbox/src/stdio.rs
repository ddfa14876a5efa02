//! What a guest prints, caught for the log or, from a program, as its answer. It is bounded: what is over the limit is
//! dropped and counted, and the guest is none the wiser.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::capability::log::printable;
use crate::secret::Known;

/// Bytes kept of one call.
const KEPT: usize = 16 << 10;
/// The most a guest may write at once, in bytes.
const CHUNK: usize = 64 << 10;

/// Standard output and error of one call.
#[derive(Clone)]
pub(crate) struct Captured(Arc<Mutex<Printed>>);

struct Printed {
    text: Vec<u8>,
    dropped: usize,
    /// Bytes.
    limit: usize,
    /// Of more than the limit its end is kept, not its beginning.
    end: bool,
}

impl Default for Captured {
    /// For the log.
    fn default() -> Self {
        Self::first(KEPT)
    }
}

impl Captured {
    /// Keeps the first bytes.
    pub(crate) fn first(limit: usize) -> Self {
        Self(Arc::new(Mutex::new(Printed { text: Vec::new(), dropped: 0, limit, end: false })))
    }

    /// Keeps the last bytes, as many as go to the log: where a program fails, it says why at the end.
    pub(crate) fn last() -> Self {
        Self(Arc::new(Mutex::new(Printed { text: Vec::new(), dropped: 0, limit: KEPT, end: true })))
    }

    /// What was kept.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).text.clone()
    }

    pub(crate) fn take(&self, bytes: &[u8]) {
        let mut printed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if printed.end {
            printed.text.extend_from_slice(bytes);
            let over = printed.text.len().saturating_sub(printed.limit);
            printed.text.drain(..over);
            printed.dropped += over;
            return;
        }
        let kept = bytes.len().min(printed.limit - printed.text.len());
        printed.text.extend_from_slice(&bytes[..kept]);
        printed.dropped += bytes.len() - kept;
    }

    /// Writes what was printed to the log, a line each and without secrets.
    pub(crate) fn drain(&self, plugin: &str, known: &Known) {
        let (text, dropped) = {
            let mut printed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            (std::mem::take(&mut printed.text), std::mem::take(&mut printed.dropped))
        };
        for line in String::from_utf8_lossy(&text).lines().filter(|line| !line.trim().is_empty()) {
            tracing::info!(target: "plugin", plugin, "{}", printable(&known.redact(line)));
        }
        if dropped > 0 {
            tracing::info!(target: "plugin", plugin, "{dropped} more bytes were printed");
        }
    }

    /// The last line printed, in which a guest that panicked says why.
    pub(crate) fn last_words(&self) -> Option<String> {
        let printed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&printed.text);
        let panic = text.lines().skip_while(|line| !line.contains("panicked at")).nth(1);
        panic.map(printable).filter(|line| !line.is_empty())
    }
}

impl IsTerminal for Captured {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Captured {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for Captured {
    async fn ready(&mut self) {}
}

impl OutputStream for Captured {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(CHUNK)
    }
}

impl AsyncWrite for Captured {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
