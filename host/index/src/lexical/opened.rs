//! The files of an index of words, opened: what reads and writes them.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use tantivy::collector::TopDocs;
use tantivy::directory::MmapDirectory;
use tantivy::indexer::IndexWriterOptions;
use tantivy::query::{BooleanQuery, BoostQuery, Occur, Query, TermQuery};
use tantivy::schema::{FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::TokenizerManager;
use tantivy::{Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, Searcher, TantivyDocument, Term};

use super::{Asked, Worded, delete};
use crate::error::{IndexError, Result};
use crate::words;

/// What the writer gathers in memory before it writes.
const BUDGET: usize = 15 << 20;
/// Files of so many bytes together are read through when they are opened, to see whether they are what was written.
const CHECKED: u64 = 16 << 20;
/// The files in the folder that belong to no commit.
const OWN_FILES: [&str; 4] = ["meta.json", ".managed.json", ".tantivy-writer.lock", ".tantivy-meta.lock"];

#[derive(Clone, Copy)]
struct Fields {
    id: Field,
    words: Field,
    exact: Field,
}

pub(super) struct Opened {
    place: PathBuf,
    index: Index,
    reader: IndexReader,
    fields: Fields,
}

impl Opened {
    pub(super) fn open(place: &Path, analyzers: &TokenizerManager, make: bool) -> Result<Self> {
        no_link(place)?;
        if make {
            fs::create_dir_all(place)?;
        }
        let (schema, fields) = schema();
        let directory = MmapDirectory::open(place).map_err(tantivy::TantivyError::from)?;
        let builder = Index::builder().schema(schema).settings(IndexSettings::default()).tokenizers(analyzers.clone());
        let index = if make || place.join("meta.json").exists() {
            builder.open_or_create(directory)?
        } else {
            return Err(IndexError::WordsBroken("they are not there".to_owned()));
        };
        if size(place)? <= CHECKED
            && let Some(damaged) = index.validate_checksum()?.into_iter().next()
        {
            return Err(IndexError::WordsBroken(format!("{} is damaged", damaged.display())));
        }
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { place: place.to_owned(), index, reader, fields })
    }

    pub(super) fn search(&self, terms: &[Asked], most: usize) -> Result<Vec<(i64, f32)>> {
        let searcher = self.reader.searcher();
        let terms: Vec<_> = terms.iter().map(|asked| (self.asked(asked), words::boost(asked.analyzer))).collect();
        let whole = whole_score(&searcher, &terms)?;
        let query = BooleanQuery::new(terms.into_iter().map(|(term, boost)| should(term, boost)).collect());
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

    /// Puts a text in the place of what it was; without one it is taken out.
    pub(super) fn put(&self, writer: &IndexWriter, id: i64, text: Option<&Worded>) -> Result<()> {
        writer.delete_term(Term::from_field_u64(self.fields.id, id.cast_unsigned()));
        let Some(text) = text else { return Ok(()) };
        let mut document = TantivyDocument::default();
        document.add_u64(self.fields.id, text.id.cast_unsigned());
        let whole = format!("{}\n{}", text.heading, text.body);
        document.add_text(self.fields.words, &whole);
        document.add_text(self.fields.exact, &whole);
        writer.add_document(document)?;
        Ok(())
    }

    /// The writer, opened where it is not. What a commit or a merge that was cut off has left would be in its way: it
    /// would give new files the same names.
    pub(super) fn writing<'a>(&self, writer: &'a mut Option<IndexWriter>) -> Result<&'a mut IndexWriter> {
        if let Some(writer) = writer {
            return Ok(writer);
        }
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .memory_budget_per_thread(BUDGET)
            .num_merge_threads(1)
            .build();
        no_link(&self.place)?;
        // It has the lock from here on, so nobody else is writing.
        let opened = self.index.writer_with_options(options)?;
        self.tidy()?;
        Ok(writer.insert(opened))
    }

    pub(super) fn commit(&self, writer: &mut IndexWriter, identity: &str, through: i64) -> Result<()> {
        let mut prepared = writer.prepare_commit()?;
        prepared.set_payload(&format!("{} {through}", owner(identity)));
        prepared.commit()?;
        self.reader.reload()?;
        Ok(())
    }

    /// The last change that was taken in, and whether this index belongs to that database.
    pub(super) fn taken(&self, identity: &str) -> Result<(i64, bool)> {
        let payload = self.index.load_metas()?.payload.unwrap_or_default();
        let fitting = payload.split_once(' ').filter(|(of, _)| *of == owner(identity));
        let taken = fitting.and_then(|(_, seq)| seq.parse().ok());
        Ok((taken.unwrap_or_default(), taken.is_some()))
    }

    /// Deletes what belongs to no commit.
    fn tidy(&self) -> Result<()> {
        let mut living: HashSet<PathBuf> = self.index.load_metas()?.list_segment_files();
        living.extend(OWN_FILES.map(PathBuf::from));
        for entry in fs::read_dir(&self.place)? {
            let entry = entry?;
            if !living.contains(Path::new(&entry.file_name())) {
                delete(&entry.path())?;
            }
        }
        Ok(())
    }

    fn asked(&self, asked: &Asked) -> Term {
        let field = if asked.analyzer == words::EXACT { self.fields.exact } else { self.fields.words };
        Term::from_field_text(field, &asked.word)
    }
}

/// Whose words these are, and by which rules they were read: what was read by others is read again.
fn owner(identity: &str) -> String {
    format!("{identity}/{}", words::RULES)
}

/// Whatever a link leads to is somebody else's: nothing is tidied there.
fn no_link(place: &Path) -> Result<()> {
    match fs::symlink_metadata(place) {
        Ok(found) if found.is_symlink() => Err(IndexError::WordsBroken("a link is in their place".to_owned())),
        _ => Ok(()),
    }
}

fn size(place: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(place)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

fn should(term: Term, boost: f32) -> (Occur, Box<dyn Query>) {
    let query: Box<dyn Query> = Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs));
    (Occur::Should, Box::new(BoostQuery::new(query, boost)))
}

/// The score of a text of usual length that holds every word once: the sum of their weights (Robertson and Zaragoza,
/// "The Probabilistic Relevance Framework", 2009, as tantivy counts it). A word that no text has weighs most.
fn whole_score(searcher: &Searcher, terms: &[(Term, f32)]) -> Result<f32> {
    let texts = searcher.num_docs() as f32;
    let mut whole = 0.0;
    for (term, boost) in terms {
        whole += boost * words::rarity(texts, searcher.doc_freq(term)? as f32);
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
