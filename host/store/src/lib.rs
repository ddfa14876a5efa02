//! SQLite under everything that must outlive the process: inbox, outbox, runs, people, tasks, scheduled work, usage
//! and audit. What a method has returned is on disk.
//!
//! Nothing here reads a clock (every time is an argument), talks to a channel or a model, or decides who may do what.
//! Read `writer` first: all writes pass one thread that commits them in groups.
//!
//! One writer thread with group commit, `BEGIN IMMEDIATE`, WAL, `synchronous=FULL`; read-only connections next to it, used
//! on other threads or, to look up a few rows by an index, where they are asked for. A write that somebody waits for is
//! committed at once, with everything that came before it. Audit rows, for which nobody waits, gather for up to 20 ms, so
//! that they seldom wake the writer and the disk. Order is kept. Migrations are versioned. Every write that a tool call can
//! cause carries the call's key, which makes it idempotent.

mod alias;
mod allowance;
mod approvals;
mod audit;
mod bans;
mod code;
mod column;
mod copy;
mod counts;
mod effect;
mod error;
mod firing;
mod foreign;
mod health;
mod identities;
mod inbox;
mod jobs;
mod kv;
mod letters;
mod memory;
mod merging;
mod migrations;
mod open;
mod outbox;
mod owners;
mod pairing;
mod people;
mod plugins;
mod reader;
mod recordings;
mod recurrence;
mod resolving;
mod run;
mod secrets;
mod session;
mod standing;
mod subscriptions;
mod tasks;
mod transaction;
mod transcripts;
mod upkeep;
mod usage;
mod user_data;
mod writer;

#[cfg(test)]
mod fixture;

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use rusqlite::Connection;
use tokio::sync::Notify;

pub use allowance::{Allowances, Budget, Resource, Spent};
pub use approvals::{Approval, ApprovalState, NewApproval};
pub use audit::{AuditBy, AuditEntry, AuditFilter, AuditRow, CallCost, CallTotal};
pub use bans::{Verdict, Violation, Violations};
pub use column::{ApprovalId, EntryId, InboxId, JobId, LetterId, OutboxId, RunId, SubscriptionId, TaskId};
pub use copy::{ChangeKind, RowChange, changed_rows};
pub use counts::{Counts, DURATION_BOUNDS_MS, Durations, ModelCount, OTHER, Queues, ToolCount};
pub use effect::Effects;
pub use error::{Result, StoreError};
pub use firing::{Firing, Mark};
pub use foreign::{ForeignFiles, ForeignHash};
pub use identities::{Identity, Right};
pub use inbox::{InboxRow, Received};
pub use jobs::{Job, Jobs, NewJob};
pub use kv::{KvPlace, KvQuota, KvStore};
pub use letters::{Letter, Letters, Posted, WaitingLetter};
pub use memory::{MemoryRecord, NewForgetting, PassageHash, PendingForgetting};
pub use outbox::{OutboxRow, Outlook};
pub use owners::{Seat, Unseated};
pub use people::Person;
pub use plugins::{Installation, InstalledPlugin, NewPlugin};
pub use recurrence::Repeat;
pub use run::{ModelUsage, NewRun, OpenRun, RunEnd, RunOutcome};
pub use secrets::SealedSecret;
pub use session::Entry;
pub use standing::Standing;
pub use subscriptions::{NewSubscription, Subscription};
pub use tasks::{NewTask, Task, TaskFilter, TaskStatus, Tasks};
pub use transcripts::{Distilled, EndedRun, EndedRuns, LoggedFacts, TranscriptMark, Undistilled};
pub use usage::UsageTotal;
pub use user_data::UserData;

use counts::Counter;
use reader::Readers;
use writer::{Changes, Tx, Writer};

/// The database. Clones share one writer and one pool of readers; the last one dropped waits until what was handed to
/// the writer is committed.
#[derive(Clone)]
pub struct Store {
    // Fields drop in this order: idle readers first, so that the writer closes the database last and tidies its log.
    readers: Arc<Readers>,
    writer: Arc<Writer>,
    changes: Arc<Changes>,
    counter: Arc<Counter>,
    allowances: Arc<OnceLock<Allowances>>,
}

impl Store {
    /// Opens the database, making it (mode 0600) and its folder (mode 0700) where they do not exist, and brings its
    /// format up to date. Blocks; it may be called outside a runtime. Several processes may have it open at once.
    ///
    /// # Errors
    /// [`StoreError::Open`], [`StoreError::Newer`], [`StoreError::Damaged`] or [`StoreError::DiskFull`].
    pub fn open(path: &Path) -> Result<Self> {
        let connection = open::for_writing(path)?;
        let changes = Arc::new(Changes::default());
        let writer = Writer::start(connection, Arc::clone(&changes))?;
        Ok(Self {
            readers: Arc::new(Readers::new(path)),
            writer: Arc::new(writer),
            changes,
            counter: Arc::default(),
            allowances: Arc::default(),
        })
    }

    /// Returns when everything that was handed over so far is on disk.
    pub async fn flush(&self) -> Result<()> {
        self.write(|_| Ok(())).await
    }

    /// Commits what was handed over so far and closes the database. Later writes fail with [`StoreError::Closed`].
    pub async fn close(&self) {
        self.readers.close();
        self.writer.close().await;
        let (queries, elsewhere) = self.readers.counted();
        let commits = self.changes.commits.load(Ordering::Relaxed);
        tracing::debug!(queries, elsewhere, commits, "the database is closed");
    }

    /// Told after every commit that brought something into the inbox.
    ///
    /// The same holds for the others: each is for one waiting loop, which a commit wakes once. What is committed while it
    /// does not wait is remembered, so it misses nothing.
    pub fn inbox_changed(&self) -> &Notify {
        &self.changes.inbox
    }

    /// Told after every commit that changed what can be sent, or when; whoever marks a message as sent knows it already.
    pub fn outbox_changed(&self) -> &Notify {
        &self.changes.outbox
    }

    /// Told after every commit that changed what is scheduled.
    pub fn jobs_changed(&self) -> &Notify {
        &self.changes.jobs
    }

    /// Told after every commit of this process that made or changed a task.
    pub fn tasks_changed(&self) -> &Notify {
        &self.changes.tasks
    }

    /// Told after every commit of this process that changed what people want to be woken by.
    pub fn subscriptions_changed(&self) -> &Notify {
        &self.changes.subscriptions
    }

    /// Told after every commit that ended a run.
    pub fn runs_ended(&self) -> &Notify {
        &self.changes.runs
    }

    /// Told after every commit of this process that changed what somebody may do.
    pub fn standing_changed(&self) -> &Notify {
        &self.changes.standing
    }

    /// Runs `work` on the writer thread and returns once it is committed; of work that fails nothing is. `work` may run
    /// again when the transaction it shared with others was lost, so it must not use up what it captured.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        self.writer.write(work).await
    }

    /// Runs `query` on a read-only connection, off the async threads; it sees one consistent state.
    pub(crate) async fn read<T, F>(&self, query: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        Arc::clone(&self.readers).read(query).await
    }

    /// The same where it is called, if nothing is to be waited for. Only for a `query` that looks up a few rows by an
    /// index, some ten microseconds in all: it keeps an async thread from everything else meanwhile. It may run twice.
    pub(crate) async fn look_up<T, F>(&self, query: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T> + Send + 'static,
    {
        Arc::clone(&self.readers).look_up(query).await
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}
