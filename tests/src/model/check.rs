//! What the providers refuse: a request without its key, fields that must be there, tool calls and results that do not
//! belong together. The words are theirs.

use std::collections::BTreeSet;

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::KEY;
use super::asked::{Asked, Provider, blocks};

/// The refusal of a request without the right key.
pub(crate) fn key(provider: Provider, headers: &HeaderMap) -> Option<Response> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let (given, wrong) = match provider {
        Provider::OpenAi => (header("authorization").replacen("Bearer ", "", 1), "Incorrect API key provided."),
        Provider::Anthropic => (header("x-api-key"), "invalid x-api-key"),
    };
    let kind = if provider == Provider::OpenAi { "invalid_request_error" } else { "authentication_error" };
    (given != KEY).then(|| refusal(provider, 401, kind, wrong))
}

/// An error in the provider's form.
pub(crate) fn refusal(provider: Provider, status: u16, kind: &str, reason: &str) -> Response {
    let body = match provider {
        Provider::OpenAi => json!({ "error": { "message": reason, "type": kind, "param": null, "code": null } }),
        Provider::Anthropic => json!({ "type": "error", "error": { "type": kind, "message": reason } }),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, axum::Json(body)).into_response()
}

/// What is wrong with a request.
pub(crate) fn fault(asked: &Asked) -> Option<String> {
    if !asked.json.is_object() {
        return Some("We could not parse the JSON body of your request.".to_owned());
    }
    if asked.json["stream"] != true {
        return Some("this stand-in answers only with `stream: true`".to_owned());
    }
    if asked.json["model"].as_str().is_none_or(str::is_empty) {
        return Some("you must provide a model parameter".to_owned());
    }
    if asked.messages().is_empty() {
        return Some("[] is too short - 'messages'".to_owned());
    }
    if let Some(name) = asked.tools().iter().find(|name| !is_tool_name(name)) {
        return Some(format!("Invalid tool name '{name}': it does not match the pattern '^[a-zA-Z0-9_-]{{1,64}}$'"));
    }
    match asked.provider {
        Provider::OpenAi => openai_order(asked.messages()),
        Provider::Anthropic => anthropic_fields(asked).or_else(|| anthropic_order(asked.messages())),
    }
}

fn is_tool_name(name: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    (1..=64).contains(&name.len()) && name.chars().all(fits)
}

/// Each call is answered right after its message, and nothing is answered that was not called.
fn openai_order(messages: &[Value]) -> Option<String> {
    let mut open: BTreeSet<&str> = BTreeSet::new();
    for (at, message) in messages.iter().enumerate() {
        if message["role"] == "tool" {
            let id = message["tool_call_id"].as_str().unwrap_or_default();
            if !open.remove(id) {
                return Some(format!(
                    "Invalid parameter: messages with role 'tool' must be a response to a preceding \
                                     message with 'tool_calls'. messages[{at}]"
                ));
            }
            continue;
        }
        if let Some(fault) = unanswered(&open) {
            return Some(fault);
        }
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let (Some(id), Some(_), Some(_)) =
                (call["id"].as_str(), call["function"]["name"].as_str(), call["function"]["arguments"].as_str())
            else {
                return Some(format!("Missing required parameter in messages[{at}].tool_calls"));
            };
            open.insert(id);
        }
    }
    unanswered(&open)
}

fn unanswered(open: &BTreeSet<&str>) -> Option<String> {
    let ids: Vec<_> = open.iter().copied().collect();
    (!open.is_empty()).then(|| {
        format!(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each \
                 'tool_call_id'. The following tool_call_ids did not have response messages: {}",
            ids.join(", ")
        )
    })
}

fn anthropic_fields(asked: &Asked) -> Option<String> {
    if !asked.headers.contains_key("anthropic-version") {
        return Some("anthropic-version: header is required".to_owned());
    }
    if asked.json["max_tokens"].as_u64().is_none_or(|tokens| tokens == 0) {
        return Some("max_tokens: Field required".to_owned());
    }
    let marks = asked.json.to_string().matches("\"cache_control\"").count();
    (marks > 4).then(|| format!("A maximum of 4 blocks with cache_control may be provided. Found {marks}."))
}

/// The first message is the user's; the results of a message's calls are all in the next message.
fn anthropic_order(messages: &[Value]) -> Option<String> {
    let mut open: BTreeSet<&str> = BTreeSet::new();
    for (at, message) in messages.iter().enumerate() {
        if at == 0 && message["role"] != "user" {
            return Some("messages: first message must use the \"user\" role".to_owned());
        }
        if message["content"] == "" || blocks(&message["content"], "text").any(|block| block["text"] == "") {
            return Some("messages: text content blocks must be non-empty".to_owned());
        }
        for result in blocks(&message["content"], "tool_result") {
            let id = result["tool_use_id"].as_str().unwrap_or_default();
            if !open.remove(id) {
                return Some(format!(
                    "messages.{at}.content: unexpected `tool_use_id` found in `tool_result` blocks: \
                                     {id}. Each `tool_result` block must have a corresponding `tool_use` block in the \
                                     previous message."
                ));
            }
        }
        if let Some(id) = open.first() {
            return Some(format!(
                "messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately \
                                 after: {id}. Each `tool_use` block must have a corresponding `tool_result` block in \
                                 the next message."
            ));
        }
        for call in blocks(&message["content"], "tool_use") {
            if !call["input"].is_object() {
                return Some(format!("messages.{at}.content.tool_use.input: Input should be a valid dictionary"));
            }
            open.insert(call["id"].as_str().unwrap_or_default());
        }
    }
    None
}
