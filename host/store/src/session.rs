//! The history of a session: entries in order, what was cleared, what a summary stands for.
//!
//! Entries are never changed or deleted; clearing and compacting only move the marks from which history is read.

use rusqlite::{Connection, OptionalExtension};
use steward_agent::{MemorySpace, Message, SessionId};

use crate::Store;
use crate::column::{EntryId, Json, RunId};
use crate::error::{Result, StoreError};

/// One entry of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// For a summary the id of the last entry it stands for.
    pub id: EntryId,
    /// The run that wrote it; `None` for a summary.
    pub run: Option<RunId>,
    pub message: Message,
}

/// From where a history is read.
#[derive(Default)]
struct Marks {
    cleared_through: i64,
    /// The last entry the summary stands for, and the summary.
    compacted: Option<(EntryId, String)>,
}

impl Marks {
    fn start(&self) -> i64 {
        self.compacted.as_ref().map_or(self.cleared_through, |(through, _)| through.0.max(self.cleared_through))
    }
}

impl Store {
    /// What was said since the history was last cleared; what was compacted comes first, as a [`Message::Summary`].
    pub async fn history(&self, session: &SessionId) -> Result<Vec<Entry>> {
        let session = session.clone();
        self.read(move |db| {
            let marks = marks(db, &session)?;
            let mut statement =
                db.prepare_cached("SELECT id, run, message FROM entry WHERE session = ?1 AND id > ?2 ORDER BY id")?;
            let rows = statement.query_map((&session.0, marks.start()), |row| {
                Ok(Entry { id: row.get(0)?, run: row.get(1)?, message: row.get::<_, Json<Message>>(2)?.0 })
            })?;
            let summary = marks
                .compacted
                .into_iter()
                .map(|(id, text)| Ok(Entry { id, run: None, message: Message::Summary { text } }));
            Ok(summary.chain(rows).collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// From now on the summary stands for everything up to and including `through`, an earlier summary among it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if `through` is not an entry of the history as it is now.
    pub async fn compact(&self, session: &SessionId, through: EntryId, summary: &str) -> Result<()> {
        let (session, summary) = (session.clone(), summary.to_owned());
        self.write(move |tx| {
            let marks = marks(tx, &session)?;
            let is_summary = marks.compacted.as_ref().is_some_and(|(id, _)| *id == through);
            if !is_summary && (through.0 <= marks.start() || !holds(tx, &session, through)?) {
                return Err(StoreError::NotFound(format!(
                    "entry {through} is not in the history of {session} any more: read the history again"
                )));
            }
            tx.prepare_cached(
                "INSERT INTO session (id, compacted_through, summary) VALUES (?1, ?2, ?3)
                 ON CONFLICT (id) DO UPDATE SET compacted_through = ?2, summary = ?3",
            )?
            .execute((&session.0, through, &summary))?;
            Ok(())
        })
        .await
    }

    /// Forgets the history; only what an open run has said so far stays, for that run still needs it.
    pub async fn clear_session(&self, session: &SessionId) -> Result<()> {
        let session = session.clone();
        self.write(move |tx| clear(tx, &session.0)).await
    }

    /// Forgets the summary of the earlier part of a history, and that part with it.
    pub async fn forget_summary(&self, session: &SessionId) -> Result<()> {
        let session = session.clone();
        self.write(move |tx| {
            tx.prepare_cached(
                "UPDATE session SET cleared_through = max(cleared_through, coalesce(compacted_through, 0)),
                   compacted_through = NULL, summary = NULL
                 WHERE id = ?1",
            )?
            .execute([&session.0])?;
            Ok(())
        })
        .await
    }

    /// Deletes every entry of a space's conversations but those of open runs, which still need them, and the summaries.
    pub async fn erase_sessions(&self, space: MemorySpace) -> Result<()> {
        let pattern = match space {
            MemorySpace::Owners => "owner/*".to_owned(),
            MemorySpace::Person(id) => format!("person/{id}"),
        };
        self.write(move |tx| {
            tx.prepare_cached(
                "DELETE FROM entry WHERE session GLOB ?1
                 AND (run IS NULL OR run NOT IN (SELECT id FROM run WHERE state = 'open'))",
            )?
            .execute([&pattern])?;
            tx.prepare_cached("UPDATE session SET compacted_through = NULL, summary = NULL WHERE id GLOB ?1")?
                .execute([&pattern])?;
            // Facts that are being taken from what is deleted right now come too late: the mark is past them.
            tx.prepare_cached(
                "UPDATE transcript SET facts = NULL, file = NULL, length = 0, distilled_through =
                   (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'entry')
                 WHERE session GLOB ?1",
            )?
            .execute([&pattern])?;
            Ok(())
        })
        .await
    }
}

fn marks(db: &Connection, session: &SessionId) -> Result<Marks> {
    let marks = db
        .prepare_cached("SELECT cleared_through, compacted_through, summary FROM session WHERE id = ?1")?
        .query_row([&session.0], |row| {
            let (through, summary): (Option<EntryId>, Option<String>) = (row.get(1)?, row.get(2)?);
            Ok(Marks { cleared_through: row.get(0)?, compacted: through.zip(summary) })
        })
        .optional()?;
    Ok(marks.unwrap_or_default())
}

fn holds(db: &Connection, session: &SessionId, entry: EntryId) -> Result<bool> {
    let mut statement = db.prepare_cached("SELECT 1 FROM entry WHERE id = ?1 AND session = ?2")?;
    Ok(statement.exists((entry, &session.0))?)
}

/// Writes entries at the end of the session.
pub(crate) fn append<'a>(
    db: &Connection,
    session: &SessionId,
    run: RunId,
    messages: impl IntoIterator<Item = &'a Message>,
) -> Result<()> {
    let mut statement = db.prepare_cached("INSERT INTO entry (session, run, message) VALUES (?1, ?2, ?3)")?;
    for message in messages {
        statement.execute((&session.0, run, Json(message)))?;
    }
    Ok(())
}

/// Forgets the history but for what an open run has said so far.
pub(crate) fn clear(db: &Connection, session: &str) -> Result<()> {
    // `+id` keeps SQLite from walking all entries in search of the smallest.
    let through: i64 = db
        .prepare_cached(
            "SELECT coalesce(
               (SELECT min(+id) - 1 FROM entry
                WHERE run IN (SELECT id FROM run WHERE session = ?1 AND state = 'open')),
               (SELECT max(id) FROM entry WHERE session = ?1),
               0)",
        )?
        .query_row([session], |row| row.get(0))?;
    db.prepare_cached(
        "INSERT INTO session (id, cleared_through) VALUES (?1, ?2)
         ON CONFLICT (id) DO UPDATE SET
           cleared_through = max(cleared_through, ?2), compacted_through = NULL, summary = NULL",
    )?
    .execute((session, through))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::fixture::{Fixture, at};
    use crate::{RunEnd, RunOutcome};

    fn session() -> SessionId {
        SessionId("owner/1".to_owned())
    }

    async fn said(fixture: &Fixture) -> Vec<String> {
        let history = fixture.store.history(&session()).await.unwrap();
        let text = |message| match message {
            Message::User(user) => user.text,
            Message::Summary { text } => format!("summary: {text}"),
            other => panic!("unexpected {other:?}"),
        };
        history.into_iter().map(|entry| text(entry.message)).collect()
    }

    /// A run that only says this and is over.
    async fn say(fixture: &Fixture, text: &str) {
        let run = fixture.begin("owner/1", text).await;
        let end = RunEnd { messages: vec![], replies: vec![], usage: vec![], outcome: RunOutcome::Answered };
        fixture.store.finish_run(run, end, at(2)).await.unwrap();
    }

    #[tokio::test]
    async fn a_summary_stands_for_what_it_covers_and_can_be_covered_itself() {
        let fixture = Fixture::new();
        for text in ["one", "two", "three", "four"] {
            say(&fixture, text).await;
        }
        let ids: Vec<_> = fixture.store.history(&session()).await.unwrap().iter().map(|entry| entry.id).collect();
        fixture.store.compact(&session(), ids[1], "one, two").await.unwrap();
        assert_eq!(said(&fixture).await, ["summary: one, two", "three", "four"]);
        assert_eq!(fixture.store.history(&session()).await.unwrap()[0].id, ids[1]);

        fixture.store.compact(&session(), ids[2], "one to three").await.unwrap();
        assert_eq!(said(&fixture.after_crash()).await, ["summary: one to three", "four"]);
        let gone = fixture.store.compact(&session(), ids[0], "one").await;
        assert!(matches!(gone, Err(StoreError::NotFound(_))), "it would bring back what was covered");
        let foreign = fixture.store.compact(&SessionId("person/7".to_owned()), ids[3], "x").await;
        assert!(matches!(foreign, Err(StoreError::NotFound(_))));
    }

    #[tokio::test]
    async fn a_cleared_history_is_empty_and_starts_anew() {
        let fixture = Fixture::new();
        fixture.store.clear_session(&session()).await.unwrap();
        say(&fixture, "one").await;
        let id = fixture.store.history(&session()).await.unwrap()[0].id;
        fixture.store.compact(&session(), id, "one").await.unwrap();
        fixture.store.clear_session(&session()).await.unwrap();
        assert_eq!(said(&fixture).await, Vec::<String>::new());
        say(&fixture, "two").await;
        assert_eq!(said(&fixture.after_crash()).await, ["two"]);
    }

    #[tokio::test]
    async fn clearing_in_the_middle_of_a_run_leaves_that_run_its_entries() {
        let fixture = Fixture::new();
        say(&fixture, "old").await;
        let run = fixture.begin("owner/1", "current").await;
        fixture.store.clear_session(&session()).await.unwrap();
        fixture.store.record(run, vec![Message::user("and more")]).await.unwrap();
        assert_eq!(said(&fixture).await, ["current", "and more"]);
    }

    #[tokio::test]
    async fn a_forgotten_summary_takes_what_it_stood_for_along() {
        let fixture = Fixture::new();
        for text in ["one", "two", "three"] {
            say(&fixture, text).await;
        }
        let ids: Vec<_> = fixture.store.history(&session()).await.unwrap().iter().map(|entry| entry.id).collect();
        fixture.store.compact(&session(), ids[1], "one, two").await.unwrap();
        fixture.store.forget_summary(&session()).await.unwrap();
        assert_eq!(said(&fixture.after_crash()).await, ["three"]);
    }

    #[tokio::test]
    async fn what_is_erased_is_no_longer_in_the_database_and_open_runs_and_others_keep_theirs() {
        let fixture = Fixture::new();
        say(&fixture, "old").await;
        fixture.begin("person/7", "theirs").await;
        fixture.begin("owner/1", "current").await;
        fixture.store.erase_sessions(MemorySpace::Owners).await.unwrap();
        assert_eq!(said(&fixture.after_crash()).await, ["current"]);
        let theirs = fixture.store.history(&SessionId("person/7".to_owned())).await.unwrap();
        assert_eq!(theirs.len(), 1);
    }
}
