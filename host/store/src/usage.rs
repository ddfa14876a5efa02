//! Tokens spent, by model and person.

use jiff::Timestamp;
use rusqlite::Connection;
use steward_agent::{PersonId, Usage};

use crate::Store;
use crate::column::{Millis, RunId};
use crate::error::Result;
use crate::run::ModelUsage;

/// More than any answer can have. A provider's figure beyond it is a fault of theirs that must cost neither the answer
/// nor, by an overflow, the totals.
const MOST_TOKENS: i64 = 1_000_000_000_000;

/// What one model was used for in a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageTotal {
    pub model: String,
    /// How often it answered.
    pub calls: u64,
    pub usage: Usage,
}

impl Store {
    /// Adds one answer of a model that was asked outside the steps of a run, such as by a plugin during one.
    pub async fn add_usage(
        &self,
        run: Option<RunId>,
        person: PersonId,
        call: ModelUsage,
        now: Timestamp,
    ) -> Result<()> {
        let used = call.clone();
        self.write(move |tx| insert(tx, run, person.0, std::slice::from_ref(&call), now)).await?;
        self.counter.models(std::slice::from_ref(&used));
        Ok(())
    }

    /// The totals of each model since then, of one person or of all; the most used model first.
    pub async fn usage_since(&self, since: Timestamp, person: Option<PersonId>) -> Result<Vec<UsageTotal>> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                "SELECT model, count(*), sum(input), sum(output), sum(cached) FROM usage
                 WHERE at >= ?1 AND (?2 IS NULL OR person = ?2)
                 GROUP BY model ORDER BY sum(input) + sum(output) DESC, model",
            )?;
            let rows = statement.query_map((Millis(since), person.map(|person| person.0)), |row| {
                let count = |index| row.get::<_, i64>(index).map(i64::unsigned_abs);
                let usage = Usage { input: count(2)?, output: count(3)?, cached: count(4)? };
                Ok(UsageTotal { model: row.get(0)?, calls: count(1)?, usage })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}

pub(crate) fn insert(
    db: &Connection,
    run: Option<RunId>,
    person: i64,
    calls: &[ModelUsage],
    now: Timestamp,
) -> Result<()> {
    let mut statement = db.prepare_cached(
        "INSERT INTO usage (at, person, run, model, input, output, cached) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for ModelUsage { model, usage } in calls {
        let [input, output, cached] = [usage.input, usage.output, usage.cached]
            .map(|tokens| i64::try_from(tokens).unwrap_or(MOST_TOKENS).min(MOST_TOKENS));
        statement.execute((Millis(now), person, run, model, input, output, cached))?;
    }
    Ok(())
}
