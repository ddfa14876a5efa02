//! The plain way: sqlite-vec's own table, which compares all vectors, and FTS5, as both come.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::ours::disk;
use super::world::World;
use super::{DIMENSION, PLAIN_QUERIES, Plain, speed};
use crate::figures::Samples;

const AT_ONCE: usize = 10_000;

pub(crate) fn measure(world: &World, path: &Path) -> anyhow::Result<Plain> {
    steward_index::register_vectors();
    let mut db = Connection::open(path)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "NORMAL")?;
    db.execute_batch(&format!(
        "CREATE VIRTUAL TABLE meaning USING vec0(e float[{DIMENSION}]);
         CREATE VIRTUAL TABLE words USING fts5(body);"
    ))?;
    let started = Instant::now();
    for first in (0..world.size).step_by(AT_ONCE) {
        let tx = db.transaction()?;
        for number in first..(first + AT_ONCE).min(world.size) {
            let id = number as i64;
            tx.prepare_cached("INSERT INTO meaning (rowid, e) VALUES (?1, ?2)")?
                .execute((id, bytes(&world.vector(number))))?;
            tx.prepare_cached("INSERT INTO words (rowid, body) VALUES (?1, ?2)")?.execute((id, world.text(number)))?;
        }
        tx.commit()?;
    }
    let a_second = speed(world.size, started);
    db.pragma_query(None, "wal_checkpoint", |_| Ok(()))?;
    let disk = disk(path)?;
    let by_words = |number: usize| -> anyhow::Result<Duration> {
        let question = world.question(number).replace(' ', " OR ");
        let started = Instant::now();
        let mut statement =
            db.prepare_cached("SELECT rowid, bm25(words) FROM words WHERE words MATCH ?1 ORDER BY 2 LIMIT 100")?;
        let found = statement.query_map([question], |row| row.get::<_, i64>(0))?.count();
        std::hint::black_box(found);
        Ok(started.elapsed())
    };
    let by_meaning = |number: usize| -> anyhow::Result<Duration> {
        let vector = bytes(&world.query(number));
        let started = Instant::now();
        let mut statement = db.prepare_cached("SELECT rowid, distance FROM meaning WHERE e MATCH ?1 AND k = 100")?;
        let found = statement.query_map([vector], |row| row.get::<_, i64>(0))?.count();
        std::hint::black_box(found);
        Ok(started.elapsed())
    };
    by_words(0)?;
    by_meaning(0)?;
    let words = (0..PLAIN_QUERIES).map(by_words).collect::<anyhow::Result<Vec<_>>>()?;
    let meaning = (0..PLAIN_QUERIES).map(by_meaning).collect::<anyhow::Result<Vec<_>>>()?;
    let hybrid = words.iter().zip(&meaning).map(|(words, meaning)| *words + *meaning).collect();
    Ok(Plain {
        words: Samples::new(words)?,
        meaning: Samples::new(meaning)?,
        hybrid: Samples::new(hybrid)?,
        a_second,
        disk,
    })
}

fn bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|value| value.to_le_bytes()).collect()
}
