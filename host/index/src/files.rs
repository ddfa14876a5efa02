//! What of which file is in the index. A text that stands in several places is kept once; one that stands nowhere any
//! more is kept for a while with its vector, so that a file that moves or comes back costs nothing.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _};

use crate::chunk::{self, Chunk, PassageSize, TextKind};
use crate::error::Result;

/// Texts that stand nowhere are kept this long, in seconds.
const KEPT: i64 = 3 * 86_400;

/// A text's hash.
pub type TextHash = [u8; 16];

/// Where a file is: `root` is empty for the space's own folder.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FilePlace {
    /// The folder that is searched, absolute; empty for the space's own.
    pub root: String,
    /// Below the root, with `/`.
    pub path: String,
}

/// What tells that a file was changed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct FileState {
    /// In bytes.
    pub size: u64,
    /// Nanoseconds since 1970.
    pub modified: i64,
    /// Of its bytes; empty where they were not read.
    pub hash: Vec<u8>,
    /// Why nothing of it is found.
    pub problem: Option<String>,
}

/// What a file says.
#[derive(Clone, Debug)]
pub struct FileText {
    /// All of it.
    pub text: String,
    /// How it is cut into passages.
    pub kind: TextKind,
    /// When it was written, in seconds since 1970. In a transcript each exchange has its time of that day.
    pub written: i64,
}

/// Every file the index knows.
pub(crate) fn known(db: &Connection) -> Result<HashMap<FilePlace, FileState>> {
    let mut statement = db.prepare_cached("SELECT root, path, size, modified, hash, problem FROM file")?;
    let rows = statement.query_map([], |row| {
        let place = FilePlace { root: row.get(0)?, path: row.get(1)? };
        let size: i64 = row.get(2)?;
        let state =
            FileState { size: size.cast_unsigned(), modified: row.get(3)?, hash: row.get(4)?, problem: row.get(5)? };
        Ok((place, state))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Puts what a file says now in the place of what it said before.
pub(crate) fn put(
    db: &Connection,
    place: &FilePlace,
    state: &FileState,
    text: Option<&FileText>,
    size: PassageSize,
    now: i64,
) -> Result<()> {
    let file: i64 = db
        .prepare_cached(
            "INSERT INTO file (root, path, size, modified, hash, problem) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (root, path) DO UPDATE SET
               size = excluded.size, modified = excluded.modified, hash = excluded.hash, problem = excluded.problem
             RETURNING id",
        )?
        .query_row(
            (&place.root, &place.path, state.size.cast_signed(), state.modified, &state.hash, &state.problem),
            |row| row.get(0),
        )?;
    let before = take_passages(db, file)?;
    if let Some(text) = text {
        let mut chunks = chunk::cut(&text.text, text.kind, size);
        if text.kind == TextKind::Code {
            // A name of a file says what its code is about.
            for chunk in &mut chunks {
                chunk.heading.clone_from(&place.path);
            }
        }
        for chunk in chunks {
            add_passage(db, file, text, &chunk)?;
        }
    }
    leave(db, &before, now)
}

/// Takes a file out.
pub(crate) fn remove(db: &Connection, place: &FilePlace, now: i64) -> Result<()> {
    let file: Option<i64> = db
        .prepare_cached("SELECT id FROM file WHERE root = ?1 AND path = ?2")?
        .query_row((&place.root, &place.path), |row| row.get(0))
        .optional()?;
    let Some(file) = file else { return Ok(()) };
    let before = take_passages(db, file)?;
    db.prepare_cached("DELETE FROM file WHERE id = ?1")?.execute([file])?;
    leave(db, &before, now)
}

/// Has no text of these hashes found any more, wherever it stands.
pub(crate) fn forget(db: &Connection, hashes: &[TextHash]) -> Result<()> {
    for hash in hashes {
        db.prepare_cached("INSERT OR IGNORE INTO forgotten (hash) VALUES (?1)")?.execute([hash])?;
        let text: Option<i64> =
            db.prepare_cached("SELECT id FROM text WHERE hash = ?1")?.query_row([hash], |row| row.get(0)).optional()?;
        if let Some(text) = text {
            db.prepare_cached("DELETE FROM passage WHERE text = ?1")?.execute([text])?;
            delete_text(db, text)?;
        }
    }
    Ok(())
}

/// Deletes texts that stand nowhere: those that have done so for long, or all of them. Gives how many.
pub(crate) fn sweep(db: &Connection, now: i64, all: bool, most: usize) -> Result<usize> {
    let before = if all { i64::MAX } else { now - KEPT };
    let mut statement = db.prepare_cached("SELECT id FROM text WHERE unused IS NOT NULL AND unused < ?1 LIMIT ?2")?;
    let texts =
        statement.query_map((before, most as i64), |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
    for text in &texts {
        delete_text(db, *text)?;
    }
    Ok(texts.len())
}

fn delete_text(db: &Connection, text: i64) -> Result<()> {
    db.prepare_cached("DELETE FROM vector WHERE text = ?1 AND model IN (SELECT id FROM model)")?.execute([text])?;
    db.prepare_cached("DELETE FROM text WHERE id = ?1")?.execute([text])?;
    db.prepare_cached("INSERT INTO change (text, gone) VALUES (?1, 1)")?.execute([text])?;
    Ok(())
}

fn take_passages(db: &Connection, file: i64) -> Result<Vec<i64>> {
    let mut statement = db.prepare_cached("SELECT DISTINCT text FROM passage WHERE file = ?1")?;
    let texts = statement.query_map([file], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    db.prepare_cached("DELETE FROM passage WHERE file = ?1")?.execute([file])?;
    Ok(texts)
}

fn add_passage(db: &Connection, file: i64, text: &FileText, chunk: &Chunk) -> Result<()> {
    let hash = hash(chunk);
    if db.prepare_cached("SELECT 1 FROM forgotten WHERE hash = ?1")?.exists([hash])? {
        return Ok(());
    }
    let id = text_of(db, &hash, chunk)?;
    let talk = text.kind == TextKind::Transcript;
    let written = if talk { text.written + time_of_day(&chunk.heading) } else { text.written };
    // A new passage of a conversation is on the short level until the levels are counted again.
    db.prepare_cached(
        "INSERT INTO passage (file, text, first_line, last_line, written, talk, level)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
    )?
    .execute((file, id, chunk.first_line, chunk.last_line, written, talk))?;
    Ok(())
}

fn text_of(db: &Connection, hash: &TextHash, chunk: &Chunk) -> Result<i64> {
    let known: Option<(i64, bool)> = db
        .prepare_cached("SELECT id, unused IS NOT NULL FROM text WHERE hash = ?1")?
        .query_row([hash], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let id = match known {
        Some((id, false)) => return Ok(id),
        Some((id, true)) => {
            db.prepare_cached("UPDATE text SET unused = NULL WHERE id = ?1")?.execute([id])?;
            id
        }
        None => {
            db.prepare_cached("INSERT INTO text (hash, heading, body) VALUES (?1, ?2, ?3)")?.execute((
                hash,
                &chunk.heading,
                &chunk.text,
            ))?;
            db.last_insert_rowid()
        }
    };
    db.prepare_cached("INSERT INTO change (text, gone) VALUES (?1, 0)")?.execute([id])?;
    Ok(id)
}

/// Marks those texts that stand nowhere any more.
fn leave(db: &Connection, texts: &[i64], now: i64) -> Result<()> {
    for text in texts {
        let changed = db
            .prepare_cached(
                "UPDATE text SET unused = ?2
                 WHERE id = ?1 AND unused IS NULL AND NOT EXISTS (SELECT 1 FROM passage WHERE text = ?1)",
            )?
            .execute((text, now))?;
        if changed > 0 {
            db.prepare_cached("INSERT INTO change (text, gone) VALUES (?1, 1)")?.execute([text])?;
        }
    }
    Ok(())
}

fn hash(chunk: &Chunk) -> TextHash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(chunk.heading.as_bytes()).update(&[0]).update(chunk.text.as_bytes());
    let mut hash = TextHash::default();
    hasher.finalize_xof().fill(&mut hash);
    hash
}

/// The seconds since midnight of the heading of an exchange, `… > 14:05 (reminder)`.
fn time_of_day(heading: &str) -> i64 {
    let last = heading.rsplit(" > ").next().unwrap_or_default();
    let time = last.get(..5).and_then(|time| time.split_once(':'));
    let number = |text: &str| text.parse::<i64>().ok();
    time.and_then(|(hour, minute)| Some(number(hour)? * 3_600 + number(minute)? * 60)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_is_of_its_time_of_the_day() {
        assert_eq!(time_of_day("Conversation on telegram, 2026-11-20 > 14:05 (reminder)"), 50_700);
        assert_eq!(time_of_day("Notes"), 0);
        assert_eq!(time_of_day("ёжик"), 0);
    }
}
