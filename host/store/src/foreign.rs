//! Which of what is kept came from foreign text: runs, lines of memory, prompts, values, files. Lines and files are known
//! by the hash of what they say, so that what a person writes anew is theirs.

use std::collections::HashSet;

use steward_agent::Source;

use crate::Store;
use crate::column::{Json, RunId};
use crate::error::Result;

/// The hash of a text or a file.
pub type ForeignHash = [u8; 32];

/// Everything that is known of files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForeignFiles {
    /// By their contents, with their size in bytes.
    pub contents: Vec<(u64, ForeignHash)>,
    /// When tools with foreign text before them wrote, in milliseconds since 1970.
    pub spans: Vec<(i64, i64)>,
    /// There are texts that came from foreign ones.
    pub texts: bool,
}

impl Store {
    /// From where the foreign text came that a run had before it.
    pub async fn mark_run(&self, run: RunId, sources: Vec<Source>) -> Result<()> {
        self.write(move |tx| {
            let mut statement = tx.prepare_cached("UPDATE run SET foreign_text = ?2 WHERE id = ?1")?;
            statement.execute((run, Json(&sources)))?;
            Ok(())
        })
        .await
    }

    /// These texts, kept in that place, came from foreign text.
    pub async fn mark_texts(&self, place: &str, texts: &[&str]) -> Result<()> {
        let (place, hashes) = (place.to_owned(), hashes(texts));
        self.write(move |tx| {
            let mut statement = tx.prepare_cached(
                "INSERT INTO foreign_text (place, hash) VALUES (?1, ?2) ON CONFLICT (place, hash) DO NOTHING",
            )?;
            for hash in &hashes {
                statement.execute((&place, hash.as_slice()))?;
            }
            Ok(())
        })
        .await
    }

    /// Which of these texts, kept in that place, came from foreign text.
    pub async fn foreign_texts(&self, place: &str, texts: &[&str]) -> Result<Vec<bool>> {
        let (place, hashes) = (place.to_owned(), hashes(texts));
        self.read(move |db| {
            let mut statement = db.prepare_cached("SELECT hash FROM foreign_text WHERE place = ?1")?;
            let known = statement.query_map([&place], |row| row.get::<_, Vec<u8>>(0))?;
            let known: HashSet<Vec<u8>> = known.collect::<rusqlite::Result<_>>()?;
            Ok(hashes.iter().map(|hash| known.contains(hash.as_slice())).collect())
        })
        .await
    }

    /// All that is known of files.
    pub async fn foreign_files(&self) -> Result<ForeignFiles> {
        self.read(|db| {
            let mut statement = db.prepare("SELECT size, hash FROM foreign_file")?;
            let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?)))?;
            let contents = rows.map(|row| row.map(|(size, hash)| (size.unsigned_abs(), hash)));
            let contents = contents.collect::<rusqlite::Result<_>>()?;
            let mut statement = db.prepare("SELECT began, ended FROM foreign_span")?;
            let spans = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let spans = spans.collect::<rusqlite::Result<_>>()?;
            let texts = db.prepare("SELECT 1 FROM foreign_text LIMIT 1")?.exists([])?;
            Ok(ForeignFiles { contents, spans, texts })
        })
        .await
    }

    /// Files of these contents are foreign.
    pub async fn mark_files(&self, contents: Vec<(u64, ForeignHash)>) -> Result<()> {
        self.write(move |tx| {
            let mut statement =
                tx.prepare_cached("INSERT INTO foreign_file (hash, size) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
            for (size, hash) in &contents {
                statement.execute((hash.as_slice(), i64::try_from(*size).unwrap_or(i64::MAX)))?;
            }
            Ok(())
        })
        .await
    }

    /// What changed in the workspace between these times is foreign.
    pub async fn mark_span(&self, began: i64, ended: i64) -> Result<()> {
        self.write(move |tx| {
            tx.prepare_cached("INSERT INTO foreign_span (began, ended) VALUES (?1, ?2)")?.execute((began, ended))?;
            Ok(())
        })
        .await
    }
}

/// Of each text as it stands in a line, without the space around it.
fn hashes(texts: &[&str]) -> Vec<ForeignHash> {
    texts.iter().map(|text| *blake3::hash(text.trim().as_bytes()).as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, at, new_run};

    #[tokio::test]
    async fn marks_outlive_a_crash_and_hold_for_their_place_alone() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        store.mark_texts("owners/MEMORY.md", &[" - pay Bob ", "- b"]).await.unwrap();
        store.mark_texts("owners/MEMORY.md", &["- pay Bob"]).await.unwrap();
        store.mark_files(vec![(3, [7; 32]), (3, [7; 32])]).await.unwrap();
        store.mark_span(10, 20).await.unwrap();
        let run = store.begin_run(new_run("owner/1", Vec::new(), "hi"), at(1)).await.unwrap();
        store.mark_run(run, vec![Source::Page("a.org".into())]).await.unwrap();
        let after = fixture.after_crash();
        let known = |place: &'static str, texts: &'static [&'static str]| after.store.foreign_texts(place, texts);
        assert_eq!(known("owners/MEMORY.md", &["- pay Bob", "- pay Boris"]).await.unwrap(), [true, false]);
        assert_eq!(known("owners/memory/2026-11-20.md", &["- pay Bob"]).await.unwrap(), [false]);
        let files = after.store.foreign_files().await.unwrap();
        assert_eq!(files, ForeignFiles { contents: vec![(3, [7; 32])], spans: vec![(10, 20)], texts: true });
        assert_eq!(after.store.run_marks(run).await.unwrap(), [Source::Page("a.org".into())]);
    }
}
