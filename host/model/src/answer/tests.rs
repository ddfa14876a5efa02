//! What reaches the chat of what models write, wherever the stream is cut.

use proptest::prelude::*;
use serde_json::{Value, json};
use steward_agent::{Message, ToolSpec};

use super::*;

mod quotations;

/// A request that offers `list`, `read` and `write`.
fn request() -> ModelRequest {
    let schema = json!({"type": "object", "properties":
        {"path": {"type": "string"}, "content": {"type": "string"}, "depth": {"type": "integer"}}});
    let tool = |name: &str| ToolSpec { name: name.into(), description: "D.".into(), schema: schema.clone() };
    let tools = ["list", "read", "write"].map(tool).into();
    ModelRequest { system: String::new(), messages: Vec::new(), tools, max_tokens: 100, model: None }
}

/// What is shown in the end, what the reply holds, and its calls.
fn run_with(request: &ModelRequest, pieces: &[&str]) -> (String, String, Vec<(String, Value)>) {
    let mut answer = AnswerText::new(request, "a m");
    let mut shown = String::new();
    let mut seen: Vec<Piece> = pieces.iter().flat_map(|piece| answer.push(piece)).collect();
    let told = answer.finish(false);
    seen.extend(told.pieces);
    for piece in seen {
        match piece {
            Piece::Text(text) => shown.push_str(&text),
            Piece::Void => shown.clear(),
        }
    }
    let calls = told.calls.into_iter().map(|call| call.finish()).map(|call| (call.name, call.input)).collect();
    (shown, told.text, calls)
}

fn run(pieces: &[&str]) -> (String, String) {
    let (shown, text, _) = run_with(&request(), pieces);
    (shown, text)
}

const CASES: [(&str, &str); 33] = [
    ("plain text", "plain text"),
    ("<think>secret</think>\n\nanswer", "answer"),
    ("before <think>secret</think>after", "before after"),
    ("secret\n</think>\n\nответ", "ответ"),
    ("<THINK>тайна</Think>ответ", "ответ"),
    ("[THINK]тайна[/THINK]ответ", "ответ"),
    ("◁think▷тайна◁/think▷ответ", "ответ"),
    ("<think>never ends", ""),
    ("1 < 2 and <this is no tag", "1 < 2 and <this is no tag"),
    ("the tag `<think>` and `</think>`", "the tag `<think>` and `</think>`"),
    ("<think>a</think>one<thinking>b</thinking>two", "onetwo"),
    ("ends with <thin", "ends with <thin"),
    ("<seed:think>тайна</seed:think>ответ", "ответ"),
    ("тайна</seed:think>ответ", "ответ"),
    ("<|channel|>analysis<|message|>тайна<|end|><|start|>assistant<|channel|>final<|message|>ответ<|return|>", "ответ"),
    ("<|channel|>analysis<|message|>never ends", ""),
    ("<|channel|>final<|message|>ответ", "ответ"),
    ("<|start|>assistant<|channel|>commentary<|message|>Сейчас.<|end|>", "Сейчас."),
    ("analysisWe think.assistantfinalответ", "ответ"),
    ("<|begin_of_thought|>x<|end_of_thought|>ответ<|im_end|>", "ответ"),
    ("<|START_THINKING|>x<|END_THINKING|><|START_RESPONSE|>ответ<|END_RESPONSE|>", "ответ"),
    ("ответ<|eot_id|>", "ответ"),
    ("use `<|channel|>` and `<tool_call>`", "use `<|channel|>` and `<tool_call>`"),
    ("```\n<think>x</think>\n```\nis how", "```\n<think>x</think>\n```\nis how"),
    ("the assistant is a tool", "the assistant is a tool"),
    ("<|channel>thought\nhidden<channel|>Visible", "Visible"),
    ("<|channel>thought\n<channel|>Visible<turn|>", "Visible"),
    ("<|Channel> Thought\nhidden<channel|>Visible", "Visible"),
    ("<|channel|>thought\nhidden<channel|>Visible", "Visible"),
    ("<|channel|>thought<|message|>hidden<|end|>Visible", "Visible"),
    ("<channel>thought\nhidden</channel>Visible", "Visible"),
    ("hidden<channel|>Visible", "Visible"),
    ("the mark `<|channel>` stays", "the mark `<|channel>` stays"),
];

#[test]
fn reasoning_never_reaches_the_answer() {
    for (input, expected) in CASES {
        let (shown, text) = run(&[input]);
        assert_eq!((shown.as_str(), text.as_str()), (expected, expected), "{input}");
    }
}

#[test]
fn tags_may_be_split_anywhere() {
    for (input, expected) in CASES {
        for at in (0..=input.len()).filter(|at| input.is_char_boundary(*at)) {
            assert_eq!(run(&[&input[..at], &input[at..]]).0, expected, "{input} at {at}");
        }
        let letters: Vec<String> = input.chars().map(String::from).collect();
        let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
        assert_eq!(run(&letters).0, expected, "{input} letter by letter");
    }
}

#[test]
fn text_without_tags_is_not_held_back() {
    let request = request();
    let mut answer = AnswerText::new(&request, "a m");
    assert_eq!(answer.push("Hello "), [Piece::Text("Hello ".into())]);
    assert_eq!(answer.push("a <b"), [Piece::Text("a <b".into())]);
}

/// A call to `list` of the folder `a`, in every dialect.
const LIST_A: [&str; 53] = [
    r#"<tool_call>{"name": "list", "arguments": {"path": "a"}}</tool_call>"#,
    "<tool_call>\n{\"name\": \"list\", \"arguments\": {\"path\": \"a\"}}\n</tool_call>",
    r#"<tool_call>{"name": "list", "arguments": {"path": "a"}}"#,
    r#"<tool_call>{"name": "list", "arguments": {"path": "a"}}}</tool_call>"#,
    r#"<tool_call>{"name": "list", "arguments": "{\"path\": \"a\"}"}</tool_call>"#,
    r#"<tool_call>{'name': 'list', 'arguments': {'path': 'a'}}</tool_call>"#,
    "<tool_call>\n```json\n{\"name\": \"list\", \"arguments\": {\"path\": \"a\"}}\n```\n</tool_call>",
    r#"<tool_calls>[{"name": "list", "arguments": {"path": "a"}}]</tool_calls>"#,
    r#"<|tool_call|>[{"name": "list", "arguments": {"path": "a"}}]"#,
    r#"<TOOLCALL>[{"name": "list", "arguments": {"path": "a"}}]</TOOLCALL>"#,
    r#"<function_call>{"name": "list", "arguments": {"path": "a"}}</function_call>"#,
    r#"<|action_start|><|plugin|>{"name": "list", "parameters": {"path": "a"}}<|action_end|>"#,
    r#"<|START_ACTION|>[{"tool_call_id": "0", "tool_name": "list", "parameters": {"path": "a"}}]<|END_ACTION|>"#,
    "<tool_call>\n<function=list>\n<parameter=path>\na\n</parameter>\n</function>\n</tool_call>",
    "<function=list>\n<parameter=path>\na\n</parameter>\n</function>\n</tool_call>",
    "<function=list><parameter=path>a</parameter></function>",
    r#"<function=list>{"path": "a"}</function>"#,
    "<tool_call>list\n<arg_key>path</arg_key>\n<arg_value>a</arg_value>\n</tool_call>",
    "<tool_call>list<arg_key>path</arg_key><arg_value>a</arg_value></tool_call>",
    r#"<function_calls><invoke name="list"><parameter name="path">a</parameter></invoke></function_calls>"#,
    "<minimax:tool_call>\n<invoke name=\"list\">\n<parameter name=\"path\">a</parameter>\n</invoke>\n</minimax:tool_call>",
    r#"<｜DSML｜function_calls><｜DSML｜invoke name="list"><｜DSML｜parameter name="path" string="true">a</｜DSML｜parameter></｜DSML｜invoke></｜DSML｜function_calls>"#,
    r#"<invoke name="list"><parameter name="path">a</parameter></invoke>"#,
    r#"[TOOL_CALLS][{"name": "list", "arguments": {"path": "a"}}]"#,
    r#"[TOOL_CALLS] [{"name": "list", "arguments": {"path": "a"}, "id": "abcdefgh1"}]</s>"#,
    r#"[TOOL_CALLS]list[ARGS]{"path": "a"}"#,
    r#"[TOOL_CALLS]list[CALL_ID]abcdefgh1[ARGS]{"path": "a"}"#,
    r#"[TOOL_CALLS]list{"path": "a"}"#,
    r#"<|python_tag|>{"name": "list", "parameters": {"path": "a"}}<|eom_id|>"#,
    r#"<|python_tag|>{"type": "function", "name": "list", "parameters": {"path": "a"}}"#,
    "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>list\n```json\n{\"path\": \"a\"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜><｜end▁of▁sentence｜>",
    r#"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>list<｜tool▁sep｜>{"path": "a"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>"#,
    r#"<|tool_calls_section_begin|><|tool_call_begin|>functions.list:0<|tool_call_argument_begin|>{"path": "a"}<|tool_call_end|><|tool_calls_section_end|>"#,
    r#"<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>commentary to=functions.list <|constrain|>json<|message|>{"path": "a"}<|call|>"#,
    r#"<|start|>assistant to=functions.list<|channel|>commentary json<|message|>{"path": "a"}"#,
    "```json\n{\"name\": \"list\", \"arguments\": {\"path\": \"a\"}}\n```",
    "```tool_call\n{\"name\": \"list\", \"parameters\": {\"path\": \"a\"}}\n```\n",
    "```xml\n<tool_call>{\"name\": \"list\", \"arguments\": {\"path\": \"a\"}}</tool_call>\n```",
    r#"{"name": "list", "parameters": {"path": "a"}}"#,
    r#"[{"name": "list", "arguments": {"path": "a"}}]"#,
    r#"{"tool_calls": [{"id": "1", "type": "function", "function": {"name": "list", "arguments": "{\"path\": \"a\"}"}}]}"#,
    r#"{"action": "list", "action_input": {"path": "a"}}<|eot_id|>"#,
    r#"[list(path="a")]"#,
    "Action: list\nAction Input: {\"path\": \"a\"}",
    r#"functools[{"name": "list", "arguments": {"path": "a"}}]"#,
    r#"functools[{"name": "list", "arguments": {"path": "a"}}]<|end|>"#,
    "```tool_code\nlist(path=\"a\")\n```",
    "```tool_code\nprint(default_api.list(path='a'))\n```",
    "<|tool▁calls▁begin|><|tool▁call▁begin|>function<|tool▁sep|>list\n```json\n{\"path\": \"a\"}\n```<|tool▁call▁end|><|tool▁calls▁end|>",
    r#"<|tool▁call▁begin|>list<|tool▁sep|>{"path": "a"}<|tool▁call▁end|>"#,
    r#"<|tool_calls_begin|><|tool_call_begin|>list<|tool_sep|>{"path": "a"}<|tool_call_end|><|tool_calls_end|><|end▁of▁sentence|>"#,
    r#"<|tool_calls_section_begin|><|tool_call_begin|>functions.list:0<|tool_call_argument_begin|>{"path": "a"}<|tool_call_end|><|tool_calls_section_end|>"#,
    r#"<|DSML|function_calls><|DSML|invoke name="list"><|DSML|parameter name="path" string="true">a</|DSML|parameter></|DSML|invoke></|DSML|function_calls>"#,
];

#[test]
fn a_call_written_as_text_becomes_a_call_and_is_not_shown() {
    let request = request();
    for written in LIST_A {
        let (shown, text, calls) = run_with(&request, &[written]);
        assert_eq!(calls, [("list".to_owned(), json!({"path": "a"}))], "{written}");
        assert_eq!((shown.as_str(), text.as_str()), ("", ""), "{written}");
    }
}

#[test]
fn it_may_be_cut_anywhere_and_nothing_of_it_flashes_up() {
    let request = request();
    for written in LIST_A {
        let letters: Vec<String> = written.chars().map(String::from).collect();
        let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
        let mut answer = AnswerText::new(&request, "a m");
        let flashed: Vec<Piece> = letters.iter().flat_map(|piece| answer.push(piece)).collect();
        assert_eq!(flashed, [], "{written}");
        assert_eq!(answer.finish(false).calls.len(), 1, "{written}");
        for at in (0..=written.len()).filter(|at| written.is_char_boundary(*at)) {
            assert_eq!(run_with(&request, &[&written[..at], &written[at..]]).2.len(), 1, "{written} at {at}");
        }
    }
}

#[test]
fn words_before_a_call_are_shown_and_what_is_made_up_behind_it_is_not() {
    let request = request();
    let call = LIST_A[0];
    for (written, words) in [
        (format!("Let me look.\n\n{call}"), "Let me look.\n\n"),
        (format!("I'll check the weather.\n{call}\n"), "I'll check the weather.\n"),
        ("I look at 10:30.<|tool_call_begin|>list:0<|tool_call_argument_begin|>{}".to_owned(), "I look at 10:30."),
        (format!("{call}\n<tool_response>a.txt</tool_response>\nThere is a.txt."), ""),
        (format!("<think>I could list.</think>Сейчас.\n{call}<|im_end|>"), "Сейчас.\n"),
        ("Thought: I should list.\nAction: list\nAction Input: {\"path\": \"a\"}\nObservation: a.txt".to_owned(), ""),
        ("I look.\n```json\n{\"name\": \"list\", \"arguments\": {\"path\": \"a\"}}\n```".to_owned(), "I look.\n"),
    ] {
        let (shown, _, calls) = run_with(&request, &[&written]);
        assert_eq!((shown.as_str(), calls.len()), (words, 1), "{written}");
    }
}

#[test]
fn several_calls_are_read_in_their_order() {
    let request = request();
    let list = |path: &str| ("list".to_owned(), json!({"path": path}));
    for written in [
        r#"<tool_call>{"name": "list", "arguments": {"path": "a"}}</tool_call>
<tool_call>{"name": "list", "arguments": {"path": "b"}}</tool_call>"#,
        r#"<tool_call>{"name": "list", "arguments": {"path": "a"}}
{"name": "list", "arguments": {"path": "b"}}</tool_call>"#,
        r#"[TOOL_CALLS]list[ARGS]{"path": "a"}[TOOL_CALLS]list[ARGS]{"path": "b"}"#,
        r#"{"name": "list", "parameters": {"path": "a"}}; {"name": "list", "parameters": {"path": "b"}}"#,
        r#"[list(path="a"), list(path='b')]"#,
        "```tool_code\nlist(path=\"a\")\nlist(path=\"b\")\n```",
        "<function=list><parameter=path>a</parameter></function>\n<function=list><parameter=path>b</parameter></function>",
        r#"<function_calls><invoke name="list"><parameter name="path">a</parameter></invoke><invoke name="list"><parameter name="path">b</parameter></invoke></function_calls>"#,
        r#"<|tool_call_begin|>functions.list:0<|tool_call_argument_begin|>{"path": "a"}<|tool_call_end|><|tool_call_begin|>functions.list:1<|tool_call_argument_begin|>{"path": "b"}<|tool_call_end|>"#,
    ] {
        assert_eq!(run_with(&request, &[written]).2, [list("a"), list("b")], "{written}");
    }
}

#[test]
fn arguments_may_hold_what_looks_like_marks() {
    let request = request();
    let content = "see </tool_call> and <think>x</think> and ```\n<tool_call>";
    let call = json!({"name": "write", "arguments": {"path": "a", "content": content}});
    let (shown, _, calls) = run_with(&request, &[&format!("<tool_call>{call}</tool_call>")]);
    assert_eq!((shown.as_str(), calls[0].1["content"].as_str()), ("", Some(content)));
    let numbers = "<function=list><parameter=path>7</parameter><parameter=depth>7</parameter></function>";
    assert_eq!(run_with(&request, &[numbers]).2[0].1, json!({"path": "7", "depth": 7}), "as the schema wants them");
}

/// What only speaks of calls. All of it is shown as it is.
const QUOTED: [&str; 20] = [
    "Models write `<tool_call>{\"name\": \"list\", \"arguments\": {}}</tool_call>` for a call.",
    "A call:\n```\n<tool_call>{\"name\": \"list\", \"arguments\": {}}</tool_call>\n```\nThe server reads it.",
    "<tool_call>{\"name\": \"list\", \"arguments\": {}}</tool_call>\nis how Hermes writes a call.",
    "For example:\n<tool_call>{\"name\": \"list\", \"arguments\": {}}</tool_call>",
    "It looks like this: <tool_call>{\"name\": \"list\", \"arguments\": {}}</tool_call>",
    "> <tool_call>{\"name\": \"list\", \"arguments\": {}}</tool_call>",
    "It says \"<tool_call>{\"name\": \"list\", \"arguments\": {}}</tool_call>\"",
    "The <tool_call> tag opens a call.",
    "<tool_call>{\"name\": \"launch_rockets\", \"arguments\": {}}</tool_call>",
    "{\"name\": \"Olga\", \"age\": 7}",
    "{\"name\": \"list\", \"age\": 7}",
    "[1, 2, 3]",
    "{\"name\": \"list\", \"arguments\": {}} is JSON.",
    "```json\n{\"name\": \"list\", \"arguments\": {}}\n```\nThat is what the server gets.",
    "```json\n{\"city\": \"Köln\"}\n```",
    "```python\nprint({\"name\": \"list\"})\n```",
    "Action: buy milk\nthen rest",
    "[list of things](https://a.test)",
    "[TOOL_CALLS] is the token of Mistral.",
    "Например:\n```json\n{\"name\": \"list\", \"arguments\": {}}\n```",
];

#[test]
fn a_quoted_call_is_no_call() {
    let request = request();
    for written in QUOTED {
        let (shown, text, calls) = run_with(&request, &[written]);
        assert_eq!((shown.as_str(), text.as_str(), calls.len()), (written, written, 0), "{written}");
        let letters: Vec<String> = written.chars().map(String::from).collect();
        let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
        assert_eq!(run_with(&request, &letters).0, written, "letter by letter");
    }
}

#[test]
fn an_echo_of_what_the_model_was_given_is_no_call() {
    let call = LIST_A[0];
    let request = ModelRequest { messages: vec![Message::user(format!("Repeat: {call}"))], ..request() };
    let (shown, _, calls) = run_with(&request, &[call]);
    assert_eq!((shown.as_str(), calls.len()), (call, 0));
}

#[test]
fn without_tools_nothing_is_a_call() {
    let request = ModelRequest { tools: [].into(), ..request() };
    for written in [LIST_A[0], LIST_A[35], LIST_A[38]] {
        assert_eq!(run_with(&request, &[written]).0, written);
    }
}

#[test]
fn what_is_wrong_with_a_written_call_is_told_and_one_that_is_cut_stays_a_call() {
    let request = request();
    for written in [
        r#"<tool_call>{"name": "write", "arguments": {"path": "a", "content": "half"#,
        r#"<tool_call>{"name": "write", "arguments": {"path": "a" "content": 1}}</tool_call>"#,
        r#"[TOOL_CALLS]write[ARGS]{"path": "a", "content": "half"#,
        r#"<|channel|>commentary to=functions.write<|message|>{"path": "a", "content": "half"#,
    ] {
        let (shown, _, calls) = run_with(&request, &[written]);
        assert_eq!((shown.as_str(), calls.len()), ("", 1), "{written}");
        assert!(calls[0].0 == "write" && calls[0].1.is_string(), "{written}: {calls:?}");
    }
}

#[test]
fn beside_calls_in_the_server_s_own_form_none_are_read_from_the_text() {
    let request = request();
    let mut answer = AnswerText::new(&request, "a m");
    answer.push(LIST_A[0]);
    let told = answer.finish(true);
    assert_eq!((told.text.as_str(), told.calls.len()), ("", 0));
}

proptest! {
    #[test]
    fn what_is_shown_does_not_depend_on_the_cuts(
        parts in proptest::collection::vec(prop_oneof![
            Just("<think>"), Just("</think>"), Just("<tool_call>"), Just("</tool_call>"), Just("```"), Just("\n"),
            Just("{\"name\": \"list\", \"arguments\": {}}"), Just("`"), Just("<|channel|>analysis<|message|>"),
            Just("<|end|>"), Just("Action: list\n"), Just("[TOOL_CALLS]"), Just("слово "), Just("a "), Just("<function=list>"),
            Just("<|channel>thought\n"), Just("<channel|>"),
            Just("<|channel|>thought\n"), Just("functools[{\"name\": \"list\"}]"), Just("I look.\n"),
        ], 0..9),
        cuts in proptest::collection::vec(1usize..7, 1..9),
    ) {
        let (whole, request) = (parts.concat(), request());
        let letters: Vec<char> = whole.chars().collect();
        let (mut pieces, mut rest, mut cut) = (Vec::new(), &letters[..], cuts.iter().cycle());
        while !rest.is_empty() {
            let (piece, later) = rest.split_at((*cut.next().unwrap()).min(rest.len()));
            pieces.push(piece.iter().collect::<String>());
            rest = later;
        }
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        let (shown, text, calls) = run_with(&request, &pieces);
        prop_assert_eq!(&shown, &text, "what was shown is what the reply holds");
        prop_assert_eq!((shown, text, calls), run_with(&request, &[&whole]));
    }
}
