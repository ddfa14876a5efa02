//! The audit row of every call. Rows are written behind the answer's back by one task, in groups, and none is dropped:
//! when the database cannot keep up, calls wait.

use std::sync::{Mutex, PoisonError};

use futures::future::join_all;
use steward_store::{AuditRow, Store};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Rows that may wait to be written.
const WAITING: usize = 1024;
/// Rows handed to the store at once, which commits them together.
const GROUP: usize = 64;

enum Entry {
    Row(Box<AuditRow>),
    End,
}

pub(crate) struct Audit {
    rows: mpsc::Sender<Entry>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Audit {
    /// Starts the task that writes; it ends with [`Audit::close`], or when this is dropped.
    pub(crate) fn start(store: Store) -> Self {
        let (rows, waiting) = mpsc::channel(WAITING);
        Self { rows, writer: Mutex::new(Some(tokio::spawn(write(store, waiting)))) }
    }

    pub(crate) async fn record(&self, row: AuditRow) {
        if self.rows.send(Entry::Row(Box::new(row))).await.is_err() {
            tracing::error!("a tool was called after the catalogue was closed; the call is not in the audit");
        }
    }

    /// Returns when every row recorded so far is on disk.
    pub(crate) async fn close(&self) {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // It fails only if the task has ended.
            let _ = self.rows.send(Entry::End).await;
            if let Err(error) = writer.await {
                tracing::error!("the audit was not written to its end: {error}");
            }
        }
    }
}

async fn write(store: Store, mut waiting: mpsc::Receiver<Entry>) {
    let mut group = Vec::with_capacity(GROUP);
    while waiting.recv_many(&mut group, GROUP).await > 0 {
        let mut rows = Vec::with_capacity(group.len());
        for entry in group.drain(..) {
            match entry {
                Entry::Row(row) => rows.push(store.record_call(*row)),
                Entry::End => waiting.close(),
            }
        }
        for error in join_all(rows).await.into_iter().filter_map(Result::err) {
            tracing::error!("a tool call is not in the audit: {error}");
        }
    }
}
