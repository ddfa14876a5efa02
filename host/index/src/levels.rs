//! Which level each passage of a conversation is on. The newest are short, those before them medium; what was recalled
//! often enough is long, however old it is; the rest has no vector and is found by its words alone. The level follows
//! from the files and the counts of recalls, so an index that is rebuilt has the same.

use rusqlite::Connection;
use steward_agent::MemoryLevel;

use crate::error::Result;
use crate::files::TextHash;

/// How many passages a level holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levels {
    /// Passages of the newest conversations.
    pub short: u32,
    /// Passages of those before them.
    pub medium: u32,
    /// Unlimited where it is none.
    pub long: Option<u32>,
    /// What was recalled so often becomes long.
    pub promote_after: u32,
}

impl Default for Levels {
    fn default() -> Self {
        Self { short: 100, medium: 500, long: None, promote_after: 2 }
    }
}

/// No vector.
const NONE: i64 = 4;

pub(crate) fn number(level: MemoryLevel) -> i64 {
    match level {
        MemoryLevel::Short => 1,
        MemoryLevel::Medium => 2,
        MemoryLevel::Long => 3,
    }
}

/// Counts the levels again and deletes the vectors of what is on none any more.
pub(crate) fn settle(db: &Connection, levels: Levels) -> Result<()> {
    let mut held = [0u32; 3];
    let mut changed = Vec::new();
    for talk in talks(db)? {
        let level = talk.level(levels, &mut held);
        if level != talk.present {
            changed.push((talk.passage, talk.text, level));
        }
    }
    for (passage, text, level) in changed {
        db.prepare_cached("UPDATE passage SET level = ?2 WHERE id = ?1")?.execute((passage, level))?;
        if level == NONE {
            db.prepare_cached(
                "DELETE FROM vector WHERE text = ?1 AND model IN (SELECT id FROM model)
                 AND NOT EXISTS (SELECT 1 FROM passage WHERE text = ?1 AND level < 4)",
            )?
            .execute([text])?;
        }
    }
    Ok(())
}

/// How many passages are on each level.
pub(crate) fn counts(db: &Connection) -> Result<[u32; 3]> {
    let mut counts = [0; 3];
    for (count, level) in counts.iter_mut().zip(MemoryLevel::ALL) {
        *count = db
            .prepare_cached("SELECT count(*) FROM passage WHERE talk = 1 AND level = ?1")?
            .query_row([number(level)], |row| row.get(0))?;
    }
    Ok(counts)
}

/// The texts of conversations on these levels; with all three those on none too.
pub(crate) fn texts(db: &Connection, levels: &[MemoryLevel]) -> Result<Vec<TextHash>> {
    let all = levels.len() == MemoryLevel::ALL.len();
    let mut statement = db.prepare_cached(
        "SELECT DISTINCT text.hash, passage.level FROM passage JOIN text ON text.id = passage.text WHERE talk = 1",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, TextHash>(0)?, row.get::<_, i64>(1)?)))?;
    let mut found = Vec::new();
    for row in rows {
        let (hash, level) = row?;
        if all || levels.iter().any(|one| number(*one) == level) {
            found.push(hash);
        }
    }
    Ok(found)
}

struct Talk {
    passage: i64,
    text: i64,
    present: i64,
    recalls: u32,
}

impl Talk {
    fn level(&self, levels: Levels, held: &mut [u32; 3]) -> i64 {
        let mut take = |level: MemoryLevel, most: Option<u32>| {
            let held = &mut held[level as usize];
            let room = most.is_none_or(|most| *held < most);
            *held += u32::from(room);
            room
        };
        let level = if self.recalls >= levels.promote_after && take(MemoryLevel::Long, levels.long) {
            MemoryLevel::Long
        } else if take(MemoryLevel::Short, Some(levels.short)) {
            MemoryLevel::Short
        } else if take(MemoryLevel::Medium, Some(levels.medium)) {
            MemoryLevel::Medium
        } else {
            return NONE;
        };
        number(level)
    }
}

/// Newest first.
fn talks(db: &Connection) -> Result<Vec<Talk>> {
    let mut statement = db.prepare_cached(
        "SELECT passage.id, passage.text, passage.level, coalesce(recall.times, 0)
         FROM passage JOIN text ON text.id = passage.text JOIN file ON file.id = passage.file
         LEFT JOIN recall ON recall.hash = text.hash
         WHERE talk = 1 ORDER BY written DESC, first_line DESC, file.path DESC",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Talk { passage: row.get(0)?, text: row.get(1)?, present: row.get(2)?, recalls: row.get(3)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
