//! What servers really send, and what becomes of it.

use std::time::Duration;

use serde_json::json;
use url::Url;

use super::*;
use crate::config::GatewayConfig;
use crate::http;

fn server() -> Server {
    let client = http::client(&GatewayConfig::default()).unwrap();
    Server::new(client, &Url::parse("http://127.0.0.1:1/v1").unwrap(), None, Duration::from_secs(1))
}

fn answer(chunks: &[Value]) -> ModelReply {
    let server = server();
    let mut answer = Answer::new(&server, "asked");
    for chunk in chunks {
        answer.take(&chunk.to_string()).unwrap();
    }
    answer.finish().0
}

/// A chunk with these tool-call deltas.
fn tools(deltas: Value) -> Value {
    json!({"choices": [{"index": 0, "delta": {"tool_calls": deltas}, "finish_reason": null}]})
}

fn seen(reply: &ModelReply) -> Vec<(&str, &str, Value)> {
    reply.calls.iter().map(|call| (call.id.as_str(), call.name.as_str(), call.input.clone())).collect()
}

#[test]
fn parallel_calls_grow_by_index() {
    let reply = answer(&[
        tools(json!([{"index": 0, "id": "a", "type": "function", "function": {"name": "list", "arguments": ""}}])),
        tools(json!([{"index": 0, "type": "function", "function": {"arguments": "{\"path\""}}])),
        tools(json!([{"index": 1, "id": "b", "type": "function", "function": {"name": "read", "arguments": "{"}}])),
        tools(json!([
            {"index": 1, "type": "function", "function": {"arguments": "}"}},
            {"index": 0, "type": "function", "function": {"arguments": ":\".\"}"}}
        ])),
    ]);
    assert_eq!(seen(&reply), [("a", "list", json!({"path": "."})), ("b", "read", json!({}))]);
}

#[test]
fn one_index_for_all_calls_still_makes_several() {
    let reply = answer(&[
        tools(json!([{"index": 0, "id": "a", "function": {"name": "list", "arguments": "{}"}}])),
        tools(json!([{"index": 0, "id": "b", "function": {"name": "list", "arguments": "{}"}}])),
    ]);
    assert_eq!(seen(&reply), [("a", "list", json!({})), ("b", "list", json!({}))]);
}

#[test]
fn calls_without_index_or_id_are_told_apart() {
    let reply = answer(&[tools(json!([
        {"function": {"name": "list", "arguments": {"path": "a"}}},
        {"function": {"name": "list", "arguments": {"path": "b"}}}
    ]))]);
    let inputs: Vec<&Value> = reply.calls.iter().map(|call| &call.input).collect();
    assert_eq!(inputs, [&json!({"path": "a"}), &json!({"path": "b"})]);
    assert!(reply.calls.iter().all(|call| call.id.starts_with("call_")));
    assert_ne!(reply.calls[0].id, reply.calls[1].id);
}

#[test]
fn a_name_or_id_repeated_in_every_piece_is_one_call() {
    let reply = answer(&[
        tools(json!([{"index": 0, "id": "a", "type": "function", "function": {"name": "list", "arguments": "{"}}])),
        tools(json!([{"index": 0, "id": "z", "type": "function", "function": {"arguments": "}"}}])),
        tools(json!([{"index": 0, "id": "a", "type": "function", "function": {"name": "list", "arguments": ""}}])),
    ]);
    assert_eq!(seen(&reply), [("a", "list", json!({}))]);
}

#[test]
fn arguments_that_are_not_json_are_kept_as_text() {
    let reply = answer(&[tools(json!([{"index": 0, "id": "a", "function": {"name": "list", "arguments": "{oops"}}]))]);
    assert_eq!(seen(&reply), [("a", "list", json!("{oops"))]);
}

#[test]
fn reasoning_in_any_form_is_left_out() {
    let delta = |delta: Value| json!({"choices": [{"delta": delta}]});
    let reply = answer(&[
        delta(json!({"role": "assistant", "content": null, "reasoning_content": "secret"})),
        delta(json!({"reasoning": "secret"})),
        delta(json!({"content": "<thi"})),
        delta(json!({"content": "nk>secret</think>Hel"})),
        delta(json!({"content": [{"type": "thinking", "thinking": "secret"}, {"type": "text", "text": "lo"}]})),
    ]);
    assert_eq!(reply.text, "Hello");
}

#[test]
fn the_last_chunks_tell_why_it_ended_and_what_it_cost() {
    let reply = answer(&[
        json!({"model": "served", "choices": [{"delta": {"content": "x"}, "finish_reason": "length"}], "usage": null}),
        json!({"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 3,
               "prompt_tokens_details": {"cached_tokens": 4}}}),
    ]);
    assert!(reply.cut);
    assert_eq!(reply.model, "served");
    assert_eq!(reply.usage, Usage { input: 10, output: 3, cached: 4 });
}

#[test]
fn an_answer_in_one_piece_is_understood() {
    let reply = answer(&[json!({"choices": [{"message": {"role": "assistant", "content": "whole"},
                                "finish_reason": "stop"}]})]);
    assert_eq!((reply.text.as_str(), reply.cut), ("whole", false));
}

#[test]
fn an_error_in_the_stream_is_told_by_its_kind() {
    let server = server();
    let mut answer = Answer::new(&server, "m");
    let error = json!({"error": {"message": "Rate limit exceeded", "code": 429}, "choices": []});
    let failure = answer.take(&error.to_string()).unwrap_err();
    assert!(matches!(failure.error, steward_agent::ModelError::Overloaded { .. }), "{failure:?}");
    assert!(answer.take("{not json").unwrap_err().error.to_string().contains("cannot be read"));
}
