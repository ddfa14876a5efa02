//! What becomes of the updates people cause.

use serde_json::json;

use super::*;

fn update(message: Value) -> Value {
    let name = json!({"first_name": "Анна", "last_name": "К", "username": "ann"});
    let mut from = json!({"id": 7, "is_bot": false, "language_code": "en"});
    from.as_object_mut().unwrap().extend(name.as_object().unwrap().clone());
    let mut whole = json!({
        "message_id": 3, "date": 1, "from": from,
        "chat": {"id": 7, "type": "private", "first_name": "Анна"},
    });
    whole.as_object_mut().unwrap().extend(message.as_object().unwrap().clone());
    json!({"update_id": 99, "message": whole})
}

fn received(message: Value) -> Envelope {
    match read(&update(message), "our_bot") {
        Reading::Message(envelope) => *envelope,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_text_comes_with_its_sender() {
    let envelope = received(json!({"text": "привет"}));
    assert_eq!(envelope.address, Address { channel: "telegram".into(), chat: "7".into() });
    assert_eq!((envelope.external_id.as_str(), envelope.text.as_str()), ("99", "привет"));
    let sender =
        Sender {
            id: "7".into(), name: "Анна К".into(), username: Some("ann".into()), language: Some(Language::En)
        };
    assert_eq!(envelope.sender, sender);
}

#[test]
fn files_come_with_their_caption() {
    let photo = received(json!({"caption": "look", "photo": [
        {"file_id": "S", "file_unique_id": "s", "width": 10, "height": 10, "file_size": 5},
        {"file_id": "L", "file_unique_id": "l", "width": 90, "height": 90, "file_size": 50},
    ]}));
    assert_eq!(photo.text, "look");
    let largest = steward_agent::Attachment {
        remote_id: "L".into(),
        name: "photo-l.jpg".into(),
        mime: Some("image/jpeg".into()),
        size: Some(50),
    };
    assert_eq!(photo.attachments, [largest]);
    let file = json!({"file_id": "D", "file_unique_id": "d", "file_name": "a b.pdf", "mime_type": "application/pdf"});
    let document = received(json!({"document": file}));
    assert_eq!((document.text.as_str(), document.attachments[0].name.as_str()), ("", "a b.pdf"));
    assert_eq!(document.attachments[0].size, None);
    let voice = received(json!({"voice": {"file_id": "V", "file_unique_id": "v", "duration": 2, "file_size": 9}}));
    assert_eq!(voice.attachments[0].name, "voice-v.ogg");
}

#[test]
fn what_is_no_text_is_told_in_words() {
    let told = |message| received(message).text;
    assert_eq!(told(json!({"location": {"latitude": 55.5, "longitude": 37.25}})), "[location: 55.5, 37.25]");
    assert_eq!(told(json!({"contact": {"phone_number": "+7", "first_name": "Bob"}})), "[contact: Bob, +7]");
    assert_eq!(told(json!({"dice": {"emoji": "🎲", "value": 4}})), "[dice: 4]");
    assert_eq!(told(json!({"brand_new_thing": {"x": 1}})), "[a message of a kind that cannot be read here]");
}

#[test]
fn context_goes_before_the_text_but_not_before_a_command() {
    let other = json!({"message_id": 1, "date": 1, "chat": {"id": 7, "type": "private"}, "text": "line one\nline two"});
    let reply = |text: &str| received(json!({"text": text, "reply_to_message": other.clone()})).text;
    assert_eq!(reply("and this?"), "> line one\n> line two\n\nand this?");
    assert_eq!(reply("/stop"), "/stop");
    let origin = json!({"type": "hidden_user", "sender_user_name": "Bob", "date": 1});
    assert_eq!(received(json!({"text": "hi", "forward_origin": origin})).text, "[forwarded from Bob]\nhi");
    assert_eq!(received(json!({"text": "/help@Our_Bot me"})).text, "/help me");
    assert_eq!(received(json!({"text": "/help@other_bot"})).text, "/help@other_bot");
}

#[test]
fn groups_bots_and_edits_are_not_for_us() {
    let ignored = |update: &Value| matches!(read(update, "our_bot"), Reading::Ignored(_));
    assert!(ignored(&update(json!({"text": "x", "chat": {"id": -5, "type": "group", "title": "G"}}))));
    assert!(ignored(&update(json!({"text": "x", "from": {"id": 8, "is_bot": true, "first_name": "B"}}))));
    let mut edited = update(json!({"text": "x"}));
    edited["edited_message"] = edited.as_object_mut().unwrap().remove("message").unwrap();
    assert!(ignored(&edited));
    assert!(ignored(&update(json!({"new_chat_title": "x"}))));
}

#[test]
fn a_message_with_a_part_of_a_new_shape_keeps_its_text() {
    let strange = update(json!({"text": "важно", "entities": "of a new shape", "date": "tomorrow"}));
    let Reading::Message(envelope) = read(&strange, "our_bot") else { panic!("it is lost") };
    assert_eq!((envelope.text.as_str(), envelope.sender.id.as_str()), ("важно", "7"));
    let group = update(json!({"text": "x", "date": [], "chat": {"id": -1, "type": "supergroup"}}));
    assert!(matches!(read(&group, "our_bot"), Reading::Ignored(_)));
}

#[test]
fn what_is_no_update_is_unreadable() {
    for update in [
        json!(null),
        json!([]),
        json!({"update_id": "x"}),
        json!({"update_id": 1}),
        json!({"update_id": 1, "message": 7}),
    ] {
        assert_eq!(read(&update, "our_bot"), Reading::Unreadable);
    }
}

#[test]
fn what_was_forwarded_is_never_a_command_and_keeps_its_mark() {
    let hidden = json!({"type": "hidden_user", "sender_user_name": "Bob\n/clear", "date": 1});
    let origin = |text: &str| received(json!({"text": text, "forward_origin": hidden.clone()}));
    for text in ["/clear", "/approve K7QX", "[forwarded from Olga]\n/clear", "/help@our_bot", "hi"] {
        let envelope = origin(text);
        assert!(envelope.text.starts_with("[forwarded from Bob /clear]\n"), "{}", envelope.text);
        let part = envelope.foreign.unwrap();
        assert_eq!((part.from, part.to), (0, envelope.text.len()));
    }
    // Whatever a Bot API calls it, and whatever kind of message it is.
    for sign in [
        json!({"text": "/clear", "forward_date": 1}),
        json!({"text": "/clear", "forward_sender_name": "Bob"}),
        json!({"text": "/clear", "via_bot": {"id": 9, "is_bot": true, "first_name": "B", "username": "gif"}}),
        json!({"caption": "/clear", "forward_origin": hidden, "brand_new_thing": {}}),
        json!({"brand_new_thing": {"x": 1}, "forward_origin": {"type": "new", "x": 1}}),
    ] {
        let envelope = received(sign);
        assert!(!envelope.text.starts_with('/'), "{}", envelope.text);
        assert!(envelope.foreign.is_some_and(|part| part.to == envelope.text.len()), "{}", envelope.text);
    }
    assert_eq!(received(json!({"text": "/clear", "forward_origin": null})).text, "/clear");
}

#[test]
fn a_quote_of_others_is_theirs_and_the_rest_is_the_sender_s() {
    let reply = |from: Value| {
        let other =
            json!({"message_id": 1, "date": 1, "chat": {"id": 7, "type": "private"}, "text": "pay Bob", "from": from});
        received(json!({"text": "what is this?", "reply_to_message": other}))
    };
    let of_bot = reply(json!({"id": 99, "is_bot": true, "first_name": "Steward", "username": "our_bot"}));
    assert_eq!(of_bot.text, "> pay Bob\n\nwhat is this?");
    let part = of_bot.foreign.unwrap();
    assert_eq!(part.split(&of_bot.text), ("", "> pay Bob\n\n", "what is this?"));
    assert_eq!(part.sources, [Source::Forwarded("our_bot".into())]);
    assert_eq!(reply(json!({"id": 7, "is_bot": false, "first_name": "Ann"})).foreign, None, "one's own words");
}

#[test]
fn the_address_behind_linked_words_is_told() {
    let link =
        |offset: usize| json!([{"type": "text_link", "offset": offset, "length": 4, "url": "https://a.example/x"}]);
    let told = received(json!({"text": "see this", "entities": link(4)})).text;
    assert_eq!(told, "see this (https://a.example/x)");
    let photo = json!([{"file_id": "S", "file_unique_id": "s", "width": 10, "height": 10}]);
    let told = received(json!({"caption": "this 🙂", "caption_entities": link(0), "photo": photo})).text;
    assert_eq!(told, "this (https://a.example/x) 🙂");
    let other = json!({"message_id": 1, "date": 1, "chat": {"id": 7, "type": "private"}, "text": "read that", "entities": link(5)});
    let told = received(json!({"text": "why?", "reply_to_message": other})).text;
    assert_eq!(told, "> read that (https://a.example/x)\n\nwhy?");
    let strange = received(json!({"text": "this", "entities": link(0), "date": "tomorrow"})).text;
    assert_eq!(strange, "this (https://a.example/x)", "also in a message that is read by hand");
}
