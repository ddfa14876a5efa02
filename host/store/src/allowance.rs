//! What people who are not owners may use up in a day, and what they have. It is counted here and not in memory, so
//! that neither a restart nor anything they do begins it again.
//!
//! Each person has a budget. Whom no owner has let in also draws on one that all such people share, for many of them
//! may be one. How much that is, is said once, at start; until then nothing is counted.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, OptionalExtension};
use steward_agent::{PersonId, Role};

use crate::Store;
use crate::error::Result;

/// Everybody together whom no owner has let in.
const TOGETHER: i64 = 0;
const TOLD: &str = "told/";

/// Something that can be used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource {
    /// Messages that are handled.
    Messages,
    /// Files that are fetched.
    Files,
    /// Bytes kept on disk: files, messages and letters.
    Bytes,
    /// Tokens of models, read and written.
    Tokens,
    /// Millionths of the currency in which the prices of models are given.
    Money,
    /// Messages to owners that go out at once.
    Letters,
    /// Answers to tasks.
    Answers,
}

impl Resource {
    pub const ALL: [Self; 7] =
        [Self::Messages, Self::Files, Self::Bytes, Self::Tokens, Self::Money, Self::Letters, Self::Answers];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Files => "files",
            Self::Bytes => "bytes",
            Self::Tokens => "tokens",
            Self::Money => "money",
            Self::Letters => "letters",
            Self::Answers => "answers",
        }
    }
}

/// The most of each resource in a day; what is not in it has no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budget(pub BTreeMap<Resource, u64>);

impl Budget {
    fn of(&self, resource: Resource) -> Option<u64> {
        self.0.get(&resource).copied()
    }
}

/// What people who are not owners may use up in a day.
#[derive(Clone, Debug)]
pub struct Allowances {
    /// Each of them.
    pub each: Budget,
    /// Everybody together whom no owner has let in.
    pub together: Budget,
    /// Where a day begins.
    pub zone: TimeZone,
}

impl Allowances {
    fn day(&self, now: Timestamp) -> String {
        now.to_zoned(self.zone.clone()).date().to_string()
    }
}

/// What somebody has used up today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// `None` is everybody together whom no owner has let in.
    pub person: Option<PersonId>,
    /// As they call themselves; empty for everybody together.
    pub name: String,
    pub amounts: BTreeMap<Resource, u64>,
}

impl Store {
    /// Says what people who are not owners may use up; the first word counts.
    pub fn limit_people(&self, allowances: Allowances) {
        let _ = self.allowances.set(allowances);
    }

    /// What was said by [`Store::limit_people`].
    pub fn allowances(&self) -> Option<&Allowances> {
        self.allowances.get()
    }

    /// Takes these amounts from what the person may still use today: all of them, or none, and then the resource that
    /// does not suffice is given. An amount of 0 asks whether anything is left. Owners have no limits.
    pub async fn charge(
        &self,
        person: PersonId,
        wanted: &[(Resource, u64)],
        now: Timestamp,
    ) -> Result<Option<Resource>> {
        let Some(allowances) = self.allowances.get().cloned() else { return Ok(None) };
        let wanted = wanted.to_vec();
        self.write(move |tx| charge(tx, &allowances, person, &wanted, now)).await
    }

    /// Corrects what was charged once more is known: what was not used after all is given back, and what was used beyond
    /// it is counted whatever the limit is.
    pub async fn correct(&self, person: PersonId, changes: &[(Resource, i64)], now: Timestamp) -> Result<()> {
        let Some(allowances) = self.allowances.get().cloned() else { return Ok(()) };
        let changes = changes.to_vec();
        self.write(move |tx| {
            let Some(standing) = standing(tx, person)? else { return Ok(()) };
            let day = allowances.day(now);
            for (resource, change) in &changes {
                for who in payers(person, standing) {
                    add(tx, &day, who, resource.as_str(), *change)?;
                }
            }
            Ok(())
        })
        .await
    }

    /// Whether this is the first time today that the person is told this.
    pub async fn first_today(&self, person: PersonId, what: &str, now: Timestamp) -> Result<bool> {
        let zone = self.allowances.get().map_or(TimeZone::UTC, |allowances| allowances.zone.clone());
        let day = now.to_zoned(zone).date().to_string();
        let what = format!("{TOLD}{what}");
        self.write(move |tx| {
            let told = amount(tx, &day, person.0, &what)? > 0;
            if !told {
                add(tx, &day, person.0, &what, 1)?;
            }
            Ok(!told)
        })
        .await
    }

    /// What was used up on the day of `now`: first by everybody together whom no owner has let in, then by each, who
    /// used most first. At most `limit` people.
    pub async fn spent_today(&self, now: Timestamp, limit: usize) -> Result<Vec<Spent>> {
        let Some(allowances) = self.allowances.get().cloned() else { return Ok(Vec::new()) };
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                "SELECT spent.person, coalesce(person.name, ''), resource, amount FROM spent
                 LEFT JOIN person ON person.id = spent.person
                 WHERE day = ?1 AND spent.person IN (
                   SELECT person FROM spent WHERE day = ?1
                   GROUP BY person ORDER BY person > 0, sum(amount) DESC LIMIT ?2)",
            )?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
            let rows = statement.query_map((allowances.day(now), limit), |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get::<_, i64>(3)?))
            })?;
            let mut people: BTreeMap<i64, Spent> = BTreeMap::new();
            for row in rows {
                let (id, name, resource, amount) = row?;
                let person = (id != TOGETHER).then_some(PersonId(id));
                let spent = people.entry(id).or_insert_with(|| Spent { person, name, amounts: BTreeMap::new() });
                if let Some(resource) = Resource::ALL.into_iter().find(|known| known.as_str() == resource) {
                    spent.amounts.insert(resource, amount.unsigned_abs());
                }
            }
            let mut spent: Vec<Spent> = people.into_values().filter(|spent| !spent.amounts.is_empty()).collect();
            spent.sort_by_key(|spent| (spent.person.is_some(), std::cmp::Reverse(spent.amounts.values().sum::<u64>())));
            Ok(spent)
        })
        .await
    }

    /// Whom a new installation answers: the word of `access.open_to`, where the configuration says nothing.
    pub async fn open_to(&self) -> Result<String> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT value FROM installation WHERE key = 'open_to'")?;
            Ok(statement.query_row([], |row| row.get(0)).optional()?.unwrap_or_else(|| "paired".to_owned()))
        })
        .await
    }
}

/// Whose budgets a person draws on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Let in by an owner: by a code or with a role.
    Known,
    Stranger,
}

/// `None` for owners and for whom nobody knows: they have no limits.
fn standing(db: &Connection, person: PersonId) -> Result<Option<Standing>> {
    let found = db
        .prepare_cached("SELECT role, allowed FROM person WHERE id = ?1")?
        .query_row([person.0], |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)))
        .optional()?;
    Ok(found.and_then(|(role, allowed)| match Role::from(role) {
        Role::Owner => None,
        Role::External | Role::Group if !allowed => Some(Standing::Stranger),
        _ => Some(Standing::Known),
    }))
}

fn payers(person: PersonId, standing: Standing) -> impl Iterator<Item = i64> {
    std::iter::once(person.0).chain((standing == Standing::Stranger).then_some(TOGETHER))
}

/// See [`Store::charge`].
pub(crate) fn charge(
    db: &Connection,
    allowances: &Allowances,
    person: PersonId,
    wanted: &[(Resource, u64)],
    now: Timestamp,
) -> Result<Option<Resource>> {
    let Some(standing) = standing(db, person)? else { return Ok(None) };
    let day = allowances.day(now);
    for (resource, wanted) in wanted {
        for who in payers(person, standing) {
            let budget = if who == TOGETHER { &allowances.together } else { &allowances.each };
            let Some(limit) = budget.of(*resource) else { continue };
            if amount(db, &day, who, resource.as_str())?.saturating_add((*wanted).max(1)) > limit {
                return Ok(Some(*resource));
            }
        }
    }
    for (resource, wanted) in wanted.iter().filter(|(_, wanted)| *wanted > 0) {
        for who in payers(person, standing) {
            add(db, &day, who, resource.as_str(), i64::try_from(*wanted).unwrap_or(i64::MAX))?;
        }
    }
    Ok(None)
}

fn amount(db: &Connection, day: &str, person: i64, resource: &str) -> Result<u64> {
    let known: Option<i64> = db
        .prepare_cached("SELECT amount FROM spent WHERE day = ?1 AND person = ?2 AND resource = ?3")?
        .query_row((day, person, resource), |row| row.get(0))
        .optional()?;
    Ok(known.map_or(0, i64::unsigned_abs))
}

fn add(db: &Connection, day: &str, person: i64, resource: &str, change: i64) -> Result<()> {
    // Far below the largest number, so that no sum overflows.
    let change = change.clamp(-1_000_000_000_000_000, 1_000_000_000_000_000);
    db.prepare_cached(
        "INSERT INTO spent (day, person, resource, amount) VALUES (?1, ?2, ?3, max(?4, 0))
         ON CONFLICT (day, person, resource) DO UPDATE SET amount = max(amount + ?4, 0)",
    )?
    .execute((day, person, resource, change))?;
    Ok(())
}

#[cfg(test)]
mod tests;
