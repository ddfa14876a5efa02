//! The body of a request for Anthropic's messages. What stays the same from step to step (tools, system prompt, the
//! conversation so far) is marked for the provider's cache. Fields stand in a fixed order.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};
use steward_agent::{ModelRequest, ToolSpec};

use crate::calls;
use crate::conversation::{Called, Turn, turns};
use crate::ids::{Ids, Rule};
use crate::owner;
use crate::wording;

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    max_tokens: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<Block<'a>>,
    messages: Vec<Entry<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    stream: bool,
}

#[derive(Serialize)]
struct Entry<'a> {
    role: &'static str,
    content: Vec<Block<'a>>,
}

#[derive(Serialize)]
struct Block<'a> {
    #[serde(flatten)]
    content: Whole<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<CacheControl>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Whole<'a> {
    Ours(Content<'a>),
    /// As the server sent it.
    Sent(Value),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Content<'a> {
    Text {
        text: Cow<'a, str>,
    },
    ToolUse {
        id: String,
        name: String,
        input: Cow<'a, Value>,
        /// What its server sent with it.
        #[serde(flatten)]
        state: Map<String, Value>,
    },
    ToolResult {
        tool_use_id: String,
        content: String,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
    },
}

#[derive(Clone, Copy, Serialize)]
struct CacheControl {
    r#type: &'static str,
}

const EPHEMERAL: Option<CacheControl> = Some(CacheControl { r#type: "ephemeral" });

#[derive(Serialize)]
struct Tool<'a> {
    name: &'a str,
    description: &'a str,
    input_schema: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<CacheControl>,
}

impl<'a> From<Content<'a>> for Block<'a> {
    fn from(content: Content<'a>) -> Self {
        Self { content: Whole::Ours(content), cache_control: None }
    }
}

/// The request as JSON; `mark` is the server's own, by which it is given back what it sent, if it is given any.
pub(crate) fn body(request: &ModelRequest, model: &str, mark: Option<&str>) -> Result<Vec<u8>, serde_json::Error> {
    let mut messages = entries(turns(&request.messages), mark);
    let last = messages.iter_mut().rev().find(|entry| entry.role == "user");
    if let Some(block) = last.and_then(|entry| entry.content.last_mut()) {
        block.cache_control = EPHEMERAL;
    }
    let mut tools: Vec<Tool<'_>> = request.tools.iter().map(tool).collect();
    if let Some(tool) = tools.last_mut() {
        tool.cache_control = EPHEMERAL;
    }
    let system = if request.system.trim().is_empty() { Vec::new() } else { vec![system(&request.system)] };
    serde_json::to_vec(&Body { model, max_tokens: request.max_tokens, system, messages, tools, stream: true })
}

fn system(text: &str) -> Block<'_> {
    Block { content: Whole::Ours(Content::Text { text: text.into() }), cache_control: EPHEMERAL }
}

fn tool(spec: &ToolSpec) -> Tool<'_> {
    Tool { name: &spec.name, description: &spec.description, input_schema: &spec.schema, cache_control: None }
}

/// The turns as messages that begin with the user and alternate; the results of one step are in one message.
fn entries<'a>(turns: Vec<Turn<'a>>, mark: Option<&str>) -> Vec<Entry<'a>> {
    let mut entries = Vec::new();
    let mut ids = Ids::default();
    for turn in turns {
        match turn {
            Turn::User(text) => push(&mut entries, "user", Content::Text { text: text.into() }),
            Turn::Assistant { text, calls, state } => {
                if entries.is_empty() {
                    push(&mut entries, "user", Content::Text { text: wording::CONTINUES.into() });
                }
                let own = mark.and_then(|mark| owner::own(state, mark));
                for block in own.iter().flat_map(|state| &state.blocks) {
                    push(&mut entries, "assistant", Block { content: Whole::Sent(block.clone()), cache_control: None });
                }
                assistant(&mut entries, &mut ids, text, &calls, own.is_some());
            }
        }
    }
    entries
}

fn assistant<'a>(entries: &mut Vec<Entry<'a>>, ids: &mut Ids, text: Cow<'a, str>, calls: &[Called<'a>], own: bool) {
    if !text.is_empty() {
        push(entries, "assistant", Content::Text { text });
    }
    let calls = calls.iter().map(|called| (ids.fit(&called.call.id, Rule::Plain), called));
    let calls: Vec<(String, &Called<'a>)> = calls.collect();
    for (id, called) in &calls {
        let (id, name) = (id.clone(), calls::wire_name(&called.call.name).into_owned());
        let state = called.state.filter(|_| own).cloned().unwrap_or_default();
        let input = calls::as_object(&called.call.input);
        push(entries, "assistant", Content::ToolUse { id, name, input, state });
    }
    for (id, called) in calls {
        let (content, is_error) = (called.text().to_owned(), called.failed());
        push(entries, "user", Content::ToolResult { tool_use_id: id, content, is_error });
    }
}

/// Adds a block to the last message if it is of the same role, else to a new one.
fn push<'a>(entries: &mut Vec<Entry<'a>>, role: &'static str, block: impl Into<Block<'a>>) {
    match entries.last_mut() {
        Some(entry) if entry.role == role => entry.content.push(block.into()),
        _ => entries.push(Entry { role, content: vec![block.into()] }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use steward_agent::{Message, ServerState, ToolCall, ToolResult};

    use super::*;

    fn call(id: &str, input: Value) -> ToolCall {
        ToolCall { id: id.into(), name: "list".into(), input }
    }

    fn result(id: &str, text: &str, failed: bool) -> Message {
        Message::Tool(ToolResult {
            id: id.into(),
            name: "list".into(),
            text: text.into(),
            failed,
            ..ToolResult::default()
        })
    }

    fn request(messages: Vec<Message>) -> ModelRequest {
        let tool =
            |name: &str| ToolSpec { name: name.into(), description: "D.".into(), schema: json!({"type": "object"}) };
        let tools = [tool("list"), tool("read")].into();
        ModelRequest { system: "Be kind.".into(), messages, tools, max_tokens: 512, model: None }
    }

    #[test]
    fn the_bytes_are_these() {
        let calls = vec![call("c1", json!({"path": "."})), call("c2", json!("{bad"))];
        let messages = vec![
            Message::user("привет"),
            Message::Assistant { text: "Let me see.".into(), calls, state: None },
            result("c1", "a.txt", false),
            result("c2", "not JSON", true),
            Message::user("and?"),
        ];
        let expected = concat!(
            r#"{"model":"m","max_tokens":512,"#,
            r#""system":[{"type":"text","text":"Be kind.","cache_control":{"type":"ephemeral"}}],"messages":["#,
            r#"{"role":"user","content":[{"type":"text","text":"привет"}]},"#,
            r#"{"role":"assistant","content":[{"type":"text","text":"Let me see."},"#,
            r#"{"type":"tool_use","id":"c1","name":"list","input":{"path":"."}},"#,
            r#"{"type":"tool_use","id":"c2","name":"list","input":{"_raw":"{bad"}}]},"#,
            r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"a.txt"},"#,
            r#"{"type":"tool_result","tool_use_id":"c2","content":"not JSON","is_error":true},"#,
            r#"{"type":"text","text":"and?","cache_control":{"type":"ephemeral"}}]}],"#,
            r#""tools":[{"name":"list","description":"D.","input_schema":{"type":"object"}},"#,
            r#"{"name":"read","description":"D.","input_schema":{"type":"object"},"#,
            r#""cache_control":{"type":"ephemeral"}}],"stream":true}"#,
        );
        assert_eq!(String::from_utf8(body(&request(messages), "m", Some("a m")).unwrap()).unwrap(), expected);
    }

    #[test]
    fn ids_of_other_servers_are_made_to_fit() {
        let step = |id: &str| Message::Assistant { text: String::new(), calls: vec![call(id, json!({}))], state: None };
        let again = "functions.list:0";
        let messages =
            vec![Message::user("go"), step(again), result(again, "a", false), step(again), result(again, "b", false)];
        let sent: Value = serde_json::from_slice(&body(&request(messages), "m", Some("a m")).unwrap()).unwrap();
        let id = |at: &str| sent.pointer(at).cloned().unwrap();
        assert_eq!(id("/messages/1/content/0/id"), "functions_list_0");
        assert_eq!(id("/messages/3/content/0/id"), "functions_list_0-2");
        assert_eq!(id("/messages/4/content/0/tool_use_id"), "functions_list_0-2");
    }

    #[test]
    fn the_user_begins_and_nothing_empty_is_sent() {
        let messages = vec![Message::assistant("I was saying"), Message::user(""), Message::user("yes")];
        let request = ModelRequest { system: " ".into(), tools: [].into(), ..request(messages) };
        let sent: Value = serde_json::from_slice(&body(&request, "m", Some("a m")).unwrap()).unwrap();
        let roles: Vec<&str> =
            sent["messages"].as_array().unwrap().iter().map(|m| m["role"].as_str().unwrap()).collect();
        assert_eq!(roles, ["user", "assistant", "user"]);
        assert!(sent.get("system").is_none() && sent.get("tools").is_none());
    }
    #[test]
    fn signed_thoughts_go_back_to_their_server_before_its_calls() {
        let thinking = json!({"type": "thinking", "thinking": "hm", "signature": "s"});
        let redacted = json!({"type": "redacted_thinking", "data": "d"});
        let blocks = vec![thinking.clone(), redacted.clone()];
        let state = ServerState { from: "a claude".into(), blocks, ..ServerState::default() };
        let calls = vec![call("c1", json!({}))];
        let said = Message::Assistant { text: "Let me see.".into(), calls, state: Some(Box::new(state)) };
        let request = request(vec![Message::user("go"), said, result("c1", "a", false)]);
        let content = |mark: Option<&str>| {
            let sent: Value = serde_json::from_slice(&body(&request, "m", mark).unwrap()).unwrap();
            sent["messages"][1]["content"].as_array().unwrap().clone()
        };
        let given = content(Some("a claude"));
        assert_eq!((&given[0], &given[1], &given[3]["type"]), (&thinking, &redacted, &json!("tool_use")));
        for other in [Some("b claude"), None] {
            let kinds: Vec<Value> = content(other).iter().map(|block| block["type"].clone()).collect();
            assert_eq!(kinds, ["text", "tool_use"]);
        }
    }
}
