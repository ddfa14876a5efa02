//! Whole conversations with the rehearsal model, as a session would lead them.

use serde_json::{Value, json};
use steward_agent::prompt::{self, Context};
use steward_agent::{Origin, PersonId, Principal, Role, SessionId, ToolCall, ToolResult, ToolSpec};

use super::*;

const OWNER: &str = "schedule_task list_scheduled cancel_task memory_append memory_log memory_context memory_read list \
                     read web_fetch create_task list_tasks list_users send_to_user";
const OUTSIDER: &str = "get_my_tasks update_task send_summary_to_owner";

fn request(tools: &str, messages: Vec<Message>) -> ModelRequest {
    let spec = |name: &str| ToolSpec { name: name.into(), description: String::new(), schema: json!({}) };
    let tools = tools.split_whitespace().map(spec).collect();
    ModelRequest { system: "You are Steward.".into(), messages, tools, max_tokens: 512, model: None }
}

/// The calls made for a message, or the answer.
fn ask(tools: &str, text: &str) -> Result<Vec<(String, Value)>, String> {
    match step(&request(tools, vec![Message::user(text)])) {
        Step::Call(calls) => Ok(calls.into_iter().map(|call| (call.name, call.input)).collect()),
        Step::Say(text) => Err(text),
    }
}

/// The answer once the tool has given this.
fn answer(tools: &str, text: &str, given: &str) -> String {
    let mut messages = vec![Message::user(text)];
    let Step::Call(calls) = step(&request(tools, messages.clone())) else { panic!("no call for {text}") };
    let results = calls.iter().map(|call| result(call, given)).collect::<Vec<_>>();
    messages.push(Message::Assistant { text: String::new(), calls, state: None });
    messages.extend(results);
    match step(&request(tools, messages)) {
        Step::Say(text) => text,
        Step::Call(calls) => panic!("called again: {calls:?}"),
    }
}

fn result(call: &ToolCall, text: &str) -> Message {
    Message::Tool(ToolResult { id: call.id.clone(), name: call.name.clone(), text: text.into(), failed: false })
}

#[test]
fn what_is_asked_becomes_a_call() {
    let cases = [
        (
            OWNER,
            "remind me in one minute to buy milk",
            "schedule_task",
            json!({"title": "buy milk", "time": "in one minute"}),
        ),
        (
            OWNER,
            "напомни мне завтра в 9 позвонить маме",
            "schedule_task",
            json!({"title": "позвонить маме", "time": "завтра в 9"}),
        ),
        (OWNER, "напомни через 5 минут", "schedule_task", json!({"title": "Напоминание", "time": "через 5 минут"})),
        (OWNER, "remember that my flat is 42", "memory_append", json!({"content": "my flat is 42"})),
        (OWNER, "что ты знаешь о моей квартире?", "memory_context", json!({})),
        (OWNER, "покажи напоминания", "list_scheduled", json!({})),
        (OWNER, "cancel 3", "cancel_task", json!({"task_id": "3"})),
        (OWNER, "list files", "list", json!({})),
        (OWNER, "прочитай MEMORY.md", "memory_read", json!({"path": "MEMORY.md"})),
        (OWNER, "read https://example.org", "web_fetch", json!({"url": "https://example.org"})),
        (OWNER, "мои задачи", "list_tasks", json!({})),
        (OUTSIDER, "мои задачи", "get_my_tasks", json!({})),
        (OUTSIDER, "task 3 done: ok", "update_task", json!({"task_id": "3", "status": "done", "result": "ok"})),
        (OUTSIDER, "передай хозяину, что я опоздаю", "send_summary_to_owner", json!({"summary": "я опоздаю"})),
    ];
    for (tools, text, name, input) in cases {
        assert_eq!(ask(tools, text), Ok(vec![(name.to_owned(), input)]), "{text}");
    }
}

#[test]
fn no_tool_is_called_that_is_not_offered() {
    for text in ["remind me in one minute to buy milk", "запомни, что я Анна", "read MEMORY.md", "list files"]
    {
        let told = ask(OUTSIDER, text).unwrap_err();
        let offer = texts::offer(Language::of_text(text).unwrap());
        assert_eq!(told, offer, "{text}");
        assert_eq!(ask("", text).unwrap_err(), texts::not_here(Language::of_text(text).unwrap()));
    }
}

#[test]
fn the_answer_is_in_the_language_of_the_question() {
    let memory = "## MEMORY.md\n\n- my flat is 42\n- моя квартира 42";
    let cases = [
        ("remind me in one minute to buy milk", "#3, at 14:06", "I will remind you: buy milk.\n\n#3, at 14:06"),
        ("remember that my flat is 42", "Saved.", "I will remember: my flat is 42"),
        ("запомни, что моя квартира 42", "Saved.", "Запомнил: моя квартира 42"),
        ("what do you know about my flat", memory, "This is what I remember:\n- my flat is 42"),
        ("что ты знаешь о моей квартире", memory, "Вот что я помню:\n- моя квартира 42"),
        ("what do you know about my boat", memory, "I know nothing about “boat”."),
        ("cancel it", "#3 milk", "#3 milk\n\nWhich one? Answer “cancel” with its id."),
        ("покажи файлы", "a.md", "Файлы:\n\na.md"),
    ];
    for (text, given, expected) in cases {
        assert_eq!(answer(OWNER, text, given), expected, "{text}");
    }
}

#[test]
fn a_message_that_joined_the_run_is_answered_too() {
    let mut messages = vec![Message::user("list files")];
    let Step::Call(first) = step(&request(OWNER, messages.clone())) else { panic!() };
    let listed = result(&first[0], "a.md");
    messages.push(Message::Assistant { text: String::new(), calls: first, state: None });
    messages.extend([listed, Message::user("remember that tea is green")]);
    let Step::Call(second) = step(&request(OWNER, messages.clone())) else { panic!() };
    assert_eq!((second.len(), second[0].name.as_str()), (1, "memory_append"));
    let saved = result(&second[0], "Saved.");
    messages.push(Message::Assistant { text: String::new(), calls: second, state: None });
    messages.push(saved);
    let told = step(&request(OWNER, messages.clone()));
    assert_eq!(told, Step::Say("Files:\n\na.md\n\nI will remember: tea is green".into()));
    messages.extend([Message::assistant("Files: …"), Message::user("thanks")]);
    assert_eq!(step(&request(OWNER, messages)), Step::Say("You are welcome!".into()));
}

#[test]
fn an_outsider_s_yes_passes_their_message_on() {
    let said =
        vec![Message::user("Когда он вернётся?"), Message::assistant(texts::offer(Language::Ru)), Message::user("да")];
    let Step::Call(calls) = step(&request(OUTSIDER, said)) else { panic!() };
    assert_eq!(calls[0].name, "send_summary_to_owner");
    assert_eq!(calls[0].input, json!({"summary": "Когда он вернётся?"}));
}

#[test]
fn help_names_what_is_possible_here_and_the_way_to_a_real_model() {
    let owner = ask(OWNER, "help").unwrap_err();
    for part in ["remind me in one minute", "LM Studio", "Ollama", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"] {
        assert!(owner.contains(part), "{owner}");
    }
    let outsider = ask(OUTSIDER, "привет").unwrap_err();
    assert!(outsider.contains("мои задачи") && !outsider.contains("напомни") && !outsider.contains("API_KEY"));
    let unknown = ask(OWNER, "write a poem").unwrap_err();
    assert!(unknown.starts_with("I am only the rehearsal model"), "{unknown}");
    assert!(ask(OWNER, "remind me to buy milk").unwrap_err().starts_with("When shall I remind you?"));
}

#[test]
fn scheduled_work_is_named_and_a_heartbeat_is_quiet() {
    let system = |origin| {
        let session = SessionId("s".into());
        let principal = Principal { person: PersonId(1), name: "A".into(), role: Role::Owner, session, origin };
        let (zone, channel) = ("UTC", "terminal");
        let context = Context {
            principal: &principal,
            language: Language::En,
            zone,
            channel,
            profile: &[],
            memory: None,
            owners: &[],
        };
        prompt::system(&context)
    };
    let at = |origin| {
        step(&ModelRequest { system: system(origin), ..request(OWNER, vec![Message::user("water the plants")]) })
    };
    let Step::Say(told) = at(Origin::Schedule) else { panic!() };
    assert!(told.starts_with("It is time for what you scheduled: water the plants"), "{told}");
    assert_eq!(at(Origin::Heartbeat), Step::Say("HEARTBEAT_OK".into()));
    assert!(matches!(at(Origin::Chat), Step::Say(told) if told.starts_with("I am only")));
}

#[test]
fn a_summary_keeps_the_newest_lines() {
    let transcript: String = (0..60).map(|n| format!("Person: line {n}\n")).collect();
    let request = ModelRequest { system: prompt::SUMMARISE.into(), ..request("", vec![Message::user(transcript)]) };
    let Step::Say(told) = step(&request) else { panic!() };
    assert_eq!(told.lines().count(), SUMMARY_LINES);
    assert!(told.ends_with("- Person: line 59"));
}

#[test]
fn the_pieces_are_the_whole() {
    let text = texts::help(Language::Ru, &|_| true, false);
    let pieces = pieces(&text);
    assert!(pieces.len() > 3);
    assert_eq!(pieces.concat(), text);
}
