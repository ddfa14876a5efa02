//! Events that wake the assistant: told in a chat, they happen while nobody is there, once each, also over `kill -9`.

use serde_json::{Value, json};
use steward_tests::model::{Asked, Reply};

use crate::stage::Stage;

fn watching(trigger: Value) -> impl FnMut(&Asked) -> Reply + Send + 'static {
    move |asked| match asked.last_said() {
        _ if asked.after_tools() => Reply::text("Watching."),
        said if said.contains("[event:") => Reply::text(&format!("EVENT {said}")),
        said if said.contains("watch") => Reply::call("subscribe_trigger", trigger.clone()),
        _ => Reply::text("pong"),
    }
}

fn notes() -> Value {
    json!({ "type": "file", "config": { "path": "notes" }, "prompt": "Say what is new." })
}

async fn watched() -> Stage {
    watched_with(|_| {}).await
}

async fn watched_with(lay_out: impl FnOnce(&std::path::Path)) -> Stage {
    let stage = Stage::set(watching(notes())).await;
    lay_out(&stage.host.workspace().join("notes"));
    stage.owner.says("watch my notes");
    stage.owner.hears(|text| text == "Watching.").await;
    stage.settled().await;
    assert_eq!(stage.audit(1).await, [("subscribe_trigger".to_owned(), "ok".to_owned())]);
    stage
}

fn events(stage: &Stage) -> usize {
    stage.owner.count(|text| text.contains("EVENT"))
}

#[tokio::test]
async fn a_file_that_appears_wakes_the_assistant_in_the_chat_where_it_was_asked() {
    let stage = watched().await;
    let notes = stage.host.workspace().join("notes");
    std::fs::create_dir(&notes).unwrap();
    std::fs::write(notes.join("flat.md"), "42").unwrap();
    let heard = |text: &str| text.contains("[event: file 1]") && text.contains("Say what is new.");
    stage.owner.hears(move |text| heard(text) && text.contains("added: notes/flat.md")).await;
    stage.settled().await;
    let origin: String = stage
        .host
        .database()
        .query_row("SELECT json_extract(principal, '$.origin') FROM run ORDER BY id DESC LIMIT 1", [], |row| row.get(0))
        .unwrap();
    assert_eq!(origin, "trigger");
    assert_eq!(events(&stage), 1);
}

#[tokio::test]
async fn what_happened_while_the_host_was_away_is_told_once() {
    let mut stage = watched().await;
    stage.host.kill9().await;
    let notes = stage.host.workspace().join("notes");
    std::fs::create_dir(&notes).unwrap();
    std::fs::write(notes.join("flat.md"), "42").unwrap();
    stage.host.start().await;
    stage.owner.hears(|text| text.contains("EVENT")).await;
    stage.settled().await;
    stage.host.kill9().await;
    stage.host.start().await;
    stage.owner.says("ping");
    stage.owner.hears(|text| text == "pong").await;
    stage.settled().await;
    let fired: u32 = stage
        .host
        .database()
        .query_row("SELECT count(*) FROM run WHERE json_extract(principal, '$.origin') = 'trigger'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!((fired, events(&stage)), (1, 1));
}

/// Nobody looks for it: between two looks without a sign lie ten minutes.
#[tokio::test]
async fn a_file_that_an_editor_saves_in_steps_wakes_the_assistant_once_and_soon() {
    let stage = watched_with(|notes| {
        std::fs::create_dir(notes).unwrap();
        std::fs::write(notes.join("flat.md"), "42").unwrap();
    })
    .await;
    let notes = stage.host.workspace().join("notes");
    for text in ["43", "431", "4312"] {
        std::fs::write(notes.join(".flat.md.swp"), text).unwrap();
        std::fs::rename(notes.join(".flat.md.swp"), notes.join("flat.md")).unwrap();
    }
    stage.owner.hears(|text| text.contains("changed: notes/flat.md")).await;
    stage.settled().await;
    assert_eq!(events(&stage), 1);
}
