use serde_json::{Value, json};
use steward_tests::Telegram;
use steward_tests::telegram::Person;

use super::{call, refusal};

async fn with_anna() -> (Telegram, Person) {
    let tg = Telegram::start().await;
    let anna = tg.person(42, "Anna");
    anna.says("hello");
    (tg, anna)
}

#[tokio::test]
async fn texts_are_refused_in_telegrams_words() {
    let (tg, _anna) = with_anna().await;
    let html = |text: &str| json!({ "chat_id": 42, "text": text, "parse_mode": "HTML" });
    let entity = |entity: Value| json!({ "chat_id": 42, "text": "hello", "entities": [entity] });
    let cases = [
        (json!({ "chat_id": 42 }), "message text is empty"),
        (json!({ "text": "x" }), "chat_id is empty"),
        (json!({ "chat_id": 7, "text": "x" }), "chat not found"),
        (json!({ "chat_id": 42, "text": " \n " }), "text must be non-empty"),
        (json!({ "chat_id": 42, "text": "x".repeat(4097) }), "message is too long"),
        (json!({ "chat_id": 42, "text": "😀".repeat(2049) }), "message is too long"),
        (json!({ "chat_id": 42, "text": "x", "parse_mode": "TeX" }), "unsupported parse_mode"),
        (
            json!({ "chat_id": 42, "text": "x", "reply_parameters": { "message_id": 9 } }),
            "message to be replied not found",
        ),
        (html("<b>open"), "can't parse entities: Can't find end tag corresponding to start tag \"b\""),
        (
            html("<b><i>test</b></i>"),
            "can't parse entities: Unmatched end tag at byte offset 10, expected \"</i>\", found \"</b>\"",
        ),
        (html("<script>x</script>"), "can't parse entities: Unsupported start tag \"script\" at byte offset 0"),
        (
            entity(json!({ "type": "loud", "offset": 0, "length": 1 })),
            "can't parse MessageEntity: Unsupported type specified",
        ),
        (
            entity(json!({ "type": "bold", "offset": 100, "length": 1 })),
            "entity begins after the end of the text at UTF-16 offset 100",
        ),
        (
            entity(json!({ "type": "bold", "offset": 0, "length": 100 })),
            "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 100",
        ),
        (entity(json!({ "type": "bold", "offset": -1, "length": 1 })), "receive an entity with incorrect offset -1"),
        (
            entity(json!({ "type": "text_link", "offset": 0, "length": 5, "url": "not-a-url" })),
            "entity URL 'not-a-url' is invalid: Wrong HTTP URL",
        ),
        (
            json!({ "chat_id": 42, "text": "😀!", "entities": [{ "type": "bold", "offset": 1, "length": 2 }] }),
            "entity begins in a middle of a UTF-16 symbol at byte offset 0",
        ),
    ];
    for (params, words) in cases {
        assert_eq!(refusal(&tg, "sendMessage", params).await, format!("Bad Request: {words}"));
    }
    assert_eq!(call(&tg, "sendMessage", json!({ "chat_id": 42, "text": "x".repeat(4096) + "  " })).await.0, 200);
}

#[tokio::test]
async fn edits_are_refused_in_telegrams_words() {
    let (tg, anna) = with_anna().await;
    let own = anna.says("mine");
    let (_, sent) = call(&tg, "sendMessage", json!({ "chat_id": 42, "text": "first" })).await;
    let id = sent["result"]["message_id"].as_i64().unwrap();
    let edit = |id: i64, text: &str| json!({ "chat_id": 42, "message_id": id, "text": text });
    let cases = [
        (
            edit(id, "first "),
            "Bad Request: message is not modified: specified new message content and reply markup are \
                              exactly the same as a current content and reply markup of the message",
        ),
        (edit(id, &"x".repeat(4097)), "Bad Request: MESSAGE_TOO_LONG"),
        (edit(9999, "x"), "Bad Request: message to edit not found"),
        (edit(own, "x"), "Bad Request: message can't be edited"),
    ];
    for (params, words) in cases {
        assert_eq!(refusal(&tg, "editMessageText", params).await, words);
    }
    call(&tg, "editMessageText", edit(id, "second")).await;
    let heard = anna.hears(|text| text == "second").await;
    assert_eq!((heard.edits(), heard.versions[0].text.as_str()), (1, "first"));

    call(&tg, "deleteMessage", json!({ "chat_id": 42, "message_id": id })).await;
    assert_eq!(refusal(&tg, "editMessageText", edit(id, "x")).await, "Bad Request: message to edit not found");
    let gone = json!({ "chat_id": 42, "message_id": id });
    assert_eq!(refusal(&tg, "deleteMessage", gone).await, "Bad Request: message to delete not found");
}

#[tokio::test]
async fn html_becomes_entities_and_spaces_at_the_ends_go() {
    let (tg, anna) = with_anna().await;
    let text = "\n <b>Да <i>😀</i></b> &lt;a&gt; <a href=\"https://example.org/?a=1&amp;b=2\">link</a><code></code> ";
    call(&tg, "sendMessage", json!({ "chat_id": 42, "text": text, "parse_mode": "html" })).await;
    let heard = anna.hears(|_| true).await;
    assert_eq!(heard.text(), "Да 😀 <a> link");
    let mut entities = heard.entities().to_vec();
    entities.sort_by_key(|entity| entity["offset"].as_i64());
    assert_eq!(
        json!(entities),
        json!([
            { "type": "bold", "offset": 0, "length": 5 },
            { "type": "italic", "offset": 3, "length": 2 },
            { "type": "text_link", "url": "https://example.org/?a=1&b=2", "offset": 10, "length": 4 },
        ])
    );
}

#[tokio::test]
async fn a_bot_writes_only_to_those_who_want_it() {
    let (tg, anna) = with_anna().await;
    let stranger = tg.person(7, "Stranger");
    let to = |id: i64| json!({ "chat_id": id, "text": "hi" });
    assert_eq!(refusal(&tg, "sendMessage", to(stranger.id())).await, "Bad Request: chat not found");
    anna.blocks_bot();
    let (status, answer) = call(&tg, "sendMessage", to(42)).await;
    assert_eq!((status, answer["description"].as_str().unwrap()), (403, "Forbidden: bot was blocked by the user"));
    anna.unblocks_bot();
    assert_eq!(call(&tg, "sendMessage", to(42)).await.0, 200);
}

#[tokio::test]
async fn the_smaller_methods_check_what_they_get() {
    let (tg, anna) = with_anna().await;
    let action = |action: &str| json!({ "chat_id": 42, "action": action });
    assert_eq!(
        refusal(&tg, "sendChatAction", action("dancing")).await,
        "Bad Request: wrong parameter action in request"
    );
    call(&tg, "sendChatAction", action("typing")).await;
    assert_eq!(anna.actions(), ["typing"]);

    let commands =
        |name: &str| json!({ "commands": [{ "command": name, "description": "Help" }], "language_code": "ru" });
    assert_eq!(refusal(&tg, "setMyCommands", commands("Help!")).await, "Bad Request: BOT_COMMAND_INVALID");
    call(&tg, "setMyCommands", commands("help")).await;
    assert_eq!(tg.commands("ru"), [("help".to_owned(), "Help".to_owned())]);

    let keyboard = json!({ "inline_keyboard": [[{ "text": "Yes", "callback_data": "yes" }]] });
    let ask = json!({ "chat_id": 42, "text": "Sure?", "reply_markup": keyboard });
    let (_, sent) = call(&tg, "sendMessage", ask).await;
    let query = anna.presses(sent["result"]["message_id"].as_i64().unwrap(), "yes");
    let answer = json!({ "callback_query_id": query });
    assert_eq!(call(&tg, "answerCallbackQuery", answer.clone()).await.0, 200);
    assert!(refusal(&tg, "answerCallbackQuery", answer).await.contains("query is too old"));

    for text in ["Thin", "Thinking"] {
        call(&tg, "sendMessageDraft", json!({ "chat_id": 42, "draft_id": 5, "text": text })).await;
    }
    assert_eq!(anna.drafts(), [(5, vec!["Thin".to_owned(), "Thinking".to_owned()])]);
}
