//! Puts an answer together from the chunks of chat completions, also from servers that take liberties with the format:
//! every field may be missing or of another type, and what nobody needs fails nothing.

use serde_json::{Map, Value};
use steward_agent::{Ending, ModelReply, ModelRequest, ServerState, Usage};

use super::slots::{Slots, merge};
use crate::answer::{AnswerText, Piece};
use crate::events::{Event, is_done};
use crate::fault::{self, Failure};
use crate::http::Server;
use crate::lenient::{self, count, count_of};
use crate::reading::{Assembly, Progress};
use crate::whole;
use crate::written::Offered;

/// Fields of a message that servers want back as they sent them.
const STATE: [&str; 9] = [
    "reasoning_content",
    "reasoning_details",
    "reasoning_opaque",
    "reasoning_signature",
    "encrypted_content",
    "extra_content",
    "thinking_blocks",
    "thought_signature",
    "provider_specific_fields",
];
/// Fields in which reasoning comes.
const REASONING: [&str; 5] = ["reasoning_content", "reasoning", "reasoning_details", "reasoning_text", "thinking"];

/// An answer on its way.
pub(crate) struct Answer<'a> {
    server: &'a Server,
    model: String,
    request: &'a ModelRequest,
    offered: Offered<'a>,
    mark: String,
    text: AnswerText<'a>,
    slots: Slots,
    /// What the server wants back with the message.
    state: Map<String, Value>,
    usage: Usage,
    finish: Option<String>,
    refused: bool,
    reasoned: bool,
    said: bool,
    /// The figures came in a separate chunk, as they do at the end.
    counted: bool,
    over: bool,
}

impl<'a> Answer<'a> {
    pub(crate) fn new(server: &'a Server, model: &str, request: &'a ModelRequest, mark: String) -> Self {
        Self {
            server,
            model: model.to_owned(),
            request,
            offered: Offered::new(request),
            text: AnswerText::new(request, &mark),
            mark,
            slots: Slots::default(),
            state: Map::new(),
            usage: Usage::default(),
            finish: None,
            refused: false,
            reasoned: false,
            said: false,
            counted: false,
            over: false,
        }
    }

    /// The whole answer, and what was held back of its text.
    pub(crate) fn finish(self) -> (ModelReply, Vec<Piece>) {
        let mut state = ServerState { from: self.mark, message: self.state, ..ServerState::default() };
        let mut calls = Vec::new();
        for slot in self.slots.finish() {
            calls.push(slot.call);
            state.calls.push(slot.state);
        }
        let (cut, ending) = meaning(self.finish.as_deref().unwrap_or_default());
        let ending = if self.refused { Ending::Refused } else { ending };
        let (usage, model, reasoned) = (self.usage, self.model, self.reasoned);
        let raw = whole::Raw { calls, usage, model, cut, ending, reasoned, state };
        whole::reply(self.request, self.text, raw)
    }

    fn choice(&mut self, choice: &Value) -> Vec<Piece> {
        if count(choice.get("index")).unwrap_or(0) != 0 {
            return Vec::new();
        }
        let delta = lenient::object(choice.get("delta"));
        // Some repeat the whole message when it is over.
        let message = lenient::object(choice.get("message")).filter(|_| !self.said);
        let mut pieces = match (delta.or(message), choice.get("delta").or_else(|| choice.get("text"))) {
            (Some(fields), _) => self.message(fields),
            (None, Some(Value::String(text))) => self.say(text),
            _ => Vec::new(),
        };
        if delta.is_some_and(|delta| !says(delta))
            && let Some(message) = message
        {
            pieces.extend(self.message(message));
        }
        if let Some(tokens) = lenient::object(choice.get("usage")) {
            self.count(&Value::Object(tokens.clone()));
        }
        if let Some(reason) = lenient::text(choice.get("finish_reason")) {
            self.finish = Some(reason.to_lowercase());
        }
        pieces
    }

    fn message(&mut self, fields: &Map<String, Value>) -> Vec<Piece> {
        let mut pieces = match fields.get("content") {
            Some(content) => self.say(&lenient::content(content)),
            None => Vec::new(),
        };
        if let Some(refusal) = lenient::text(fields.get("refusal")) {
            self.refused = true;
            pieces.extend(self.say(&refusal));
        }
        self.slots.add(fields.get("tool_calls"), &self.offered);
        self.slots.add_legacy(fields.get("function_call"), &self.offered);
        self.said |= !self.slots.is_empty();
        let kept = STATE.iter().filter_map(|name| Some(((*name).to_owned(), fields.get(*name)?.clone())));
        merge(&mut self.state, kept.filter(|(_, value)| is_something(value)).collect());
        self.reasoned |= REASONING.iter().any(|name| fields.get(*name).is_some_and(is_something));
        pieces
    }

    fn say(&mut self, text: &str) -> Vec<Piece> {
        self.said |= !text.is_empty();
        self.text.push(text)
    }

    fn count(&mut self, tokens: &Value) {
        let input = count_of(tokens, &["prompt_tokens", "input_tokens"]).unwrap_or(0);
        let output = count_of(tokens, &["completion_tokens", "output_tokens"]).unwrap_or(0);
        if input + output == 0 {
            return;
        }
        let details = tokens.get("prompt_tokens_details").or_else(|| tokens.get("input_tokens_details"));
        let cached = count(details.and_then(|details| details.get("cached_tokens")));
        let cached = cached.or_else(|| count_of(tokens, &["prompt_cache_hit_tokens", "cached_tokens"])).unwrap_or(0);
        self.usage = Usage { input, output, cached };
    }

    fn chunk(&mut self, chunk: &Value, data: &str) -> Result<Vec<Piece>, Failure> {
        let choices = lenient::items(chunk.get("choices"));
        let choice_failed = choices.iter().any(|choice| lenient::object(choice.get("error")).is_some());
        if fault::is_error(chunk) || choice_failed {
            return Err(self.failed(data));
        }
        if let Some(model) = chunk.get("model").and_then(Value::as_str).filter(|model| !model.is_empty()) {
            self.model = model.to_owned();
        }
        if let Some(tokens) = chunk.get("usage").or_else(|| chunk.pointer("/x_groq/usage")) {
            self.count(tokens);
            self.counted |= choices.is_empty() && tokens.is_object();
        }
        let pieces: Vec<Piece> = choices.into_iter().flat_map(|choice| self.choice(choice)).collect();
        match self.finish.as_deref() {
            Some("error" | "network_error" | "insufficient_system_resource") => Err(self.failed(data)),
            _ => Ok(pieces),
        }
    }
}

impl Assembly for Answer<'_> {
    fn take(&mut self, event: &Event) -> Result<Vec<Piece>, Failure> {
        if is_done(&event.data) {
            self.over = true;
            return Ok(Vec::new());
        }
        let mut pieces = Vec::new();
        for chunk in fault::values(&self.server.address, &event.data)? {
            pieces.extend(self.chunk(&chunk, &event.data)?);
        }
        Ok(pieces)
    }

    fn failed(&self, data: &str) -> Failure {
        self.server.stream_failure(&self.model, data)
    }

    fn progress(&self) -> Progress {
        match (self.over, &self.finish) {
            (true, _) => Progress::Over,
            (false, Some(_)) => Progress::Answered,
            (false, None) => Progress::Going,
        }
    }

    fn is_whole(&self) -> bool {
        (self.said && self.counted) || self.slots.are_whole()
    }

    fn said_something(&self) -> bool {
        self.said
    }
}

/// Whether a reason to end means that the answer was cut, and what else it means.
fn meaning(reason: &str) -> (bool, Ending) {
    let has = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if has(&["malformed", "unexpected_tool_call", "invalid_tool_call"]) {
        return (false, Ending::CallUnreadable);
    }
    if has(&["refus"]) {
        return (false, Ending::Refused);
    }
    let filters = ["filter", "safety", "recitation", "prohibited", "blocklist", "spii", "sensitive", "guardrail"];
    if has(&filters) {
        return (false, Ending::Filtered);
    }
    let cut = has(&["length", "max_tokens", "max_output", "max_completion", "token_limit", "context_window"])
        || reason == "incomplete";
    (cut, if reason.contains("context_window") { Ending::WindowFull } else { Ending::Done })
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}

/// Whether a message says or calls anything.
fn says(fields: &Map<String, Value>) -> bool {
    ["content", "tool_calls", "function_call", "refusal"].iter().any(|name| fields.get(*name).is_some_and(is_something))
}

#[cfg(test)]
mod tests;
