//! Questions with buttons, presses on them, and how a decision is shown.

use serde_json::json;
use steward_agent::{Choice, Decision, Draft, Question};

use super::stand_in::{Scene, chat};
use crate::Channel;

fn question() -> Question {
    let choice = |label: &str, decision: Decision| Choice { label: label.into(), command: decision.command("K7QX") };
    Question {
        to: chat(),
        code: "K7QX".into(),
        text: "May I call **write**?".into(),
        approve: choice("Allow", Decision::Approve),
        deny: choice("Deny", Decision::Deny),
        more: Some(choice("Show all", Decision::Show)),
    }
}

#[tokio::test]
async fn a_question_has_buttons_until_it_is_decided_and_is_asked_once() {
    let mut scene = Scene::new(|_| {}).await;
    let telegram = std::sync::Arc::clone(&scene.telegram);
    let asking = tokio::spawn(async move { telegram.ask(&question(), None).await });
    let call = scene.call("sendMessage").await;
    assert_eq!(call.body["text"], "May I call write?");
    let keyboard = json!([
        [{"text": "Allow", "callback_data": "/approve K7QX"}, {"text": "Deny", "callback_data": "/deny K7QX"}],
        [{"text": "Show all", "callback_data": "/show K7QX"}],
    ]);
    assert_eq!(call.body["reply_markup"], json!({ "inline_keyboard": keyboard }));
    call.ok(json!({"message_id": 5}));
    let shown = asking.await.unwrap().unwrap();
    assert_eq!(shown, Draft("5".into()));
    assert_eq!(scene.telegram.ask(&question(), Some(&shown)).await, Ok(shown.clone()), "it is there already");

    let telegram = std::sync::Arc::clone(&scene.telegram);
    let settling = tokio::spawn(async move { telegram.settle(&question(), &shown, "**Allowed.**").await });
    let call = scene.call("editMessageText").await;
    assert_eq!((&call.body["message_id"], &call.body["reply_markup"]), (&json!(5), &json!(null)));
    assert_eq!(call.body["text"], "May I call write?\n\nAllowed.");
    call.ok(json!({}));
    settling.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_press_is_kept_before_it_is_confirmed() {
    let mut scene = Scene::started(|_| {}).await;
    let from = json!({"id": 7, "is_bot": false, "first_name": "Ann"});
    let message = json!({"message_id": 5, "date": 1, "chat": {"id": 7, "type": "private", "first_name": "Ann"}});
    let query = json!({"id": "99", "from": from, "message": message, "chat_instance": "1", "data": "/approve K7QX"});
    scene.call("getUpdates").await.ok(json!([{"update_id": 10, "callback_query": query}]));
    let offer = scene.offer().await;
    assert!(scene.calls.try_recv().is_err(), "nothing is confirmed while the press is being kept");
    let envelope = offer.keep();
    assert_eq!((envelope.text.as_str(), envelope.sender.id.as_str()), ("/approve K7QX", "7"));
    let confirmed = scene.call("answerCallbackQuery").await;
    assert_eq!(confirmed.body["callback_query_id"], "99");
    confirmed.ok(json!(true));
    assert_eq!(scene.call("getUpdates").await.body["offset"], 11);
    scene.stop().await;
}
