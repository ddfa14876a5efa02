//! The audit row of every call, also of one that nobody waits for any more. Rows are written behind the answer's back
//! by one task, in groups, and none is dropped: when the database cannot keep up, calls wait.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use jiff::Timestamp;
use steward_agent::Principal;
use steward_store::{AuditRow, Store};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::call::{Answer, Call, Outcome};
use crate::grant::CapabilitySet;
use crate::plugin::Plugin;

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

    async fn write(&self, row: Box<AuditRow>) {
        if self.rows.send(Entry::Row(row)).await.is_err() {
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

/// The row of one call while it is being made. Dropped before its end, it is written as that of a stopped call.
pub(crate) struct Record<'a> {
    audit: &'a Audit,
    started: Instant,
    row: Option<Box<AuditRow>>,
}

impl<'a> Record<'a> {
    pub(crate) fn new(audit: &'a Audit, call: &Call) -> Self {
        let Principal { person, role, session, origin, .. } = &call.principal;
        let row = AuditRow {
            at: Timestamp::now(),
            run: call.run,
            person: *person,
            role: role.clone(),
            origin: *origin,
            session: session.clone(),
            plugin: String::new(),
            // As the model wrote it, so it may be any text.
            tool: call.name.chars().take(64).collect(),
            outcome: String::new(),
            millis: 0,
            peak_memory: 0,
            capabilities: String::new(),
        };
        Self { audit, started: Instant::now(), row: Some(Box::new(row)) }
    }

    /// The call was found to be allowed, with these capabilities.
    pub(crate) fn admitted(&mut self, plugin: &Plugin, set: CapabilitySet) {
        if let Some(row) = &mut self.row {
            row.plugin = plugin.name.to_string();
            row.capabilities = set.to_string();
        }
    }

    pub(crate) async fn end(mut self, answer: &Answer) {
        if let Some(row) = self.ended(answer.outcome, answer.elapsed, answer.peak_memory) {
            self.audit.write(row).await;
        }
    }

    fn ended(&mut self, outcome: Outcome, elapsed: Duration, peak_memory: usize) -> Option<Box<AuditRow>> {
        let mut row = self.row.take()?;
        row.outcome = outcome.as_str().to_owned();
        row.millis = u32::try_from(elapsed.as_millis()).unwrap_or(u32::MAX);
        row.peak_memory = u32::try_from(peak_memory).unwrap_or(u32::MAX);
        Some(row)
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        if let Some(row) = self.ended(Outcome::Cancelled, self.started.elapsed(), 0)
            && let Err(error) = self.audit.rows.try_send(Entry::Row(row))
        {
            tracing::error!("a tool call that was given up is not in the audit: {error}");
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
