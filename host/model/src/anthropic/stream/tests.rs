//! What servers with this format really send, and what becomes of it.

use std::time::Duration;

use serde_json::json;
use steward_agent::{ModelError, ToolSpec};
use url::Url;

use super::*;
use crate::config::GatewayConfig;
use crate::http;

fn server() -> Server {
    let client = http::client(&GatewayConfig::default()).unwrap();
    Server::new(client, &Url::parse("http://127.0.0.1:1").unwrap(), None, Duration::from_secs(1))
}

fn request() -> ModelRequest {
    let tool = |name: &str| ToolSpec { name: name.into(), description: "D.".into(), schema: json!({"type": "object"}) };
    let tools = [tool("list"), tool("list_tasks")].into();
    ModelRequest { system: String::new(), messages: Vec::new(), tools, max_tokens: 100, model: None }
}

fn event(data: &Value) -> Event {
    Event { name: None, data: data.to_string() }
}

fn answer(events: &[Value]) -> (ModelReply, Progress) {
    let (server, request) = (server(), request());
    let mut answer = Answer::new(&server, "asked", &request, "a claude".into());
    for data in events {
        answer.take(&event(data)).unwrap();
    }
    let progress = answer.progress();
    (answer.finish().0, progress)
}

#[test]
fn text_and_calls_come_in_blocks_and_thinking_is_passed_over() {
    let (reply, progress) = answer(&[
        json!({"type": "message_start", "message": {"model": "served", "usage":
            {"input_tokens": 5, "cache_creation_input_tokens": 7, "cache_read_input_tokens": 11}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}}),
        json!({"type": "content_block_delta", "index": 0,
               "delta": {"type": "thinking_delta", "thinking": "secret"}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "s"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "ping"}),
        json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Да."}}),
        json!({"type": "content_block_start", "index": 2,
               "content_block": {"type": "tool_use", "id": "t1", "name": "list", "input": {}}}),
        json!({"type": "content_block_delta", "index": 2,
               "delta": {"type": "input_json_delta", "partial_json": ""}}),
        json!({"type": "content_block_delta", "index": 2,
               "delta": {"type": "input_json_delta", "partial_json": "{\"path\":"}}),
        json!({"type": "content_block_delta", "index": 2,
               "delta": {"type": "input_json_delta", "partial_json": "\".\"}"}}),
        json!({"type": "content_block_start", "index": 3,
               "content_block": {"type": "tool_use", "id": "t2", "name": "list_tasks", "input": {}}}),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 42}}),
        json!({"type": "message_stop"}),
    ]);
    assert_eq!(progress, Progress::Over);
    assert_eq!((reply.text.as_str(), reply.model.as_str(), reply.cut), ("Да.", "served", false));
    assert_eq!(reply.usage, Usage { input: 23, output: 42, cached: 11 });
    let inputs: Vec<(&str, &Value)> = reply.calls.iter().map(|call| (call.id.as_str(), &call.input)).collect();
    assert_eq!(inputs, [("t1", &json!({"path": "."})), ("t2", &json!({}))]);
    let state = reply.state.unwrap();
    assert_eq!(state.blocks, [json!({"type": "thinking", "thinking": "secret", "signature": "s"})]);
    assert_eq!(state.from, "a claude");
}

#[test]
fn an_answer_without_its_last_event_is_whole_once_the_reason_is_known() {
    let (reply, progress) =
        answer(&[json!({"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": null})]);
    assert_eq!(progress, Progress::Answered);
    assert!(reply.cut);
    assert_eq!(answer(&[json!({"type": "ping"})]).1, Progress::Going);
}

#[test]
fn an_error_event_is_told_by_its_type() {
    let (server, request) = (server(), request());
    let mut answer = Answer::new(&server, "m", &request, "a claude".into());
    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    let failure = answer.take(&event(&error)).unwrap_err();
    assert!(matches!(failure.error, ModelError::Overloaded { .. }), "{failure:?}");
}

#[test]
fn thoughts_are_kept_only_with_calls() {
    let (reply, _) = answer(&[
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "redacted_thinking", "data": "x"}}),
        json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": "Hi"}}),
    ]);
    assert_eq!((reply.text.as_str(), reply.state), ("Hi", None));
    assert!(reply.reasoned);
}

#[test]
fn odd_fields_fail_nothing() {
    let (reply, progress) = answer(&[
        json!({"type": "message_start", "message": {"model": null, "usage": {"input_tokens": 5.0, "output_tokens": -1}}}),
        json!({"type": "content_block_start", "index": "0", "content_block": {"type": "tool_use", "id": 7,
               "name": "list", "input": null, "caller": {"type": "direct"}}}),
        json!({"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": {"path": "a"}}}),
        json!({"type": "content_block_stop"}),
        json!({"type": "something_new", "x": 1}),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": "9"}}),
    ]);
    assert_eq!(progress, Progress::Answered);
    assert_eq!((reply.calls[0].id.as_str(), &reply.calls[0].input), ("7", &json!({"path": "a"})));
    assert_eq!(reply.usage, Usage { input: 5, output: 9, cached: 0 });
    assert_eq!(reply.state.unwrap().calls[0]["caller"]["type"], "direct");
}

#[test]
fn an_answer_in_one_piece_is_understood() {
    let (reply, progress) = answer(&[json!({"type": "message", "model": "served", "stop_reason": "refusal",
        "content": [{"type": "text", "text": "No."}, {"type": "tool_use", "id": "a", "name": "list", "input": {"x": 1}}],
        "usage": {"input_tokens": 3, "output_tokens": 2}})]);
    assert_eq!((progress, reply.ending, reply.text.as_str()), (Progress::Over, Ending::Refused, "No."));
    assert_eq!((&reply.calls[0].input, reply.usage.output), (&json!({"x": 1}), 2));
}
