//! Forgetting what is no longer needed, and checking the database for damage.

use jiff::{SignedDuration, Timestamp};

use crate::Store;
use crate::column::Millis;
use crate::error::{Result, StoreError};

/// How long before the purge's own limit a message must have come for its id to be forgotten too: no channel delivers
/// a message again after two days.
const REPEATED_DELIVERY: SignedDuration = SignedDuration::from_hours(48);

impl Store {
    /// Deletes what was finished before then: messages sent or given up, what came in and is done, ended jobs, codes.
    /// Transcripts, tasks, usage and audit stay. What an open run may still ask for stays too.
    pub async fn purge(&self, before: Timestamp) -> Result<()> {
        self.write(move |tx| {
            let oldest: Option<Millis> =
                tx.query_row("SELECT min(started_at) FROM run WHERE state = 'open'", [], |row| row.get(0))?;
            let before = oldest.map_or(before, |started| started.0.min(before));
            let ids_before = before.saturating_sub(REPEATED_DELIVERY).unwrap_or(before);
            for (sql, limit) in [
                ("DELETE FROM outbox WHERE finished_at < ?1", before),
                ("DELETE FROM inbox WHERE state = 'done' AND done_at < ?1 AND external_id IS NULL", before),
                ("DELETE FROM inbox WHERE state = 'done' AND done_at < ?1", ids_before),
                ("UPDATE inbox SET incoming = NULL WHERE state = 'done' AND done_at < ?1", before),
                ("DELETE FROM job WHERE state <> 'active' AND ended_at < ?1", before),
                ("DELETE FROM effect WHERE at < ?1", before),
                ("DELETE FROM pairing WHERE expires_at < ?1", before),
                ("DELETE FROM pairing_failure WHERE at < ?1", before),
            ] {
                tx.execute(sql, [Millis(limit)])?;
            }
            Ok(())
        })
        .await
    }

    /// Reads the whole database and looks for damage.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] says what was found first.
    pub async fn check(&self) -> Result<()> {
        self.read(|db| {
            let verdict: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
            if verdict == "ok" { Ok(()) } else { Err(StoreError::Damaged(verdict)) }
        })
        .await
    }
}
