//! One row for each tool call, in a table that can only grow: the database itself refuses to change or delete a row.
//! Rows say what a call cost; the totals by tool, plugin and person are made from them and kept nowhere.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};
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
    pub cost: CallCost,
    /// What was linked.
    pub capabilities: String,
}

/// What a call took. Times are kept in whole microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallCost {
    /// From the request to the answer, waiting included.
    pub wall: Duration,
    /// In which a processor worked for the guest, on its thread.
    pub cpu: Duration,
    /// The most memory the instance had, in bytes; in a total the largest.
    pub peak_memory: u64,
    /// Bytes of the arguments.
    pub bytes_in: u64,
    /// Bytes of the answer with its attachments.
    pub bytes_out: u64,
    /// Bytes of the bodies of HTTP requests.
    pub http_sent: u64,
    /// Bytes of the bodies of HTTP responses, unpacked.
    pub http_received: u64,
}

/// A row with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    pub id: i64,
    /// What the person is called now, if they are still known.
    pub person_name: Option<String>,
    /// There is a recording by which it can be made again.
    pub recorded: bool,
    pub call: AuditRow,
}

/// Which calls are meant; what is left out does not narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub tool: Option<String>,
    pub plugin: Option<String>,
    pub person: Option<PersonId>,
    pub since: Option<Timestamp>,
}

/// By what calls are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditBy {
    Tool,
    Plugin,
    Person,
}

/// What many calls took together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallTotal {
    /// Of the tool, the plugin or the person. Calls that reached no plugin have an empty one.
    pub name: String,
    pub calls: u64,
    /// Those that did not end `ok`.
    pub failed: u64,
    pub cost: CallCost,
}

/// The parameters are those of [`AuditFilter::params`].
const MEANT: &str = "(?1 IS NULL OR audit.tool = ?1) AND (?2 IS NULL OR audit.plugin = ?2)
    AND (?3 IS NULL OR audit.person = ?3) AND audit.at >= ?4";

/// The columns that [`entry`] reads.
const ENTRY: &str = "SELECT audit.wall, audit.cpu, audit.peak_memory, audit.bytes_in, audit.bytes_out,
    audit.http_sent, audit.http_received, audit.id, person.name, audit.at, audit.run, audit.person, audit.role,
    audit.origin, audit.session, audit.plugin, audit.tool, audit.outcome, audit.capabilities,
    EXISTS (SELECT 1 FROM recording WHERE recording.audit = audit.id)
    FROM audit LEFT JOIN person ON person.id = audit.person";

impl AuditFilter {
    fn params(&self) -> impl Params + '_ {
        let since = self.since.unwrap_or(Timestamp::UNIX_EPOCH);
        (self.tool.as_deref(), self.plugin.as_deref(), self.person.map(|person| person.0), Millis(since))
    }
}

impl AuditBy {
    fn column(self) -> &'static str {
        match self {
            Self::Tool => "audit.tool",
            Self::Plugin => "audit.plugin",
            Self::Person => "audit.person",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Tool | Self::Plugin => self.column(),
            Self::Person => "coalesce(person.name, '#' || audit.person)",
        }
    }
}

impl Store {
    /// Adds a row without waiting until it is on disk; nothing that is written after this call returned can be there
    /// without it.
    pub async fn record_call(&self, call: AuditRow) -> Result<()> {
        self.counter.tool(&call);
        self.writer.hand_over(move |tx| insert(tx, &call)).await
    }

    /// The same at once, for one who cannot wait.
    ///
    /// # Errors
    /// [`StoreError::Busy`](crate::StoreError::Busy) if too much is waiting to be written.
    pub fn try_record_call(&self, call: AuditRow) -> Result<()> {
        self.counter.tool(&call);
        self.writer.try_hand_over(move |tx| insert(tx, &call))
    }

    /// The last calls, newest first.
    pub async fn recent_calls(&self, limit: usize) -> Result<Vec<AuditRow>> {
        let entries = self.calls(AuditFilter::default(), limit).await?;
        Ok(entries.into_iter().map(|entry| entry.call).collect())
    }

    /// The last of the calls that are meant, newest first.
    pub async fn calls(&self, filter: AuditFilter, limit: usize) -> Result<Vec<AuditEntry>> {
        self.read(move |db| {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut statement =
                db.prepare_cached(&format!("{ENTRY} WHERE {MEANT} ORDER BY audit.id DESC LIMIT {limit}"))?;
            let rows = statement.query_map(filter.params(), entry)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// One call by its id.
    pub async fn call(&self, id: i64) -> Result<Option<AuditEntry>> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(&format!("{ENTRY} WHERE audit.id = ?1"))?;
            Ok(statement.query_row([id], entry).optional()?)
        })
        .await
    }

    /// The totals of the calls that are meant, those that worked the longest first.
    pub async fn call_totals(&self, by: AuditBy, filter: AuditFilter) -> Result<Vec<CallTotal>> {
        self.read(move |db| {
            let (column, name) = (by.column(), by.name());
            let mut statement = db.prepare_cached(&format!(
                "SELECT sum(audit.wall), sum(audit.cpu), max(audit.peak_memory), sum(audit.bytes_in),
                        sum(audit.bytes_out), sum(audit.http_sent), sum(audit.http_received), {name}, count(*),
                        sum(audit.outcome != 'ok')
                 FROM audit LEFT JOIN person ON person.id = audit.person
                 WHERE {MEANT} GROUP BY {column} ORDER BY sum(audit.wall) DESC, {column}"
            ))?;
            let rows = statement.query_map(filter.params(), |row| {
                let count = |index| row.get::<_, i64>(index).map(i64::unsigned_abs);
                Ok(CallTotal { cost: cost(row)?, name: row.get(7)?, calls: count(8)?, failed: count(9)? })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}

pub(crate) fn insert(db: &Connection, call: &AuditRow) -> Result<()> {
    let cost = &call.cost;
    db.prepare_cached(
        "INSERT INTO audit (at, run, person, role, origin, session, plugin, tool, outcome, capabilities,
                            wall, cpu, peak_memory, bytes_in, bytes_out, http_sent, http_received)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
    )?
    .execute(rusqlite::params![
        Millis(call.at),
        call.run,
        call.person.0,
        call.role.as_str(),
        call.origin.as_str(),
        &call.session.0,
        &call.plugin,
        &call.tool,
        &call.outcome,
        &call.capabilities,
        micros(cost.wall),
        micros(cost.cpu),
        whole(cost.peak_memory),
        whole(cost.bytes_in),
        whole(cost.bytes_out),
        whole(cost.http_sent),
        whole(cost.http_received),
    ])?;
    Ok(())
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Reads the first seven columns.
fn cost(row: &Row<'_>) -> rusqlite::Result<CallCost> {
    let number = |index| row.get::<_, i64>(index).map(i64::unsigned_abs);
    Ok(CallCost {
        wall: Duration::from_micros(number(0)?),
        cpu: Duration::from_micros(number(1)?),
        peak_memory: number(2)?,
        bytes_in: number(3)?,
        bytes_out: number(4)?,
        http_sent: number(5)?,
        http_received: number(6)?,
    })
}

fn entry(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    let origin: String = row.get(13)?;
    let origin = Origin::from_name(&origin).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(13, Type::Text, format!("no origin is called {origin:?}").into())
    })?;
    let call = AuditRow {
        cost: cost(row)?,
        at: row.get::<_, Millis>(9)?.0,
        run: row.get(10)?,
        person: PersonId(row.get(11)?),
        role: Role::from(row.get::<_, String>(12)?),
        origin,
        session: SessionId(row.get(14)?),
        plugin: row.get(15)?,
        tool: row.get(16)?,
        outcome: row.get(17)?,
        capabilities: row.get(18)?,
    };
    Ok(AuditEntry { id: row.get(7)?, person_name: row.get(8)?, recorded: row.get(19)?, call })
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
            cost: CallCost {
                wall: Duration::from_micros(12_345),
                cpu: Duration::from_micros(678),
                peak_memory: 5 << 30,
                bytes_in: 10,
                bytes_out: 20,
                http_sent: 30,
                http_received: 40,
            },
            capabilities: "kv,own-tasks".to_owned(),
        }
    }

    #[tokio::test]
    async fn calls_are_kept_as_they_were_made() {
        let fixture = Fixture::new();
        for tool in ["read", "write", "list"] {
            fixture.store.record_call(call(tool)).await.unwrap();
        }
        fixture.store.flush().await.unwrap();
        assert_eq!(fixture.store.recent_calls(2).await.unwrap(), [call("list"), call("write")]);
    }

    #[tokio::test]
    async fn calls_are_found_and_added_up_by_what_they_were() {
        let fixture = Fixture::new();
        let olga = fixture.meet("Olga", None).await;
        let made = [("read", olga.id, "ok", 0), ("read", PersonId(99), "denied", 1), ("write", olga.id, "ok", 2)];
        for (tool, person, outcome, hour) in made {
            let row = AuditRow { person, outcome: outcome.to_owned(), at: at(3600 * hour), ..call(tool) };
            fixture.store.record_call(row).await.unwrap();
        }
        fixture.store.flush().await.unwrap();
        let meant = AuditFilter { person: Some(olga.id), since: Some(at(3600)), ..AuditFilter::default() };
        let found = fixture.store.calls(meant, 10).await.unwrap();
        assert_eq!((found.len(), found[0].call.tool.as_str(), found[0].id), (1, "write", 3));
        assert_eq!(found[0].person_name.as_deref(), Some("Olga"));

        let totals = |by, filter| fixture.store.call_totals(by, filter);
        let by_tool = totals(AuditBy::Tool, AuditFilter::default()).await.unwrap();
        let told: Vec<_> = by_tool.iter().map(|one| (one.name.as_str(), one.calls, one.failed)).collect();
        assert_eq!(told, [("read", 2, 1), ("write", 1, 0)]);
        assert_eq!((by_tool[0].cost.wall, by_tool[0].cost.bytes_out), (Duration::from_micros(24_690), 40));
        assert_eq!(by_tool[0].cost.peak_memory, 5 << 30);
        let by_person = totals(AuditBy::Person, AuditFilter::default()).await.unwrap();
        let told: Vec<_> = by_person.iter().map(|one| (one.name.as_str(), one.calls)).collect();
        assert_eq!(told, [("Olga", 2), ("#99", 1)]);
        let nothing = AuditFilter { plugin: Some("web".to_owned()), ..AuditFilter::default() };
        assert!(totals(AuditBy::Plugin, nothing).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn no_statement_changes_or_deletes_a_row() {
        let fixture = Fixture::new();
        fixture.store.record_call(call("read")).await.unwrap();
        for sql in [
            "UPDATE audit SET outcome = 'ok'",
            "DELETE FROM audit",
            "REPLACE INTO audit SELECT 1, at, run, person, role, origin, session, plugin, 'forged', outcome, capabilities,
             wall, cpu, peak_memory, bytes_in, bytes_out, http_sent, http_received FROM audit",
        ] {
            let error = fixture.store.write(move |tx| Ok(tx.execute(sql, [])?)).await.unwrap_err();
            assert!(error.to_string().contains("append-only"), "{sql}: {error}");
        }
        assert_eq!(fixture.store.recent_calls(10).await.unwrap(), [call("read")]);
    }
}
