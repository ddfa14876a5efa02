//! Sending, growing messages and fetching files.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use steward_agent::{Attachment, Draft, Outgoing};
use tokio::task::JoinHandle;

use super::stand_in::{Call, Scene, chat};
use crate::{Channel, FetchError, SendError};

fn send(scene: &Scene, message: &Outgoing) -> JoinHandle<Result<(), SendError>> {
    let (telegram, message) = (Arc::clone(&scene.telegram), message.clone());
    tokio::spawn(async move { telegram.send(&message).await })
}

fn draft(scene: &Scene, draft: Option<&str>, text: &str) -> JoinHandle<Result<Option<Draft>, SendError>> {
    let (telegram, text) = (Arc::clone(&scene.telegram), text.to_owned());
    let draft = draft.map(|id| Draft(id.to_owned()));
    tokio::spawn(async move { telegram.draft(&chat(), draft.as_ref(), &text).await })
}

fn sent(call: Call, id: i32) {
    call.ok(json!({"message_id": id}));
}

fn with_draft(text: &str, id: &str) -> Outgoing {
    Outgoing { draft: Some(Draft(id.into())), ..Scene::outgoing(text) }
}

#[tokio::test]
async fn markdown_is_sent_as_marks() {
    let mut scene = Scene::new(|_| {}).await;
    let sending = send(&scene, &Scene::outgoing("Привет, **мир**"));
    let call = scene.call("sendMessage").await;
    assert_eq!((&call.body["chat_id"], &call.body["text"]), (&json!(7), &json!("Привет, мир")));
    assert_eq!(call.body["entities"], json!([{"type": "bold", "offset": 8, "length": 3}]));
    sent(call, 1);
    sending.await.unwrap().unwrap();
}

#[tokio::test]
async fn after_a_flood_a_long_message_goes_on_where_it_stopped() {
    let mut scene = Scene::new(|_| {}).await;
    let message = Scene::outgoing(&"word ".repeat(1500));
    let sending = send(&scene, &message);
    let first = scene.call("sendMessage").await;
    let opening = first.body["text"].clone();
    sent(first, 1);
    scene.call("sendMessage").await.flood(0);
    let after = Some(Duration::ZERO);
    let later = sending.await.unwrap().unwrap_err();
    assert!(matches!(&later, SendError::Later { after: known, .. } if *known == after), "{later:?}");
    let again = send(&scene, &message);
    let rest = scene.call("sendMessage").await;
    assert_ne!(rest.body["text"], opening);
    sent(rest, 2);
    again.await.unwrap().unwrap();
    // The same text sent again is sent from its beginning.
    let anew = send(&scene, &message);
    let call = scene.call("sendMessage").await;
    assert_eq!(call.body["text"], opening);
    sent(call, 3);
    sent(scene.call("sendMessage").await, 4);
    anew.await.unwrap().unwrap();
}

#[tokio::test]
async fn nothing_is_sent_while_telegram_asks_to_wait() {
    let mut scene = Scene::new(|_| {}).await;
    let sending = send(&scene, &Scene::outgoing("hi"));
    scene.call("sendMessage").await.flood(1000);
    assert!(matches!(sending.await.unwrap(), Err(SendError::Later { after: Some(_), .. })));
    let SendError::Later { after: Some(left), .. } = scene.telegram.send(&Scene::outgoing("hi")).await.unwrap_err()
    else {
        panic!("it must wait");
    };
    assert!(left > Duration::from_secs(900));
    assert_eq!(scene.telegram.draft(&chat(), None, "text").await, Ok(None));
    assert!(scene.calls.try_recv().is_err());
}

#[tokio::test]
async fn refused_marks_are_left_out() {
    let mut scene = Scene::new(|_| {}).await;
    let sending = send(&scene, &Scene::outgoing("**a**"));
    scene.call("sendMessage").await.error(400, "Bad Request: can't parse entities: unsupported");
    let plain = scene.call("sendMessage").await;
    assert!(plain.body["entities"].is_null());
    sent(plain, 1);
    sending.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_blocked_bot_stops_trying_and_a_broken_server_does_not() {
    let mut scene = Scene::new(|_| {}).await;
    for (code, description) in [(403, "Forbidden: bot was blocked by the user"), (400, "Bad Request: chat not found")] {
        let sending = send(&scene, &Scene::outgoing("hi"));
        scene.call("sendMessage").await.error(code, description);
        assert!(matches!(sending.await.unwrap(), Err(SendError::Never { reason }) if reason.contains(description)));
    }
    let sending = send(&scene, &Scene::outgoing("hi"));
    drop(scene.call("sendMessage").await);
    assert!(matches!(sending.await.unwrap(), Err(SendError::Later { after: None, .. })));
    let nowhere = Outgoing { to: steward_agent::Address { chat: "x".into(), ..chat() }, ..Scene::outgoing("hi") };
    assert!(matches!(scene.telegram.send(&nowhere).await, Err(SendError::Never { .. })));
}

#[tokio::test]
async fn an_answer_grows_in_one_message() {
    let mut scene = Scene::new(|_| {}).await;
    assert_eq!(scene.telegram.draft(&chat(), None, "  ").await, Ok(None), "nothing to show yet");
    let growing = draft(&scene, None, "Hel");
    sent(scene.call("sendMessage").await, 5);
    assert_eq!(growing.await.unwrap(), Ok(Some(Draft("5".into()))));
    let growing = draft(&scene, Some("5"), "Hello **wor");
    let edit = scene.call("editMessageText").await;
    assert_eq!((&edit.body["message_id"], &edit.body["text"]), (&json!(5), &json!("Hello **wor")));
    edit.ok(json!(true));
    assert_eq!(growing.await.unwrap(), Ok(Some(Draft("5".into()))));
    // The same text again is not an edit.
    assert_eq!(draft(&scene, Some("5"), "Hello **wor").await.unwrap(), Ok(Some(Draft("5".into()))));
    let long = format!("Hello **world**\n\n{}", "word ".repeat(1500));
    let growing = draft(&scene, Some("5"), &long);
    let edit = scene.call("editMessageText").await;
    assert!(edit.body["text"].as_str().unwrap().ends_with('…'));
    edit.ok(json!(true));
    growing.await.unwrap().unwrap();
    let sending = send(&scene, &with_draft(&long, "5"));
    let edit = scene.call("editMessageText").await;
    assert!(edit.body["text"].as_str().unwrap().starts_with("Hello world\n\nword"));
    edit.error(400, "Bad Request: message is not modified: specified new message content");
    sent(scene.call("sendMessage").await, 6);
    sending.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_growing_message_that_shows_the_whole_answer_is_final_as_it_is() {
    let mut scene = Scene::new(|_| {}).await;
    let growing = draft(&scene, None, "It is **42**.");
    sent(scene.call("sendMessage").await, 5);
    growing.await.unwrap().unwrap();
    assert_eq!(scene.telegram.send(&with_draft("It is **42**.", "5")).await, Ok(()));
    assert!(scene.calls.try_recv().is_err());
    // Other marks on the same text are another message.
    let growing = draft(&scene, None, "It is **42**.");
    sent(scene.call("sendMessage").await, 6);
    growing.await.unwrap().unwrap();
    let sending = send(&scene, &with_draft("It is *42*.", "6"));
    scene.call("editMessageText").await.ok(json!(true));
    sending.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_growing_message_that_was_deleted_is_sent_anew() {
    let mut scene = Scene::new(|_| {}).await;
    let growing = draft(&scene, Some("5"), "more");
    scene.call("editMessageText").await.error(400, "Bad Request: message to edit not found");
    sent(scene.call("sendMessage").await, 8);
    assert_eq!(growing.await.unwrap(), Ok(Some(Draft("8".into()))));
    let sending = send(&scene, &with_draft("all", "8"));
    scene.call("editMessageText").await.error(400, "Bad Request: message can't be edited");
    sent(scene.call("sendMessage").await, 9);
    sending.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_growing_message_does_not_flood() {
    let mut scene = Scene::new(|config| config.edit_interval = Duration::from_secs(3600)).await;
    let growing = draft(&scene, None, "a");
    sent(scene.call("sendMessage").await, 5);
    let made = growing.await.unwrap().unwrap();
    for text in ["ab", "abc", "abcd"] {
        assert_eq!(scene.telegram.draft(&chat(), made.as_ref(), text).await, Ok(made.clone()));
    }
    assert!(scene.calls.try_recv().is_err());
    let sending = send(&scene, &with_draft("abcde", "5"));
    scene.call("editMessageText").await.ok(json!(true));
    sending.await.unwrap().unwrap();
}

#[tokio::test]
async fn trouble_with_a_growing_message_passes_unless_it_is_final() {
    let mut scene = Scene::new(|_| {}).await;
    let growing = draft(&scene, None, "a");
    drop(scene.call("sendMessage").await);
    assert_eq!(growing.await.unwrap(), Ok(None));
    let growing = draft(&scene, Some("5"), "a");
    scene.call("editMessageText").await.error(403, "Forbidden: bot was blocked by the user");
    assert!(matches!(growing.await.unwrap(), Err(SendError::Never { .. })));
}

fn file(size: Option<u64>) -> Attachment {
    Attachment { remote_id: "F1".into(), name: "a.txt".into(), mime: None, size }
}

fn fetch(scene: &Scene, size: Option<u64>) -> JoinHandle<(Result<u64, FetchError>, Vec<u8>)> {
    let telegram = Arc::clone(&scene.telegram);
    tokio::spawn(async move {
        let mut bytes = Vec::new();
        let fetched = telegram.fetch(&file(size), &mut bytes).await;
        (fetched, bytes)
    })
}

#[tokio::test]
async fn files_are_fetched() {
    let mut scene = Scene::new(|_| {}).await;
    let fetching = fetch(&scene, None);
    let call = scene.call("getFile").await;
    assert_eq!(call.body, json!({"file_id": "F1"}));
    call.ok(json!({"file_id": "F1", "file_path": "documents/file 1.txt"}));
    scene.call("file/documents/file 1.txt").await.raw(200, "content");
    assert_eq!(fetching.await.unwrap(), (Ok(7), b"content".to_vec()));
}

#[tokio::test]
async fn files_that_cannot_be_had_say_why() {
    let mut scene = Scene::new(|_| {}).await;
    assert_eq!(fetch(&scene, Some(60_000_000)).await.unwrap().0, Err(FetchError::TooLarge { limit: 50 << 20 }));
    let fetching = fetch(&scene, None);
    scene.call("getFile").await.error(400, "Bad Request: file is too big");
    assert_eq!(fetching.await.unwrap().0, Err(FetchError::TooLarge { limit: 20 << 20 }));
    let fetching = fetch(&scene, None);
    scene.call("getFile").await.error(400, "Bad Request: wrong file_id or the file is temporarily unavailable");
    assert_eq!(fetching.await.unwrap().0, Err(FetchError::Gone));
    let fetching = fetch(&scene, None);
    scene.call("getFile").await.ok(json!({"file_path": "a"}));
    scene.call("file/a").await.raw(404, "");
    assert_eq!(fetching.await.unwrap().0, Err(FetchError::Gone));
    let fetching = fetch(&scene, None);
    scene.call("getFile").await.ok(json!({"file_path": "a"}));
    scene.call("file/a").await.raw(200, vec![0; (50 << 20) + 1]);
    assert_eq!(fetching.await.unwrap().0, Err(FetchError::TooLarge { limit: 50 << 20 }));
}

#[tokio::test]
async fn a_server_in_local_mode_names_a_place_on_disk() {
    let mut scene = Scene::new(|_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.bin");
    std::fs::write(&path, "local").unwrap();
    let fetching = fetch(&scene, None);
    scene.call("getFile").await.ok(json!({"file_path": path}));
    assert_eq!(fetching.await.unwrap(), (Ok(5), b"local".to_vec()));
    let fetching = fetch(&scene, None);
    scene.call("getFile").await.ok(json!({"file_path": folder.path().join("none")}));
    assert!(matches!(fetching.await.unwrap().0, Err(FetchError::Later(words)) if words.contains("share that folder")));
}

#[tokio::test]
async fn the_sign_of_writing_is_best_effort() {
    let mut scene = Scene::new(|_| {}).await;
    let telegram = Arc::clone(&scene.telegram);
    let typing = tokio::spawn(async move { telegram.typing(&chat()).await });
    let call = scene.call("sendChatAction").await;
    assert_eq!(call.body, json!({"chat_id": 7, "action": "typing"}));
    call.error(500, "Internal Server Error");
    typing.await.unwrap();
}
