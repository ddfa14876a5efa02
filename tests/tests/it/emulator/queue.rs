use serde_json::json;
use steward_tests::telegram::{Failure, TOKEN};
use steward_tests::{Gate, Telegram};

use super::{call, client, refusal};

#[tokio::test]
async fn an_update_is_repeated_until_a_higher_offset_confirms_it() {
    let tg = Telegram::start().await;
    let anna = tg.person(42, "Anna").username("anna").language("ru");
    anna.says("one");
    anna.says("two");
    let (_, first) = call(&tg, "getUpdates", json!({})).await;
    let (_, again) = call(&tg, "getUpdates", json!({ "limit": 1 })).await;
    assert_eq!(first["result"].as_array().unwrap().len(), 2);
    assert_eq!(first["result"][0], again["result"][0]);
    assert_eq!(first["result"][0]["message"]["from"]["language_code"], "ru");

    let second = first["result"][1]["update_id"].as_i64().unwrap();
    let (_, rest) = call(&tg, "getUpdates", json!({ "offset": second })).await;
    assert_eq!(rest["result"][0]["message"]["text"], "two");
    assert_eq!(tg.unconfirmed(), 1);
    let (_, none) = call(&tg, "getUpdates", json!({ "offset": second + 1 })).await;
    assert_eq!(none["result"], json!([]));
    tg.all_confirmed().await;
}

#[tokio::test]
async fn a_long_poll_ends_with_the_first_update() {
    let tg = Telegram::start().await;
    let anna = tg.person(42, "Anna");
    let poll = {
        let tg = tg.clone();
        tokio::spawn(async move { call(&tg, "getUpdates", json!({ "timeout": 50 })).await })
    };
    tg.polled().await;
    anna.says("hello");
    let (_, answer) = poll.await.unwrap();
    assert_eq!(answer["result"][0]["message"]["text"], "hello");
}

#[tokio::test]
async fn a_second_poller_ends_the_first() {
    let tg = Telegram::start().await;
    let first = {
        let tg = tg.clone();
        tokio::spawn(async move { call(&tg, "getUpdates", json!({ "timeout": 50 })).await })
    };
    tg.polled().await;
    let second = {
        let tg = tg.clone();
        tokio::spawn(async move { call(&tg, "getUpdates", json!({ "timeout": 50 })).await })
    };
    let (status, answer) = first.await.unwrap();
    assert_eq!(status, 409);
    assert!(answer["description"].as_str().unwrap().starts_with("Conflict: terminated by other getUpdates request"));
    tg.person(42, "Anna").says("hello");
    assert_eq!(second.await.unwrap().0, 200);
}

#[tokio::test]
async fn only_the_kinds_asked_for_are_queued_and_the_choice_is_remembered() {
    let tg = Telegram::start().await;
    let anna = tg.person(42, "Anna");
    call(&tg, "getUpdates", json!({ "allowed_updates": ["message"] })).await;
    call(&tg, "getUpdates", json!({})).await;
    let message = anna.says("one");
    anna.edits(message, "two");
    assert_eq!(tg.unconfirmed(), 1);
    call(&tg, "getUpdates", json!({ "allowed_updates": [] })).await;
    anna.edits(message, "three");
    assert_eq!(tg.unconfirmed(), 2);
}

#[tokio::test]
async fn a_raw_update_comes_as_it_is() {
    let tg = Telegram::start().await;
    let id = tg.inject(json!({ "message": { "broken": true } }));
    let (_, answer) = call(&tg, "getUpdates", json!({})).await;
    assert_eq!(answer["result"], json!([{ "update_id": id, "message": { "broken": true } }]));
}

#[tokio::test]
async fn failures_come_in_order_and_then_it_works_again() {
    let tg = Telegram::start().await;
    let anna = tg.person(42, "Anna");
    anna.says("hello");
    tg.fail_next("sendMessage", Failure::TooMany { retry_after: 7 });
    tg.fail_next("sendMessage", Failure::BadGateway);
    tg.fail_next("sendMessage", Failure::Cut);
    tg.fail_next("sendMessage", Failure::CutAfter);
    let send = json!({ "chat_id": 42, "text": "answer" });

    let (status, answer) = call(&tg, "sendMessage", send.clone()).await;
    assert_eq!((status, &answer["parameters"]["retry_after"]), (429, &json!(7)));
    assert_eq!(answer["description"], "Too Many Requests: retry after 7");

    let url = format!("{}/bot{TOKEN}/sendMessage", tg.url());
    let post = || async { client().post(&url).json(&send).send().await?.bytes().await };
    let page = client().post(&url).json(&send).send().await.unwrap();
    assert_eq!(page.status(), 502);
    post().await.unwrap_err();
    assert_eq!(anna.sees().len(), 0);
    post().await.unwrap_err();
    assert_eq!(anna.sees().len(), 1);
    assert_eq!(call(&tg, "sendMessage", send.clone()).await.0, 200);
    assert_eq!(tg.calls("sendMessage").len(), 5);

    tg.set_offline(true);
    post().await.unwrap_err();
    tg.set_offline(false);
    post().await.unwrap();
}

#[tokio::test]
async fn a_message_is_there_while_its_answer_is_held() {
    let tg = Telegram::start().await;
    let anna = tg.person(42, "Anna");
    anna.says("hello");
    let (before, after) = (Gate::new(), Gate::new());
    tg.fail_next("sendMessage", Failure::HoldBefore(before.clone()));
    tg.fail_next("sendMessage", Failure::HoldAfter(after.clone()));
    let send = |text: &'static str| {
        let tg = tg.clone();
        tokio::spawn(async move { call(&tg, "sendMessage", json!({ "chat_id": 42, "text": text })).await.0 })
    };
    let first = send("first");
    before.reached().await;
    let second = send("second");
    after.reached().await;
    assert_eq!(anna.hears(|_| true).await.text(), "second");
    before.open();
    assert_eq!(first.await.unwrap(), 200);
    assert_eq!(anna.hears(|_| true).await.text(), "first");
    after.open();
    assert_eq!(second.await.unwrap(), 200);
}

#[tokio::test]
async fn a_wrong_token_is_refused() {
    let tg = Telegram::start().await;
    for (token, status, description) in [("1:wrong", 401, "Unauthorized"), ("nonsense", 404, "Not Found")] {
        let response = client().get(format!("{}/bot{token}/getMe", tg.url())).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status);
        let answer: serde_json::Value = response.json().await.unwrap();
        assert_eq!(answer["description"], description);
    }
    assert_eq!(refusal(&tg, "makeCoffee", json!({})).await, "Not Found: method not found");
}
