//! Runs as a journal: what was said and done is on disk step by step, so that after a crash a run goes on where it was
//! and repeats no tool call whose result was recorded.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use steward_agent::{Address, Draft, Message, Outgoing, Principal, SessionId, Usage};

use crate::Store;
use crate::column::{InboxId, Json, Millis, RunId};
use crate::error::{Result, StoreError};
use crate::{inbox, outbox, session, usage};

/// A run to begin.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRun {
    pub principal: Principal,
    /// Where the answer goes.
    pub address: Address,
    /// What it answers.
    pub inbox: Vec<InboxId>,
    /// The first entry of its history.
    pub message: Message,
    /// The model asked for by name.
    pub model: Option<String>,
}

/// Tokens of one answer of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelUsage {
    pub model: String,
    pub usage: Usage,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunOutcome {
    /// With an answer, also one that tells of a limit.
    Answered,
    /// The person stopped it.
    Stopped,
    /// No model answered, or a fault.
    Failed,
}

impl RunOutcome {
    pub const ALL: [Self; 3] = [Self::Answered, Self::Stopped, Self::Failed];

    /// The word for it, in the database and in figures.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }

    /// The outcome of that name; a run that is open has none.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }
}

/// Everything the end of a run writes.
#[derive(Clone, Debug, PartialEq)]
pub struct RunEnd {
    /// The last entries.
    pub messages: Vec<Message>,
    pub replies: Vec<Outgoing>,
    /// One for each call of a model.
    pub usage: Vec<ModelUsage>,
    pub outcome: RunOutcome,
}

/// A run that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRun {
    pub id: RunId,
    pub principal: Principal,
    pub address: Address,
    pub model: Option<String>,
    /// The message that shows the answer while it grows.
    pub draft: Option<Draft>,
    /// How often it was begun or taken up again: 1 for a new one.
    pub attempts: u32,
    pub started_at: Timestamp,
}

impl Store {
    /// Begins a run: it takes the inbox rows and writes its first entry, all or nothing.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if one of the rows is not free.
    pub async fn begin_run(&self, new: NewRun, now: Timestamp) -> Result<RunId> {
        self.write(move |tx| {
            let principal = &new.principal;
            tx.prepare_cached(
                "INSERT INTO run (session, person, principal, address, model, started_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((
                &principal.session.0,
                principal.person.0,
                Json(principal),
                Json(&new.address),
                &new.model,
                Millis(now),
            ))?;
            let run = RunId(tx.last_insert_rowid());
            inbox::take(tx, &new.inbox, run)?;
            session::append(tx, &principal.session, run, [&new.message])?;
            Ok(run)
        })
        .await
    }

    /// A message that arrived while the run was going joins it.
    ///
    /// # Errors
    /// [`StoreError::RunClosed`], or [`StoreError::Taken`] if one of the rows is not free.
    pub async fn join_run(&self, run: RunId, inbox: Vec<InboxId>, message: Message) -> Result<()> {
        self.write(move |tx| {
            let session = session_of(tx, run)?.id;
            inbox::take(tx, &inbox, run)?;
            session::append(tx, &session, run, [&message])
        })
        .await
    }

    /// Writes entries in order; they are on disk when this returns.
    ///
    /// # Errors
    /// [`StoreError::RunClosed`].
    pub async fn record(&self, run: RunId, messages: Vec<Message>) -> Result<()> {
        self.write(move |tx| {
            let session = session_of(tx, run)?.id;
            session::append(tx, &session, run, &messages)
        })
        .await
    }

    /// Notes the message that shows the growing answer, so that after a crash it becomes the final one.
    ///
    /// # Errors
    /// [`StoreError::RunClosed`].
    pub async fn set_draft(&self, run: RunId, draft: &Draft) -> Result<()> {
        let draft = draft.0.clone();
        self.write(move |tx| {
            let changed = tx
                .prepare_cached("UPDATE run SET draft = ?2 WHERE id = ?1 AND state = 'open'")?
                .execute((run, &draft))?;
            if changed == 0 { Err(StoreError::RunClosed(run)) } else { Ok(()) }
        })
        .await
    }

    /// Ends a run: last entries, replies, usage, and what it had taken from the inbox is done; all or nothing.
    ///
    /// # Errors
    /// [`StoreError::RunClosed`].
    pub async fn finish_run(&self, run: RunId, end: RunEnd, now: Timestamp) -> Result<()> {
        let (outcome, used) = (end.outcome, end.usage.clone());
        self.write(move |tx| {
            let session = session_of(tx, run)?;
            session::append(tx, &session.id, run, &end.messages)?;
            outbox::insert(tx, &end.replies, None, now)?;
            usage::insert(tx, Some(run), session.person, &end.usage, now)?;
            inbox::done(tx, run, now)?;
            tx.prepare_cached("UPDATE run SET state = ?2, ended_at = ?3 WHERE id = ?1")?.execute((
                run,
                end.outcome.as_str(),
                Millis(now),
            ))?;
            tx.touch_runs();
            Ok(())
        })
        .await?;
        self.counter.run(outcome, &used);
        Ok(())
    }

    /// The runs that have not ended, oldest first. At start these are the ones a crash cut off.
    pub async fn open_runs(&self) -> Result<Vec<OpenRun>> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT id, principal, address, model, draft, attempts, started_at FROM run
                 WHERE state = 'open' ORDER BY id",
            )?;
            let rows = statement.query_map([], open_run)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// Counts that the run is taken up again and gives the number of this attempt; the first was 1.
    ///
    /// # Errors
    /// [`StoreError::RunClosed`].
    pub async fn retry_run(&self, run: RunId) -> Result<u32> {
        self.write(move |tx| {
            tx.prepare_cached(
                "UPDATE run SET attempts = attempts + 1 WHERE id = ?1 AND state = 'open' RETURNING attempts",
            )?
            .query_row([run], |row| row.get(0))
            .optional()?
            .ok_or(StoreError::RunClosed(run))
        })
        .await
    }
}

fn open_run(row: &Row<'_>) -> rusqlite::Result<OpenRun> {
    Ok(OpenRun {
        id: row.get(0)?,
        principal: row.get::<_, Json<Principal>>(1)?.0,
        address: row.get::<_, Json<Address>>(2)?.0,
        model: row.get(3)?,
        draft: row.get::<_, Option<String>>(4)?.map(Draft),
        attempts: row.get(5)?,
        started_at: row.get::<_, Millis>(6)?.0,
    })
}

/// Where an open run's entries go, and whose it is.
struct RunSession {
    id: SessionId,
    person: i64,
}

fn session_of(db: &Connection, run: RunId) -> Result<RunSession> {
    db.prepare_cached("SELECT session, person FROM run WHERE id = ?1 AND state = 'open'")?
        .query_row([run], |row| Ok(RunSession { id: SessionId(row.get(0)?), person: row.get(1)? }))
        .optional()?
        .ok_or(StoreError::RunClosed(run))
}

#[cfg(test)]
mod tests {
    use super::*;

    use steward_agent::{PersonId, ToolResult};

    use crate::fixture::{Fixture, at, message, new_run, outgoing};
    use crate::{Received, UsageTotal};

    fn tool_result(text: &str) -> Message {
        Message::Tool(ToolResult {
            id: "1".to_owned(),
            name: "read".to_owned(),
            text: text.to_owned(),
            ..ToolResult::default()
        })
    }

    async fn said(fixture: &Fixture, session: &str) -> Vec<Message> {
        let history = fixture.store.history(&SessionId(session.to_owned())).await.unwrap();
        history.into_iter().map(|entry| entry.message).collect()
    }

    fn end(outcome: RunOutcome) -> RunEnd {
        let usage = Usage { input: 100, output: 20, cached: 80 };
        RunEnd {
            messages: vec![Message::assistant("42")],
            replies: vec![outgoing("anna", "42")],
            usage: vec![ModelUsage { model: "small".to_owned(), usage }; 2],
            outcome,
        }
    }

    #[tokio::test]
    async fn a_run_cut_off_goes_on_with_what_was_recorded() {
        let fixture = Fixture::new();
        let run = fixture.begin("owner/1", "what is my flat?").await;
        fixture.store.record(run, vec![Message::assistant("let me look"), tool_result("flat 42")]).await.unwrap();
        fixture.store.set_draft(run, &Draft("77".to_owned())).await.unwrap();

        let after = fixture.after_crash();
        let open = after.store.open_runs().await.unwrap();
        assert_eq!(open.len(), 1);
        assert_eq!((open[0].id, open[0].attempts, open[0].started_at), (run, 1, at(1)));
        assert_eq!(open[0].draft, Some(Draft("77".to_owned())));
        assert_eq!(open[0].principal.session.0, "owner/1");
        assert_eq!(after.store.pending_inbox(None).await.unwrap(), [], "the run has the message");
        assert_eq!(
            said(&after, "owner/1").await,
            [Message::user("what is my flat?"), Message::assistant("let me look"), tool_result("flat 42")]
        );
        assert_eq!(after.store.retry_run(run).await, Ok(2));
        assert_eq!(after.after_crash().store.open_runs().await.unwrap()[0].attempts, 2);
    }

    #[tokio::test]
    async fn the_end_of_a_run_is_written_whole_and_once() {
        let fixture = Fixture::new();
        let run = fixture.begin("owner/1", "what is my flat?").await;
        fixture.store.finish_run(run, end(RunOutcome::Answered), at(5)).await.unwrap();
        let again = fixture.store.finish_run(run, end(RunOutcome::Answered), at(6)).await;
        assert_eq!(again, Err(StoreError::RunClosed(run)));
        assert_eq!(fixture.store.record(run, vec![tool_result("late")]).await, Err(StoreError::RunClosed(run)));

        let after = fixture.after_crash();
        assert_eq!(after.store.open_runs().await.unwrap(), []);
        assert_eq!(after.store.due_outgoing(at(5), 10).await.unwrap().len(), 1);
        assert_eq!(said(&after, "owner/1").await, [Message::user("what is my flat?"), Message::assistant("42")]);
        let total =
            UsageTotal { model: "small".to_owned(), calls: 2, usage: Usage { input: 200, output: 40, cached: 160 } };
        assert_eq!(after.store.usage_since(at(5), Some(PersonId(1))).await.unwrap(), [total]);
        assert_eq!(after.store.usage_since(at(5), Some(PersonId(2))).await.unwrap(), []);
        assert_eq!(after.store.usage_since(at(6), None).await.unwrap(), []);
    }

    #[tokio::test]
    async fn an_absurd_count_of_tokens_costs_neither_the_answer_nor_the_totals() {
        let fixture = Fixture::new();
        for text in ["one", "two"] {
            let run = fixture.begin("owner/1", text).await;
            let mut end = end(RunOutcome::Answered);
            end.usage[0].usage.input = u64::MAX;
            fixture.store.finish_run(run, end, at(5)).await.unwrap();
        }
        assert_eq!(fixture.store.usage_since(at(0), None).await.unwrap()[0].calls, 4);
    }

    #[tokio::test]
    async fn a_message_belongs_to_one_run() {
        let fixture = Fixture::new();
        let run = fixture.begin("owner/1", "hello").await;
        let Received::New(more) = fixture.store.receive(&message("and hurry"), at(2)).await.unwrap() else { panic!() };
        fixture.store.join_run(run, vec![more], Message::user("and hurry")).await.unwrap();

        let taken = fixture.store.begin_run(new_run("owner/1", vec![more], "and hurry"), at(3)).await;
        assert_eq!(taken, Err(StoreError::Taken(more)));
        assert_eq!(fixture.store.open_runs().await.unwrap().len(), 1, "nothing of the refused run is left");
        assert_eq!(said(&fixture, "owner/1").await, [Message::user("hello"), Message::user("and hurry")]);

        fixture.store.finish_run(run, end(RunOutcome::Stopped), at(4)).await.unwrap();
        assert_eq!(fixture.store.settle(more, Vec::new(), at(5)).await, Err(StoreError::Taken(more)));
    }
}
