//! What passed through the store since this process opened it, counted in memory, and how much waits in it now. Nothing
//! here is about a person or holds a text; it is what an operator watches.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use steward_agent::Usage;

use crate::Store;
use crate::audit::AuditRow;
use crate::error::Result;
use crate::run::{ModelUsage, RunOutcome};

/// Names of models come from their servers; what is beyond so many is counted under [`OTHER`].
const MOST_NAMES: usize = 100;
/// What a name is replaced by where there are too many, or none that could be shown.
pub const OTHER: &str = "other";

/// The upper bounds of the classes of durations, in milliseconds. What took longer than all of them is in the count alone.
pub const DURATION_BOUNDS_MS: [u64; 8] = [5, 25, 100, 500, 1_000, 5_000, 15_000, 60_000];

/// Since this process opened the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages by channel.
    pub received: BTreeMap<String, u64>,
    pub sent: BTreeMap<String, u64>,
    /// Messages given up for good.
    pub undeliverable: BTreeMap<String, u64>,
    /// Runs that ended, by how.
    pub runs: BTreeMap<&'static str, u64>,
    /// By model.
    pub models: BTreeMap<String, ModelCount>,
    /// By plugin and tool. Calls that reached no plugin are under [`OTHER`], for the model may have made the name up.
    pub tools: BTreeMap<(String, String), ToolCount>,
}

/// What one model was used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModelCount {
    pub answers: u64,
    pub usage: Usage,
}

/// The calls of one tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolCount {
    pub outcomes: BTreeMap<String, u64>,
    pub durations: Durations,
}

/// How long calls took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    /// How many took at most so long, for each of [`DURATION_BOUNDS_MS`].
    pub within: [u64; DURATION_BOUNDS_MS.len()],
    pub count: u64,
    pub sum: Duration,
}

/// What waits at this moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queues {
    /// Messages and wakes that no run has taken.
    pub inbox: u64,
    /// Messages that are not sent yet, by channel.
    pub outbox: BTreeMap<String, u64>,
    /// Runs that have not ended.
    pub runs: u64,
    /// Questions that no owner has decided.
    pub questions: u64,
    /// Scheduled work.
    pub jobs: u64,
}

/// Where the counts are kept.
#[derive(Debug, Default)]
pub(crate) struct Counter(Mutex<Counts>);

impl Counter {
    pub(crate) fn received(&self, channel: &str) {
        self.with(|counts| add(&mut counts.received, channel));
    }

    pub(crate) fn sent(&self, channel: &str) {
        self.with(|counts| add(&mut counts.sent, channel));
    }

    pub(crate) fn undeliverable(&self, channel: &str) {
        self.with(|counts| add(&mut counts.undeliverable, channel));
    }

    pub(crate) fn run(&self, outcome: RunOutcome, usage: &[ModelUsage]) {
        self.with(|counts| *counts.runs.entry(outcome.as_str()).or_default() += 1);
        self.models(usage);
    }

    pub(crate) fn models(&self, calls: &[ModelUsage]) {
        self.with(|counts| {
            for call in calls {
                let full = counts.models.len() >= MOST_NAMES && !counts.models.contains_key(&call.model);
                let name = if full { OTHER } else { &call.model };
                let count = counts.models.entry(name.to_owned()).or_default();
                count.answers += 1;
                for (total, more) in [
                    (&mut count.usage.input, call.usage.input),
                    (&mut count.usage.output, call.usage.output),
                    (&mut count.usage.cached, call.usage.cached),
                ] {
                    *total = total.saturating_add(more);
                }
            }
        });
    }

    pub(crate) fn tool(&self, call: &AuditRow) {
        let (plugin, tool) = match call.plugin.as_str() {
            "" => (OTHER, OTHER),
            plugin => (plugin, call.tool.as_str()),
        };
        self.with(|counts| {
            let count = counts.tools.entry((plugin.to_owned(), tool.to_owned())).or_default();
            add(&mut count.outcomes, &call.outcome);
            count.durations.add(call.cost.wall);
        });
    }

    fn with<T>(&self, change: impl FnOnce(&mut Counts) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Durations {
    fn add(&mut self, time: Duration) {
        for (within, bound) in self.within.iter_mut().zip(DURATION_BOUNDS_MS) {
            *within += u64::from(time <= Duration::from_millis(bound));
        }
        self.count += 1;
        self.sum = self.sum.saturating_add(time);
    }
}

fn add(counts: &mut BTreeMap<String, u64>, name: &str) {
    *counts.entry(name.to_owned()).or_default() += 1;
}

impl Store {
    /// What passed through since this process opened the store; other processes count for themselves.
    pub fn counts(&self) -> Counts {
        self.counter.with(|counts| counts.clone())
    }

    /// How much waits now. Cheap, for there is an index of each.
    pub async fn queues(&self) -> Result<Queues> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached("SELECT channel, count(*) FROM outbox WHERE state = 'pending' GROUP BY channel")?;
            let waiting = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
            Ok(Queues {
                outbox: waiting.collect::<rusqlite::Result<_>>()?,
                inbox: count(db, "SELECT count(*) FROM inbox WHERE state = 'new'")?,
                runs: count(db, "SELECT count(*) FROM run WHERE state = 'open'")?,
                questions: count(db, "SELECT count(*) FROM approval WHERE settled = 0 AND state = 'asking'")?,
                jobs: count(db, "SELECT count(*) FROM job WHERE state = 'active'")?,
            })
        })
        .await
    }
}

fn count(db: &Connection, sql: &str) -> Result<u64> {
    Ok(db.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0))?.unsigned_abs())
}

#[cfg(test)]
mod tests;
