//! A whole answer, made of what a provider's stream gave: which calls it holds, also those written as text, why it ended,
//! and what its server wants back.

use steward_agent::{Ending, ModelReply, ModelRequest, ServerState, Usage};

use crate::answer::{AnswerText, Piece};
use crate::arguments;
use crate::calls::{PartialCall, written_id};
use crate::written::Offered;

/// Fields that go back also with a message that calls nothing. Thoughts do not: some servers refuse them there, and none
/// wants them.
const ALWAYS: [&str; 2] = ["extra_content", "thought_signature"];

/// What came of a stream.
pub(crate) struct Raw {
    /// In the server's own form.
    pub(crate) calls: Vec<PartialCall>,
    pub(crate) usage: Usage,
    pub(crate) model: String,
    pub(crate) cut: bool,
    pub(crate) ending: Ending,
    pub(crate) reasoned: bool,
    pub(crate) state: ServerState,
}

/// The answer, and what was held back of its text.
pub(crate) fn reply(request: &ModelRequest, text: AnswerText<'_>, raw: Raw) -> (ModelReply, Vec<Piece>) {
    let Raw { calls: native, usage, model, cut, ending, reasoned, mut state } = raw;
    let told = text.finish(!native.is_empty());
    let is_native = !native.is_empty();
    let mut calls = if is_native { native } else { told.calls };
    let offered = Offered::new(request);
    for call in &mut calls {
        if !is_native && call.id.is_empty() {
            call.id = written_id();
        }
        if let Some(name) = offered.resolve(&call.name) {
            call.name = name;
        }
    }
    let limit = u64::from(request.max_tokens);
    let unfinished = calls.iter().any(|call| arguments::is_unfinished(&call.arguments));
    let cut = cut || (unfinished && usage.output >= limit && limit > 0);
    let silent = calls.is_empty() && told.text.trim().is_empty();
    let early = (1..limit / 10 * 9).contains(&usage.output);
    let ending = if cut && silent && early && ending == Ending::Done { Ending::WindowFull } else { ending };
    if !is_native {
        state.calls.clear();
    }
    if calls.is_empty() {
        state.message.retain(|field, _| ALWAYS.contains(&field.as_str()));
        state.blocks.clear();
    }
    if state.calls.iter().all(serde_json::Map::is_empty) {
        state.calls.clear();
    }
    let keeps = is_native || !state.message.is_empty() || !state.blocks.is_empty();
    let reply = ModelReply {
        text: told.text,
        calls: calls.into_iter().map(PartialCall::finish).collect(),
        usage,
        model,
        rehearsal: false,
        cut,
        ending,
        reasoned: reasoned || told.reasoned,
        state: keeps.then(|| Box::new(state)),
    };
    (reply, told.pieces)
}
