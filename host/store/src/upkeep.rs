//! Forgetting what is no longer needed, and checking the database for damage.

use jiff::{SignedDuration, Timestamp};
use steward_agent::PersonId;

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
            // `+` makes it go by the few open runs instead of by all times.
            let oldest: Option<Millis> =
                tx.query_row("SELECT min(+started_at) FROM run WHERE state = 'open'", [], |row| row.get(0))?;
            let before = oldest.map_or(before, |started| started.0.min(before));
            let ids_before = before.saturating_sub(REPEATED_DELIVERY).unwrap_or(before);
            for (sql, limit) in [
                ("DELETE FROM outbox WHERE finished_at < ?1", before),
                ("DELETE FROM inbox WHERE state = 'done' AND done_at < ?1 AND external_id IS NULL", before),
                ("DELETE FROM inbox WHERE state = 'done' AND done_at < ?1", ids_before),
                (
                    "UPDATE inbox SET incoming = NULL WHERE state = 'done' AND done_at < ?1 AND incoming IS NOT NULL",
                    before,
                ),
                ("DELETE FROM job WHERE state <> 'active' AND ended_at < ?1", before),
                ("DELETE FROM subscription WHERE dropped_at < ?1", before),
                ("DELETE FROM effect WHERE at < ?1", before),
                ("DELETE FROM approval WHERE asked_at < ?1", before),
                ("DELETE FROM pairing WHERE expires_at < ?1", before),
                ("DELETE FROM pairing_failure WHERE at < ?1", before),
                ("DELETE FROM spent WHERE day < date(?1 / 1000, 'unixepoch')", before),
                ("DELETE FROM letter WHERE shown_at < ?1", before),
            ] {
                tx.execute(sql, [Millis(limit)])?;
            }
            Ok(())
        })
        .await
    }

    /// Deletes what outsiders sent before then and is done: their conversations, what came in, letters that were read.
    /// Of people whom an owner gave a role, and of owners, nothing is deleted. Gives the outsiders' ids.
    pub async fn forget_outsiders(&self, before: Timestamp) -> Result<Vec<PersonId>> {
        self.write(move |tx| {
            let outside = "SELECT id FROM person WHERE role IN ('external', 'group')";
            tx.execute(
                &format!(
                    "DELETE FROM entry WHERE run IN (
                       SELECT id FROM run WHERE person IN ({outside}) AND state <> 'open' AND started_at < ?1)"
                ),
                [Millis(before)],
            )?;
            tx.execute(
                &format!(
                    "UPDATE inbox SET incoming = NULL WHERE state = 'done' AND received_at < ?1 AND incoming IS NOT NULL
                     AND run IN (SELECT id FROM run WHERE person IN ({outside}))"
                ),
                [Millis(before)],
            )?;
            tx.execute(
                &format!(
                    "UPDATE session SET summary = NULL, cleared_through = max(cleared_through, compacted_through),
                       compacted_through = NULL, summary_foreign = NULL
                     WHERE summary IS NOT NULL AND id IN (
                       SELECT session FROM run WHERE person IN ({outside})
                       GROUP BY session HAVING max(started_at) < ?1)"
                ),
                [Millis(before)],
            )?;
            let mut statement = tx.prepare(outside)?;
            let ids = statement.query_map([], |row| Ok(PersonId(row.get(0)?)))?;
            Ok(ids.collect::<rusqlite::Result<_>>()?)
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

#[cfg(test)]
mod tests {
    use super::*;

    use crate::fixture::{Fixture, at, message, outgoing};
    use crate::{Received, RunEnd, RunOutcome};

    const DAY: i64 = 24 * 60 * 60;

    async fn rows(store: &Store, table: &'static str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        store.read(move |db| Ok(db.query_row(&sql, [], |row| row.get(0))?)).await.unwrap()
    }

    async fn settled(fixture: &Fixture, text: &str) {
        let Received::New(id) = fixture.store.receive(&message(text), at(0)).await.unwrap() else { panic!() };
        fixture.store.settle(id, vec![outgoing("anna", "done")], at(0)).await.unwrap();
        let due = fixture.store.due_outgoing(at(0), 1).await.unwrap();
        fixture.store.mark_sent(due[0].id, at(0)).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_finished_goes_and_what_waits_stays() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        settled(&fixture, "old").await;
        store.receive(&message("waiting"), at(0)).await.unwrap();
        store.enqueue(vec![outgoing("anna", "waiting")], None, at(0)).await.unwrap();
        store.purge(at(DAY)).await.unwrap();
        assert_eq!(rows(store, "outbox").await, 1);
        assert_eq!(store.pending_inbox(None).await.unwrap().len(), 1);
        assert_eq!(store.receive(&message("old"), at(DAY)).await, Ok(Received::Duplicate), "still known");
        store.purge(at(3 * DAY)).await.unwrap();
        assert_eq!(rows(store, "inbox").await, 1);
    }

    #[tokio::test]
    async fn what_an_open_run_may_ask_for_again_stays() {
        let fixture = Fixture::new();
        let run = fixture.begin("owner/1", "remember this").await;
        fixture.store.effects().mark("call 1").await.unwrap();
        fixture.store.purge(at(30 * DAY)).await.unwrap();
        assert_eq!(fixture.store.effects().is_done("call 1").await, Ok(true));
        let end = RunEnd { messages: vec![], replies: vec![], usage: vec![], outcome: RunOutcome::Answered };
        fixture.store.finish_run(run, end, at(30 * DAY)).await.unwrap();
        fixture.store.purge(at(31 * DAY)).await.unwrap();
        assert_eq!(fixture.store.effects().is_done("call 1").await, Ok(false));
    }

    #[tokio::test]
    async fn what_outsiders_sent_is_forgotten_and_what_an_owner_said_is_not() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        let anna = fixture.meet("anna", None).await.id;
        assert_eq!(anna.0, 1, "the runs of the fixture are hers");
        let run = fixture.begin("person/1", "a long story").await;
        let end = RunEnd { messages: vec![], replies: vec![], usage: vec![], outcome: RunOutcome::Answered };
        store.finish_run(run, end, at(5)).await.unwrap();
        let open = fixture.begin("person/1", "another").await;
        let said = async || {
            let history = store.history(&steward_agent::SessionId("person/1".to_owned())).await.unwrap();
            history.into_iter().map(|entry| entry.run.unwrap()).collect::<Vec<_>>()
        };
        store.forget_outsiders(at(0)).await.unwrap();
        assert_eq!(said().await, [run, open], "it is not old yet");
        store.set_role(anna, steward_agent::Role::Owner, at(0)).await.unwrap();
        assert_eq!(store.forget_outsiders(at(DAY)).await.unwrap(), []);
        assert_eq!(said().await, [run, open]);
        store.set_role(anna, steward_agent::Role::External, at(0)).await.unwrap();
        assert_eq!(store.forget_outsiders(at(DAY)).await.unwrap(), [anna]);
        assert_eq!(said().await, [open], "what is being answered stays");
    }

    #[tokio::test]
    async fn a_sound_database_passes_the_check_also_from_a_second_process() {
        let fixture = Fixture::new();
        fixture.store.receive(&message("hello"), at(0)).await.unwrap();
        fixture.store.check().await.unwrap();
        let second = fixture.second_process();
        second.check().await.unwrap();
        assert_eq!(second.receive(&message("hello"), at(1)).await, Ok(Received::Duplicate));
        second.close().await;
        assert_eq!(fixture.store.pending_inbox(None).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn damage_is_found() {
        let fixture = Fixture::new();
        let forge = "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 2 WHERE name = 'task';
                     PRAGMA writable_schema = RESET";
        fixture.store.write(move |tx| Ok(tx.execute_batch(forge)?)).await.unwrap();
        let error = fixture.after_crash().store.check().await.unwrap_err();
        assert!(matches!(error, StoreError::Damaged(_)), "{error}");
        assert!(error.to_string().contains("restore a backup"), "{error}");
    }
}
