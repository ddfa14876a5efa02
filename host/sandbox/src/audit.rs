//! The audit row of every call, also of one that nobody waits for any more. A row is handed to the store's writer before
//! its answer is given, so the answer cannot be on disk without it; nobody waits for the disk. When the database cannot
//! keep up, calls wait.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use steward_agent::Principal;
use steward_store::{AuditRow, CallCost, Store};
use tokio::time::Instant;

use crate::call::{Answer, Call, Outcome};
use crate::grant::CapabilitySet;
use crate::plugin::Plugin;
use crate::spent::Spent;

#[derive(Clone)]
pub(crate) struct Audit {
    store: Store,
}

impl Audit {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    async fn write(&self, row: AuditRow, recording: Option<Vec<u8>>) {
        let written = match recording {
            None => self.store.record_call(row).await,
            Some(recording) => self.store.record_call_with(row, recording).await,
        };
        if let Err(error) = written {
            tracing::error!("a tool call is not in the audit: {error}");
        }
    }

    /// Returns when every row recorded so far is on disk.
    pub(crate) async fn flush(&self) {
        if let Err(error) = self.store.flush().await {
            tracing::error!("the audit was not written to its end: {error}");
        }
    }
}

/// The row of one call while it is being made. Dropped before its end, it is written as that of a stopped call.
pub(crate) struct Record<'a> {
    audit: &'a Audit,
    started: Instant,
    spent: Arc<Spent>,
    row: Option<AuditRow>,
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
            cost: CallCost::default(),
            capabilities: String::new(),
        };
        Self { audit, started: Instant::now(), spent: Arc::default(), row: Some(row) }
    }

    /// Where what the call takes is counted.
    pub(crate) fn spent(&self) -> &Arc<Spent> {
        &self.spent
    }

    /// The call was found to be allowed, with these capabilities and so many bytes of arguments.
    pub(crate) fn admitted(&mut self, plugin: &Plugin, set: CapabilitySet, arguments: usize) {
        if let Some(row) = &mut self.row {
            row.plugin = plugin.name.to_string();
            row.capabilities = set.to_string();
            row.cost.bytes_in = arguments as u64;
        }
    }

    /// The call has ended; a recording of it is kept with its row.
    pub(crate) async fn end(mut self, answer: &Answer, recording: Option<Vec<u8>>) {
        if let Some(mut row) = self.ended(answer.outcome, answer.elapsed) {
            row.cost.peak_memory = answer.peak_memory as u64;
            row.cost.bytes_out = size(answer);
            self.audit.write(row, recording).await;
        }
    }

    fn ended(&mut self, outcome: Outcome, elapsed: Duration) -> Option<AuditRow> {
        let mut row = self.row.take()?;
        row.outcome = outcome.as_str().to_owned();
        let (http_sent, http_received) = self.spent.traffic();
        row.cost = CallCost { wall: elapsed, cpu: self.spent.cpu(), http_sent, http_received, ..row.cost };
        Some(row)
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        if let Some(row) = self.ended(Outcome::Cancelled, self.started.elapsed())
            && let Err(error) = self.audit.store.try_record_call(row)
        {
            tracing::error!("a tool call that was given up is not in the audit: {error}");
        }
    }
}

/// Bytes of an answer with all that belongs to it.
fn size(answer: &Answer) -> u64 {
    let mut structured = Counted(0);
    if let Some(value) = &answer.structured {
        // Counting cannot fail, and a value without keys of odd types can always be written.
        let _ = serde_json::to_writer(&mut structured, value);
    }
    let attached: usize = answer.attachments.iter().map(|file| file.data.len()).sum();
    (answer.text.len() + attached) as u64 + structured.0
}

/// Counts what is written to it.
struct Counted(u64);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
