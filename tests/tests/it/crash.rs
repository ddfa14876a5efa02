//! `kill -9` at each step of a message's way: every message is answered, no tool's work is done twice, and at worst one
//! reply is sent twice.

use serde_json::json;
use steward_tests::Gate;
use steward_tests::model::{Asked, Reply};
use steward_tests::patience::wait_for;
use steward_tests::telegram::Failure;

use crate::stage::Stage;

#[tokio::test]
async fn killed_before_the_receipt_is_confirmed() {
    let mut stage = Stage::set(|_| Reply::text("pong")).await;
    stage.tg.polled().await;
    let unconfirmed = Gate::new();
    stage.tg.fail_next("getUpdates", Failure::HoldBefore(unconfirmed.clone()));
    stage.owner.says("ping");
    unconfirmed.reached().await;
    stage.owner.hears(|text| text == "pong").await;
    stage.settled().await;
    stage.host.kill9().await;
    assert_eq!(stage.tg.unconfirmed(), 1, "Telegram sends it again");
    stage.host.start().await;
    stage.tg.all_confirmed().await;
    stage.owner.says("/help");
    stage.owner.hears(|text| text.contains("/stop")).await;
    assert_eq!(stage.owner.count(|text| text == "pong"), 1);
    assert_eq!(stage.model.requests().len(), 1, "it was asked once");
}

#[tokio::test]
async fn killed_after_receipt_before_the_run_begins() {
    let mut stage = Stage::set(|asked| Reply::text(&format!("You wrote: {}", asked.last_said()))).await;
    let fetching = Gate::new();
    stage.tg.fail_next("getFile", Failure::HoldBefore(fetching.clone()));
    stage.owner.sends_photo(&b"a photo"[..], "look at this");
    fetching.reached().await;
    stage.tg.all_confirmed().await;
    stage.host.restart().await;
    let answer = stage.owner.hears(|text| text.contains("look at this")).await;
    assert!(answer.text().contains("uploads/"), "{}", answer.text());
    let uploads: Vec<_> = std::fs::read_dir(stage.host.workspace().join("uploads")).unwrap().flatten().collect();
    assert_eq!(uploads.len(), 1);
    assert_eq!(std::fs::read(uploads[0].path()).unwrap(), b"a photo");
    assert_eq!(stage.owner.sees().len(), 1);
}

#[tokio::test]
async fn killed_in_the_model_call() {
    let gate = Gate::new();
    let held = gate.clone();
    let mut stage = Stage::set(move |asked| match asked.number {
        0 => Reply::text("Once upon").and_wait(&held),
        _ => Reply::text("Once upon a time there was a steward."),
    })
    .await;
    stage.owner.says("tell me a story");
    let growing = stage.owner.hears(|text| text == "Once upon").await;
    stage.until("SELECT EXISTS (SELECT 1 FROM run WHERE draft IS NOT NULL)").await;
    stage.host.restart().await;
    stage.owner.reads(growing.id, |message| message.text().ends_with("there was a steward.")).await;
    assert_eq!(stage.owner.sees().len(), 1, "the same message was finished");
    assert_eq!(stage.model.requests().len(), 2);
}

/// Notes something, then stands at the gate with the answer.
fn noting(gate: &Gate) -> impl FnMut(&Asked) -> Reply + Send + 'static {
    let gate = gate.clone();
    move |asked| match asked.after_tools() {
        false => Reply::call("memory_append", json!({ "content": "The flat is 42." })),
        true => Reply::wait(&gate).then("Noted."),
    }
}

#[tokio::test]
async fn killed_between_tool_and_reply() {
    let gate = Gate::new();
    let mut stage = Stage::set(noting(&gate)).await;
    stage.owner.says("remember: the flat is 42");
    gate.reached().await;
    stage.until("SELECT EXISTS (SELECT 1 FROM audit)").await;
    stage.host.kill9().await;
    gate.open();
    stage.host.start().await;
    stage.owner.hears(|text| text == "Noted.").await;
    assert_eq!(stage.memory().matches("The flat is 42.").count(), 1);
    let asked = stage.model.requests();
    assert_eq!(asked.len(), 3, "the tool was not asked for again");
    assert_eq!(asked[2].results(), asked[1].results(), "the recorded result was used");
    assert_eq!(stage.audit(1).await.len(), 1);
    assert_eq!(stage.owner.sees().len(), 1);
}

#[tokio::test]
async fn killed_between_sending_and_marking_sent() {
    let mut stage = Stage::set(|_| Reply::text("pong")).await;
    let sent = Gate::new();
    stage.tg.fail_next("sendMessage", Failure::HoldAfter(sent.clone()));
    stage.owner.says("/help");
    sent.reached().await;
    assert_eq!(stage.owner.sees().len(), 1);
    stage.host.restart().await;
    stage.owner.says("ping");
    stage.owner.hears(|text| text == "pong").await;
    let helps = stage.owner.count(|text| text.contains("/stop"));
    assert!((1..=2).contains(&helps), "at worst one reply comes twice, not {helps} times");
}

/// The database cannot be written when the answer of Telegram comes, and before it can the process is killed: what is
/// left of the window is the time the answer takes to be read.
#[tokio::test]
async fn killed_while_marking_as_sent_nothing_comes_twice() {
    const ROUNDS: usize = 10;
    let mut stage = Stage::set(|_| Reply::text("pong")).await;
    let log = stage.host.data().join("sent.log");
    let noted = || std::fs::read_to_string(&log).unwrap().matches("message ").count();
    let mut before = 0;
    for round in 0..ROUNDS {
        let sent = Gate::new();
        stage.tg.fail_next("sendMessage", Failure::HoldAfter(sent.clone()));
        stage.owner.says("/help");
        sent.reached().await;
        stage.tg.all_confirmed().await;
        let database = rusqlite::Connection::open(stage.host.data().join("steward.sqlite")).unwrap();
        database.execute_batch("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE").unwrap();
        sent.open();
        wait_for(
            async {
                while noted() == before {
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
            },
            || format!("round {round}: the answer was not noted"),
        )
        .await;
        stage.host.kill9().await;
        drop(database);
        stage.host.start().await;
        before = noted();
    }
    stage.owner.says("ping");
    stage.owner.hears(|text| text == "pong").await;
    stage.settled().await;
    assert_eq!(stage.owner.count(|text| text.contains("/stop")), ROUNDS, "each answer came once");
}

#[tokio::test]
async fn killed_while_the_last_edit_of_a_growing_answer_is_under_way() {
    let gate = Gate::new();
    let held = gate.clone();
    let mut stage = Stage::set(move |_| Reply::text("Growing").and_wait(&held).then(" and **whole**.")).await;
    stage.owner.says("grow");
    let growing = stage.owner.hears(|text| text == "Growing").await;
    stage.until("SELECT EXISTS (SELECT 1 FROM run WHERE draft IS NOT NULL)").await;
    let edited = Gate::new();
    stage.tg.fail_next("editMessageText", Failure::HoldAfter(edited.clone()));
    gate.open();
    edited.reached().await;
    stage.host.restart().await;
    stage.owner.says("/help");
    stage.owner.hears(|text| text.contains("/stop")).await;
    let answers: Vec<_> =
        stage.owner.sees().into_iter().filter(|message| message.text() == "Growing and whole.").collect();
    assert_eq!(answers.len(), 1, "an edit repeated changes nothing");
    assert_eq!(answers[0].id, growing.id);
}

#[tokio::test]
async fn a_run_that_is_cut_off_again_and_again_is_given_up_with_a_word() {
    let gate = Gate::new();
    let held = gate.clone();
    let mut stage = Stage::set(move |asked| match asked.last_said() {
        said if said.contains("ping") => Reply::text("pong"),
        _ => Reply::wait(&held),
    })
    .await;
    stage.owner.says("poison");
    for times in 1..=3 {
        stage.model.asked(times).await;
        stage.host.restart().await;
    }
    stage.owner.hears(|text| text.contains("interrupted several times")).await;
    stage.owner.says("ping");
    stage.owner.hears(|text| text == "pong").await;
}

#[tokio::test]
async fn a_polite_end_loses_nothing_either() {
    let gate = Gate::new();
    let mut stage = Stage::set(noting(&gate)).await;
    stage.owner.says("remember: the flat is 42");
    gate.reached().await;
    assert!(stage.host.stop().await.success());
    gate.open();
    stage.host.start().await;
    stage.owner.hears(|text| text == "Noted.").await;
    assert_eq!(stage.memory().matches("The flat is 42.").count(), 1);
    assert_eq!(stage.owner.sees().len(), 1);
}
