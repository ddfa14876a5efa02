//! How much one call may write to files. Every way of making a file longer or the folder fuller is paid for before it
//! is done: bytes written, growth by a gap or a new size, and a block for each new name.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamError, StreamResult};

/// What a new file, folder or link costs: about what the disk gives it.
pub(super) const NAME: u64 = 4096;

/// The call wanted to write more than it may.
#[derive(Debug, thiserror::Error)]
#[error("the call has written as much as it may")]
pub(super) struct OverQuota;

/// What a call may still write. Nothing is given back: what was written and deleted was written.
#[derive(Debug, Default)]
pub(super) struct Quota {
    most: u64,
    used: AtomicU64,
    exceeded: AtomicBool,
}

impl Quota {
    pub(super) fn new(most: u64) -> Self {
        Self { most, ..Self::default() }
    }

    pub(super) fn most(&self) -> u64 {
        self.most
    }

    pub(super) fn was_exceeded(&self) -> bool {
        self.exceeded.load(Ordering::Relaxed)
    }

    /// Pays for so many bytes.
    ///
    /// # Errors
    /// They are more than what is left; nothing is taken then.
    pub(super) fn take(&self, bytes: u64) -> Result<(), OverQuota> {
        let pay = |used: u64| used.checked_add(bytes).filter(|used| *used <= self.most);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay).map(drop).map_err(|_| {
            self.exceeded.store(true, Ordering::Relaxed);
            OverQuota
        })
    }

    /// Pays for writing so many bytes at a place in a file. A gap between the file's end and that place is paid for
    /// too, though the disk may not hold it: whoever copies the file writes it.
    pub(super) fn take_at(&self, file: &File, offset: u64, bytes: u64) -> Result<(), OverQuota> {
        let size = file.metadata().map_or(0, |metadata| metadata.len());
        self.take(bytes.max(offset.saturating_add(bytes).saturating_sub(size)))
    }
}

/// A stream into a file that pays for what is written.
pub(super) struct Counted {
    inner: DynOutputStream,
    quota: Arc<Quota>,
    /// The file and where in it the next byte goes, unless that is its end.
    place: Option<(Arc<File>, u64)>,
    /// The quota is used up: the stream is closed, as it is after any other failure.
    over: bool,
}

impl Counted {
    pub(super) fn new(inner: DynOutputStream, quota: Arc<Quota>, place: Option<(Arc<File>, u64)>) -> Self {
        Self { inner, quota, place, over: false }
    }

    fn pay(&mut self, bytes: u64) -> StreamResult<()> {
        if self.over {
            return Err(StreamError::Closed);
        }
        let paid = match &self.place {
            Some((file, offset)) => self.quota.take_at(file, *offset, bytes),
            None => self.quota.take(bytes),
        };
        paid.map_err(|over| {
            self.over = true;
            StreamError::LastOperationFailed(over.into())
        })?;
        if let Some((_, offset)) = &mut self.place {
            *offset = offset.saturating_add(bytes);
        }
        Ok(())
    }
}

#[async_trait]
impl OutputStream for Counted {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.pay(bytes.len() as u64)?;
        self.inner.write(bytes)
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.pay(bytes.len() as u64)?;
        self.inner.blocking_write_and_flush(bytes).await
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.inner.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        if self.over { Err(StreamError::Closed) } else { self.inner.check_write() }
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
    }
}

#[async_trait]
impl Pollable for Counted {
    async fn ready(&mut self) {
        self.inner.ready().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_takes_nothing_and_is_remembered() {
        let quota = Quota::new(100);
        assert!(quota.take(60).is_ok() && !quota.was_exceeded());
        assert!(quota.take(41).is_err() && quota.take(u64::MAX).is_err() && quota.was_exceeded());
        assert!(quota.take(40).is_ok());
        assert!(Quota::default().take(1).is_err());
    }

    #[test]
    fn a_gap_in_a_file_costs_what_it_would_hold() {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, &[0; 50]).unwrap();
        let quota = Quota::new(100);
        assert!(quota.take_at(&file, 1 << 40, 1).is_err());
        assert!(quota.take_at(&file, u64::MAX, 1).is_err());
        assert!(quota.take_at(&file, 0, 40).is_ok());
        assert!(quota.take_at(&file, 110, 1).is_err());
        assert!(quota.take_at(&file, 109, 1).is_ok());
        assert!(quota.take(1).is_err());
    }
}
