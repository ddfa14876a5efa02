//! What servers really send, and what becomes of it.

use std::time::Duration;

use serde_json::json;
use steward_agent::ToolSpec;
use url::Url;

use super::*;
use crate::config::GatewayConfig;
use crate::http;

fn server() -> Server {
    let client = http::client(&GatewayConfig::default()).unwrap();
    Server::new(client, &Url::parse("http://127.0.0.1:1/v1").unwrap(), None, Duration::from_secs(1))
}

/// A request that offers `list` and `read`.
fn request() -> ModelRequest {
    let tool = |name: &str| ToolSpec { name: name.into(), description: "D.".into(), schema: json!({"type": "object"}) };
    let tools = [tool("list"), tool("read")].into();
    ModelRequest { system: String::new(), messages: Vec::new(), tools, max_tokens: 100, model: None }
}

fn event(data: &str) -> Event {
    Event { name: None, data: data.to_owned() }
}

fn answer(chunks: &[Value]) -> ModelReply {
    let (server, request) = (server(), request());
    let mut answer = Answer::new(&server, "asked", &request, "a m".into());
    for chunk in chunks {
        answer.take(&event(&chunk.to_string())).unwrap();
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
    let (server, request) = (server(), request());
    let mut answer = Answer::new(&server, "m", &request, "a m".into());
    let error = json!({"error": {"message": "Rate limit exceeded", "code": 429}, "choices": []});
    let failure = answer.take(&event(&error.to_string())).unwrap_err();
    assert!(matches!(failure.error, steward_agent::ModelError::Overloaded { .. }), "{failure:?}");
    assert!(answer.take(&event("{not json")).unwrap_err().error.to_string().contains("cannot be read"));
}

#[test]
fn an_index_that_drifts_goes_on_with_the_call_there_is() {
    let reply = answer(&[
        tools(json!([{"index": 0, "id": "a", "function": {"name": "list", "arguments": ""}}])),
        tools(json!([{"index": 1, "function": {"arguments": "{\"path\""}}])),
        tools(json!([{"index": 2, "id": "x", "function": {"arguments": ":\".\"}"}}])),
    ]);
    assert_eq!(seen(&reply), [("a", "list", json!({"path": "."}))]);
}

#[test]
fn one_id_and_no_index_for_all_calls_still_makes_several() {
    let piece = |arguments: &str| tools(json!([{"id": "a", "function": {"name": "list", "arguments": arguments}}]));
    let reply = answer(&[piece("{\"path\":\"a\"}"), piece("{\"path\":\"b\"}")]);
    assert_eq!(seen(&reply), [("a", "list", json!({"path": "a"})), ("a", "list", json!({"path": "b"}))]);
    let reply = answer(&[piece("{\"path\""), piece(":\"a\"}")]);
    assert_eq!(seen(&reply), [("a", "list", json!({"path": "a"}))], "its name and id in every piece");
}

#[test]
fn calls_without_arguments_are_told_apart() {
    let reply =
        answer(&[tools(json!([{"function": {"name": "list"}}, {"function": {"name": "read", "arguments": null}}]))]);
    let names: Vec<&str> = reply.calls.iter().map(|call| call.name.as_str()).collect();
    assert_eq!(names, ["list", "read"]);
    let reply = answer(&[
        tools(json!([{"index": 0, "id": "a", "function": {"name": "list"}}])),
        tools(json!([{"index": 0, "id": "b", "function": {"name": "list"}}])),
    ]);
    assert_eq!(reply.calls.len(), 2);
}

#[test]
fn a_name_may_come_in_pieces_or_whole_in_every_piece() {
    let pieces = |names: [&str; 2]| {
        let piece = |name: &str| tools(json!([{"index": 0, "id": "a", "function": {"name": name, "arguments": ""}}]));
        answer(&[piece(names[0]), piece(names[1])])
    };
    assert_eq!(seen(&pieces(["li", "st"])), [("a", "list", json!({}))]);
    assert_eq!(seen(&pieces(["li", "list"])), [("a", "list", json!({}))]);
    assert_eq!(seen(&pieces(["list", "list"])), [("a", "list", json!({}))]);
}

#[test]
fn calls_come_in_odd_frames() {
    let expected = [("7", "list", json!({"path": "."}))];
    for calls in [
        json!({"id": 7, "function": {"name": "list", "arguments": {"path": "."}}}),
        json!({"0": {"id": 7, "function": {"name": "list", "arguments": "{\"path\":\".\"}"}}}),
        json!([{"id": "7", "index": "0", "name": "list", "arguments": {"path": "."}}]),
        json!([{"id": "7", "index": 0.0, "type": null, "function": {"name": "functions.list", "arguments": "```json\n{\"path\":\".\"}\n```"}}]),
        json!([null, {"id": "7", "function": {"name": "list<|channel|>commentary", "arguments": "{'path': '.'}"}}]),
    ] {
        assert_eq!(seen(&answer(&[tools(calls.clone())])), expected, "{calls}");
    }
    for none in [json!({}), json!(null), json!([]), json!(""), json!([{}])] {
        assert!(answer(&[tools(none.clone())]).calls.is_empty(), "{none}");
    }
}

#[test]
fn a_legacy_function_call_is_read() {
    let delta = |call: Value| json!({"choices": [{"delta": {"function_call": call}}]});
    let reply = answer(&[
        delta(json!({"name": "list", "arguments": ""})),
        delta(json!({"arguments": "{\"path\":"})),
        delta(json!({"arguments": "\".\"}"})),
        json!({"choices": [{"delta": {}, "finish_reason": "function_call"}]}),
    ]);
    assert_eq!((reply.calls[0].name.as_str(), &reply.calls[0].input), ("list", &json!({"path": "."})));
    let whole =
        json!({"choices": [{"message": {"content": null, "function_call": {"name": "list", "arguments": "{}"}}}]});
    assert_eq!(answer(&[whole]).calls.len(), 1);
}

#[test]
fn odd_fields_fail_nothing() {
    let reply = answer(&[
        json!({"id": 5, "created": "x", "model": null, "choices": null, "usage": null, "error": null}),
        json!({"choices": {"index": "0", "delta": {"content": "A", "tool_calls": {}}, "finish_reason": null}}),
        json!({"choices": [{"index": 0, "delta": {"content": "B"}, "message": {"content": "AB"}, "logprobs": 7}]}),
        json!({"choices": [{"index": 0.0, "delta": {"content": null, "role": 1, "tool_calls": null}}]}),
        json!({"choices": [{"delta": null, "message": null, "finish_reason": ""}]}),
        json!({"choices": [{"index": 1, "delta": {"content": "another choice"}}]}),
        json!({"choices": [{"delta": {}, "message": {"content": "AB"}, "finish_reason": "stop"}]}),
        json!({"choices": [], "usage": {"prompt_tokens": 10.0, "completion_tokens": "3", "prompt_tokens_details": null,
               "prompt_cache_hit_tokens": -1}}),
    ]);
    assert_eq!((reply.text.as_str(), reply.cut), ("AB", false));
    assert_eq!(reply.usage, Usage { input: 10, output: 3, cached: 0 });
    let one = json!({"choices": [{"delta": {}, "message": {"content": "whole"}, "finish_reason": "stop"}]});
    assert_eq!(answer(&[one]).text, "whole");
    let in_choice =
        json!({"choices": [{"delta": {"content": "x"}, "usage": {"prompt_tokens": 4, "completion_tokens": 1}}]});
    assert_eq!(answer(&[in_choice]).usage.input, 4);
}

#[test]
fn what_must_be_handed_back_is_kept_with_calls() {
    let delta = |delta: Value| json!({"choices": [{"delta": delta}]});
    let reply = answer(&[
        delta(
            json!({"reasoning_content": "I ", "reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "I "}]}),
        ),
        delta(json!({"reasoning_content": "list.", "reasoning_details":
            [{"type": "reasoning.text", "index": 0, "text": "list.", "signature": "s"}]})),
        delta(json!({"reasoning_details": [{"type": "reasoning.encrypted", "index": 1, "data": "d"}]})),
        tools(json!([{"index": 0, "id": "a", "extra_content": {"google": {"thought_signature": "g"}},
                      "function": {"name": "list", "arguments": "{}", "thought_signature": "f"}}])),
        tools(json!([{"index": 1, "id": "b", "function": {"name": "read", "arguments": "{}"}}])),
    ]);
    let state = reply.state.unwrap();
    assert_eq!(state.from, "a m");
    assert_eq!(state.message["reasoning_content"], "I list.");
    let details = json!([{"type": "reasoning.text", "index": 0, "text": "I list.", "signature": "s"},
                         {"type": "reasoning.encrypted", "index": 1, "data": "d"}]);
    assert_eq!(state.message["reasoning_details"], details);
    assert_eq!(state.calls[0]["extra_content"]["google"]["thought_signature"], "g");
    assert_eq!(state.calls[0]["function"]["thought_signature"], "f");
    assert!(state.calls[1].is_empty() && reply.reasoned);

    let plain = answer(&[delta(json!({"reasoning_content": "hm", "content": "Hi"}))]);
    assert_eq!((plain.state, plain.reasoned), (None, true), "without calls thoughts are not wanted back");
    let signed = answer(&[delta(json!({"content": "Hi", "extra_content": {"google": {"thought_signature": "g"}}}))]);
    assert_eq!(signed.state.unwrap().message["extra_content"]["google"]["thought_signature"], "g");
}

#[test]
fn why_an_answer_ended_is_understood() {
    let ended = |reason: &str| {
        let reply = answer(&[json!({"choices": [{"delta": {}, "finish_reason": reason}]})]);
        (reply.cut, reply.ending)
    };
    for reason in ["length", "MAX_TOKENS", "model_length", "max_output_tokens"] {
        assert_eq!(ended(reason), (true, Ending::Done), "{reason}");
    }
    for reason in ["content_filter", "SAFETY", "content_filter: RECITATION", "sensitive"] {
        assert_eq!(ended(reason), (false, Ending::Filtered), "{reason}");
    }
    assert_eq!(ended("function_call_filter: MALFORMED_FUNCTION_CALL"), (false, Ending::CallUnreadable));
    assert_eq!(ended("stop"), (false, Ending::Done));
    let refusal = answer(&[json!({"choices": [{"delta": {"refusal": "I cannot."}, "finish_reason": "stop"}]})]);
    assert_eq!((refusal.text.as_str(), refusal.ending), ("I cannot.", Ending::Refused));
    let usage = |output: u64| json!({"choices": [], "usage": {"prompt_tokens": 4_000, "completion_tokens": output}});
    let full = json!({"choices": [{"delta": {"content": ""}, "finish_reason": "length"}]});
    assert_eq!(answer(&[full.clone(), usage(1)]).ending, Ending::WindowFull, "long before the limit of the answer");
    assert_eq!(answer(&[full, usage(100)]).ending, Ending::Done);
}

#[test]
fn arguments_that_end_at_the_limit_are_cut_whatever_the_server_says() {
    let call = tools(json!([{"index": 0, "id": "a", "function": {"name": "list", "arguments": "{\"path\":\"half"}}]));
    let end = json!({"choices": [{"delta": {}, "finish_reason": "tool_calls"}],
                     "usage": {"prompt_tokens": 5, "completion_tokens": 100}});
    assert!(answer(&[call, end]).cut);
}

#[test]
fn a_call_that_comes_twice_is_one() {
    let piece = |id: &str, path: &str| {
        tools(json!([{"index": 0, "id": id, "function": {"name": "list", "arguments": {"path": path}}}]))
    };
    let reply = answer(&[piece("a", "x"), piece("a", "x")]);
    assert_eq!(seen(&reply), [("a", "list", json!({"path": "x"}))]);
    let reply = answer(&[piece("a", "x"), piece("b", "x"), piece("a", "x"), piece("b", "x")]);
    assert_eq!(reply.calls.len(), 2, "both came twice");
    assert_eq!(answer(&[piece("a", "x"), piece("a", "y")]).calls.len(), 2, "other arguments are another call");
    assert_eq!(answer(&[piece("a", "x"), piece("b", "x")]).calls.len(), 2, "so is another id");
}

#[test]
fn arguments_that_repeat_all_so_far_are_put_together_once() {
    let piece = |fields: Value| tools(json!([{"index": 0, "function": fields}]));
    let named =
        |arguments: &str| tools(json!([{"index": 0, "id": "a", "function": {"name": "list", "arguments": arguments}}]));
    let more = |arguments: &str| piece(json!({"arguments": arguments}));
    let whole = "{\"path\":\"abc\"}";
    let expected = [("a", "list", json!({"path": "abc"}))];
    assert_eq!(seen(&answer(&[named(""), more("{\"pa"), more("{\"path\":\"ab"), more(whole)])), expected);
    assert_eq!(seen(&answer(&[named("{\"pa"), named("{\"path\":\"ab"), named(whole), named(whole)])), expected);
    let other = tools(json!([{"index": 0, "id": "b", "function": {"name": "list", "arguments": "{}"}}]));
    assert_eq!(answer(&[named("{\"pa"), named(whole), other]).calls.len(), 2);
    let nested = answer(&[named("{\"a\":"), more("{\"a\":1}"), more("}")]);
    assert_eq!(seen(&nested), [("a", "list", json!({"a": {"a": 1}}))], "pieces that only look alike");
}
