//! How far each conversation is in its transcript and in the logs of the days, and the ended runs beyond that. The files
//! are the host's; a mark says only what surely is in them.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::{Deserialize, Serialize};
use steward_agent::{Address, Message, Principal, SessionId, Source};

use crate::Store;
use crate::column::{EntryId, Json, Millis, RunId};
use crate::error::Result;
use crate::run::RunOutcome;

/// Every session that has entries, one look into the index for each.
const SESSIONS: &str = "WITH RECURSIVE one (id) AS (
       SELECT min(session) FROM entry
       UNION ALL
       SELECT (SELECT min(session) FROM entry WHERE session > one.id) FROM one WHERE one.id IS NOT NULL
     )";

/// A run that has ended, as it is kept for people.
#[derive(Clone, Debug, PartialEq)]
pub struct EndedRun {
    pub principal: Principal,
    pub address: Address,
    pub outcome: RunOutcome,
    pub started_at: Timestamp,
    /// What was said, in order; results of tools are left out.
    pub messages: Vec<Message>,
    /// Its last entry.
    pub through: EntryId,
    /// Where the foreign text came from that it had before it.
    pub foreign: Vec<Source>,
}

/// The next ended runs of a session, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndedRuns {
    pub runs: Vec<EndedRun>,
    /// There are further ones.
    pub more: bool,
}

/// How far a session is in its transcript.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TranscriptMark {
    /// The last entry that was written; 0 for none.
    pub through: EntryId,
    /// The file that was written to last.
    pub file: Option<String>,
    /// Its length in bytes then: what follows was added by somebody else, or by a write whose mark was lost.
    pub length: u64,
}

/// How far a session is in the logs of the days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distilled {
    /// The last entry whose facts were taken; 0 for none.
    pub through: EntryId,
    /// Facts up to there that may not be in their log yet.
    pub facts: Option<LoggedFacts>,
}

/// Lines for the log of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedFacts {
    /// The name of the space of memory.
    pub space: String,
    /// Within the folder of the space.
    pub file: String,
    /// The first line of the file, where it is new.
    pub heading: String,
    pub lines: String,
    /// They were taken from runs that had foreign text before them.
    #[serde(default)]
    pub foreign: bool,
}

/// A session with something in it whose facts were not taken yet, or not surely written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undistilled {
    pub session: SessionId,
    /// Its newest entry.
    pub last: EntryId,
    /// When the last run ended in which the person spoke, since the mark; `None` if nobody did.
    pub spoke_at: Option<Timestamp>,
    /// A run is going on.
    pub open: bool,
    /// There are facts that may not be in their log yet.
    pub pending: bool,
}

impl Store {
    /// The ended runs of a session after that entry, so many that they have about `bytes` together, but one at least. An
    /// open run and what follows it are left for later.
    pub async fn ended_runs(&self, session: &SessionId, after: EntryId, bytes: usize) -> Result<EndedRuns> {
        let session = session.clone();
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                "SELECT entry.id, entry.run,
                        CASE WHEN entry.message ->> 'role' = 'tool' THEN NULL ELSE entry.message END,
                        run.state, run.started_at, run.principal, run.address, run.foreign_text
                 FROM entry JOIN run ON run.id = entry.run
                 WHERE entry.session = ?1 AND entry.id > ?2 ORDER BY entry.id",
            )?;
            let mut rows = statement.query((&session.0, after))?;
            let (mut ended, mut last, mut taken) = (EndedRuns::default(), None, 0);
            while let Some(row) = rows.next()? {
                let run: RunId = row.get(1)?;
                if last != Some(run) {
                    let Some(outcome) = RunOutcome::named(&row.get::<_, String>(3)?) else { break };
                    if taken >= bytes && !ended.runs.is_empty() {
                        ended.more = true;
                        break;
                    }
                    ended.runs.push(ended_run(row, outcome)?);
                    last = Some(run);
                }
                if let Some(run) = ended.runs.last_mut() {
                    taken += row.get_ref(2)?.as_str().map_or(0, str::len);
                    run.messages.extend(row.get::<_, Option<Json<Message>>>(2)?.map(|message| message.0));
                    run.through = row.get(0)?;
                }
            }
            Ok(ended)
        })
        .await
    }

    /// The sessions that have something which is not in their transcript.
    pub async fn unwritten_sessions(&self) -> Result<Vec<SessionId>> {
        self.read(|db| {
            let mut statement = db.prepare_cached(&format!(
                "{SESSIONS} SELECT one.id FROM one WHERE one.id IS NOT NULL
                   AND (SELECT max(id) FROM entry WHERE session = one.id)
                     > coalesce((SELECT written_through FROM transcript WHERE session = one.id), 0)"
            ))?;
            let rows = statement.query_map([], |row| row.get(0).map(SessionId))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// How far the session is in its transcript.
    pub async fn transcript_mark(&self, session: &SessionId) -> Result<TranscriptMark> {
        let session = session.clone();
        self.read(move |db| {
            let mark = db
                .prepare_cached("SELECT written_through, file, length FROM transcript WHERE session = ?1")?
                .query_row([&session.0], |row| {
                    let length = row.get::<_, i64>(2)?.unsigned_abs();
                    Ok(TranscriptMark { through: row.get(0)?, file: row.get(1)?, length })
                })
                .optional()?;
            Ok(mark.unwrap_or_default())
        })
        .await
    }

    /// What comes before the mark is in the transcript. A mark never goes back.
    pub async fn set_transcript_mark(&self, session: &SessionId, mark: TranscriptMark) -> Result<()> {
        let (session, length) = (session.clone(), i64::try_from(mark.length).unwrap_or(i64::MAX));
        self.write(move |tx| {
            tx.prepare_cached(
                "INSERT INTO transcript (session, written_through, file, length) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (session) DO UPDATE SET written_through = ?2, file = ?3, length = ?4
                 WHERE written_through < ?2",
            )?
            .execute((&session.0, mark.through, &mark.file, length))?;
            Ok(())
        })
        .await
    }

    /// The sessions in which something was said whose facts were not taken, or not surely written.
    pub async fn undistilled_sessions(&self) -> Result<Vec<Undistilled>> {
        self.read(|db| {
            let mut statement = db.prepare_cached(&format!(
                "{SESSIONS}, marked AS (
                   SELECT one.id AS session, coalesce(distilled_through, 0) AS through, facts IS NOT NULL AS pending,
                          (SELECT max(id) FROM entry WHERE session = one.id) AS last
                   FROM one LEFT JOIN transcript ON transcript.session = one.id WHERE one.id IS NOT NULL
                 )
                 SELECT session, last, pending,
                   (SELECT run.ended_at FROM entry JOIN run ON run.id = entry.run
                    WHERE entry.session = marked.session AND entry.id > marked.through
                      AND run.principal ->> 'origin' = 'chat'
                    ORDER BY entry.id DESC LIMIT 1),
                   EXISTS (SELECT 1 FROM run WHERE state = 'open' AND session = marked.session)
                 FROM marked WHERE last > through OR pending"
            ))?;
            let rows = statement.query_map([], |row| {
                Ok(Undistilled {
                    session: SessionId(row.get(0)?),
                    last: row.get(1)?,
                    pending: row.get(2)?,
                    spoke_at: row.get::<_, Option<Millis>>(3)?.map(|at| at.0),
                    open: row.get(4)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// How far the session is in the logs of the days.
    pub async fn distilled(&self, session: &SessionId) -> Result<Distilled> {
        let session = session.clone();
        self.read(move |db| Ok(distilled(db, &session)?.unwrap_or_default())).await
    }

    /// The facts up to that entry were taken: these, which are still to be written. A mark never goes back.
    pub async fn set_distilled(&self, session: &SessionId, through: EntryId, facts: Option<LoggedFacts>) -> Result<()> {
        let (session, facts) = (session.clone(), facts.map(Json));
        self.write(move |tx| {
            tx.prepare_cached(
                "INSERT INTO transcript (session, distilled_through, facts) VALUES (?1, ?2, ?3)
                 ON CONFLICT (session) DO UPDATE SET distilled_through = ?2, facts = ?3 WHERE distilled_through <= ?2",
            )?
            .execute((&session.0, through, &facts))?;
            Ok(())
        })
        .await
    }

    /// The facts of the session are in their log.
    pub async fn facts_written(&self, session: &SessionId) -> Result<()> {
        let session = session.clone();
        self.write(move |tx| {
            tx.prepare_cached("UPDATE transcript SET facts = NULL WHERE session = ?1")?.execute([&session.0])?;
            Ok(())
        })
        .await
    }
}

fn ended_run(row: &Row<'_>, outcome: RunOutcome) -> rusqlite::Result<EndedRun> {
    Ok(EndedRun {
        outcome,
        started_at: row.get::<_, Millis>(4)?.0,
        principal: row.get::<_, Json<Principal>>(5)?.0,
        address: row.get::<_, Json<Address>>(6)?.0,
        messages: Vec::new(),
        through: row.get(0)?,
        foreign: row.get::<_, Option<Json<Vec<Source>>>>(7)?.map(|marks| marks.0).unwrap_or_default(),
    })
}

fn distilled(db: &Connection, session: &SessionId) -> rusqlite::Result<Option<Distilled>> {
    db.prepare_cached("SELECT distilled_through, facts FROM transcript WHERE session = ?1")?
        .query_row([&session.0], |row| {
            let facts = row.get::<_, Option<Json<LoggedFacts>>>(1)?.map(|facts| facts.0);
            Ok(Distilled { through: row.get(0)?, facts })
        })
        .optional()
}

#[cfg(test)]
mod tests;
