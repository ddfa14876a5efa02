//! The body of a request for chat completions. Fields stand in a fixed order, so that the same request always is the
//! same bytes.

use serde::Serialize;
use serde_json::{Map, Value, json};
use steward_agent::{ModelRequest, ServerState, ToolSpec};

use crate::calls;
use crate::conversation::{Called, Turn, turns};
use crate::ids::{Ids, Rule};
use crate::owner;

/// What a call needs that Gemini did not make, in Google's own words for it.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// What a server is known not to bear, or to want.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// `max_completion_tokens`, as OpenAI wants it, in place of `max_tokens`, which everybody else knows.
    pub(crate) completion_tokens: bool,
    /// No `stream_options`: usage is not told then.
    pub(crate) no_stream_options: bool,
    /// Ids of nine letters or digits.
    pub(crate) short_ids: bool,
    /// Nothing back of what it sent with a message.
    pub(crate) no_state: bool,
    /// `reasoning_content` with every message that calls tools, also where another server made it.
    pub(crate) wants_reasoning: bool,
    /// A signature with every step that calls tools, also where another server made it.
    pub(crate) wants_signature: bool,
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Entry<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
#[serde(tag = "role", rename_all = "lowercase")]
enum Entry<'a> {
    System {
        content: &'a str,
    },
    User {
        content: String,
    },
    Assistant {
        content: String,
        /// What its server sent with it.
        #[serde(flatten)]
        state: Map<String, Value>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<Call>,
    },
    Tool {
        tool_call_id: String,
        content: String,
    },
}

#[derive(Serialize)]
struct Call {
    id: String,
    r#type: &'static str,
    function: CallFunction,
    #[serde(flatten)]
    state: Map<String, Value>,
}

#[derive(Serialize)]
struct CallFunction {
    name: String,
    /// JSON as text.
    arguments: String,
    #[serde(flatten)]
    state: Map<String, Value>,
}

#[derive(Serialize)]
struct Tool<'a> {
    r#type: &'static str,
    function: ToolFunction<'a>,
}

#[derive(Serialize)]
struct ToolFunction<'a> {
    name: &'a str,
    description: &'a str,
    parameters: &'a Value,
}

/// The request as JSON; `mark` is the server's own, by which it is given back what it sent.
pub(crate) fn body(
    request: &ModelRequest,
    model: &str,
    dialect: Dialect,
    mark: &str,
) -> Result<Vec<u8>, serde_json::Error> {
    let limit = Some(request.max_tokens);
    let (max_tokens, max_completion_tokens) = if dialect.completion_tokens { (None, limit) } else { (limit, None) };
    serde_json::to_vec(&Body {
        model,
        messages: entries(request, dialect, mark),
        tools: request.tools.iter().map(tool).collect(),
        max_tokens,
        max_completion_tokens,
        stream: true,
        stream_options: (!dialect.no_stream_options).then_some(StreamOptions { include_usage: true }),
    })
}

fn tool(spec: &ToolSpec) -> Tool<'_> {
    let function = ToolFunction { name: &spec.name, description: &spec.description, parameters: &spec.schema };
    Tool { r#type: "function", function }
}

fn entries<'a>(request: &'a ModelRequest, dialect: Dialect, mark: &str) -> Vec<Entry<'a>> {
    let mut entries = Vec::new();
    if !request.system.trim().is_empty() {
        entries.push(Entry::System { content: &request.system });
    }
    let mut ids = Ids::default();
    for turn in turns(&request.messages) {
        match turn {
            Turn::User(content) => entries.push(Entry::User { content }),
            Turn::Assistant { text, calls, state } => {
                let own = owner::own(state, mark);
                let rule = rule(dialect, state, own.is_some());
                let fitted: Vec<String> = calls.iter().map(|c| ids.fit(&c.call.id, rule)).collect();
                let own = own.filter(|_| !dialect.no_state);
                let tool_calls = calls.iter().zip(&fitted).enumerate();
                let tool_calls = tool_calls.map(|(at, (c, id))| call(c, id, at, own.is_some(), dialect)).collect();
                let state = message_state(own, !calls.is_empty(), dialect);
                entries.push(Entry::Assistant { content: text.into_owned(), state, tool_calls });
                let results = calls.iter().zip(fitted);
                entries.extend(results.map(|(c, id)| Entry::Tool { tool_call_id: id, content: c.text().to_owned() }));
            }
        }
    }
    entries
}

/// How ids of calls are fitted that the server made itself, that another made, or of which nothing is known.
fn rule(dialect: Dialect, state: Option<&ServerState>, own: bool) -> Rule {
    match state {
        _ if dialect.short_ids => Rule::Nine,
        Some(_) if !own => Rule::Plain,
        _ => Rule::Own,
    }
}

fn message_state(own: Option<&ServerState>, calls: bool, dialect: Dialect) -> Map<String, Value> {
    let mut fields = own.map(|state| state.message.clone()).unwrap_or_default();
    if dialect.wants_reasoning && calls {
        fields.entry("reasoning_content").or_insert_with(|| "".into());
    }
    fields
}

fn call(called: &Called<'_>, id: &str, at: usize, own: bool, dialect: Dialect) -> Call {
    let mut state = called.state.filter(|_| own).cloned().unwrap_or_default();
    let within = state.remove("function").and_then(|fields| fields.as_object().cloned()).unwrap_or_default();
    if dialect.wants_signature && at == 0 && state.is_empty() {
        state.insert("extra_content".into(), json!({ "google": { "thought_signature": NO_SIGNATURE } }));
    }
    let arguments = calls::as_object(&called.call.input).to_string();
    let name = calls::wire_name(&called.call.name).into_owned();
    Call { id: id.to_owned(), r#type: "function", function: CallFunction { name, arguments, state: within }, state }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use steward_agent::{Message, ToolCall, ToolResult, UserMessage};

    use super::*;

    /// A conversation with everything that has a form of its own.
    fn request() -> ModelRequest {
        let call = |id: &str, input: Value| ToolCall { id: id.into(), name: "list".into(), input };
        let result = |id: &str, text: &str, failed| {
            Message::Tool(ToolResult {
                id: id.into(),
                name: "list".into(),
                text: text.into(),
                failed,
                ..ToolResult::default()
            })
        };
        let schema = json!({"type": "object", "properties": {"path": {"type": "string"}}});
        ModelRequest {
            system: "Be kind.".into(),
            messages: vec![
                Message::Summary { text: "- flat 42".into(), foreign: Vec::new() },
                Message::User(UserMessage {
                    text: "see".into(),
                    files: vec!["uploads/a.jpg".into()],
                    ..UserMessage::default()
                }),
                Message::Assistant {
                    text: String::new(),
                    calls: vec![call("c1", json!({"path": "."})), call("c2", json!("{bad"))],
                    state: None,
                },
                result("c1", "a.txt", false),
                result("c2", "not JSON", true),
                Message::user("да?"),
            ],
            tools: [ToolSpec { name: "list".into(), description: "Lists.".into(), schema }].into(),
            max_tokens: 512,
            model: None,
        }
    }

    #[test]
    fn the_bytes_are_these() {
        let expected = concat!(
            r#"{"model":"m","messages":["#,
            r#"{"role":"system","content":"Be kind."},"#,
            r#"{"role":"user","content":"This is the summary of our earlier conversation:\n\n- flat 42\n\n"#,
            r#"see\n[file: uploads/a.jpg]"},"#,
            r#"{"role":"assistant","content":"","tool_calls":["#,
            r#"{"id":"c1","type":"function","function":{"name":"list","arguments":"{\"path\":\".\"}"}},"#,
            r#"{"id":"c2","type":"function","function":{"name":"list","arguments":"{\"_raw\":\"{bad\"}"}}]},"#,
            r#"{"role":"tool","tool_call_id":"c1","content":"a.txt"},"#,
            r#"{"role":"tool","tool_call_id":"c2","content":"not JSON"},"#,
            r#"{"role":"user","content":"да?"}],"#,
            r#""tools":[{"type":"function","function":{"name":"list","description":"Lists.","parameters":"#,
            r#"{"properties":{"path":{"type":"string"}},"type":"object"}}}],"#,
            r#""max_tokens":512,"stream":true,"stream_options":{"include_usage":true}}"#,
        );
        let bytes = body(&request(), "m", Dialect::default(), "a m").unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }

    #[test]
    fn a_dialect_changes_only_its_own_fields() {
        let dialect = Dialect { completion_tokens: true, no_stream_options: true, ..Dialect::default() };
        let request = ModelRequest { system: String::new(), tools: [].into(), ..request() };
        let text = String::from_utf8(body(&request, "m", dialect, "a m").unwrap()).unwrap();
        assert!(text.starts_with(r#"{"model":"m","messages":[{"role":"user""#), "{text}");
        assert!(text.ends_with(r#"],"max_completion_tokens":512,"stream":true}"#), "{text}");
    }
    /// One step with a call that `from` made, with all that servers send along.
    fn stateful(from: &str) -> ModelRequest {
        let fields = |value: Value| value.as_object().cloned().unwrap();
        let signed = json!({"google": {"thought_signature": "sig"}});
        let state = ServerState {
            from: from.into(),
            message: fields(json!({"reasoning_content": "hm"})),
            calls: vec![fields(json!({"extra_content": signed, "function": {"signature": "s"}}))],
            blocks: Vec::new(),
        };
        let id = "functions.list:0";
        let calls = vec![ToolCall { id: id.into(), name: "list".into(), input: json!({}) }];
        let result = ToolResult { id: id.into(), name: "list".into(), text: "a".into(), ..ToolResult::default() };
        let said = Message::Assistant { text: String::new(), calls, state: Some(Box::new(state)) };
        ModelRequest { messages: vec![Message::user("go"), said, Message::Tool(result)], ..request() }
    }

    fn sent(request: &ModelRequest, dialect: Dialect) -> (Value, Value) {
        let sent: Value = serde_json::from_slice(&body(request, "m", dialect, "a m").unwrap()).unwrap();
        let at = |pointer: &str| sent.pointer(pointer).cloned().unwrap();
        (at("/messages/2"), at("/messages/3"))
    }

    #[test]
    fn what_a_server_sent_goes_back_to_it_and_to_no_other() {
        let (said, result) = sent(&stateful("a m"), Dialect::default());
        assert_eq!(said["reasoning_content"], "hm");
        assert_eq!(said["tool_calls"][0]["extra_content"]["google"]["thought_signature"], "sig");
        assert_eq!(said["tool_calls"][0]["function"]["signature"], "s");
        assert_eq!(
            (&said["tool_calls"][0]["id"], &result["tool_call_id"]),
            (&json!("functions.list:0"), &json!("functions.list:0"))
        );

        let (said, result) = sent(&stateful("b m"), Dialect::default());
        assert!(said.get("reasoning_content").is_none() && said["tool_calls"][0].get("extra_content").is_none());
        assert_eq!(said["tool_calls"][0]["id"], "functions_list_0");
        assert_eq!(result["tool_call_id"], "functions_list_0");

        let (said, _) = sent(&stateful("a m"), Dialect { no_state: true, ..Dialect::default() });
        assert!(said.get("reasoning_content").is_none() && said["tool_calls"][0].get("extra_content").is_none());
    }

    #[test]
    fn what_a_server_wants_of_others_calls_is_made_to_fit() {
        let dialect = Dialect { short_ids: true, wants_reasoning: true, wants_signature: true, ..Dialect::default() };
        let (said, result) = sent(&stateful("b m"), dialect);
        let id = said["tool_calls"][0]["id"].as_str().unwrap();
        assert!(id.len() == 9 && result["tool_call_id"] == id);
        assert_eq!(said["reasoning_content"], "");
        assert_eq!(said["tool_calls"][0]["extra_content"]["google"]["thought_signature"], NO_SIGNATURE);
        let (said, _) = sent(&stateful("a m"), dialect);
        assert_eq!(said["reasoning_content"], "hm");
        assert_eq!(said["tool_calls"][0]["extra_content"]["google"]["thought_signature"], "sig");
    }

    #[test]
    fn an_id_that_occurs_twice_in_a_history_is_sent_once() {
        let mut request = stateful("a m");
        let again = request.messages[1..].to_vec();
        request.messages.extend(again);
        let text = String::from_utf8(body(&request, "m", Dialect::default(), "a m").unwrap()).unwrap();
        assert_eq!(text.matches("\"functions.list:0\"").count(), 2, "call and result");
        assert_eq!(text.matches("\"functions.list:0-2\"").count(), 2);
    }
}
