//! The index of one space: what goes in, what comes out, how it stays whole.
//!
//! The database is written first and says what the words have to follow, so wherever the process ends, opening it again
//! makes both fit. All methods block: they belong off the async threads. Searching never waits for what is written.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use steward_agent::MemoryLevel;

use crate::chunk::PassageSize;
use crate::database::Database;
use crate::error::Result;
use crate::files::{self, FilePlace, FileState, FileText, TextHash};
use crate::levels::{self, Levels};
use crate::lexical::Lexical;
use crate::search::{self, Hit, Query};
use crate::vectors::{self, Model, Vectors, Waiting};

/// Changes the words take in at once.
const STEP: usize = 5_000;

/// The index of one person's files. See the module.
pub struct Index {
    folder: PathBuf,
    db: Database,
    words: Lexical,
    vectors: Vectors,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files that are known, also those nothing is found in.
    pub files: u32,
    /// Passages, each counted once for every place.
    pub passages: u32,
    /// Different texts among the passages.
    pub texts: u32,
    /// Passages of conversations on the short, medium and long level.
    pub levels: [u32; 3],
}

impl Index {
    /// Opens the index in a folder (made with mode 0700). What is damaged is rebuilt, empty. The words are taken in by
    /// the next [`Index::follow`].
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn open(folder: &Path) -> Result<Self> {
        let (db, _) = Database::open(folder)?;
        let words = Lexical::open(folder, &db.identity());
        Ok(Self { folder: folder.to_owned(), db, words, vectors: Vectors::default() })
    }

    /// Opens an index that another process keeps up to date, for searching alone.
    ///
    /// # Errors
    /// There is none, or it is another version's.
    pub fn open_existing(folder: &Path) -> Result<Self> {
        let db = Database::open_existing(folder)?;
        let words = Lexical::open_existing(folder, &db.identity());
        Ok(Self { folder: folder.to_owned(), db, words, vectors: Vectors::default() })
    }

    /// Rebuilds everything, empty, where the database is damaged (see [`crate::IndexError::is_damage`]). What was to be
    /// forgotten and what was recalled has to be told to it again before it is filled.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn renew(&self) -> Result<()> {
        self.vectors.rest();
        self.db.renew()?;
        self.words.empty();
        Ok(())
    }

    /// Every file it knows, as it was when it was taken in.
    pub fn files(&self) -> Result<HashMap<FilePlace, FileState>> {
        self.db.read(files::known)
    }

    /// Changes files all at once or not at all. They are found by their words after [`Index::follow`].
    pub fn change<T>(&self, work: impl FnOnce(&mut Batch<'_>) -> Result<T>) -> Result<T> {
        self.db.write(|db| work(&mut Batch { db }))
    }

    /// Takes changes into the index of words until all are in; each step is visible at once. What is wrong with that
    /// index is mended. Its writer is closed afterwards.
    pub fn follow(&self) -> Result<()> {
        while self.words.follow(&self.db, STEP)? {}
        self.words.rest();
        Ok(())
    }

    /// Whether the words are not whole, so that [`Index::follow`] is to be called; texts are read meanwhile.
    pub fn words_are_behind(&self) -> bool {
        self.words.is_behind()
    }

    /// Counts the levels of conversations again.
    pub fn settle_levels(&self, levels: Levels) -> Result<()> {
        self.db.write(|db| levels::settle(db, levels))
    }

    /// The texts of conversations on these levels.
    pub fn texts_on(&self, levels: &[MemoryLevel]) -> Result<Vec<TextHash>> {
        self.db.read(|db| levels::texts(db, levels))
    }

    /// A model by its identity, made known where it is new.
    ///
    /// # Errors
    /// It is known with another dimension.
    pub fn model(&self, identity: &str, dimension: usize) -> Result<Model> {
        self.vectors.model(&self.db, identity, dimension)
    }

    /// The models that have vectors here, the oldest first.
    pub fn models(&self) -> Result<Vec<Model>> {
        self.db.read(vectors::models)
    }

    /// Texts that wait for a vector of the model, from after `last` on, in the order they came.
    pub fn waiting(&self, model: &Model, last: Option<&Waiting>, most: usize) -> Result<Vec<Waiting>> {
        self.db.read(|db| vectors::waiting(db, model, last.map_or(0, |last| last.id), most))
    }

    /// How many texts have a vector of the model and how many should.
    pub fn progress(&self, model: &Model) -> Result<(u32, u32)> {
        self.db.read(|db| vectors::progress(db, model))
    }

    /// Writes vectors of texts that waited for them.
    ///
    /// # Errors
    /// One has another dimension; nothing is written then.
    pub fn put_vectors(&self, model: &Model, vectors: &[(Waiting, Vec<f32>)]) -> Result<()> {
        self.vectors.put(&self.db, model, vectors)
    }

    /// From now on this is the one model: the vectors of all others are deleted.
    pub fn complete(&self, model: &Model) -> Result<()> {
        self.vectors.complete(&self.db, model)
    }

    /// Makes what a search by meaning needs in memory, so that the first one does not wait for it.
    pub fn warm(&self, model: &Model) -> Result<()> {
        self.vectors.warm(&self.db, model)
    }

    /// The passages that fit best, best first.
    pub fn search(&self, query: &Query<'_>) -> Result<Vec<Hit>> {
        search::search(&self.db, &self.words, &self.vectors, query)
    }

    /// How much there is.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn counts(&self) -> Result<Counts> {
        self.db.read(|db| {
            let count = |sql: &str| db.prepare_cached(sql)?.query_row([], |row| row.get(0));
            Ok(Counts {
                files: count("SELECT count(*) FROM file")?,
                passages: count("SELECT count(*) FROM passage")?,
                texts: count("SELECT count(*) FROM text WHERE unused IS NULL")?,
                levels: levels::counts(db)?,
            })
        })
    }

    /// The number of files and passages below a root.
    pub fn counts_below(&self, root: &str) -> Result<(u32, u32)> {
        self.db.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT (SELECT count(*) FROM file WHERE root = ?1),
                        (SELECT count(*) FROM passage JOIN file ON file.id = passage.file WHERE root = ?1)",
            )?;
            Ok(statement.query_row([root], |row| Ok((row.get(0)?, row.get(1)?)))?)
        })
    }

    /// The files below a root of which nothing is found, each with the reason, in order.
    pub fn problems_below(&self, root: &str) -> Result<Vec<(String, String)>> {
        self.db.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT path, problem FROM file WHERE root = ?1 AND problem IS NOT NULL ORDER BY path",
            )?;
            let rows = statement.query_map([root], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Deletes what stands nowhere and gives memory back that only work needs.
    pub fn rest(&self, now: i64) -> Result<()> {
        while self.db.write(|db| files::sweep(db, now, false, 1_000))? > 0 {}
        self.follow()?;
        self.db.rest()
    }

    /// Also gives back what searching needs; the next search rebuilds it.
    pub fn sleep(&self) {
        self.vectors.rest();
    }

    /// Makes sure that nothing of what was taken out or forgotten is left in the index, not even as deleted bytes.
    pub fn scrub(&self, now: i64) -> Result<()> {
        while self.db.write(|db| files::sweep(db, now, true, 1_000))? > 0 {}
        self.follow()?;
        self.vectors.rest();
        self.db.scrub()
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Changes that are made together.
pub struct Batch<'a> {
    db: &'a Connection,
}

impl Batch<'_> {
    /// Puts what a file says now in the place of what it said before; with no text only its state is kept.
    pub fn put(
        &mut self,
        place: &FilePlace,
        state: &FileState,
        text: Option<&FileText>,
        size: PassageSize,
        now: i64,
    ) -> Result<()> {
        files::put(self.db, place, state, text, size, now)
    }

    /// Takes a file out.
    pub fn remove(&mut self, place: &FilePlace, now: i64) -> Result<()> {
        files::remove(self.db, place, now)
    }

    /// Has no text of these hashes found any more, also when it comes again.
    pub fn forget(&mut self, hashes: &[TextHash]) -> Result<()> {
        files::forget(self.db, hashes)
    }

    /// Says how often texts were recalled; see [`Index::settle_levels`].
    pub fn set_recalls(&mut self, recalls: &[(TextHash, u32)]) -> Result<()> {
        for (hash, times) in recalls {
            self.db
                .prepare_cached(
                    "INSERT INTO recall (hash, times) VALUES (?1, ?2)
                     ON CONFLICT (hash) DO UPDATE SET times = excluded.times",
                )?
                .execute((hash, times))?;
        }
        Ok(())
    }
}
