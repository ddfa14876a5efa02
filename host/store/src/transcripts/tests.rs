//! What is beyond a mark is found again after a crash, and an open run is nobody's yet.

use steward_agent::{Origin, ToolCall, ToolResult};

use super::*;
use crate::fixture::{Fixture, at, message, new_run};
use crate::{Received, RunEnd};

const SESSION: &str = "owner/1/telegram";

fn session() -> SessionId {
    SessionId(SESSION.to_owned())
}

fn end(text: &str) -> RunEnd {
    let messages = vec![Message::assistant(text)];
    RunEnd { messages, replies: vec![], usage: vec![], outcome: RunOutcome::Answered }
}

async fn say(fixture: &Fixture, session: &str, text: &str) {
    let run = fixture.begin(session, text).await;
    fixture.store.finish_run(run, end(&format!("to {text}")), at(2)).await.unwrap();
}

/// The same by nobody: a heartbeat.
async fn beat(fixture: &Fixture, text: &str) {
    let Received::New(id) = fixture.store.receive(&message(text), at(0)).await.unwrap() else { panic!() };
    let mut new = new_run(SESSION, vec![id], text);
    new.principal.origin = Origin::Heartbeat;
    let run = fixture.store.begin_run(new, at(1)).await.unwrap();
    fixture.store.finish_run(run, end("HEARTBEAT_OK"), at(9)).await.unwrap();
}

fn texts(runs: &EndedRuns) -> Vec<Vec<String>> {
    let text = |message: &Message| match message {
        Message::User(user) => user.text.clone(),
        Message::Assistant { text, .. } => text.clone(),
        other => panic!("unexpected {other:?}"),
    };
    runs.runs.iter().map(|run| run.messages.iter().map(text).collect()).collect()
}

#[tokio::test]
async fn ended_runs_come_whole_and_an_open_one_is_left_for_later() {
    let fixture = Fixture::new();
    let run = fixture.begin(SESSION, "one").await;
    let call = ToolCall { id: "a".to_owned(), name: "read".to_owned(), input: serde_json::json!({}) };
    let result =
        ToolResult { id: "a".to_owned(), name: "read".to_owned(), text: "foreign".to_owned(), ..ToolResult::default() };
    let step = Message::Assistant { text: "wait".to_owned(), calls: vec![call], state: None };
    fixture.store.record(run, vec![step, Message::Tool(result)]).await.unwrap();
    fixture.store.finish_run(run, end("done"), at(5)).await.unwrap();
    say(&fixture, "person/7", "elsewhere").await;
    say(&fixture, SESSION, "two").await;
    let open = fixture.begin(SESSION, "three").await;

    let runs = fixture.store.ended_runs(&session(), EntryId(0), 1_000_000).await.unwrap();
    assert_eq!(texts(&runs), [vec!["one", "wait", "done"], vec!["two", "to two"]]);
    assert!(!runs.more);
    assert_eq!((runs.runs[0].started_at, runs.runs[0].outcome), (at(1), RunOutcome::Answered));
    assert_eq!((&runs.runs[0].principal.session, runs.runs[0].address.channel.as_str()), (&session(), "telegram"));

    let first = fixture.store.ended_runs(&session(), EntryId(0), 1).await.unwrap();
    assert!(first.more && first.runs.len() == 1, "one at least");
    let rest = fixture.store.ended_runs(&session(), first.runs[0].through, 1_000_000).await.unwrap();
    assert_eq!(texts(&rest), [vec!["two", "to two"]]);

    fixture.store.finish_run(open, end("last"), at(6)).await.unwrap();
    let rest = fixture.store.ended_runs(&session(), rest.runs[0].through, 1_000_000).await.unwrap();
    assert_eq!(texts(&rest), [vec!["three", "last"]]);
}

#[tokio::test]
async fn the_end_of_a_run_is_told() {
    let fixture = Fixture::new();
    let told = fixture.store.runs_ended().notified();
    say(&fixture, SESSION, "one").await;
    told.await;
}

#[tokio::test]
async fn a_session_is_unwritten_until_its_mark_has_come_to_the_end() {
    let fixture = Fixture::new();
    assert_eq!(fixture.store.unwritten_sessions().await.unwrap(), []);
    say(&fixture, SESSION, "one").await;
    say(&fixture, "person/7", "one more").await;
    assert_eq!(fixture.store.unwritten_sessions().await.unwrap(), [session(), SessionId("person/7".to_owned())]);
    let through = fixture.store.ended_runs(&session(), EntryId(0), 1_000).await.unwrap().runs[0].through;
    let mark = TranscriptMark { through, file: Some("sessions/a.md".to_owned()), length: 120 };
    fixture.store.set_transcript_mark(&session(), mark.clone()).await.unwrap();
    fixture.store.set_transcript_mark(&session(), TranscriptMark::default()).await.unwrap();

    let after = fixture.after_crash();
    assert_eq!(after.store.transcript_mark(&session()).await.unwrap(), mark, "it does not go back");
    assert_eq!(after.store.unwritten_sessions().await.unwrap(), [SessionId("person/7".to_owned())]);
    assert_eq!(after.store.transcript_mark(&SessionId("new".to_owned())).await.unwrap(), TranscriptMark::default());
}

#[tokio::test]
async fn facts_wait_for_their_log_and_the_mark_does_not_go_back() {
    let fixture = Fixture::new();
    say(&fixture, SESSION, "one").await;
    beat(&fixture, "look").await;
    let waiting = fixture.store.undistilled_sessions().await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!((waiting[0].spoke_at, waiting[0].open, waiting[0].pending), (Some(at(2)), false, false));

    let runs = fixture.store.ended_runs(&session(), EntryId(0), 100_000).await.unwrap().runs;
    let facts = LoggedFacts {
        foreign: true,
        space: "owners".to_owned(),
        file: "memory/2026-11-20.md".to_owned(),
        heading: "# 2026-11-20".to_owned(),
        lines: "- 14:05 The flat is 42.".to_owned(),
    };
    fixture.store.set_distilled(&session(), runs[0].through, Some(facts.clone())).await.unwrap();
    let after = fixture.after_crash();
    let expected = Distilled { through: runs[0].through, facts: Some(facts) };
    assert_eq!(after.store.distilled(&session()).await.unwrap(), expected);
    let waiting = after.store.undistilled_sessions().await.unwrap();
    assert_eq!((waiting[0].spoke_at, waiting[0].pending), (None, true), "nobody has spoken since");

    after.store.facts_written(&session()).await.unwrap();
    after.store.set_distilled(&session(), EntryId(0), None).await.unwrap();
    after.store.set_distilled(&session(), runs[1].through, None).await.unwrap();
    assert_eq!(after.store.undistilled_sessions().await.unwrap(), []);
    fixture.begin(SESSION, "two").await;
    assert!(fixture.store.undistilled_sessions().await.unwrap()[0].open);
}

#[tokio::test]
async fn what_is_known_of_a_person_is_theirs_alone() {
    let fixture = Fixture::new();
    let anna = fixture.meet("anna", None).await.id;
    let boris = fixture.meet("boris", None).await.id;
    let insert = move |tx: &mut crate::writer::Tx<'_>| {
        let sql = "INSERT INTO user_data (person, key, value, updated_at) VALUES (?1, ?2, ?3, 0)";
        tx.execute(sql, (anna.0, "tea", "green"))?;
        tx.execute(sql, (anna.0, "city", "Berlin"))?;
        Ok(())
    };
    fixture.store.write(insert).await.unwrap();
    let known = fixture.store.user_data().of(anna).await.unwrap();
    assert_eq!(known, [("city".to_owned(), "Berlin".to_owned()), ("tea".to_owned(), "green".to_owned())]);
    assert_eq!(fixture.store.user_data().of(boris).await.unwrap(), []);
}
