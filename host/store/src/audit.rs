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

#[cfg(test)]
mod tests {
    use super::*;

    use crate::fixture::{Fixture, at};

    fn call(tool: &str) -> AuditRow {
        AuditRow {
            at: at(0),
            run: Some(RunId(7)),
            person: PersonId(1),
            role: Role::Named("family".to_owned()),
            origin: Origin::McpClient,
            session: SessionId("person/1".to_owned()),
            plugin: "files".to_owned(),
            tool: tool.to_owned(),
            outcome: "denied".to_owned(),
            millis: 12,
            peak_memory: u32::MAX,
            capabilities: "kv,own-tasks".to_owned(),
        }
    }

    #[tokio::test]
    async fn calls_are_kept_as_they_were_made() {
        let fixture = Fixture::new();
        for tool in ["read", "write", "list"] {
            fixture.store.record_call(call(tool)).await.unwrap();
        }
        assert_eq!(fixture.store.recent_calls(2).await.unwrap(), [call("list"), call("write")]);
    }

    #[tokio::test]
    async fn no_statement_changes_or_deletes_a_row() {
        let fixture = Fixture::new();
        fixture.store.record_call(call("read")).await.unwrap();
        for sql in [
            "UPDATE audit SET outcome = 'ok'",
            "DELETE FROM audit",
            "REPLACE INTO audit SELECT 1, at, run, person, role, origin, session, plugin, 'forged', outcome, millis,
             peak_memory, capabilities FROM audit",
        ] {
            let error = fixture.store.write(move |tx| Ok(tx.execute(sql, [])?)).await.unwrap_err();
            assert!(error.to_string().contains("append-only"), "{sql}: {error}");
        }
        assert_eq!(fixture.store.recent_calls(10).await.unwrap(), [call("read")]);
    }
}
