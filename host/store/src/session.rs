//! The history of a session: entries in order, what was cleared, what a summary stands for.
//!
//! Entries are never changed or deleted; clearing and compacting only move the marks from which history is read.

use rusqlite::{Connection, OptionalExtension};
use steward_agent::{Message, SessionId};

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
        self.write(move |tx| {
            let through: i64 = tx
                .prepare_cached(
                    "SELECT coalesce(
                       (SELECT min(entry.id) - 1 FROM entry JOIN run ON run.id = entry.run
                        WHERE run.session = ?1 AND run.state = 'open'),
                       (SELECT max(id) FROM entry WHERE session = ?1),
                       0)",
                )?
                .query_row([&session.0], |row| row.get(0))?;
            tx.prepare_cached(
                "INSERT INTO session (id, cleared_through) VALUES (?1, ?2)
                 ON CONFLICT (id) DO UPDATE SET
                   cleared_through = max(cleared_through, ?2), compacted_through = NULL, summary = NULL",
            )?
            .execute((&session.0, through))?;
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
