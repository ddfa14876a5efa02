//! The vectors of an index: which models there are, which texts still wait for one, and whose are nearest. Few vectors
//! are compared one by one by sqlite-vec; of many the sketch finds those that may be near, which are then compared.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rusqlite::Connection;

use crate::database::Database;
use crate::error::{IndexError, Result};
use crate::quantise;
use crate::sketch::Sketch;

/// Up to here comparing all is quicker than a sketch is worth.
const FEW: i64 = 1_500;
/// How many the sketch finds for each one that is asked for, and at least.
const OVERSAMPLE: usize = 4;
const SAMPLE_LEAST: usize = 400;
/// One more for so many vectors: among more of them more are by chance in the way.
const MORE_FOR: usize = 1_000;

/// A model whose vectors are kept. Vectors of different models are never compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    pub(crate) id: i64,
    /// In the words of whoever made it.
    pub identity: String,
    /// Components of each of its vectors.
    pub dimension: usize,
    /// Every text had a vector of it once.
    pub complete: bool,
}

/// A text that waits for its vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub(crate) id: i64,
    /// What is to be turned into a vector.
    pub text: String,
}

#[derive(Default)]
pub(crate) struct Vectors {
    /// By model; made when first needed.
    sketches: Mutex<HashMap<i64, Arc<RwLock<Sketch>>>>,
    /// One sketch is made at a time.
    making: Mutex<()>,
}

/// Texts that stand somewhere on a level that has vectors.
const WANTED: &str =
    "text.unused IS NULL AND EXISTS (SELECT 1 FROM passage WHERE passage.text = text.id AND level < 4)";

impl Vectors {
    /// The row of a model, made where it is new.
    pub(crate) fn model(&self, db: &Database, identity: &str, dimension: usize) -> Result<Model> {
        let found = db.read(models)?.into_iter().find(|model| model.identity == identity);
        if let Some(model) = found {
            let wanted = model.dimension;
            return match wanted == dimension {
                true => Ok(model),
                false => Err(IndexError::Dimension { model: model.identity, wanted, found: dimension }),
            };
        }
        // Somebody else may make it at the same moment.
        let made = db.write(|db| {
            db.execute(
                "INSERT OR IGNORE INTO model (identity, dimension, complete) VALUES (?1, ?2, 0)",
                (identity, dimension as i64),
            )?;
            models(db)
        })?;
        let made = made.into_iter().find(|model| model.identity == identity);
        made.ok_or_else(|| IndexError::Stopped("a model that was just made known is not".to_owned()))
    }

    /// Writes vectors, whatever their length; those of texts that are gone meanwhile are left out.
    pub(crate) fn put(&self, db: &Database, model: &Model, vectors: &[(Waiting, Vec<f32>)]) -> Result<()> {
        let kept = |(text, vector): &(Waiting, Vec<f32>)| {
            let bytes = quantise::bytes(vector);
            let fine = quantise::fine(vector, &bytes);
            (text.id, bytes, fine)
        };
        let kept: Vec<_> = vectors.iter().map(kept).collect();
        for (_, vector) in vectors {
            if vector.len() != model.dimension {
                let (model, wanted) = (model.identity.clone(), model.dimension);
                return Err(IndexError::Dimension { model, wanted, found: vector.len() });
            }
        }
        let written = db.write(|db| {
            let mut statement = db.prepare_cached(
                "INSERT OR REPLACE INTO vector (model, text, e)
                 SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM text WHERE id = ?2)",
            )?;
            let mut finely = db.prepare_cached("INSERT OR REPLACE INTO fine (model, text, e) VALUES (?1, ?2, ?3)")?;
            let mut written = Vec::with_capacity(kept.len());
            for (text, e, fine) in &kept {
                let is_there = statement.execute((model.id, text, e))? > 0;
                if is_there {
                    finely.execute((model.id, text, fine))?;
                }
                written.push(is_there);
            }
            Ok(written)
        })?;
        if let Some(sketch) = self.made(model.id) {
            let mut sketch = sketch.write().unwrap_or_else(PoisonError::into_inner);
            for ((text, e, _), _) in kept.iter().zip(written).filter(|(_, written)| *written) {
                sketch.push(*text, e);
            }
        }
        Ok(())
    }

    /// Marks the model as complete and deletes the others, whose vectors nobody needs any more.
    pub(crate) fn complete(&self, db: &Database, model: &Model) -> Result<()> {
        // In pieces: nothing else is kept from writing for long.
        loop {
            let deleted = db.write(|db| {
                Ok(db.execute(
                    "DELETE FROM vector WHERE (model, text) IN
                     (SELECT model, text FROM vector WHERE model <> ?1 LIMIT 5000)",
                    [model.id],
                )?)
            })?;
            if deleted == 0 {
                break;
            }
        }
        db.write(|db| {
            db.execute("UPDATE model SET complete = 1 WHERE id = ?1", [model.id])?;
            db.execute("DELETE FROM model WHERE id <> ?1", [model.id])?;
            Ok(())
        })?;
        self.sketches.lock().unwrap_or_else(PoisonError::into_inner).retain(|id, _| *id == model.id);
        Ok(())
    }

    /// The texts nearest to a vector with their cosines, best first. Some may stand nowhere any more.
    pub(crate) fn nearest(&self, db: &Database, model: &Model, query: &[f32], most: usize) -> Result<Vec<(i64, f32)>> {
        let count = db.read(|db| count_up_to(db, model.id, FEW + 1))?;
        if count <= FEW {
            let found = db.read(|db| exact(db, model.id, query, most * 2))?;
            return db.read(|db| refined(db, model.id, query, &found, most));
        }
        let sketch = self.sketch(db, model)?;
        let near = {
            let sketch = sketch.read().unwrap_or_else(PoisonError::into_inner);
            match sketch.nearest(query, most * 3) {
                Some(found) => Ok(found),
                None => Err(sketch.near(query, (most * OVERSAMPLE).max(SAMPLE_LEAST) + sketch.len() / MORE_FOR)),
            }
        };
        let mut found = match near {
            Ok(found) => found,
            Err(near) => db.read(|db| rough_cosines(db, model.id, query, &near))?,
        };
        found.sort_by(|a, b| b.1.total_cmp(&a.1));
        found.dedup_by_key(|(id, _)| *id);
        found.truncate(most * 2);
        db.read(|db| refined(db, model.id, query, &found, most))
    }

    /// Gives the sketches' memory back; the next search rebuilds them.
    pub(crate) fn rest(&self) {
        self.sketches.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Has the sketch made before it is needed.
    pub(crate) fn warm(&self, db: &Database, model: &Model) -> Result<()> {
        if db.read(|db| count_up_to(db, model.id, FEW + 1))? > FEW {
            self.sketch(db, model)?;
        }
        Ok(())
    }

    fn made(&self, model: i64) -> Option<Arc<RwLock<Sketch>>> {
        self.sketches.lock().unwrap_or_else(PoisonError::into_inner).get(&model).cloned()
    }

    fn sketch(&self, db: &Database, model: &Model) -> Result<Arc<RwLock<Sketch>>> {
        if let Some(made) = self.fitting(model.id) {
            return Ok(made);
        }
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = self.fitting(model.id) {
            return Ok(made);
        }
        let made = Arc::new(RwLock::new(Sketch::new(model.dimension, std::iter::empty())));
        // Vectors that are written from now on wait for this lock and come after those that are read here.
        let mut filling = made.write().unwrap_or_else(PoisonError::into_inner);
        self.sketches.lock().unwrap_or_else(PoisonError::into_inner).insert(model.id, Arc::clone(&made));
        match db.read(|db| read_sketch(db, model)) {
            Ok(sketch) => *filling = sketch,
            Err(error) => {
                self.sketches.lock().unwrap_or_else(PoisonError::into_inner).remove(&model.id);
                return Err(error);
            }
        }
        drop(filling);
        Ok(made)
    }

    fn fitting(&self, model: i64) -> Option<Arc<RwLock<Sketch>>> {
        let made = self.made(model)?;
        let outgrown = made.read().unwrap_or_else(PoisonError::into_inner).is_outgrown();
        (!outgrown).then_some(made)
    }
}

pub(crate) fn models(db: &Connection) -> Result<Vec<Model>> {
    let mut statement = db.prepare_cached("SELECT id, identity, dimension, complete FROM model ORDER BY id")?;
    let rows = statement.query_map([], |row| {
        let dimension: i64 = row.get(2)?;
        Ok(Model {
            id: row.get(0)?,
            identity: row.get(1)?,
            dimension: usize::try_from(dimension).unwrap_or_default(),
            complete: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Texts after `after` that have no vector of the model, in the order they came.
pub(crate) fn waiting(db: &Connection, model: &Model, after: i64, most: usize) -> Result<Vec<Waiting>> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT id, heading, body FROM text
         WHERE id > ?2 AND {WANTED} AND NOT EXISTS (SELECT 1 FROM vector WHERE model = ?1 AND text = text.id)
         ORDER BY id LIMIT ?3"
    ))?;
    let rows = statement.query_map((model.id, after, most as i64), |row| {
        let (heading, body): (String, String) = (row.get(1)?, row.get(2)?);
        let text = if heading.is_empty() { body } else { format!("{heading}\n{body}") };
        Ok(Waiting { id: row.get(0)?, text })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many texts have a vector of the model, and how many should.
pub(crate) fn progress(db: &Connection, model: &Model) -> Result<(u32, u32)> {
    let embedded = format!(
        "SELECT count(*) FROM text WHERE {WANTED} AND EXISTS (SELECT 1 FROM vector WHERE model = ?1 AND text = text.id)"
    );
    let embedded = db.prepare_cached(&embedded)?.query_row([model.id], |row| row.get(0))?;
    let wanted =
        db.prepare_cached(&format!("SELECT count(*) FROM text WHERE {WANTED}"))?.query_row([], |row| row.get(0))?;
    Ok((embedded, wanted))
}

/// The cosines of these texts by everything that is kept of their vectors, in no order; those without one are left out.
pub(crate) fn cosines(db: &Connection, model: i64, query: &[f32], texts: &[i64]) -> Result<Vec<(i64, f32)>> {
    let mut statement = db.prepare_cached(
        "SELECT vector.text, vector.e, fine.e FROM json_each(?2) AS wanted
         CROSS JOIN vector ON vector.model = ?1 AND vector.text = wanted.value
         LEFT JOIN fine ON fine.model = vector.model AND fine.text = vector.text",
    )?;
    let rows = statement.query_map((model, serde_json::json!(texts).to_string()), |row| {
        let kept = row.get_ref(1)?.as_blob()?;
        let cosine = match row.get_ref(2)?.as_blob_or_null()? {
            Some(fine) => quantise::fine_cosine(query, kept, fine),
            None => quantise::cosine(query, kept),
        };
        Ok((row.get(0)?, cosine))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The cosines of these texts by the bytes of their vectors alone.
fn rough_cosines(db: &Connection, model: i64, query: &[f32], texts: &[i64]) -> Result<Vec<(i64, f32)>> {
    // One statement for all: each by itself takes several times as long.
    let mut statement = db.prepare_cached(
        "SELECT text, e FROM json_each(?2) AS wanted CROSS JOIN vector ON model = ?1 AND text = wanted.value",
    )?;
    let rows = statement.query_map((model, serde_json::json!(texts).to_string()), |row| {
        Ok((row.get(0)?, quantise::cosine(query, row.get_ref(1)?.as_blob()?)))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The best of those that were found, compared once more by everything that is kept of them, best first.
fn refined(db: &Connection, model: i64, query: &[f32], found: &[(i64, f32)], most: usize) -> Result<Vec<(i64, f32)>> {
    let texts: Vec<i64> = found.iter().map(|(id, _)| *id).collect();
    let finely: HashMap<i64, f32> = cosines(db, model, query, &texts)?.into_iter().collect();
    let mut refined: Vec<_> =
        found.iter().map(|&(id, cosine)| (id, finely.get(&id).copied().unwrap_or(cosine))).collect();
    refined.sort_by(|a, b| b.1.total_cmp(&a.1));
    refined.truncate(most);
    Ok(refined)
}

fn exact(db: &Connection, model: i64, query: &[f32], most: usize) -> Result<Vec<(i64, f32)>> {
    let mut statement = db.prepare_cached(
        "SELECT text, vec_distance_cosine(vec_int8(e), vec_int8(?2)) AS distance FROM vector
         WHERE model = ?1 ORDER BY distance LIMIT ?3",
    )?;
    let rows = statement.query_map((model, quantise::bytes(query), most as i64), |row| {
        let distance: Option<f64> = row.get(1)?;
        Ok((row.get(0)?, 1.0 - distance.unwrap_or(1.0) as f32))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn count_up_to(db: &Connection, model: i64, most: i64) -> Result<i64> {
    let mut statement = db.prepare_cached("SELECT count(*) FROM (SELECT 1 FROM vector WHERE model = ?1 LIMIT ?2)")?;
    Ok(statement.query_row((model, most), |row| row.get(0))?)
}

fn read_sketch(db: &Connection, model: &Model) -> Result<Sketch> {
    let mut statement = db.prepare_cached("SELECT e FROM vector WHERE model = ?1 ORDER BY text DESC LIMIT 4096")?;
    let sample = statement.query_map([model.id], |row| row.get::<_, Vec<u8>>(0))?;
    let sample = sample.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut sketch = Sketch::new(model.dimension, sample.iter().map(Vec::as_slice));
    let count: i64 = db.query_row("SELECT count(*) FROM vector WHERE model = ?1", [model.id], |row| row.get(0))?;
    sketch.reserve(usize::try_from(count).unwrap_or_default());
    let mut statement = db.prepare_cached("SELECT text, e FROM vector WHERE model = ?1")?;
    let mut rows = statement.query([model.id])?;
    while let Some(row) = rows.next()? {
        sketch.push(row.get(0)?, row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?);
    }
    tracing::debug!(model = model.identity, vectors = sketch.len(), "vectors are sketched");
    Ok(sketch)
}
