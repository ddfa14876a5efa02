//! What a program prints: read to its end, so that it never waits, and kept within bounds, the beginning and the end of
//! it. Values of secrets are taken out before anything is kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::bindings::wit::process::Printed;
use crate::secret::Known;

/// A program that prints more than this is not read on.
pub(super) const FLOOD: u64 = 256 << 20;

/// One output of a program. Clones are the same.
#[derive(Clone)]
pub(super) struct Output(Arc<Mutex<Kept>>);

struct Kept {
    known: Arc<Known>,
    /// Bytes that may be the beginning of a secret's value.
    unsure: Vec<u8>,
    half: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: u64,
}

impl Output {
    /// Keeps at most `most` bytes.
    pub(super) fn new(known: Arc<Known>, most: usize) -> Self {
        let half = most / 2;
        let (unsure, head, tail) = (Vec::new(), Vec::new(), VecDeque::new());
        Self(Arc::new(Mutex::new(Kept { known, unsure, half, head, tail, left_out: 0 })))
    }

    /// Reads to the end; true if there was too much and reading was given up.
    pub(super) async fn read(&self, pipe: Option<impl AsyncRead + Unpin>) -> bool {
        let Some(mut pipe) = pipe else { return false };
        let (mut buffer, mut total) = (vec![0; 16 << 10], 0);
        while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
            total += count as u64;
            if total > FLOOD {
                return true;
            }
            self.change(|kept| kept.add(&buffer[..count], true));
        }
        self.change(|kept| kept.add(&[], false));
        false
    }

    /// The last line that is not empty, to show that something is going on.
    pub(super) fn last_line(&self) -> Option<String> {
        self.change(|kept| {
            let bytes: Vec<u8> =
                if kept.tail.is_empty() { kept.head.clone() } else { kept.tail.iter().copied().collect() };
            let text = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(1024)..]).into_owned();
            let mut lines = text.split(['\n', '\r']).rev().map(|line| line.trim().chars().filter(|c| !c.is_control()));
            lines.find_map(|line| Some(line.collect::<String>()).filter(|line| !line.is_empty()))
        })
    }

    pub(super) fn printed(&self) -> Printed {
        self.change(|kept| {
            let left_out_at = u32::try_from(kept.head.len()).unwrap_or(u32::MAX);
            let mut data = std::mem::take(&mut kept.head);
            data.extend(kept.tail.drain(..));
            Printed { data, left_out: u32::try_from(kept.left_out).unwrap_or(u32::MAX), left_out_at }
        })
    }

    fn change<T>(&self, change: impl FnOnce(&mut Kept) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Kept {
    fn add(&mut self, bytes: &[u8], more: bool) {
        self.unsure.extend_from_slice(bytes);
        let clean = self.known.redact_part(&mut self.unsure, more);
        let room = (self.half - self.head.len()).min(clean.len());
        self.head.extend_from_slice(&clean[..room]);
        self.tail.extend(&clean[room..]);
        let over = self.tail.len().saturating_sub(self.half);
        self.tail.drain(..over);
        self.left_out += over as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn kept(most: usize, text: &[u8]) -> (Printed, Option<String>) {
        let output = Output::new(Arc::default(), most);
        assert!(!output.read(Some(text)).await);
        let line = output.last_line();
        (output.printed(), line)
    }

    #[tokio::test]
    async fn the_beginning_and_the_end_are_kept() {
        let (printed, line) = kept(10, b"0123456789abcdef\n").await;
        assert_eq!(printed.data, b"01234cdef\n");
        assert_eq!((printed.left_out, printed.left_out_at), (7, 5));
        assert_eq!(line.as_deref(), Some("cdef"));
        let (printed, line) = kept(100, b"one\ntwo\r\n\n").await;
        assert_eq!((printed.data.as_slice(), printed.left_out), (&b"one\ntwo\r\n\n"[..], 0));
        assert_eq!(line.as_deref(), Some("two"));
        assert_eq!(kept(100, b"").await.1, None);
    }

    #[tokio::test]
    async fn a_flood_is_given_up() {
        let output = Output::new(Arc::default(), 1 << 10);
        assert!(output.read(Some(tokio::io::repeat(b'y'))).await);
        assert_eq!(output.printed().data.len(), 1 << 10);
    }
}
