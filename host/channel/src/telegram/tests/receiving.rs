//! Receiving, and how it fails and recovers.

use std::time::Duration;

use serde_json::{Value, json};

use super::stand_in::{Scene, TOKEN};
use crate::Channel;

fn update(id: i64, text: &str) -> Value {
    let person = json!({"id": 7, "is_bot": false, "first_name": "Ann", "language_code": "ru"});
    let chat = json!({"id": 7, "type": "private", "first_name": "Ann"});
    json!({"update_id": id, "message": {"message_id": id, "date": 1, "from": person, "chat": chat, "text": text}})
}

#[tokio::test]
async fn an_update_is_confirmed_only_after_it_is_kept() {
    let mut scene = Scene::started(|_| {}).await;
    let poll = scene.call("getUpdates").await;
    assert_eq!(
        (&poll.body["offset"], &poll.body["allowed_updates"]),
        (&Value::Null, &json!(["message", "callback_query"]))
    );
    poll.ok(json!([update(10, "one"), update(11, "two")]));
    assert_eq!(scene.offer().await.keep().text, "one");
    let second = scene.offer().await;
    assert!(scene.calls.try_recv().is_err(), "nothing is confirmed while a message is being kept");
    let envelope = second.keep();
    assert_eq!((envelope.external_id.as_str(), envelope.address.chat.as_str()), ("11", "7"));
    assert_eq!(scene.call("getUpdates").await.body["offset"], 12);
    assert!(scene.telegram.health().last_ok.is_some());
    scene.stop().await;
}

#[tokio::test]
async fn a_message_that_was_not_kept_is_asked_for_again() {
    let mut scene = Scene::started(|_| {}).await;
    scene.call("getUpdates").await.ok(json!([update(10, "one"), update(11, "two")]));
    scene.offer().await.keep();
    scene.offer().await.refuse("the disk is full");
    let poll = scene.call("getUpdates").await;
    assert_eq!(poll.body["offset"], 11);
    let health = scene.telegram.health();
    assert!(health.failing_since.is_some() && health.last_error.unwrap().contains("the disk is full"));
    poll.ok(json!([update(11, "two")]));
    assert_eq!(scene.offer().await.keep().text, "two");
    assert_eq!(scene.call("getUpdates").await.body["offset"], 12);
    assert_eq!(scene.telegram.health().failing_since, None);
    scene.stop().await;
}

#[tokio::test]
async fn the_introduction_is_repeated_until_it_succeeds() {
    let mut scene = Scene::new(|_| {}).await;
    scene.run();
    drop(scene.call("getMe").await);
    scene.call("getMe").await.error(401, "Unauthorized");
    let third = scene.call("getMe").await;
    let health = scene.telegram.health();
    assert!(health.last_error.unwrap().contains("TG_BOT_TOKEN is wrong: get one from @BotFather"));
    assert_eq!(health.last_ok, None);
    third.ok(json!({"id": 123, "is_bot": true, "username": "our_bot"}));
    // The menu is a nicety.
    scene.call("setMyCommands").await.error(400, "Bad Request");
    let russian = scene.call("setMyCommands").await;
    assert_eq!(russian.body["language_code"], "ru");
    russian.error(400, "Bad Request");
    scene.call("getUpdates").await.ok(json!([]));
    scene.call("getUpdates").await;
    assert_eq!(scene.telegram.health().failing_since, None);
    scene.stop().await;
}

#[tokio::test]
async fn failures_are_told_and_pass() {
    let mut scene = Scene::started(|_| {}).await;
    for (code, description, words) in [
        (409, "Conflict: terminated by other getUpdates request", "another program uses this bot's token"),
        (409, "Conflict: can't use getUpdates method while webhook is active", "has a webhook"),
        (500, "Internal Server Error", "500"),
    ] {
        scene.call("getUpdates").await.error(code, description);
        let next = scene.call("getUpdates").await;
        let health = scene.telegram.health();
        assert!(health.failing_since.is_some() && health.last_error.as_ref().unwrap().contains(words), "{health:?}");
        next.ok(json!([]));
        let again = scene.call("getUpdates").await;
        assert_eq!(scene.telegram.health().failing_since, None);
        again.ok(json!([]));
    }
    drop(scene.call("getUpdates").await);
    scene.call("getUpdates").await.flood(0);
    scene.call("getUpdates").await;
    scene.stop().await;
}

#[tokio::test]
async fn a_silent_connection_is_noticed_and_renewed() {
    let mut scene = Scene::started(|config| config.silence = Duration::from_millis(50)).await;
    let silent = scene.call("getUpdates").await;
    let next = scene.call("getUpdates").await;
    let health = scene.telegram.health();
    assert_eq!(health.renewed, 1);
    assert!(health.failing_since.is_some());
    // Calls that go out well say nothing about what comes in.
    let telegram = std::sync::Arc::clone(&scene.telegram);
    let sent = tokio::spawn(async move { telegram.send(&Scene::outgoing("hi")).await });
    loop {
        let call = scene.calls.recv().await.unwrap();
        if call.method == "sendMessage" {
            call.ok(json!({"message_id": 1}));
            break;
        }
    }
    sent.await.unwrap().unwrap();
    assert!(scene.telegram.health().failing_since.is_some());
    drop((silent, next));
    scene.stop().await;
}

#[tokio::test]
async fn what_cannot_be_read_blocks_nothing() {
    let mut scene = Scene::started(|_| {}).await;
    let odd = json!({"update_id": 21, "message": {"text": ["?"]}});
    let poll = json!([update(20, "a"), odd, {"update_id": 22, "something_new": {}}, update(23, "b")]);
    scene.call("getUpdates").await.ok(poll);
    assert_eq!(scene.offer().await.keep().text, "a");
    assert_eq!(scene.offer().await.keep().text, "b");
    assert_eq!(scene.call("getUpdates").await.body["offset"], 24);
    scene.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_taken_apart() {
    let mut scene = Scene::started(|_| {}).await;
    let broken = br#"{"ok":true,"result":[{"update_id": 30,"message":{"text":"\ud83d"}}]}"#;
    scene.call("getUpdates").await.raw(200, *broken);
    let single = scene.call("getUpdates").await;
    assert_eq!(single.body["limit"], 1);
    single.raw(200, *broken);
    scene.call("getUpdates").await.raw(200, *broken);
    let next = scene.call("getUpdates").await;
    assert_eq!(next.body["offset"], 31);
    next.ok(json!([update(31, "well")]));
    assert_eq!(scene.offer().await.keep().text, "well");
    assert_eq!(scene.call("getUpdates").await.body["limit"], 100);
    scene.stop().await;
}

#[tokio::test]
async fn a_server_that_sends_no_numbers_does_not_make_us_race() {
    let mut scene = Scene::started(|_| {}).await;
    scene.call("getUpdates").await.ok(json!([{"message": {}}]));
    scene.call("getUpdates").await;
    assert!(scene.telegram.health().last_error.unwrap().contains("TG_API_URL"));
    scene.stop().await;
}

#[tokio::test]
async fn the_token_is_never_shown() {
    let mut scene = Scene::new(|config| config.api_url = Some("http://127.0.0.1:9".parse().unwrap())).await;
    scene.run();
    let failed = async {
        while scene.telegram.health().last_error.is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), failed).await.unwrap();
    let error = scene.telegram.health().last_error.unwrap();
    assert!(!error.contains(TOKEN) && error.contains("no connection"), "{error}");
    let sent = scene.telegram.send(&Scene::outgoing("hi")).await.unwrap_err();
    assert!(!sent.to_string().contains(TOKEN), "{sent}");
    scene.stop().await;
}
