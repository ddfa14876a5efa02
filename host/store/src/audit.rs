//! One row for each tool call, in a table that can only grow: the database itself refuses to change or delete a row.

use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::Type;
use steward_agent::{Origin, PersonId, Role, SessionId};

use crate::Store;
use crate::column::{Millis, RunId};
use crate::error::Result;

/// A tool call as it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    pub at: Timestamp,
    pub run: Option<RunId>,
    pub person: PersonId,
    pub role: Role,
    pub origin: Origin,
    pub session: SessionId,
    pub plugin: String,
    pub tool: String,
    /// `ok`, or in a word why not: `denied`, `trap`, `timeout`.
    pub outcome: String,
    /// How long it took, in milliseconds.
    pub millis: u32,
    /// The most memory the instance had, in bytes.
    pub peak_memory: u32,
    /// What was linked.
    pub capabilities: String,
}

impl Store {
    /// Adds a row.
    pub async fn record_call(&self, call: AuditRow) -> Result<()> {
        self.write(move |tx| {
            tx.prepare_cached(
                "INSERT INTO audit (at, run, person, role, origin, session, plugin, tool, outcome, millis,
                                    peak_memory, capabilities)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute((
                Millis(call.at),
                call.run,
                call.person.0,
                call.role.as_str(),
                call.origin.as_str(),
                &call.session.0,
                &call.plugin,
                &call.tool,
                &call.outcome,
                call.millis,
                call.peak_memory,
                &call.capabilities,
            ))?;
            Ok(())
        })
        .await
    }

    /// The last calls, newest first.
    pub async fn recent_calls(&self, limit: usize) -> Result<Vec<AuditRow>> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                "SELECT at, run, person, role, origin, session, plugin, tool, outcome, millis, peak_memory, capabilities
                 FROM audit ORDER BY id DESC LIMIT ?1",
            )?;
            let rows = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], audit_row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}

fn audit_row(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    let origin: String = row.get(4)?;
    let origin = Origin::from_name(&origin).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(4, Type::Text, format!("no origin is called {origin:?}").into())
    })?;
    Ok(AuditRow {
        at: row.get::<_, Millis>(0)?.0,
        run: row.get(1)?,
        person: PersonId(row.get(2)?),
        role: Role::from(row.get::<_, String>(3)?),
        origin,
        session: SessionId(row.get(5)?),
        plugin: row.get(6)?,
        tool: row.get(7)?,
        outcome: row.get(8)?,
        millis: row.get(9)?,
        peak_memory: row.get(10)?,
        capabilities: row.get(11)?,
    })
}
