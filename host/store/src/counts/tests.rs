//! What is counted, and what is not.

use steward_agent::{Incoming, PersonId};

use super::*;

use crate::audit::CallCost;
use crate::fixture::{Fixture, at, called, message, outgoing, wake};
use crate::{Received, RunEnd};

fn used(model: &str) -> ModelUsage {
    ModelUsage { model: model.to_owned(), usage: Usage { input: 100, output: 20, cached: 80 } }
}

fn call(plugin: &str, tool: &str, outcome: &str, millis: u64) -> AuditRow {
    AuditRow {
        plugin: plugin.to_owned(),
        outcome: outcome.to_owned(),
        cost: CallCost { wall: Duration::from_millis(millis), ..CallCost::default() },
        ..called(tool)
    }
}

fn one(name: &str, count: u64) -> BTreeMap<String, u64> {
    BTreeMap::from([(name.to_owned(), count)])
}

#[tokio::test]
async fn messages_are_counted_once_and_by_what_became_of_them() {
    let Fixture { store, .. } = &Fixture::new();
    store.receive(&message("hello"), at(0)).await.unwrap();
    store.receive(&message("hello"), at(1)).await.unwrap();
    store.receive(&Incoming::Wake(wake("it is nine")), at(1)).await.unwrap();
    let ids = store.enqueue(vec![outgoing("anna", "one"), outgoing("anna", "two")], None, at(2)).await.unwrap();
    store.mark_sent(ids[0], at(3)).await.unwrap();
    assert!(store.mark_sent(ids[0], at(3)).await.is_err());
    store.postpone(ids[1], at(60), "later").await.unwrap();
    assert_eq!(store.queues().await.unwrap().outbox, one("telegram", 1));
    store.fail(ids[1], "the chat is gone", at(60)).await.unwrap();
    let counts = store.counts();
    assert_eq!(counts.received, one("telegram", 1));
    assert_eq!(counts.sent, one("telegram", 1));
    assert_eq!(counts.undeliverable, one("telegram", 1));
    let queues = store.queues().await.unwrap();
    assert_eq!(queues, Queues { inbox: 2, ..Queues::default() });
}

#[tokio::test]
async fn runs_and_answers_of_models_are_counted_when_they_are_written() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    let run = fixture.begin("owner/1", "hello").await;
    assert_eq!(store.queues().await.unwrap().runs, 1);
    let end = || RunEnd {
        messages: Vec::new(),
        replies: Vec::new(),
        usage: vec![used("small"), used("small")],
        outcome: crate::RunOutcome::Answered,
    };
    store.finish_run(run, end(), at(1)).await.unwrap();
    assert!(store.finish_run(run, end(), at(1)).await.is_err(), "it has ended");
    store.add_usage(None, PersonId(1), used("large"), at(2)).await.unwrap();
    let counts = store.counts();
    assert_eq!(counts.runs, BTreeMap::from([("answered", 1)]));
    let usage = Usage { input: 200, output: 40, cached: 160 };
    assert_eq!(counts.models["small"], ModelCount { answers: 2, usage });
    assert_eq!(counts.models["large"].answers, 1);
    assert_eq!(store.queues().await.unwrap(), Queues::default());
}

#[tokio::test]
async fn calls_are_counted_by_tool_and_outcome_and_names_that_were_made_up_are_not_kept() {
    let Fixture { store, .. } = &Fixture::new();
    store.record_call(call("files", "read", "ok", 4)).await.unwrap();
    store.record_call_with(call("files", "read", "ok", 200), vec![1]).await.unwrap();
    store.try_record_call(call("files", "read", "cancelled", 90_000)).unwrap();
    store.record_call(call("", "call_anna_about_her_flat", "unknown_tool", 1)).await.unwrap();
    let counts = store.counts();
    let read = &counts.tools[&("files".to_owned(), "read".to_owned())];
    assert_eq!(read.outcomes, BTreeMap::from([("ok".to_owned(), 2), ("cancelled".to_owned(), 1)]));
    assert_eq!(read.durations.within, [1, 1, 1, 2, 2, 2, 2, 2]);
    assert_eq!((read.durations.count, read.durations.sum), (3, Duration::from_millis(90_204)));
    let other = (OTHER.to_owned(), OTHER.to_owned());
    assert_eq!(counts.tools[&other].outcomes, one("unknown_tool", 1));
    assert!(!format!("{counts:?}").contains("anna"));
}

#[tokio::test]
async fn a_server_with_a_new_name_for_each_answer_does_not_fill_the_memory() {
    let Fixture { store, .. } = &Fixture::new();
    for number in 0..MOST_NAMES + 5 {
        store.counter.models(&[used(&format!("model {number}"))]);
    }
    let counts = store.counts();
    assert_eq!(counts.models.len(), MOST_NAMES + 1);
    assert_eq!(counts.models[OTHER].answers, 5);
}

#[tokio::test]
async fn another_process_counts_for_itself() {
    let fixture = Fixture::new();
    let second = fixture.second_process();
    let Received::New(_) = second.receive(&message("hello"), at(0)).await.unwrap() else { panic!("it is new") };
    assert_eq!(fixture.store.counts(), Counts::default());
    assert_eq!(fixture.store.queues().await.unwrap().inbox, 1);
    second.close().await;
}
