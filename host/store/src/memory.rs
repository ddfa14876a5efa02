//! What must outlive the index of memory: which other files are searched, what is to be forgotten and what was, how
//! often passages were recalled. Spaces go by their names.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use steward_agent::{Forgetting, PersonId, SessionId};

use crate::Store;
use crate::column::{Json, Millis};
use crate::error::Result;
use crate::user_data;

/// The hash of a passage's text.
pub type PassageHash = [u8; 16];

/// Something that is to be forgotten and perhaps is not yet.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingForgetting {
    pub id: i64,
    pub space: String,
    pub person: PersonId,
    pub session: SessionId,
    pub what: Forgetting,
    pub asked_at: Timestamp,
}

/// What the index of a space is told when it is opened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemoryRecord {
    /// Files and folders that are searched in addition to the space's own, in order.
    pub sources: Vec<String>,
    pub forgotten: Vec<PassageHash>,
    pub recalls: Vec<(PassageHash, u32)>,
}

impl Store {
    /// Everything that is kept for a space.
    pub async fn memory_record(&self, space: &str) -> Result<MemoryRecord> {
        let space = space.to_owned();
        self.read(move |db| {
            Ok(MemoryRecord {
                sources: column(db, "SELECT path FROM memory_source WHERE space = ?1 ORDER BY path", &space)?,
                forgotten: column(db, "SELECT hash FROM forgotten WHERE space = ?1", &space)?,
                recalls: recalls(db, &space)?,
            })
        })
        .await
    }

    /// The files and folders that are searched in addition to a space's own.
    pub async fn memory_sources(&self, space: &str) -> Result<Vec<String>> {
        let space = space.to_owned();
        self.read(move |db| column(db, "SELECT path FROM memory_source WHERE space = ?1 ORDER BY path", &space)).await
    }

    /// Has something searched too; gives whether it was not before.
    pub async fn add_memory_source(&self, space: &str, path: &str, now: Timestamp) -> Result<bool> {
        let (space, path) = (space.to_owned(), path.to_owned());
        self.write(move |tx| {
            let added = tx
                .prepare_cached("INSERT OR IGNORE INTO memory_source (space, path, added_at) VALUES (?1, ?2, ?3)")?
                .execute((&space, &path, Millis(now)))?;
            Ok(added > 0)
        })
        .await
    }

    /// Has something searched no more; gives whether it was.
    pub async fn remove_memory_source(&self, space: &str, path: &str) -> Result<bool> {
        let (space, path) = (space.to_owned(), path.to_owned());
        self.write(move |tx| {
            let mut statement = tx.prepare_cached("DELETE FROM memory_source WHERE space = ?1 AND path = ?2")?;
            Ok(statement.execute((&space, &path))? > 0)
        })
        .await
    }

    /// Counts that passages were recalled, and gives the counts.
    pub async fn count_recalls(
        &self,
        space: &str,
        passages: Vec<PassageHash>,
        now: Timestamp,
    ) -> Result<Vec<(PassageHash, u32)>> {
        let space = space.to_owned();
        self.write(move |tx| {
            let mut statement = tx.prepare_cached(
                "INSERT INTO recall (space, hash, times, last_at) VALUES (?1, ?2, 1, ?3)
                 ON CONFLICT (space, hash) DO UPDATE SET times = times + 1, last_at = ?3 RETURNING times",
            )?;
            let mut counts = Vec::with_capacity(passages.len());
            for hash in &passages {
                counts.push((*hash, statement.query_row((&space, hash, Millis(now)), |row| row.get(0))?));
            }
            Ok(counts)
        })
        .await
    }

    /// Keeps that something is to be forgotten, and forgets at once what is in this database alone. The same key keeps
    /// the same wish. Gives it, and nothing where it is fulfilled already.
    pub async fn begin_forgetting(&self, wish: NewForgetting, now: Timestamp) -> Result<Option<PendingForgetting>> {
        self.write(move |tx| {
            tx.prepare_cached(
                "INSERT OR IGNORE INTO forgetting (space, person, session, what, asked_at, key)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((
                &wish.space,
                wish.person.0,
                &wish.session.0,
                Json(&wish.what),
                Millis(now),
                &wish.key,
            ))?;
            if matches!(wish.what, Forgetting::UserData | Forgetting::All) {
                user_data::clear(tx, wish.person)?;
            }
            let mut statement = tx.prepare_cached(&format!("{PENDING} AND key = ?1"))?;
            Ok(statement.query_row([&wish.key], pending).optional()?)
        })
        .await
    }

    /// What is to be forgotten and was not to its end, oldest first.
    pub async fn pending_forgettings(&self) -> Result<Vec<PendingForgetting>> {
        self.read(|db| {
            let mut statement = db.prepare_cached(&format!("{PENDING} ORDER BY id"))?;
            let rows = statement.query_map([], pending)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// Keeps which passages are not to be found any more although their files stay.
    pub async fn add_forgotten(&self, space: &str, passages: Vec<PassageHash>) -> Result<()> {
        let space = space.to_owned();
        self.write(move |tx| {
            for hash in &passages {
                tx.prepare_cached("INSERT OR IGNORE INTO forgotten (space, hash) VALUES (?1, ?2)")?
                    .execute((&space, hash))?;
                tx.prepare_cached("DELETE FROM recall WHERE space = ?1 AND hash = ?2")?.execute((&space, hash))?;
            }
            Ok(())
        })
        .await
    }

    /// Forgets everything that is kept for a space here: its sources, and what was recalled and forgotten, for the
    /// passages themselves are gone.
    pub async fn clear_memory_record(&self, space: &str) -> Result<()> {
        let space = space.to_owned();
        self.write(move |tx| {
            for table in ["memory_source", "forgotten", "recall"] {
                tx.prepare_cached(&format!("DELETE FROM {table} WHERE space = ?1"))?.execute([&space])?;
            }
            Ok(())
        })
        .await
    }

    /// Marks that something was forgotten to its end.
    pub async fn end_forgetting(&self, id: i64, now: Timestamp) -> Result<()> {
        self.write(move |tx| {
            tx.prepare_cached("UPDATE forgetting SET done_at = ?2 WHERE id = ?1")?.execute((id, Millis(now)))?;
            Ok(())
        })
        .await
    }
}

/// What somebody wants forgotten.
#[derive(Clone, Debug)]
pub struct NewForgetting {
    pub space: String,
    pub person: PersonId,
    pub session: SessionId,
    pub what: Forgetting,
    /// Of the call that asks.
    pub key: String,
}

const PENDING: &str = "SELECT id, space, person, session, what, asked_at FROM forgetting WHERE done_at IS NULL";

fn pending(row: &rusqlite::Row<'_>) -> rusqlite::Result<PendingForgetting> {
    Ok(PendingForgetting {
        id: row.get(0)?,
        space: row.get(1)?,
        person: PersonId(row.get(2)?),
        session: SessionId(row.get(3)?),
        what: row.get::<_, Json<Forgetting>>(4)?.0,
        asked_at: row.get::<_, Millis>(5)?.0,
    })
}

fn column<T: rusqlite::types::FromSql>(db: &Connection, sql: &str, space: &str) -> Result<Vec<T>> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([space], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn recalls(db: &Connection, space: &str) -> Result<Vec<(PassageHash, u32)>> {
    let mut statement = db.prepare_cached("SELECT hash, times FROM recall WHERE space = ?1")?;
    let rows = statement.query_map([space], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    fn now() -> Timestamp {
        "2026-11-20T09:00:00Z".parse().unwrap()
    }

    fn wish(what: Forgetting, person: PersonId, key: &str) -> NewForgetting {
        let (space, session) = ("owners".to_owned(), SessionId("owner/1/terminal".to_owned()));
        NewForgetting { space, person, session, what, key: key.to_owned() }
    }

    #[tokio::test]
    async fn what_is_kept_for_one_space_is_not_another_s() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        assert!(store.add_memory_source("owners", "/notes", now()).await.unwrap());
        assert!(!store.add_memory_source("owners", "/notes", now()).await.unwrap());
        store.add_memory_source("person-7", "/theirs", now()).await.unwrap();
        let counts = store.count_recalls("owners", vec![[1; 16], [2; 16]], now()).await.unwrap();
        assert_eq!(counts, [([1; 16], 1), ([2; 16], 1)]);
        assert_eq!(store.count_recalls("owners", vec![[1; 16]], now()).await.unwrap(), [([1; 16], 2)]);
        store.add_forgotten("owners", vec![[2; 16]]).await.unwrap();
        let record = store.memory_record("owners").await.unwrap();
        let wanted =
            MemoryRecord { sources: vec!["/notes".to_owned()], forgotten: vec![[2; 16]], recalls: vec![([1; 16], 2)] };
        assert_eq!(record, wanted);
        store.clear_memory_record("owners").await.unwrap();
        assert_eq!(store.memory_record("owners").await.unwrap(), MemoryRecord::default());
        assert_eq!(store.memory_sources("person-7").await.unwrap(), ["/theirs"]);
        assert!(store.remove_memory_source("person-7", "/theirs").await.unwrap());
        assert!(!store.remove_memory_source("person-7", "/theirs").await.unwrap());
    }

    #[tokio::test]
    async fn a_wish_to_forget_outlives_a_crash_and_is_fulfilled_once() {
        let fixture = Fixture::new();
        let person = fixture.meet("Ann", None).await.id;
        let store = &fixture.store;
        let begun = store.begin_forgetting(wish(Forgetting::Vector, person, "call#1"), now()).await.unwrap().unwrap();
        let after = fixture.after_crash();
        let pending = after.store.pending_forgettings().await.unwrap();
        assert_eq!(pending, std::slice::from_ref(&begun));
        let again = after.store.begin_forgetting(wish(Forgetting::Vector, person, "call#1"), now()).await.unwrap();
        assert_eq!(again, Some(begun.clone()));
        after.store.end_forgetting(begun.id, now()).await.unwrap();
        assert_eq!(after.store.pending_forgettings().await.unwrap(), []);
        let again = after.store.begin_forgetting(wish(Forgetting::Vector, person, "call#1"), now()).await.unwrap();
        assert_eq!(again, None);
    }
}
