//! The main way of a message: the owner asks in Telegram, tools run, the answer grows in one message.

use serde_json::{Value, json};
use steward_tests::host::HostBuilder;
use steward_tests::model::{Asked, Reply};
use steward_tests::telegram::ChatMessage;
use steward_tests::{Aimock, Gate, Host, Telegram};

use crate::stage::{OWNER, Stage};

const QUESTION: &str = "How does my week look?";

/// Two tools in one step, then an answer in pieces that stops at the gate.
fn week(gate: &Gate) -> impl FnMut(&Asked) -> Reply + Send + 'static {
    let gate = gate.clone();
    move |asked| match asked.after_tools() {
        false => Reply::call("list_users", json!({})).and_call("memory_context", json!({})),
        true => {
            Reply::pieces(&["Your week ", "is **quiet**"]).and_wait(&gate).then(" so far.\n\n- No tasks").then(" wait")
        }
    }
}

#[tokio::test]
async fn two_tools_run_in_one_step_and_the_answer_grows_in_one_message() {
    let gate = Gate::new();
    let stage = Stage::set(week(&gate)).await;
    stage.owner.says(QUESTION);
    let partial = stage.owner.hears(|text| text.starts_with("Your week")).await;
    assert!(!partial.text().contains("so far"));
    gate.open();
    let whole = "Your week is quiet so far.\n\n• No tasks wait";
    let message = stage.owner.reads(partial.id, |message| message.text() == whole).await;
    assert_eq!(message.entities(), [json!({ "type": "bold", "offset": 13, "length": 5 })]);
    assert_eq!(stage.owner.sees().len(), 1, "one message grew");
    assert!(stage.owner.actions().contains(&"typing".to_owned()));

    let mut audit = stage.audit(2).await;
    audit.sort();
    let ok = |tool: &str| (tool.to_owned(), "ok".to_owned());
    assert_eq!(audit, [ok("list_users"), ok("memory_context")]);
    let asked = stage.model.requests();
    let results: Vec<_> = asked[1].results().into_iter().map(|(id, _)| id).collect();
    assert_eq!(results, ["call_1", "call_2"]);
}

#[tokio::test]
async fn a_pause_in_the_stream_shows_all_that_was_said() {
    let (first, second) = (Gate::new(), Gate::new());
    let held = (first.clone(), second.clone());
    let stage = Stage::set(move |asked| match asked.number {
        0 => Reply::text("One").and_wait(&held.0).then(" and two").and_wait(&held.1),
        _ => Reply::text("asked again, for nothing was said for too long"),
    })
    .await;
    stage.owner.says("count");
    let growing = stage.owner.hears(|text| text == "One").await;
    first.open();
    stage.owner.reads(growing.id, |message| message.text() == "One and two").await;
    second.open();
    stage.settled().await;
    assert_eq!(stage.owner.sees().len(), 1);
}

#[tokio::test]
async fn a_short_answer_is_one_message_and_no_edit() {
    let stage = Stage::set(|_| Reply::text("It is **42**.")).await;
    for times in 1..=3 {
        stage.owner.says("what is it?");
        stage.owner.hears(|text| text == "It is 42.").await;
        stage.settled().await;
        assert_eq!(stage.tg.calls("sendMessage").len(), times);
    }
    assert!(stage.tg.calls("editMessageText").is_empty());
}

#[tokio::test]
async fn a_message_is_four_changes_of_the_database_and_waits_for_few_other_threads() {
    const MESSAGES: u64 = 40;
    let say = |host: HostBuilder| host.variable("STEWARD_LOG", "info,steward_store=debug");
    let mut stage = Stage::with(|_| Reply::text("It is 42."), say).await;
    for _ in 0..MESSAGES {
        stage.owner.says("what is it?");
        stage.owner.hears(|text| text == "It is 42.").await;
        stage.settled().await;
    }
    stage.host.stop().await;
    let log = stage.host.log();
    let line = log.iter().find(|line| line.contains("the database is closed")).unwrap();
    let plain = strip_ansi(line);
    let number = |name: &str| -> u64 {
        let (_, rest) = plain.split_once(&format!("{name}=")).unwrap();
        rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
    };
    let (queries, elsewhere, commits) = (number("queries"), number("elsewhere"), number("commits"));
    // Received, begun, answered, sent; the rest is the start, the transcript and what looks around now and then.
    assert!(commits <= 4 * MESSAGES + 40, "{line}");
    assert!(queries <= 16 * MESSAGES, "{line}");
    // The history; the rest as above.
    assert!(elsewhere <= 3 * MESSAGES, "{line}");
}

/// The line without colours.
fn strip_ansi(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    plain + rest
}

async fn through_aimock(connect: impl FnOnce(HostBuilder, &Aimock) -> HostBuilder) -> (Vec<ChatMessage>, Vec<Value>) {
    let (tg, aimock) = (Telegram::start().await, Aimock::start("week").await);
    let owner = tg.person(OWNER, "Olga").language("en");
    let _host = connect(Host::builder().owner(OWNER).telegram(&tg), &aimock).start().await;
    owner.says(QUESTION);
    owner.hears(|text| text.ends_with("Shall I plan something for you?")).await;
    tg.all_confirmed().await;
    (owner.sees(), aimock.journal().await)
}

#[tokio::test]
async fn a_model_with_openais_format_gets_what_it_needs() {
    let (seen, journal) = through_aimock(HostBuilder::aimock).await;
    check(&seen, &journal, "/v1/chat/completions");
}

#[tokio::test]
async fn a_model_with_anthropics_format_gets_what_it_needs() {
    let (seen, journal) = through_aimock(HostBuilder::anthropic_aimock).await;
    check(&seen, &journal, "/v1/messages");
}

fn check(seen: &[ChatMessage], journal: &[Value], path: &str) {
    assert_eq!(seen.len(), 1, "one message grew: {seen:?}");
    let text = "Your week is quiet: nothing is scheduled so far.\n\n• Flat number 42 is noted\n• No reminders wait\n\n\
                Shall I plan something for you?";
    assert_eq!(seen[0].text(), text);
    let asked: Vec<_> = journal.iter().filter(|entry| entry["path"] == path).collect();
    assert_eq!(asked.len(), 2, "one question, one step with tools");
    let results = asked[1]["body"]["messages"].as_array().unwrap().iter().filter(|message| message["role"] == "tool");
    let ids: Vec<_> = results.map(|message| message["tool_call_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["call_jobs", "call_memory"]);
}

#[tokio::test]
async fn the_second_request_repeats_the_first_to_the_byte_and_adds_to_it() {
    for anthropic in [false, true] {
        let gate = Gate::new();
        gate.open();
        let (tg, model) = (Telegram::start().await, steward_tests::ScriptedModel::start(week(&gate)).await);
        let owner = tg.person(OWNER, "Olga").language("en");
        let host = Host::builder().owner(OWNER).telegram(&tg);
        let host = if anthropic { host.anthropic_model(&model) } else { host.model(&model) };
        let _host = host.start().await;
        owner.says(QUESTION);
        owner.hears(|text| text.ends_with("wait")).await;
        let asked = model.requests();
        let raw: Vec<_> = asked.iter().map(|asked| std::str::from_utf8(&asked.raw).unwrap()).collect();
        assert_eq!(member(raw[0], "tools"), member(raw[1], "tools"));
        let [first, second] = [member(raw[0], "messages"), member(raw[1], "messages")];
        // The mark for the provider's cache moves to the newest message.
        let unmarked = |text: &str| text.replace(r#","cache_control":{"type":"ephemeral"}"#, "");
        let (first, second) = (unmarked(first), unmarked(second));
        assert!(second.starts_with(first.trim_end_matches(']')), "{first}\n{second}");
        let added = without_time(&second[first.len() - 1..]);
        let expected = if anthropic { ANTHROPIC_STEP } else { OPENAI_STEP };
        assert_eq!(added, expected);
    }
}

/// What the step with tools adds to the conversation.
const OPENAI_STEP: &str = concat!(
    r#",{"role":"assistant","content":"","tool_calls":[{"id":"call_1","type":"function","function":{"#,
    r#""name":"list_users","arguments":"{}"}},{"id":"call_2","type":"function","function":{"name":"memory_context","arguments":"{}"}}]},"#,
    r#"{"role":"tool","tool_call_id":"call_1","content":"…"},{"role":"tool","tool_call_id":"call_2","content":"…"}]"#,
);
const ANTHROPIC_STEP: &str = concat!(
    r#",{"role":"assistant","content":[{"type":"tool_use","id":"call_1","name":"list_users","input":{}},"#,
    r#"{"type":"tool_use","id":"call_2","name":"memory_context","input":{}}]},{"role":"user","content":["#,
    r#"{"type":"tool_result","tool_use_id":"call_1","content":"…"},"#,
    r#"{"type":"tool_result","tool_use_id":"call_2","content":"…"}]}]"#,
);

/// The exact text of a member of a JSON object that is a list.
fn member<'a>(raw: &'a str, name: &str) -> &'a str {
    let start = raw.find(&format!("\"{name}\":[")).unwrap() + name.len() + 3;
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for (at, letter) in raw[start..].char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &raw[start..=start + at];
        }
    }
    panic!("{name} has no end in {raw}")
}

/// The texts of results replaced, which tell the time.
fn without_time(added: &str) -> String {
    let mut text = String::new();
    let mut rest = added;
    while let Some(at) = rest.find(r#""content":""#) {
        let (before, after) = rest.split_at(at + r#""content":""#.len());
        let end = after.match_indices('"').find(|(at, _)| !after[..*at].ends_with('\\')).map_or(0, |(at, _)| at);
        text += before;
        text += if end == 0 { "" } else { "…" };
        rest = &after[end..];
    }
    text + rest
}
