//! What real model servers send, and what becomes of it in the chat: state that must go back, answers that are cut, calls
//! written as text, refusals in any words.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use steward_tests::model::{Asked, KEY, MODEL, Reply};
use steward_tests::{Host, ScriptedModel, Telegram};

use crate::stage::{OWNER, Stage};

/// A text of 40 KB whose lines are numbered.
fn long_text() -> String {
    (0..800).map(|line| format!("Line {line:03} of a text that is far too long for one answer.\n")).collect()
}

#[tokio::test]
async fn a_file_too_long_for_one_answer_is_written_in_parts_and_never_half() {
    let whole = long_text();
    let parts: Vec<String> =
        whole.as_bytes().chunks(8_000).map(|part| String::from_utf8(part.to_vec()).unwrap()).collect();
    let count = parts.len();
    let text = whole.clone();
    let mut written = 0;
    let decide = move |asked: &Asked| {
        let told = asked.results().pop().map(|(_, text)| text).unwrap_or_default();
        match written {
            0 if !asked.after_tools() => {
                let arguments = json!({ "path": "long.txt", "content": text }).to_string();
                Reply::raw_call("write", &arguments[..arguments.len() / 3]).at_limit().usage(9_000, 4_096, 0)
            }
            0 if !told.contains("cut at") => Reply::text(&format!("What happened? {told}")),
            n if n < count => {
                written += 1;
                Reply::call("write", json!({ "path": "long.txt", "content": parts[n], "append": n > 0 }))
            }
            _ => Reply::text("Written."),
        }
    };
    let stage = Stage::set(decide).await;
    let file = stage.host.workspace().join("long.txt");
    std::fs::write(&file, "what was there before").unwrap();
    stage.owner.says("write the long text");
    stage.owner.hears(|text| text == "Written.").await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), whole);
    let audit = stage.audit(count).await;
    assert_eq!(audit, vec![("write".to_owned(), "ok".to_owned()); count], "the call that was cut was never made");
    let told = &stage.model.requests()[1].results()[0].1;
    assert!(told.contains("tokens") && told.contains("Nothing was done") && told.contains("`append`"), "{told}");
}

#[tokio::test]
async fn calls_that_are_cut_again_and_again_end_in_words_and_touch_nothing() {
    let stage = Stage::set(|_| Reply::raw_call("write", "{\"path\":\"a.txt\",\"content\":\"half").at_limit()).await;
    std::fs::write(stage.host.workspace().join("a.txt"), "whole").unwrap();
    stage.owner.says("write it");
    let told = stage.owner.hears(|text| text.contains("⚠️")).await;
    assert!(
        told.text().contains("none of them was made") && told.text().contains("limits.answer_tokens"),
        "{}",
        told.text()
    );
    assert_eq!(std::fs::read_to_string(stage.host.workspace().join("a.txt")).unwrap(), "whole");
    assert!(stage.model.requests().len() < 8);
}

/// One step with a call, and an answer.
fn thoughtful(asked: &Asked) -> Reply {
    if asked.after_tools() || asked.last_said().contains("again") {
        return Reply::text("Done.");
    }
    let call = json!({ "index": 0, "id": "functions.memory_context:0", "type": "function",
                       "function": { "name": "memory_context", "arguments": "{}" },
                       "extra_content": { "google": { "thought_signature": "c2ln" } } });
    Reply::delta(json!({ "reasoning_content": "I look " }))
        .and_delta(json!({ "reasoning_content": "it up." }))
        .and_delta(json!({ "tool_calls": [call] }))
}

fn called(asked: &Asked) -> &Value {
    asked
        .messages()
        .iter()
        .find(|message| message.get("tool_calls").is_some())
        .unwrap_or_else(|| panic!("no message with calls"))
}

#[tokio::test]
async fn what_a_server_sent_with_a_call_goes_back_to_it_also_after_a_restart() {
    let mut stage = Stage::set(thoughtful).await;
    stage.owner.says("what do you know?");
    stage.owner.hears(|text| text == "Done.").await;
    stage.settled().await;
    stage.host.restart().await;
    stage.owner.says("and again?");
    stage.model.asked(3).await;
    stage.settled().await;
    for asked in &stage.model.requests()[1..] {
        let said = called(asked);
        assert_eq!(said["reasoning_content"], "I look it up.");
        assert_eq!(said["tool_calls"][0]["extra_content"]["google"]["thought_signature"], "c2ln");
        assert_eq!(said["tool_calls"][0]["id"], "functions.memory_context:0");
    }
    assert_eq!(stage.owner.count(|text| text.contains("look it up")), 0, "thoughts are not shown");
}

/// Refuses what Mistral refuses: ids that are not nine letters or digits, each once, and fields it does not know.
fn strict(asked: &Asked) -> Reply {
    for message in asked.messages() {
        if message.get("reasoning_content").is_some() {
            return Reply::error(422, "extra_forbidden: reasoning_content");
        }
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let id = call["id"].as_str().unwrap_or_default();
            if id.len() != 9 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                let reason = format!("Tool call id was {id} but must be a-z, A-Z, 0-9, with a length of 9.");
                return Reply::error(400, &reason);
            }
        }
    }
    Reply::text("Taken over.")
}

#[tokio::test]
async fn another_server_that_takes_over_gets_ids_it_bears_and_no_state_of_the_first() {
    let down = Arc::new(AtomicBool::new(false));
    let gone = Arc::clone(&down);
    let first = ScriptedModel::start(move |asked| match gone.load(Ordering::SeqCst) {
        true => Reply::error(401, "the key was withdrawn"),
        false => thoughtful(asked),
    })
    .await;
    let second = ScriptedModel::start(strict).await;
    let entry = |model: &ScriptedModel| {
        format!(
            "[[models]]\nprovider = \"openai\"\nbase_url = \"{}\"\nkey = \"{KEY}\"\nmodel = \"{MODEL}\"\n",
            model.openai_url()
        )
    };
    let tg = Telegram::start().await;
    let owner = tg.person(OWNER, "Olga").language("en");
    let models = entry(&first) + &entry(&second);
    let _host = Host::builder().owner(OWNER).telegram(&tg).configuration(&models).start().await;
    owner.says("what do you know?");
    owner.hears(|text| text == "Done.").await;
    down.store(true, Ordering::SeqCst);
    owner.says("still there?");
    owner.hears(|text| text == "Taken over.").await;
    let asked = second.requests();
    let taken = asked.last().unwrap();
    let results: Vec<&Value> = taken.messages().iter().filter(|message| message["role"] == "tool").collect();
    assert_eq!(results[0]["tool_call_id"], called(taken)["tool_calls"][0]["id"], "call and result match");
}

#[tokio::test]
async fn a_call_written_as_text_is_made_and_never_shown() {
    let decide = |asked: &Asked| match asked.after_tools() {
        true => Reply::text("<think>now</think>Noted."),
        false => Reply::pieces(&[
            "Let me note it.\n\n<tool",
            "_call>\n{\"name\": \"memory_append\", \"arg",
            "uments\": {\"content\": \"The flat is 42.\"}}\n</tool_call>",
        ]),
    };
    let stage = Stage::set(decide).await;
    stage.owner.says("remember: the flat is 42");
    stage.owner.hears(|text| text.ends_with("Noted.")).await;
    assert!(stage.memory().contains("The flat is 42."));
    let seen: String = stage.owner.sees().iter().map(|message| message.text()).collect();
    assert_eq!(seen, "Let me note it.\n\nNoted.");
    assert!(!stage.tg.calls("editMessageText").iter().any(|call| format!("{call:?}").contains("tool_call")));
}

#[tokio::test]
async fn a_call_that_is_only_quoted_is_not_made() {
    const QUOTE: &str = "A call looks like this:\n<tool_call>{\"name\": \"memory_append\", \"arguments\": \
                         {\"content\": \"x\"}}</tool_call>\nThe server reads it.";
    let stage = Stage::set(|_| Reply::text(QUOTE)).await;
    stage.owner.says("how do you call tools?");
    stage.owner.hears(|text| text.contains("The server reads it.")).await;
    assert_eq!(stage.model.requests().len(), 1);
    assert!(stage.memory().is_empty());
}

#[tokio::test]
async fn a_model_that_says_nothing_is_asked_once_more_and_then_it_is_said_why() {
    let stage = Stage::set(|asked| match asked.number {
        0 => Reply::default().thinking("hm"),
        1 => Reply::text("Here I am."),
        _ => Reply::default().thinking("hm"),
    })
    .await;
    stage.owner.says("hello?");
    stage.owner.hears(|text| text == "Here I am.").await;
    stage.owner.says("and now?");
    let told = stage.owner.hears(|text| text.contains("⚠️")).await;
    assert!(told.text().contains("only reasoned"), "{}", told.text());
    assert_eq!(stage.model.requests().len(), 4);
}

#[tokio::test]
async fn a_model_without_tools_is_told_of_in_plain_words() {
    let stage = Stage::set(|_| Reply::error(400, "registry.ollama.ai/library/tiny does not support tools")).await;
    stage.owner.says("hello?");
    let told = stage.owner.hears(|text| text.contains("⚠️")).await;
    assert!(told.text().contains("cannot use tools") && told.text().contains("Choose a model"), "{}", told.text());
    assert_eq!(stage.model.requests().len(), 1);
}

/// Only a summary is asked for without tools.
fn wants_summary(asked: &Asked) -> bool {
    asked.tools().is_empty()
}

/// A server that refuses long conversations in words nobody has heard before.
fn taciturn(asked: &Asked) -> Reply {
    let length: usize = asked.said().iter().map(String::len).sum();
    match wants_summary(asked) {
        true => Reply::text("They chatted."),
        false if length > 16_000 => Reply::error(400, "Nicht so viel auf einmal."),
        false => Reply::text(&format!("Noted {}.", asked.said().len())),
    }
}

#[tokio::test]
async fn a_long_conversation_refused_in_any_words_is_summarised_and_goes_on() {
    let stage = Stage::with(taciturn, |host| host.configuration("[memory]\ndistil_after = 0\n")).await;
    for number in 1..=8 {
        stage.owner.says(&format!("{number}: {}", "It goes on and on. ".repeat(160)));
        stage.until(&format!("SELECT count(*) >= {number} FROM run WHERE state != 'open'")).await;
        stage.settled().await;
    }
    let asked = stage.model.requests();
    assert!(asked.iter().any(wants_summary));
    assert_eq!(stage.owner.count(|text| text.contains("⚠️")), 0, "{:?}", stage.owner.sees());
}

#[tokio::test]
async fn a_conversation_that_is_refused_also_when_it_is_short_is_told_and_clear_is_named() {
    let refuses = |asked: &Asked| match wants_summary(asked) {
        true => Reply::text("They chatted."),
        false => Reply::error(400, "Nein."),
    };
    let stage = Stage::with(refuses, |host| host.configuration("[memory]\ndistil_after = 0\n")).await;
    stage.owner.says("hello");
    let short = stage.owner.hears(|text| text.contains("⚠️")).await;
    assert!(short.text().contains("Nein.") && !short.text().contains("/clear"), "{}", short.text());
    assert!(!stage.model.requests().iter().any(wants_summary), "so short a one cannot be too long");
    for number in 2..=5 {
        stage.owner.says(&format!("{number}: {}", "It goes on and on. ".repeat(190)));
        stage.until(&format!("SELECT count(*) >= {number} FROM run WHERE state != 'open'")).await;
    }
    let long = stage.owner.hears(|text| text.contains("/clear")).await;
    assert!(long.text().contains("Nein.") && long.text().contains("summarised"), "{}", long.text());
}
