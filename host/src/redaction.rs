//! Keeps the values of secrets out of prompts and out of messages, whoever wrote them. What is kept in history and in
//! the outbox stays as it was written; what leaves is clean.

use std::borrow::Cow;

use steward_agent::{Message, ModelRequest, Outgoing, ServerState};
use steward_sandbox::Known;

/// A request for the model without values.
pub(crate) fn request<'a>(known: &Known, request: &'a ModelRequest) -> Cow<'a, ModelRequest> {
    if !known.any() {
        return Cow::Borrowed(request);
    }
    let mut clean = request.clone();
    known.redact_in_place(&mut clean.system);
    for entry in &mut clean.messages {
        match entry {
            Message::User(message) => {
                known.redact_in_place(&mut message.text);
                message.recalled.iter_mut().for_each(|passage| known.redact_in_place(&mut passage.text));
            }
            Message::Assistant { text, calls, state } => {
                known.redact_in_place(text);
                calls.iter_mut().for_each(|call| known.redact_json(&mut call.input));
                state.iter_mut().for_each(|state| clean_state(known, state));
            }
            Message::Tool(result) => known.redact_in_place(&mut result.text),
            Message::Summary { text } => known.redact_in_place(text),
        }
    }
    Cow::Owned(clean)
}

/// Signed blocks are left out where a value stands in them: changed, the server would not take them.
fn clean_state(known: &Known, state: &mut ServerState) {
    let fields = state.calls.iter_mut().chain([&mut state.message]);
    fields.flat_map(|fields| fields.values_mut()).for_each(|value| known.redact_json(value));
    state.blocks.retain(|block| {
        let mut clean = block.clone();
        known.redact_json(&mut clean);
        clean == *block
    });
}

/// A message without values.
pub(crate) fn outgoing<'a>(known: &Known, message: &'a Outgoing) -> Cow<'a, Outgoing> {
    match known.redact(&message.text) {
        Cow::Borrowed(_) => Cow::Borrowed(message),
        Cow::Owned(text) => Cow::Owned(Outgoing { text, ..message.clone() }),
    }
}
