//! Finds texts by reading them in the database, for as long as the index of words does not have them all: the newest
//! ones, as many as are read in a moment, scored like the index would.

use rusqlite::Connection;
use tantivy::tokenizer::{TextAnalyzer, TokenizerManager};

use super::Asked;
use crate::error::Result;
use crate::words;

/// Bytes of texts that are read.
const BYTES: usize = 4 << 20;
/// The parameters of BM25, as tantivy has them.
const SATURATION: f32 = 1.2;
const LENGTH: f32 = 0.75;

/// How often each word that is asked for stands in a text.
struct Counted {
    id: i64,
    words: f32,
    times: Vec<u32>,
}

pub(super) fn search(
    db: &Connection,
    analyzers: &TokenizerManager,
    terms: &[Asked],
    most: usize,
) -> Result<Vec<(i64, f32)>> {
    let mut analyzers: Vec<_> =
        [words::WORDS, words::EXACT].into_iter().filter_map(|name| Some((name, analyzers.get(name)?))).collect();
    let mut statement =
        db.prepare_cached("SELECT id, heading, body FROM text WHERE unused IS NULL ORDER BY id DESC")?;
    let mut rows = statement.query([])?;
    let (mut counted, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()?
        && bytes < BYTES
    {
        let whole = format!(
            "{}\n{}",
            row.get_ref(1)?.as_str().unwrap_or_default(),
            row.get_ref(2)?.as_str().unwrap_or_default()
        );
        bytes += whole.len();
        counted.push(count(row.get(0)?, &whole, &mut analyzers, terms));
    }
    let mut scored = score(&counted, terms);
    scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
    scored.truncate(most);
    Ok(scored)
}

fn count(id: i64, text: &str, analyzers: &mut [(&'static str, TextAnalyzer)], terms: &[Asked]) -> Counted {
    let mut counted = Counted { id, words: 0.0, times: vec![0; terms.len()] };
    for (name, analyzer) in analyzers {
        analyzer.token_stream(text).process(&mut |token| {
            if *name == words::WORDS {
                counted.words += 1.0;
            }
            for (asked, times) in terms.iter().zip(&mut counted.times) {
                *times += u32::from(asked.analyzer == *name && asked.word == token.text);
            }
        });
    }
    counted
}

fn score(counted: &[Counted], terms: &[Asked]) -> Vec<(i64, f32)> {
    let texts = counted.len() as f32;
    let usual = (counted.iter().map(|one| one.words).sum::<f32>() / texts.max(1.0)).max(1.0);
    let weigh = |(at, asked): (usize, &Asked)| {
        let with = counted.iter().filter(|one| one.times[at] > 0).count();
        words::boost(asked.analyzer) * words::rarity(texts, with as f32)
    };
    let weights: Vec<f32> = terms.iter().enumerate().map(weigh).collect();
    let whole = weights.iter().sum::<f32>().max(f32::MIN_POSITIVE);
    let score = |one: &Counted| {
        let length = SATURATION * (1.0 - LENGTH + LENGTH * one.words / usual);
        let each = one.times.iter().zip(&weights);
        let sum: f32 =
            each.map(|(&times, weight)| weight * (1.0 + SATURATION) * times as f32 / (times as f32 + length)).sum();
        (one.id, (sum / whole).min(1.0))
    };
    counted.iter().filter(|one| one.times.iter().any(|&times| times > 0)).map(score).collect()
}
