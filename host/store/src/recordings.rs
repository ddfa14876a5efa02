//! Recordings of tool calls, each kept with its row in the audit for as long as the owner wants. What is in one is its
//! maker's business.

use jiff::Timestamp;
use rusqlite::OptionalExtension as _;

use crate::Store;
use crate::audit::{self, AuditRow};
use crate::column::Millis;
use crate::error::Result;

impl Store {
    /// Adds a row to the audit with the recording of its call, both or neither, without waiting until they are on disk.
    pub async fn record_call_with(&self, call: AuditRow, recording: Vec<u8>) -> Result<()> {
        self.counter.tool(&call);
        self.writer
            .hand_over(move |tx| {
                audit::insert(tx, &call)?;
                let id = tx.last_insert_rowid();
                tx.prepare_cached("INSERT INTO recording (audit, at, body) VALUES (?1, ?2, ?3)")?.execute((
                    id,
                    Millis(call.at),
                    &recording,
                ))?;
                Ok(())
            })
            .await
    }

    /// The recording of the call with this id in the audit, if there is one.
    pub async fn recording(&self, call: i64) -> Result<Option<Vec<u8>>> {
        self.read(move |db| {
            let mut statement = db.prepare_cached("SELECT body FROM recording WHERE audit = ?1")?;
            Ok(statement.query_row([call], |row| row.get(0)).optional()?)
        })
        .await
    }

    /// Deletes the recordings of calls made before then; their rows in the audit stay.
    pub async fn forget_recordings(&self, before: Timestamp) -> Result<()> {
        self.write(move |tx| {
            tx.prepare_cached("DELETE FROM recording WHERE at < ?1")?.execute([Millis(before)])?;
            Ok(())
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use crate::AuditFilter;
    use crate::fixture::{Fixture, at, called};

    #[tokio::test]
    async fn a_recording_belongs_to_its_row_and_goes_before_it() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        store.record_call(called("read")).await.unwrap();
        store.record_call_with(called("write"), b"all of it".to_vec()).await.unwrap();
        store.flush().await.unwrap();
        let entries = store.calls(AuditFilter::default(), 10).await.unwrap();
        let recorded: Vec<_> = entries.iter().map(|entry| (entry.call.tool.as_str(), entry.recorded)).collect();
        assert_eq!(recorded, [("write", true), ("read", false)]);
        let id = entries[0].id;
        assert_eq!(store.call(id).await.unwrap().as_ref(), Some(&entries[0]));
        assert_eq!(store.call(99).await.unwrap(), None);
        assert_eq!(store.recording(id).await.unwrap().as_deref(), Some(b"all of it".as_slice()));
        assert_eq!(store.recording(entries[1].id).await.unwrap(), None);
        store.forget_recordings(at(0)).await.unwrap();
        assert!(store.recording(id).await.unwrap().is_some());
        store.forget_recordings(at(0) + SignedDuration::from_secs(1)).await.unwrap();
        assert_eq!(store.recording(id).await.unwrap(), None);
        assert_eq!(store.calls(AuditFilter::default(), 10).await.unwrap().len(), 2);
    }
}
