//! The index of words (tantivy). It follows the log of changes in the database: what it has taken in is written in its
//! own commit, so after a crash it goes on from there, and where it does not fit the database it is rebuilt.
//!
//! Whatever is wrong with its files, it mends itself: what a commit that was cut off left behind is deleted before
//! anything is written, and what still cannot be read or written is rebuilt. Until it is whole again, texts are found
//! by reading them in the database.

mod opened;
mod reading;

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use rusqlite::{Connection, OptionalExtension as _};
use tantivy::IndexWriter;
use tantivy::tokenizer::TokenizerManager;

use self::opened::Opened;
use crate::database::Database;
use crate::error::{IndexError, Result};
use crate::words;

const FOLDER: &str = "words";

pub(crate) struct Lexical {
    place: PathBuf,
    analyzers: TokenizerManager,
    /// None where it cannot be opened.
    open: RwLock<Option<Arc<Opened>>>,
    /// Open only while there is something to write, for it holds memory and threads.
    writer: Mutex<Option<IndexWriter>>,
    /// Every text is in it, but for what the log of changes still has.
    whole: AtomicBool,
    /// A search has found that its files make no sense.
    broken: AtomicBool,
}

/// A text to be found by its words.
pub(crate) struct Worded {
    pub(crate) id: i64,
    pub(crate) heading: String,
    pub(crate) body: String,
}

/// A word that is asked for.
pub(crate) struct Asked {
    /// The analyzer that found it.
    pub(crate) analyzer: &'static str,
    pub(crate) word: String,
}

impl Lexical {
    /// Opens the words below `folder` of the database of that identity; those that cannot be read are deleted and taken
    /// in again by [`Self::follow`].
    pub(crate) fn open(folder: &Path, identity: &str) -> Self {
        let lexical = Self::unopened(folder);
        if let Err(error) = lexical.reopen(true) {
            lexical.renew(&error.to_string());
        }
        lexical.whole.store(lexical.fits(identity), Ordering::Release);
        lexical
    }

    /// Opens what another process keeps up to date, for searching alone.
    pub(crate) fn open_existing(folder: &Path, identity: &str) -> Self {
        let lexical = Self::unopened(folder);
        if let Err(error) = lexical.reopen(false) {
            tracing::debug!(%error, "this index of words cannot be opened; texts are read instead");
        }
        lexical.whole.store(lexical.fits(identity), Ordering::Release);
        lexical
    }

    fn unopened(folder: &Path) -> Self {
        Self {
            place: folder.join(FOLDER),
            analyzers: words::analyzers(),
            open: RwLock::default(),
            writer: Mutex::default(),
            whole: AtomicBool::new(false),
            broken: AtomicBool::new(false),
        }
    }

    /// Takes in what the log of changes has, at most `most` of it, and makes it visible. Gives whether there is more.
    pub(crate) fn follow(&self, db: &Database, most: usize) -> Result<bool> {
        let mut writer = self.writing();
        if self.broken.swap(false, Ordering::AcqRel) {
            close(&mut writer);
            self.renew("its files make no sense");
        }
        let mut failed = match self.step(db, &mut writer, most) {
            Ok(more) => return Ok(more),
            Err(error) => error,
        };
        // First as it is, but for what was left behind; then again.
        for anew in [false, true] {
            close(&mut writer);
            if !failed.is_of_words() {
                return Err(failed);
            }
            match anew {
                false => drop(self.reopen(true)),
                true => self.renew(&failed.to_string()),
            }
            failed = match self.step(db, &mut writer, most) {
                Ok(more) => return Ok(more),
                Err(error) => error,
            };
        }
        close(&mut writer);
        Err(failed)
    }

    /// Closes the writer, which gives back its memory and threads.
    pub(crate) fn rest(&self) {
        close(&mut self.writing());
    }

    /// Deletes everything; it is taken in again by [`Self::follow`].
    pub(crate) fn empty(&self) {
        let mut writer = self.writing();
        close(&mut writer);
        self.renew("the index is rebuilt");
    }

    /// Whether a search found something that [`Self::follow`] has to mend.
    pub(crate) fn is_behind(&self) -> bool {
        !self.whole.load(Ordering::Acquire)
    }

    /// The texts that fit the words best, best first. A score is BM25's, as a part of what a text of usual length would
    /// have that holds every word once: how much of the question it covers, rare words counting for more.
    pub(crate) fn search(&self, db: &Database, text: &str, most: usize) -> Result<Vec<(i64, f32)>> {
        let terms = words::asked(&self.analyzers, text);
        if terms.is_empty() {
            return Ok(Vec::new());
        }
        let whole = self.whole.load(Ordering::Acquire);
        let found = self.opened().and_then(|opened| guarded(|| opened.search(&terms, most)));
        let mut found = match found {
            Ok(found) if whole => return Ok(found),
            Ok(found) => found,
            Err(error) => {
                self.whole.store(false, Ordering::Release);
                if !self.broken.swap(true, Ordering::AcqRel) {
                    tracing::warn!(%error, path = %self.place.display(), "texts are read until the index of words is mended");
                }
                Vec::new()
            }
        };
        let read = db.read(|db| reading::search(db, &self.analyzers, &terms, most))?;
        found.retain(|(id, _)| read.iter().all(|(other, _)| other != id));
        found.extend(read);
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        found.truncate(most);
        Ok(found)
    }

    fn step(&self, db: &Database, writer: &mut Option<IndexWriter>, most: usize) -> Result<bool> {
        let more = guarded(|| self.take_in(db, writer, most))?;
        if !more {
            self.whole.store(true, Ordering::Release);
        }
        Ok(more)
    }

    fn take_in(&self, db: &Database, writer: &mut Option<IndexWriter>, most: usize) -> Result<bool> {
        let opened = self.opened()?;
        let identity = db.identity();
        let (taken, fits) = opened.taken(&identity)?;
        let last = db.read(last_change)?;
        if !fits || taken > last {
            self.whole.store(false, Ordering::Release);
            let writer = opened.writing(writer)?;
            writer.delete_all_documents()?;
            let last = db.write(log_everything)?;
            opened.commit(writer, &identity, last)?;
            return Ok(true);
        }
        let changes = db.read(|db| changes(db, taken, most))?;
        let Some(&(through, ..)) = changes.last() else { return Ok(false) };
        let writer = opened.writing(writer)?;
        for (_, id, text) in &changes {
            opened.put(writer, *id, text.as_ref())?;
        }
        opened.commit(writer, &identity, through)?;
        db.write(|db| {
            db.prepare_cached("DELETE FROM change WHERE seq <= ?1")?.execute([through])?;
            Ok(())
        })?;
        Ok(changes.len() == most)
    }

    fn opened(&self) -> Result<Arc<Opened>> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner).clone();
        open.ok_or_else(|| IndexError::WordsBroken("they are not there".to_owned()))
    }

    /// Opens its files as they are now. A new one is made only where there is to be one.
    fn reopen(&self, make: bool) -> Result<()> {
        let opened = guarded(|| Opened::open(&self.place, &self.analyzers, make));
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        *open = None;
        *open = Some(Arc::new(opened?));
        Ok(())
    }

    /// Deletes its files and begins again. Where that fails too, as on a full disk, the next one tries again.
    fn renew(&self, why: &str) {
        tracing::warn!(why, path = %self.place.display(), "this index of words is rebuilt");
        self.whole.store(false, Ordering::Release);
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = None;
        let renewed = delete(&self.place).map_err(IndexError::from).and_then(|()| self.reopen(true));
        if let Err(error) = renewed {
            tracing::warn!(%error, path = %self.place.display(), "the index of words could not be rebuilt yet");
        }
    }

    fn fits(&self, identity: &str) -> bool {
        let taken = self.opened().and_then(|opened| guarded(|| opened.taken(identity)));
        taken.is_ok_and(|(_, fits)| fits)
    }

    fn writing(&self) -> MutexGuard<'_, Option<IndexWriter>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for what the writer has begun. What fails of it is written again by the next one.
fn close(writer: &mut Option<IndexWriter>) {
    if let Some(writer) = writer.take()
        && let Err(error) = guarded(|| Ok(writer.wait_merging_threads()?))
    {
        tracing::debug!(%error, "segments of an index of words were not merged");
    }
}

/// Files whose content is not what it was are found by what reads them breaking down.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(IndexError::WordsBroken("reading them broke down".to_owned())))
}

/// Deletes whatever is there: a folder, or something else in its place.
pub(crate) fn delete(place: &Path) -> io::Result<()> {
    let deleted = match fs::symlink_metadata(place) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(place),
        Ok(_) => fs::remove_file(place),
        Err(error) => Err(error),
    };
    match deleted {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The number of the newest change there ever was.
fn last_change(db: &Connection) -> Result<i64> {
    let last = db
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'change'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(last.unwrap_or_default())
}

/// Makes every text a change; gives the number of the newest one before.
fn log_everything(db: &Connection) -> Result<i64> {
    db.execute("DELETE FROM change", [])?;
    let last = last_change(db)?;
    db.execute("INSERT INTO change (text, gone) SELECT id, 0 FROM text WHERE unused IS NULL", [])?;
    Ok(last)
}

/// Changes after `taken`, each with the text as it is now; none where it is gone.
fn changes(db: &Connection, taken: i64, most: usize) -> Result<Vec<(i64, i64, Option<Worded>)>> {
    let mut statement = db.prepare_cached(
        "SELECT change.seq, change.text, text.heading, text.body FROM change
         LEFT JOIN text ON text.id = change.text AND text.unused IS NULL AND NOT change.gone
         WHERE change.seq > ?1 ORDER BY change.seq LIMIT ?2",
    )?;
    let rows = statement.query_map((taken, most as i64), |row| {
        let id: i64 = row.get(1)?;
        let heading: Option<String> = row.get(2)?;
        let text = match heading {
            Some(heading) => Some(Worded { id, heading, body: row.get(3)? }),
            None => None,
        };
        Ok((row.get(0)?, id, text))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
