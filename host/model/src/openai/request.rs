//! The body of a request for chat completions. Fields stand in a fixed order, so that the same request always is the
//! same bytes.

use serde::Serialize;
use serde_json::Value;
use steward_agent::{ModelRequest, ToolSpec};

use crate::calls;
use crate::conversation::{Called, Turn, turns};

/// What a server is known not to bear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// `max_completion_tokens`, as OpenAI wants it, in place of `max_tokens`, which everybody else knows.
    pub(crate) completion_tokens: bool,
    /// No `stream_options`: usage is not told then.
    pub(crate) no_stream_options: bool,
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
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<Call<'a>>,
    },
    Tool {
        tool_call_id: &'a str,
        content: String,
    },
}

#[derive(Serialize)]
struct Call<'a> {
    id: &'a str,
    r#type: &'static str,
    function: CallFunction,
}

#[derive(Serialize)]
struct CallFunction {
    name: String,
    /// JSON as text.
    arguments: String,
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

/// The request as JSON.
pub(crate) fn body(request: &ModelRequest, model: &str, dialect: Dialect) -> Result<Vec<u8>, serde_json::Error> {
    let limit = Some(request.max_tokens);
    let (max_tokens, max_completion_tokens) = if dialect.completion_tokens { (None, limit) } else { (limit, None) };
    serde_json::to_vec(&Body {
        model,
        messages: entries(request),
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

fn entries(request: &ModelRequest) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    if !request.system.trim().is_empty() {
        entries.push(Entry::System { content: &request.system });
    }
    for turn in turns(&request.messages) {
        match turn {
            Turn::User(content) => entries.push(Entry::User { content }),
            Turn::Assistant { text, calls } => {
                let tool_calls = calls.iter().map(call).collect();
                entries.push(Entry::Assistant { content: text.into_owned(), tool_calls });
                entries.extend(
                    calls.iter().map(|c| Entry::Tool { tool_call_id: &c.call.id, content: c.text().to_owned() }),
                );
            }
        }
    }
    entries
}

fn call<'a>(called: &Called<'a>) -> Call<'a> {
    let arguments = calls::as_object(&called.call.input).to_string();
    let function = CallFunction { name: calls::wire_name(&called.call.name).into_owned(), arguments };
    Call { id: &called.call.id, r#type: "function", function }
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
                },
                result("c1", "a.txt", false),
                result("c2", "not JSON", true),
                Message::user("да?"),
            ],
            tools: vec![ToolSpec { name: "list".into(), description: "Lists.".into(), schema }],
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
        let bytes = body(&request(), "m", Dialect::default()).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }

    #[test]
    fn a_dialect_changes_only_its_own_fields() {
        let dialect = Dialect { completion_tokens: true, no_stream_options: true };
        let request = ModelRequest { system: String::new(), tools: Vec::new(), ..request() };
        let text = String::from_utf8(body(&request, "m", dialect).unwrap()).unwrap();
        assert!(text.starts_with(r#"{"model":"m","messages":[{"role":"user""#), "{text}");
        assert!(text.ends_with(r#"],"max_completion_tokens":512,"stream":true}"#), "{text}");
    }
}
