//! Tasks that the owner gives to other people. A person sees and changes their own and no other.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::{Deserialize, Serialize};
use steward_agent::{Outgoing, PersonId, clean_name};

use crate::Store;
use crate::allowance::Resource;
use crate::column::{Millis, TaskId};
use crate::error::{Result, StoreError};
use crate::letters::{self, Letter, Posted};
use crate::{allowance, effect, people};

/// How far a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    Open,
    InProgress,
    Done,
    Declined,
    Cancelled,
}

impl TaskStatus {
    pub const ALL: [Self; 5] = [Self::Open, Self::InProgress, Self::Done, Self::Declined, Self::Cancelled];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::InProgress => "in_progress",
            Self::Done => "done",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
        }
    }

    /// Nothing more is to be done.
    pub fn is_closed(self) -> bool {
        !matches!(self, Self::Open | Self::InProgress)
    }
}

impl fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TaskStatus {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            StoreError::Invalid(format!("no status is called \"{text}\": use one of {names}"))
        })
    }
}

impl ToSql for TaskStatus {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for TaskStatus {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map_err(|error: StoreError| FromSqlError::other(error))
    }
}

/// A task as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    pub id: TaskId,
    /// Who is to do it, and the name they have now.
    pub person: PersonId,
    pub person_name: String,
    /// Who gave it.
    pub creator: PersonId,
    pub title: String,
    pub kind: Option<String>,
    pub status: TaskStatus,
    /// The date, or date and time without offset, as it was given.
    pub deadline: Option<String>,
    /// The instant it means.
    pub deadline_at: Option<Timestamp>,
    pub context: Option<String>,
    pub skill: Option<String>,
    /// What the person answered.
    pub outcome: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A task to be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTask {
    pub creator: PersonId,
    pub person: PersonId,
    pub title: String,
    pub kind: Option<String>,
    pub deadline: Option<String>,
    pub deadline_at: Option<Timestamp>,
    pub context: Option<String>,
    pub skill: Option<String>,
}

/// Which tasks to list; what is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskFilter {
    pub person: Option<PersonId>,
    pub status: Option<TaskStatus>,
    pub kind: Option<String>,
    /// Only what should have been done by then and is not.
    pub overdue_at: Option<Timestamp>,
}

const SELECT: &str = "SELECT task.id, task.person, person.name, task.creator, task.title, task.kind, task.status,
    task.deadline, task.deadline_at, task.context, task.skill, task.outcome, task.created_at, task.updated_at
    FROM task JOIN person ON person.id = task.person";

/// The tasks that were given to people, and nothing else of the store.
#[derive(Clone, Copy)]
pub struct Tasks<'a>(&'a Store);

impl Store {
    /// The tasks that were given to people.
    pub fn tasks(&self) -> Tasks<'_> {
        Tasks(self)
    }

    /// The tasks that were changed last, of one person or of everybody; at most so many.
    pub async fn latest_tasks(&self, person: Option<PersonId>, most: u32) -> Result<Vec<Task>> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(&latest(person.is_some()))?;
            let rows = statement.query_map((person.map(|id| id.0), most), task_row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}

impl Tasks<'_> {
    /// Gives a task. With the key of a tool call, a second time with that key gives the task of the first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the person or the creator is not known.
    pub async fn create(self, new: NewTask, key: Option<&str>, now: Timestamp) -> Result<Task> {
        let key = key.map(str::to_owned);
        self.0
            .write(move |tx| {
                if let Some(task) = by_key(tx, key.as_deref())? {
                    return Ok(task);
                }
                people::known(tx, new.person)?;
                people::known(tx, new.creator)?;
                let id = insert(tx, &new, key.as_deref(), now)?;
                tx.touch_tasks();
                by_id(tx, id)?.ok_or_else(|| not_found(id))
            })
            .await
    }

    /// The tasks that fit, newest first.
    pub async fn list(self, filter: TaskFilter) -> Result<Vec<Task>> {
        self.0
            .read(move |db| {
                let mut statement = db.prepare_cached(&format!(
                    "{SELECT} WHERE (?1 IS NULL OR task.person = ?1) AND (?2 IS NULL OR task.status = ?2)
                 AND (?3 IS NULL OR task.kind = ?3)
                 AND (?4 IS NULL OR (task.deadline_at < ?4 AND task.status IN ('open', 'in_progress')))
                 ORDER BY task.id DESC"
                ))?;
                let params = (filter.person.map(|id| id.0), filter.status, &filter.kind, filter.overdue_at.map(Millis));
                let rows = statement.query_map(params, task_row)?;
                Ok(rows.collect::<rusqlite::Result<_>>()?)
            })
            .await
    }

    /// Every task given to the person, newest first.
    pub async fn own(self, person: PersonId) -> Result<Vec<Task>> {
        self.list(TaskFilter { person: Some(person), ..TaskFilter::default() }).await
    }

    /// Changes the status, the outcome or both of a task of the person's own, and puts the notice made from the changed
    /// task on its way; both or neither. A second time with the key of a tool call changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the task is not the person's, [`StoreError::Exhausted`] if they may give no more answers
    /// today.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is one plain fact of the change; a struct would only rename them"
    )]
    pub async fn update_own(
        self,
        person: PersonId,
        id: TaskId,
        status: Option<TaskStatus>,
        outcome: Option<String>,
        notice: impl FnOnce(&Task) -> Vec<Outgoing> + Send + 'static,
        key: Option<&str>,
        now: Timestamp,
    ) -> Result<Task> {
        let (allowances, key) = (self.0.allowances.get().cloned(), key.map(str::to_owned));
        let mut notice = Notice::ToMake(Box::new(notice));
        self.0
            .write(move |tx| {
                let task = by_id(tx, id)?.filter(|task| task.person == person).ok_or_else(|| not_found(id))?;
                if let Some(key) = &key {
                    if effect::is_done(tx, key)? {
                        return Ok(task);
                    }
                    effect::mark(tx, key)?;
                }
                let size = outcome.as_ref().map_or(0, String::len) as u64;
                let wanted = [(Resource::Answers, 1), (Resource::Bytes, size)];
                if let Some(allowances) = &allowances
                    && let Some(resource) = allowance::charge(tx, allowances, person, &wanted, now)?
                {
                    return Err(StoreError::Exhausted(resource));
                }
                update(tx, id, status, outcome.as_deref(), now)?;
                tx.touch_tasks();
                let task = by_id(tx, id)?.ok_or_else(|| not_found(id))?;
                let letter = |message: &Outgoing| Letter { reader: task.creator, message: message.clone() };
                let letters: Vec<Letter> = notice.of(&task).iter().map(letter).collect();
                match letters::post(tx, allowances.as_ref(), person, &letters, now)? {
                    Posted::Full => Err(StoreError::Exhausted(Resource::Bytes)),
                    Posted::Sent | Posted::Gathered => Ok(task),
                }
            })
            .await
    }
}

/// An index gives them in this order, so old tasks are not read.
fn latest(of_one: bool) -> String {
    let clause = if of_one { "task.person = ?1" } else { "?1 IS NULL" };
    format!("{SELECT} WHERE {clause} ORDER BY task.updated_at DESC LIMIT ?2")
}

type MakeNotice = Box<dyn FnOnce(&Task) -> Vec<Outgoing> + Send>;

/// A notice is made once, also if the change itself must be made again.
enum Notice {
    ToMake(MakeNotice),
    Made(Vec<Outgoing>),
}

impl Notice {
    fn of(&mut self, task: &Task) -> &[Outgoing] {
        if let Self::ToMake(_) = self
            && let Self::ToMake(make) = std::mem::replace(self, Self::Made(Vec::new()))
        {
            *self = Self::Made(make(task));
        }
        match self {
            Self::Made(messages) => messages,
            Self::ToMake(_) => &[],
        }
    }
}

fn not_found(id: TaskId) -> StoreError {
    StoreError::NotFound(format!("there is no task {id} for this person: list the tasks to see their ids"))
}

fn task_row(row: &Row<'_>) -> rusqlite::Result<Task> {
    Ok(Task {
        id: row.get(0)?,
        person: PersonId(row.get(1)?),
        person_name: clean_name(&row.get::<_, String>(2)?),
        creator: PersonId(row.get(3)?),
        title: row.get(4)?,
        kind: row.get(5)?,
        status: row.get(6)?,
        deadline: row.get(7)?,
        deadline_at: row.get::<_, Option<Millis>>(8)?.map(|at| at.0),
        context: row.get(9)?,
        skill: row.get(10)?,
        outcome: row.get(11)?,
        created_at: row.get::<_, Millis>(12)?.0,
        updated_at: row.get::<_, Millis>(13)?.0,
    })
}

fn by_id(db: &Connection, id: TaskId) -> Result<Option<Task>> {
    Ok(db.prepare_cached(&format!("{SELECT} WHERE task.id = ?1"))?.query_row([id], task_row).optional()?)
}

fn by_key(db: &Connection, key: Option<&str>) -> Result<Option<Task>> {
    Ok(db.prepare_cached(&format!("{SELECT} WHERE task.key = ?1"))?.query_row([key], task_row).optional()?)
}

fn insert(db: &Connection, new: &NewTask, key: Option<&str>, now: Timestamp) -> Result<TaskId> {
    db.prepare_cached(
        "INSERT INTO task (person, creator, title, kind, status, deadline, deadline_at, context, skill, key,
                           created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11)",
    )?
    .execute((
        new.person.0,
        new.creator.0,
        &new.title,
        &new.kind,
        TaskStatus::Open,
        &new.deadline,
        new.deadline_at.map(Millis),
        &new.context,
        &new.skill,
        key,
        Millis(now),
    ))?;
    Ok(TaskId(db.last_insert_rowid()))
}

fn update(
    db: &Connection,
    id: TaskId,
    status: Option<TaskStatus>,
    outcome: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    db.prepare_cached(
        "UPDATE task SET status = coalesce(?2, status), outcome = coalesce(?3, outcome), updated_at = ?4
         WHERE id = ?1",
    )?
    .execute((id, status, outcome, Millis(now)))?;
    Ok(())
}

#[cfg(test)]
mod tests;
