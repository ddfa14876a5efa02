//! One search: candidates by words and by meaning, one ranking of both, and where each stands. What is equal is shown
//! once, with all its places.

use std::collections::HashMap;

use rusqlite::Connection;

use crate::database::Database;
use crate::error::Result;
use crate::files::TextHash;
use crate::fuse::{self, Weights};
use crate::lexical::Lexical;
use crate::vectors::{self, Model, Vectors};

/// How many candidates each ranking gives, at least.
const CANDIDATES: usize = 100;
/// Places of one text that are told.
const PLACES: usize = 8;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    /// In the words of whoever asks.
    pub text: &'a str,
    /// The vector of the text and the model that made it.
    pub vector: Option<(&'a Model, &'a [f32])>,
    /// The most hits that are given.
    pub limit: usize,
    /// What counts how much.
    pub weights: Weights,
    /// In seconds since 1970, for the age of passages.
    pub now: i64,
}

impl<'a> Query<'a> {
    /// A question by words alone, weighed as usual.
    pub fn new(text: &'a str, limit: usize) -> Self {
        Self { text, vector: None, limit, weights: Weights::default(), now: 0 }
    }
}

/// Where a passage stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Empty for the space's own folder.
    pub root: String,
    /// Below the root, with `/`.
    pub path: String,
    /// Counted from 1.
    pub first_line: u32,
    /// Counted from 1; this line is part of it.
    pub last_line: u32,
    /// In seconds since 1970.
    pub written: i64,
}

/// A passage that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Of the text.
    pub hash: TextHash,
    /// From 0 to 1, comparable within one search.
    pub score: f32,
    /// The headings above it, outermost first, parted by ` > `.
    pub heading: String,
    /// What the passage says.
    pub text: String,
    /// The newest first; never empty.
    pub places: Vec<Place>,
    /// Whether it is of a conversation.
    pub talk: bool,
}

pub(crate) fn search(db: &Database, words: &Lexical, vectors: &Vectors, query: &Query<'_>) -> Result<Vec<Hit>> {
    let most = CANDIDATES.max(query.limit * 4);
    let by_words = match query.weights.words > 0.0 {
        true => words.search(db, query.text, most)?,
        false => Vec::new(),
    };
    let by_meaning = match query.vector.filter(|_| query.weights.vector > 0.0) {
        Some((model, vector)) => meant(db, vectors, model, vector, most, &by_words)?,
        None => Vec::new(),
    };
    let fused = fuse::fuse(&by_words, &by_meaning, query.weights);
    db.read(|db| hits(db, &fused, query))
}

/// The nearest by meaning, and how near those are that were found by their words.
fn meant(
    db: &Database,
    vectors: &Vectors,
    model: &Model,
    vector: &[f32],
    most: usize,
    by_words: &[(i64, f32)],
) -> Result<Vec<(i64, f32)>> {
    let mut found = vectors.nearest(db, model, vector, most)?;
    let others: Vec<_> =
        by_words.iter().map(|(id, _)| *id).filter(|id| found.iter().all(|(known, _)| known != id)).collect();
    found.extend(db.read(|db| vectors::cosines(db, model.id, vector, &others))?);
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok(found)
}

/// What the best candidates say and where. A candidate that stands nowhere any more is left out.
fn hits(db: &Connection, fused: &[(i64, f32)], query: &Query<'_>) -> Result<Vec<Hit>> {
    let mut hits: Vec<Hit> = Vec::new();
    let mut same: HashMap<String, usize> = HashMap::new();
    // With recency a lower candidate can rise, so more are looked at than are asked for.
    let looked_at = if query.weights.recency > 0.0 { query.limit * 4 } else { query.limit };
    for &(id, score) in fused {
        if hits.len() >= looked_at {
            break;
        }
        let Some(mut hit) = hit(db, id)? else { continue };
        let age = hit.places.first().map_or(0, |place| query.now - place.written);
        hit.score = fuse::aged(score, age as f32, query.weights);
        let told = hit.text.split_whitespace().collect::<Vec<_>>().join(" ");
        match same.get(&told) {
            Some(&at) => hits[at].places.append(&mut hit.places),
            None if hits.iter().any(|other| repeats(&hit, other)) => {}
            None => {
                same.insert(told, hits.len());
                hits.push(hit);
            }
        }
    }
    hits.sort_by(|a, b| b.score.total_cmp(&a.score));
    hits.truncate(query.limit);
    Ok(hits)
}

/// Whether most of a passage's lines are in another that is shown already: passages of one file overlap.
fn repeats(hit: &Hit, other: &Hit) -> bool {
    let (Some(place), Some(shown)) = (hit.places.first(), other.places.first()) else { return false };
    if (&place.root, &place.path) != (&shown.root, &shown.path) || place.first_line == place.last_line {
        return false;
    }
    let common = (place.last_line.min(shown.last_line) + 1).saturating_sub(place.first_line.max(shown.first_line));
    2 * common > place.last_line - place.first_line + 1
}

fn hit(db: &Connection, text: i64) -> Result<Option<Hit>> {
    let mut statement = db.prepare_cached(
        "SELECT text.hash, heading, body, root, path, first_line, last_line, written, talk
         FROM text JOIN passage ON passage.text = text.id JOIN file ON file.id = passage.file
         WHERE text.id = ?1 ORDER BY written DESC, root, path, first_line LIMIT ?2",
    )?;
    let mut rows = statement.query((text, PLACES as i64))?;
    let mut hit: Option<Hit> = None;
    while let Some(row) = rows.next()? {
        let place = Place {
            root: row.get(3)?,
            path: row.get(4)?,
            first_line: row.get(5)?,
            last_line: row.get(6)?,
            written: row.get(7)?,
        };
        match &mut hit {
            Some(hit) => hit.places.push(place),
            None => {
                let (heading, text) = (row.get(1)?, row.get(2)?);
                hit =
                    Some(Hit { hash: row.get(0)?, score: 0.0, heading, text, places: vec![place], talk: row.get(8)? });
            }
        }
    }
    Ok(hit)
}
