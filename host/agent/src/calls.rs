//! Calls and their results within a conversation: which are still open, in which order they stand, and what is put in
//! where one is missing, so that every provider accepts the conversation.

use std::collections::{HashMap, HashSet};

use serde_json::json;

use crate::budget;
use crate::message::{Message, ToolCall, ToolResult};

/// Characters kept of the arguments of a call that was cut.
const CUT_CHARS: usize = 300;

/// A call of an answer that ended in the middle, as it stands in the history: it was not made, and of its arguments only
/// the beginning is kept.
pub(crate) fn cut_call(call: ToolCall) -> ToolCall {
    let text = call.input.as_str().map_or_else(|| call.input.to_string(), str::to_owned);
    ToolCall { input: json!({ "_cut": budget::shorten(&text, CUT_CHARS) }), ..call }
}

/// What the model is told of such a call: nothing was done, and how to go on in parts.
pub(crate) fn cut_result(call: &ToolCall, tokens: u64) -> Message {
    let part = (tokens * 2).max(400);
    let how = match call.name.as_str() {
        "write" => format!(
            "Write the file in parts: the first part with `write`, each further part with `write` and `append` set to \
             true, one call an answer, and at most {part} characters a part."
        ),
        _ => format!("Send less at once: at most {part} characters of arguments, in several calls, one an answer."),
    };
    let text = format!(
        "not called: your answer was cut at {tokens} tokens, the most that one answer may have, before this call was \
         complete. Nothing was done. {how}"
    );
    Message::Tool(ToolResult { id: call.id.clone(), name: call.name.clone(), text, failed: true })
}

/// The calls of the step the conversation ends in that have no answer yet, with their positions in it.
pub(crate) fn unanswered_calls(messages: &[Message]) -> Vec<(usize, ToolCall)> {
    let Some(at) = messages.iter().rposition(|message| !matches!(message, Message::Tool(_))) else {
        return Vec::new();
    };
    let Message::Assistant { calls, .. } = &messages[at] else { return Vec::new() };
    let answered: HashSet<&str> = messages[at..]
        .iter()
        .filter_map(|message| if let Message::Tool(result) = message { Some(result.id.as_str()) } else { None })
        .collect();
    calls.iter().cloned().enumerate().filter(|(_, call)| !answered.contains(call.id.as_str())).collect()
}

/// Puts the answers of each step into the order of its calls, so that the same conversation gives the same request.
pub(crate) fn in_call_order(messages: &mut [Message]) {
    let mut at = 0;
    while at < messages.len() {
        let order: HashMap<String, usize> = match &messages[at] {
            Message::Assistant { calls, .. } => calls.iter().enumerate().map(|(n, c)| (c.id.clone(), n)).collect(),
            _ => HashMap::new(),
        };
        let start = at + 1;
        let end = messages[start..]
            .iter()
            .position(|message| !matches!(message, Message::Tool(_)))
            .map_or(messages.len(), |offset| start + offset);
        messages[start..end].sort_by_key(|message| match message {
            Message::Tool(result) => order.get(&result.id).copied().unwrap_or(usize::MAX),
            _ => usize::MAX,
        });
        at = end;
    }
}

/// Providers refuse a call without an answer and an answer without its call: closes the one and drops the other, save
/// for the step at the end, which may still be going on.
pub(crate) fn well_formed(messages: &mut Vec<Message>) {
    let mut whole: Vec<Message> = Vec::with_capacity(messages.len());
    for message in messages.drain(..) {
        let open = unanswered_calls(&whole);
        match &message {
            Message::Tool(result) if !open.iter().any(|(_, call)| call.id == result.id) => continue,
            Message::Tool(_) => {}
            _ => whole.extend(open.into_iter().map(|(_, call)| {
                let text = "no answer: the run was broken off".to_owned();
                Message::Tool(ToolResult { id: call.id, name: call.name, text, failed: true })
            })),
        }
        whole.push(message);
    }
    in_call_order(&mut whole);
    *messages = whole;
}

/// Some servers repeat an id within one answer; then results could not be told apart.
pub(crate) fn with_unique_ids(mut calls: Vec<ToolCall>) -> Vec<ToolCall> {
    let mut seen = HashSet::new();
    for (at, call) in calls.iter_mut().enumerate() {
        if call.id.is_empty() || !seen.insert(call.id.clone()) {
            call.id = format!("{}#{at}", call.id);
            seen.insert(call.id.clone());
        }
    }
    calls
}
