//! Questions about tool calls and how they were decided. A question is on disk before it is shown and its decision
//! before the call is made, so that a crash in between neither asks twice nor lets a call pass.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use steward_agent::{Draft, Language, PersonId, Question};

use crate::Store;
use crate::code::new_code;
use crate::column::{ApprovalId, Json, Millis, RunId};
use crate::error::{Result, StoreError};

/// A question to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApproval {
    /// Of the tool call: a second question about the same call is the first one.
    pub key: String,
    pub run: RunId,
    pub tool: String,
    /// As the plugin would get them.
    pub arguments: String,
    /// Of those who are asked.
    pub language: Language,
    pub question: Question,
}

/// A question that was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    pub id: ApprovalId,
    pub run: RunId,
    pub tool: String,
    pub arguments: String,
    pub language: Language,
    pub question: Question,
    /// The message that shows it.
    pub message: Option<Draft>,
    pub state: ApprovalState,
}

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApprovalState {
    Asking,
    Approved,
    Denied,
    /// Nobody answered in time.
    Expired,
    /// The run was stopped meanwhile.
    Withdrawn,
}

impl ApprovalState {
    const ALL: [Self; 5] = [Self::Asking, Self::Approved, Self::Denied, Self::Expired, Self::Withdrawn];

    fn as_str(self) -> &'static str {
        match self {
            Self::Asking => "asking",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        }
    }
}

const COLUMNS: &str = "id, run, tool, arguments, language, question, message, state";

impl Store {
    /// A code for a question that is about to be asked: nobody can guess it.
    pub fn approval_code() -> String {
        new_code()
    }

    /// Writes a question down, or gives the one that was asked about this call before.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if the question asked before was about another tool or other arguments.
    pub async fn ask_approval(&self, new: NewApproval, now: Timestamp) -> Result<Approval> {
        self.write(move |tx| {
            tx.prepare_cached(
                "INSERT INTO approval (key, code, run, tool, arguments, language, question, asked_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (key) DO NOTHING",
            )?
            .execute((
                &new.key,
                &new.question.code,
                new.run,
                &new.tool,
                &new.arguments,
                new.language.tag(),
                Json(&new.question),
                Millis(now),
            ))?;
            let asked = one(tx, "key", &new.key)?.ok_or_else(|| missing(&new.key))?;
            if asked.tool != new.tool || asked.arguments != new.arguments {
                return Err(StoreError::Invalid("this call is not the one that was asked about".to_owned()));
            }
            Ok(asked)
        })
        .await
    }

    /// The question of that code.
    pub async fn approval(&self, code: &str) -> Result<Option<Approval>> {
        let code = code.to_owned();
        self.read(move |db| one(db, "code", &code)).await
    }

    /// Remembers the message that shows the question.
    pub async fn approval_shown(&self, id: ApprovalId, message: &Draft) -> Result<()> {
        let message = message.0.clone();
        self.write(move |tx| {
            tx.prepare_cached("UPDATE approval SET message = ?2 WHERE id = ?1")?.execute((id, &message))?;
            Ok(())
        })
        .await
    }

    /// Decides the question of that code if it still waits and its run goes on; gives it as it is then, or `None` if
    /// there is no such question.
    pub async fn decide_approval(
        &self,
        code: &str,
        approved: bool,
        by: PersonId,
        now: Timestamp,
    ) -> Result<Option<Approval>> {
        let code = code.to_owned();
        let state = if approved { ApprovalState::Approved } else { ApprovalState::Denied };
        self.write(move |tx| {
            tx.prepare_cached(
                "UPDATE approval SET state = ?2, decided_by = ?3, decided_at = ?4
                 WHERE code = ?1 AND state = 'asking'
                   AND EXISTS (SELECT 1 FROM run WHERE run.id = approval.run AND run.state = 'open')",
            )?
            .execute((&code, state.as_str(), by.0, Millis(now)))?;
            one(tx, "code", &code)
        })
        .await
    }

    /// Closes a question that nobody decided, as `state`; gives what it is then, for a decision may have come first.
    pub async fn close_approval(&self, id: ApprovalId, state: ApprovalState, now: Timestamp) -> Result<ApprovalState> {
        self.write(move |tx| {
            tx.prepare_cached("UPDATE approval SET state = ?2, decided_at = ?3 WHERE id = ?1 AND state = 'asking'")?
                .execute((id, state.as_str(), Millis(now)))?;
            let now: String =
                tx.prepare_cached("SELECT state FROM approval WHERE id = ?1")?.query_row([id], |row| row.get(0))?;
            Ok(read_state(&now))
        })
        .await
    }

    /// Questions that wait for a decision, oldest first.
    pub async fn open_approvals(&self) -> Result<Vec<Approval>> {
        self.read(|db| {
            let sql = format!(
                "SELECT {COLUMNS} FROM approval
                 WHERE state = 'asking' AND run IN (SELECT id FROM run WHERE state = 'open') ORDER BY id LIMIT 64"
            );
            let mut statement = db.prepare_cached(&sql)?;
            let rows = statement.query_map([], approval)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// Questions that are shown as if they still waited although they are closed, oldest first. Those of a run that
    /// has ended count as closed.
    pub async fn outdated_approvals(&self) -> Result<Vec<Approval>> {
        self.read(|db| {
            let sql = format!(
                "SELECT {COLUMNS} FROM approval
                 WHERE settled = 0 AND message IS NOT NULL
                   AND (state <> 'asking' OR run NOT IN (SELECT id FROM run WHERE state = 'open'))
                 ORDER BY id LIMIT 64"
            );
            let mut statement = db.prepare_cached(&sql)?;
            let rows = statement.query_map([], approval)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// The message of the question shows how it was decided.
    pub async fn approval_settled(&self, id: ApprovalId) -> Result<()> {
        self.write(move |tx| {
            tx.prepare_cached("UPDATE approval SET settled = 1 WHERE id = ?1")?.execute([id])?;
            Ok(())
        })
        .await
    }
}

fn one(db: &Connection, column: &'static str, value: &str) -> Result<Option<Approval>> {
    let sql = format!("SELECT {COLUMNS} FROM approval WHERE {column} = ?1");
    Ok(db.prepare_cached(&sql)?.query_row([value], approval).optional()?)
}

fn missing(key: &str) -> StoreError {
    StoreError::Internal(format!("the question about {key} was not kept"))
}

fn approval(row: &Row<'_>) -> rusqlite::Result<Approval> {
    Ok(Approval {
        id: row.get(0)?,
        run: row.get(1)?,
        tool: row.get(2)?,
        arguments: row.get(3)?,
        language: Language::from_tag(&row.get::<_, String>(4)?),
        question: row.get::<_, Json<Question>>(5)?.0,
        message: row.get::<_, Option<String>>(6)?.map(Draft),
        state: read_state(&row.get::<_, String>(7)?),
    })
}

/// The table allows no other words; one that is unknown all the same never approves anything.
fn read_state(word: &str) -> ApprovalState {
    ApprovalState::ALL.into_iter().find(|state| state.as_str() == word).unwrap_or(ApprovalState::Withdrawn)
}

#[cfg(test)]
mod tests;
