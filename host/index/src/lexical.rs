//! The index of words (tantivy). It follows the log of changes in the database: what it has taken in is written in its
//! own commit, so after a crash it goes on from there, and where it does not fit the database it is made anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension as _};
use tantivy::collector::TopDocs;
use tantivy::directory::MmapDirectory;
use tantivy::query::{BooleanQuery, BoostQuery, Occur, Query, TermQuery};
use tantivy::schema::{FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, Searcher, TantivyDocument, Term};

use crate::error::Result;
use crate::words;

const FOLDER: &str = "words";
/// What the writer gathers in memory before it writes.
const BUDGET: usize = 15 << 20;
/// A word that stands for itself counts for more than a part of it.
const EXACT_BOOST: f32 = 2.0;
/// More words of a question say nothing more.
const MOST_TERMS: usize = 64;

#[derive(Clone, Copy)]
struct Fields {
    id: Field,
    words: Field,
    exact: Field,
}

pub(crate) struct Lexical {
    index: Index,
    reader: IndexReader,
    fields: Fields,
    /// Open only while there is something to write, for it holds memory and threads.
    writer: Mutex<Option<IndexWriter>>,
}

/// A text to be found by its words.
pub(crate) struct Worded {
    pub(crate) id: i64,
    pub(crate) heading: String,
    pub(crate) body: String,
}

impl Lexical {
    /// Opens the words below `folder`; those that cannot be read are deleted and taken in anew by [`Self::follow`].
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let place = folder.join(FOLDER);
        Self::opened(&place).or_else(|error| {
            tracing::warn!(%error, path = %place.display(), "this index of words is made anew");
            let _ = fs::remove_dir_all(&place);
            Self::opened(&place)
        })
    }

    /// Opens what another process keeps up to date, for searching alone.
    pub(crate) fn open_existing(folder: &Path) -> Result<Self> {
        Self::opened(&folder.join(FOLDER))
    }

    fn opened(place: &PathBuf) -> Result<Self> {
        fs::create_dir_all(place).map_err(tantivy::TantivyError::from)?;
        let (schema, fields) = schema();
        let directory = MmapDirectory::open(place).map_err(tantivy::TantivyError::from)?;
        let index = Index::builder()
            .schema(schema)
            .settings(IndexSettings::default())
            .tokenizers(words::analyzers())
            .open_or_create(directory)?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { index, reader, fields, writer: Mutex::new(None) })
    }

    /// Takes in what the log of changes has, at most `most` of it, and makes it visible. Gives whether there is more.
    pub(crate) fn follow(&self, db: &crate::database::Database, most: usize) -> Result<bool> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let (taken, fits) = self.taken(&db.identity)?;
        let last = db.read(last_change)?;
        if !fits || taken > last {
            return self.start_anew(db, &mut writer);
        }
        let changes = db.read(|db| changes(db, taken, most))?;
        let Some(&(through, ..)) = changes.last() else { return Ok(false) };
        let writer = self.writing(&mut writer)?;
        for (_, id, text) in &changes {
            writer.delete_term(self.term(*id));
            if let Some(text) = text {
                self.add(writer, text)?;
            }
        }
        self.commit(writer, &db.identity, through)?;
        db.write(|db| {
            db.prepare_cached("DELETE FROM change WHERE seq <= ?1")?.execute([through])?;
            Ok(())
        })?;
        Ok(changes.len() == most)
    }

    /// Empties it and has every text taken in again.
    fn start_anew(&self, db: &crate::database::Database, writer: &mut Option<IndexWriter>) -> Result<bool> {
        let writer = self.writing(writer)?;
        writer.delete_all_documents()?;
        let last = db.write(|db| {
            db.execute("DELETE FROM change", [])?;
            let last = last_change(db)?;
            db.execute("INSERT INTO change (text, gone) SELECT id, 0 FROM text WHERE unused IS NULL", [])?;
            Ok(last)
        })?;
        self.commit(writer, &db.identity, last)?;
        Ok(true)
    }

    /// Closes the writer, which gives back its memory and threads.
    pub(crate) fn rest(&self) -> Result<()> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            writer.wait_merging_threads()?;
        }
        Ok(())
    }

    /// The texts that fit the words best, best first. A score is BM25's, as a part of what a text of usual length would
    /// have that holds every word once: how much of the question it covers, rare words counting for more.
    pub(crate) fn search(&self, text: &str, most: usize) -> Result<Vec<(i64, f32)>> {
        let terms = self.terms(text);
        if terms.is_empty() {
            return Ok(Vec::new());
        }
        let searcher = self.reader.searcher();
        let whole = whole_score(&searcher, &terms)?;
        let query = BooleanQuery::new(terms.into_iter().map(Asked::query).collect());
        let found = searcher.search(&query, &TopDocs::with_limit(most).order_by_score())?;
        let mut hits = Vec::with_capacity(found.len());
        for (score, address) in found {
            let ids = searcher.segment_reader(address.segment_ord).fast_fields().u64("id")?;
            if let Some(id) = ids.first(address.doc_id) {
                hits.push((id.cast_signed(), (score / whole).min(1.0)));
            }
        }
        Ok(hits)
    }

    /// The words that are asked for, each once.
    fn terms(&self, text: &str) -> Vec<Asked> {
        let mut terms = Vec::new();
        let fields = [(self.fields.words, words::WORDS, 1.0), (self.fields.exact, words::EXACT, EXACT_BOOST)];
        for (field, name, boost) in fields {
            let Some(mut analyzer) = self.index.tokenizers().get(name) else { continue };
            let mut found = Vec::new();
            analyzer.token_stream(text).process(&mut |token| found.push(token.text.clone()));
            found.sort_unstable();
            found.dedup();
            let asked = |word: String| Asked { term: Term::from_field_text(field, &word), boost };
            terms.extend(found.into_iter().take(MOST_TERMS).map(asked));
        }
        terms
    }

    fn term(&self, id: i64) -> Term {
        Term::from_field_u64(self.fields.id, id.cast_unsigned())
    }

    fn add(&self, writer: &IndexWriter, text: &Worded) -> Result<()> {
        let mut document = TantivyDocument::default();
        document.add_u64(self.fields.id, text.id.cast_unsigned());
        let whole = format!("{}\n{}", text.heading, text.body);
        document.add_text(self.fields.words, &whole);
        document.add_text(self.fields.exact, &whole);
        writer.add_document(document)?;
        Ok(())
    }

    fn writing<'a>(&self, writer: &'a mut Option<IndexWriter>) -> Result<&'a mut IndexWriter> {
        match writer {
            Some(writer) => Ok(writer),
            None => Ok(writer.insert(self.index.writer_with_num_threads(1, BUDGET)?)),
        }
    }

    fn commit(&self, writer: &mut IndexWriter, identity: &str, through: i64) -> Result<()> {
        let mut prepared = writer.prepare_commit()?;
        prepared.set_payload(&format!("{identity} {through}"));
        prepared.commit()?;
        self.reader.reload()?;
        Ok(())
    }

    /// The last change that was taken in, and whether this index belongs to that database.
    fn taken(&self, identity: &str) -> Result<(i64, bool)> {
        let payload = self.index.load_metas()?.payload.unwrap_or_default();
        let taken = payload.split_once(' ').filter(|(of, _)| *of == identity).and_then(|(_, seq)| seq.parse().ok());
        Ok((taken.unwrap_or_default(), taken.is_some()))
    }
}

/// A word that is asked for.
struct Asked {
    term: Term,
    boost: f32,
}

impl Asked {
    fn query(self) -> (Occur, Box<dyn Query>) {
        let query: Box<dyn Query> = Box::new(TermQuery::new(self.term, IndexRecordOption::WithFreqs));
        (Occur::Should, Box::new(BoostQuery::new(query, self.boost)))
    }
}

/// The score of a text of usual length that holds every word once: the sum of their weights (Robertson and Zaragoza,
/// "The Probabilistic Relevance Framework", 2009, as tantivy counts it). A word that no text has weighs most.
fn whole_score(searcher: &Searcher, terms: &[Asked]) -> Result<f32> {
    let texts = searcher.num_docs() as f32;
    let mut whole = 0.0;
    for Asked { term, boost } in terms {
        let with = searcher.doc_freq(term)? as f32;
        whole += boost * ((texts - with).max(0.0) + 0.5).mul_add(1.0 / (with + 0.5), 1.0).ln();
    }
    Ok(whole.max(f32::MIN_POSITIVE))
}

fn schema() -> (Schema, Fields) {
    let text = |analyzer, option| {
        TextOptions::default()
            .set_indexing_options(TextFieldIndexing::default().set_tokenizer(analyzer).set_index_option(option))
    };
    let mut builder = Schema::builder();
    let id = builder.add_u64_field("id", INDEXED | FAST);
    let words = builder.add_text_field("words", text(words::WORDS, IndexRecordOption::WithFreqs));
    let exact = builder.add_text_field("exact", text(words::EXACT, IndexRecordOption::WithFreqs));
    (builder.build(), Fields { id, words, exact })
}

/// The number of the newest change there ever was.
fn last_change(db: &Connection) -> Result<i64> {
    let last = db
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'change'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(last.unwrap_or_default())
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
