use steward_tests::Telegram;
use steward_tests::telegram::TOKEN;
use teloxide::net::Download;
use teloxide::prelude::*;
use teloxide::types::{FileId, InputFile, UpdateKind};
use teloxide::{ApiError, RequestError};

fn bot(tg: &Telegram) -> Bot {
    Bot::new(TOKEN).set_api_url(tg.url().parse().unwrap())
}

#[tokio::test]
async fn teloxide_reads_what_people_send_and_answers() {
    let tg = Telegram::start().await;
    let anna = tg.person(42, "Anna").username("anna").language("ru");
    let bot = bot(&tg);
    assert_eq!(bot.get_me().await.unwrap().username(), "steward_test_bot");

    anna.says("/start now");
    anna.sends_photo(vec![1, 2, 3], "look");
    anna.sends_document("plan.pdf", "application/pdf", vec![7; 100], "");
    anna.sends_voice(vec![9; 10]);
    let updates = bot.get_updates().await.unwrap();
    let messages: Vec<_> = updates
        .iter()
        .map(|update| match &update.kind {
            UpdateKind::Message(message) => message,
            other => panic!("not a message: {other:?}"),
        })
        .collect();
    assert_eq!(messages[0].text(), Some("/start now"));
    assert_eq!(messages[0].from.as_ref().unwrap().username.as_deref(), Some("anna"));
    assert_eq!(messages[1].caption(), Some("look"));
    assert_eq!(messages[2].document().unwrap().file_name.as_deref(), Some("plan.pdf"));
    assert_eq!(messages[3].voice().unwrap().file.size, 10);

    let photo = messages[1].photo().unwrap().last().unwrap().file.id.clone();
    let file = bot.get_file(photo).await.unwrap();
    let mut bytes = Vec::new();
    bot.download_file(&file.path, &mut bytes).await.unwrap();
    assert_eq!(bytes, [1, 2, 3]);

    let sent = bot.send_message(ChatId(42), "hello").await.unwrap();
    bot.edit_message_text(ChatId(42), sent.id, "hello there").await.unwrap();
    let same = bot.edit_message_text(ChatId(42), sent.id, "hello there").await.unwrap_err();
    assert!(matches!(same, RequestError::Api(ApiError::MessageNotModified)), "{same:?}");
    let heard = anna.hears(|text| text == "hello there").await;
    assert_eq!(heard.id, i64::from(sent.id.0));
}

#[tokio::test]
async fn files_go_both_ways_within_their_limits() {
    let tg = Telegram::start().await;
    let anna = tg.person(42, "Anna");
    anna.sends_document("film.mp4", "video/mp4", vec![0; 20 * 1024 * 1024 + 1], "");
    let bot = bot(&tg);
    let update = bot.get_updates().await.unwrap().remove(0);
    let UpdateKind::Message(message) = update.kind else { panic!("not a message") };
    let id = message.document().unwrap().file.id.clone();
    let error = bot.get_file(id).await.unwrap_err();
    assert!(error.to_string().contains("file is too big"), "{error}");
    let unknown = bot.get_file(FileId("nothing".to_owned())).await.unwrap_err();
    assert!(unknown.to_string().contains("wrong file_id or the file is temporarily unavailable"), "{unknown}");

    let report = InputFile::memory("a,b\n1,2\n").file_name("report.csv");
    bot.send_document(ChatId(42), report).caption("Your report").await.unwrap();
    let heard = anna.hears(|text| text == "Your report").await;
    let file = heard.file.unwrap();
    assert_eq!((file.name.as_str(), &file.bytes[..]), ("report.csv", &b"a,b\n1,2\n"[..]));
    bot.send_photo(ChatId(42), InputFile::file_id(FileId(file.id))).await.unwrap();
    let long = bot.send_photo(ChatId(42), InputFile::memory("x")).caption("x".repeat(1025)).await.unwrap_err();
    assert!(long.to_string().contains("message caption is too long"), "{long}");
}

#[tokio::test]
async fn an_update_nobody_can_parse_leaves_the_others_readable() {
    let tg = Telegram::start().await;
    tg.inject(serde_json::json!({ "message": { "no": "message" } }));
    tg.person(42, "Anna").says("hello");
    let updates = bot(&tg).get_updates().await.unwrap();
    assert!(matches!(updates[0].kind, UpdateKind::Error(_)));
    assert!(matches!(updates[1].kind, UpdateKind::Message(_)));
}
