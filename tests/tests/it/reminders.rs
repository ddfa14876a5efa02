//! Scheduled work over `kill -9` at each step of its way: none is lost and none is set going twice.

use rusqlite::Connection;
use serde_json::{Value, json};
use steward_tests::Gate;
use steward_tests::model::{Asked, Reply};
use steward_tests::telegram::Failure;

use crate::stage::Stage;

/// Schedules what `task` says when it is told to, and answers "pong" to anything else.
fn scheduling(task: Value) -> impl FnMut(&Asked) -> Reply + Send + 'static {
    move |asked| match asked.last_said() {
        _ if asked.after_tools() => Reply::text("Scheduled."),
        said if said.contains("schedule") => Reply::call("schedule_task", task.clone()),
        _ => Reply::text("pong"),
    }
}

/// Has the task scheduled for later, then ends the host and makes it due, as if the time had come meanwhile.
async fn due_while_away(task: Value) -> Stage {
    let mut stage = Stage::set(scheduling(task)).await;
    stage.owner.says("schedule it");
    stage.owner.hears(|text| text == "Scheduled.").await;
    stage.settled().await;
    stage.host.kill9().await;
    let database = Connection::open(stage.host.data().join("steward.sqlite")).unwrap();
    let moved = database.execute("UPDATE job SET next = unixepoch() * 1000 - 1000 WHERE state = 'active'", []).unwrap();
    assert_eq!(moved, 1);
    stage
}

fn milk() -> Value {
    json!({ "title": "buy milk", "time": "in one hour" })
}

/// How often the reminder was put into the outbox.
fn fired(stage: &Stage) -> u32 {
    let query = "SELECT count(*) FROM outbox WHERE outgoing LIKE '%⏰%buy milk%'";
    stage.host.database().query_row(query, [], |row| row.get(0)).unwrap()
}

/// What is on its way in the chat has come when this has been answered.
async fn ping(stage: &Stage) {
    stage.owner.says("ping");
    stage.owner.hears(|text| text == "pong").await;
}

#[tokio::test]
async fn due_while_the_host_was_away() {
    let mut stage = due_while_away(milk()).await;
    stage.host.start().await;
    stage.owner.hears(|text| text == "⏰ buy milk").await;
    stage.settled().await;
    stage.host.restart().await;
    ping(&stage).await;
    assert_eq!(stage.owner.count(|text| text.contains("⏰")), 1);
}

#[tokio::test]
async fn killed_before_it_is_sent() {
    let mut stage = due_while_away(milk()).await;
    let held = Gate::new();
    stage.tg.fail_next("sendMessage", Failure::HoldBefore(held.clone()));
    stage.host.start().await;
    held.reached().await;
    stage.host.kill9().await;
    assert_eq!(stage.owner.count(|text| text.contains("⏰")), 0);
    stage.host.start().await;
    stage.owner.hears(|text| text == "⏰ buy milk").await;
    ping(&stage).await;
    assert_eq!(stage.owner.count(|text| text.contains("⏰")), 1);
}

#[tokio::test]
async fn killed_between_sending_and_marking_sent() {
    let mut stage = due_while_away(milk()).await;
    let held = Gate::new();
    stage.tg.fail_next("sendMessage", Failure::HoldAfter(held.clone()));
    stage.host.start().await;
    held.reached().await;
    stage.host.restart().await;
    ping(&stage).await;
    assert_eq!(fired(&stage), 1, "it fired once");
    let shown = stage.owner.count(|text| text.contains("⏰"));
    assert!((1..=2).contains(&shown), "at worst one message comes twice, not {shown} times");
}

#[tokio::test]
async fn killed_again_and_again_around_the_moment() {
    let mut stage = due_while_away(milk()).await;
    for _ in 0..5 {
        stage.host.start().await;
        stage.host.kill9().await;
    }
    stage.host.start().await;
    stage.owner.hears(|text| text == "⏰ buy milk").await;
    ping(&stage).await;
    assert_eq!(fired(&stage), 1);
}

#[tokio::test]
async fn work_with_a_prompt_is_taken_up_where_it_was_cut_off() {
    let gate = Gate::new();
    let held = gate.clone();
    let mut scheduling = scheduling(json!({ "title": "news", "prompt": "Tell me the news.", "time": "in one hour" }));
    let mut stage = Stage::set(move |asked| match asked.last_said() {
        said if said.contains("Tell me the news.") => Reply::wait(&held).then("No news is good news."),
        _ => scheduling(asked),
    })
    .await;
    stage.owner.says("schedule it");
    stage.owner.hears(|text| text == "Scheduled.").await;
    stage.settled().await;
    stage.host.kill9().await;
    let database = Connection::open(stage.host.data().join("steward.sqlite")).unwrap();
    database.execute("UPDATE job SET next = unixepoch() * 1000 - 1000", []).unwrap();
    drop(database);
    stage.host.start().await;
    gate.reached().await;
    stage.host.kill9().await;
    gate.open();
    stage.host.start().await;
    stage.owner.hears(|text| text == "No news is good news.").await;
    stage.settled().await;
    ping(&stage).await;
    assert_eq!(stage.owner.count(|text| text.contains("No news")), 1);
}

#[tokio::test]
async fn what_repeats_fires_once_after_a_long_absence_and_goes_on() {
    let mut stage = due_while_away(json!({ "title": "drink water", "time": "every 30 minutes" })).await;
    let database = Connection::open(stage.host.data().join("steward.sqlite")).unwrap();
    database.execute("UPDATE job SET next = next - 86400000", []).unwrap();
    drop(database);
    stage.host.start().await;
    let reminder = stage.owner.hears(|text| text.contains("drink water") && text.contains("⏰")).await;
    assert!(reminder.text().contains("was due"), "{}", reminder.text());
    ping(&stage).await;
    assert_eq!(stage.owner.count(|text| text.contains("⏰")), 1, "not once for each time that was missed");
    let next = "SELECT next > unixepoch() * 1000 FROM job WHERE state = 'active'";
    assert!(stage.host.database().query_row(next, [], |row| row.get::<_, bool>(0)).unwrap());
}
