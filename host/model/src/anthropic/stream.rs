//! Puts an answer together from the events of Anthropic's messages. Thinking is not shown; where the answer calls tools
//! it is kept, for the server may want it back.

use serde_json::{Map, Value};
use steward_agent::{Ending, ModelReply, ModelRequest, ServerState, Usage};

use crate::answer::{AnswerText, Piece};
use crate::calls::PartialCall;
use crate::events::Event;
use crate::fault::{self, Failure};
use crate::http::Server;
use crate::lenient::{self, count, count_of};
use crate::reading::{Assembly, Progress};
use crate::whole;

/// Fields of a call that are its own.
const OF_CALL: [&str; 4] = ["type", "id", "name", "input"];

/// A call by the index of its block.
struct Slot {
    index: u64,
    call: PartialCall,
    /// Arguments that came at once.
    input: Option<Value>,
    state: Map<String, Value>,
}

/// An answer on its way.
pub(crate) struct Answer<'a> {
    server: &'a Server,
    model: String,
    request: &'a ModelRequest,
    mark: String,
    text: AnswerText<'a>,
    slots: Vec<Slot>,
    /// Thinking, by the index of its block.
    thoughts: Vec<(u64, Value)>,
    usage: Usage,
    stop: Option<String>,
    /// Blocks that have begun and not ended, and whether any has ended.
    open: u32,
    closed: bool,
    over: bool,
}

impl<'a> Answer<'a> {
    pub(crate) fn new(server: &'a Server, model: &str, request: &'a ModelRequest, mark: String) -> Self {
        Self {
            server,
            model: model.to_owned(),
            request,
            text: AnswerText::new(request, &mark),
            mark,
            slots: Vec::new(),
            thoughts: Vec::new(),
            usage: Usage::default(),
            stop: None,
            open: 0,
            closed: false,
            over: false,
        }
    }

    /// The whole answer, and what was held back of its text.
    pub(crate) fn finish(self) -> (ModelReply, Vec<Piece>) {
        let mut state = ServerState { from: self.mark, ..ServerState::default() };
        let mut calls = Vec::new();
        for Slot { mut call, input, state: fields, .. } in self.slots {
            if call.arguments.is_empty() {
                call.arguments = input.map(|input| input.to_string()).unwrap_or_default();
            }
            state.calls.push(fields);
            calls.push(call);
        }
        state.blocks = self.thoughts.into_iter().map(|(_, block)| block).collect();
        let reasoned = !state.blocks.is_empty();
        let stop = self.stop.unwrap_or_default().to_lowercase();
        let cut = stop.contains("max_tokens") || stop == "model_context_window_exceeded";
        let ending = match stop.as_str() {
            "refusal" => Ending::Refused,
            "model_context_window_exceeded" => Ending::WindowFull,
            _ => Ending::Done,
        };
        let raw = whole::Raw { calls, usage: self.usage, model: self.model, cut, ending, reasoned, state };
        whole::reply(self.request, self.text, raw)
    }

    fn begin(&mut self, index: u64, block: &Value) -> Vec<Piece> {
        self.open += 1;
        match block.get("type").and_then(Value::as_str).unwrap_or_default() {
            "text" => return self.text.push(&lenient::content(block)),
            "tool_use" => {
                let field = |name: &str| lenient::text(block.get(name)).unwrap_or_default();
                let call = PartialCall { id: field("id"), name: field("name"), arguments: String::new() };
                let own = block.as_object().into_iter().flatten().filter(|(name, _)| !OF_CALL.contains(&name.as_str()));
                let state = own.filter(|(_, value)| !value.is_null()).map(|(k, v)| (k.clone(), v.clone())).collect();
                self.slots.push(Slot { index, call, input: block.get("input").cloned(), state });
            }
            "thinking" | "redacted_thinking" => self.thoughts.push((index, block.clone())),
            _ => {}
        }
        Vec::new()
    }

    fn grow(&mut self, index: u64, delta: &Value) -> Vec<Piece> {
        let text = |name: &str| delta.get(name).and_then(Value::as_str).unwrap_or_default();
        match delta.get("type").and_then(Value::as_str).unwrap_or_default() {
            "text_delta" => return self.text.push(text("text")),
            "input_json_delta" => {
                let known = self.slots.iter().rposition(|slot| slot.index == index);
                if let Some(slot) = known.or(self.slots.len().checked_sub(1)).map(|at| &mut self.slots[at]) {
                    match delta.get("partial_json") {
                        Some(object @ Value::Object(_)) => slot.call.arguments.push_str(&object.to_string()),
                        _ => slot.call.arguments.push_str(text("partial_json")),
                    }
                }
            }
            "thinking_delta" => self.think(index, "thinking", text("thinking")),
            "signature_delta" => self.think(index, "signature", text("signature")),
            _ => {}
        }
        Vec::new()
    }

    fn think(&mut self, index: u64, field: &str, more: &str) {
        let Some((_, block)) = self.thoughts.iter_mut().rfind(|(at, _)| *at == index) else { return };
        let so_far = block.get(field).and_then(Value::as_str).unwrap_or_default();
        block[field] = format!("{so_far}{more}").into();
    }

    /// Figures are running totals: the latest stands. What was read is told at the start, and by some at the end only.
    fn count(&mut self, tokens: Option<&Value>) {
        let Some(tokens) = tokens.filter(|tokens| tokens.is_object()) else { return };
        if let Some(fresh) = count_of(tokens, &["input_tokens", "prompt_tokens"]) {
            let cached = count(tokens.get("cache_read_input_tokens")).unwrap_or(0);
            let input = fresh + count(tokens.get("cache_creation_input_tokens")).unwrap_or(0) + cached;
            if input > 0 {
                (self.usage.input, self.usage.cached) = (input, cached);
            }
        }
        let output = count_of(tokens, &["output_tokens", "completion_tokens"]);
        self.usage.output = output.unwrap_or(self.usage.output);
    }

    fn event(&mut self, event: &Value, data: &str) -> Result<Vec<Piece>, Failure> {
        let index = count(event.get("index")).unwrap_or_else(|| u64::from(self.open));
        match event.get("type").and_then(Value::as_str).unwrap_or_default() {
            "message_start" => self.start(event.get("message").unwrap_or(&Value::Null)),
            "content_block_start" => {
                return Ok(event.get("content_block").map(|block| self.begin(index, block)).unwrap_or_default());
            }
            "content_block_delta" => {
                return Ok(event.get("delta").map(|delta| self.grow(index, delta)).unwrap_or_default());
            }
            "content_block_stop" => (self.open, self.closed) = (self.open.saturating_sub(1), true),
            "message_delta" => {
                self.stop = lenient::text(event.pointer("/delta/stop_reason")).or(self.stop.take());
                self.count(event.get("usage"));
            }
            "message_stop" => self.over = true,
            // An answer that does not stream.
            "message" => return Ok(self.at_once(event)),
            _ if fault::is_error(event) => return Err(self.failed(data)),
            _ => {}
        }
        Ok(Vec::new())
    }

    fn start(&mut self, message: &Value) {
        if let Some(model) = lenient::text(message.get("model")) {
            self.model = model;
        }
        self.count(message.get("usage"));
    }

    fn at_once(&mut self, message: &Value) -> Vec<Piece> {
        self.start(message);
        self.stop = lenient::text(message.get("stop_reason"));
        self.over = true;
        let blocks = lenient::items(message.get("content")).into_iter();
        blocks.zip(0..).flat_map(|(block, index)| self.begin(index, block)).collect()
    }
}

impl Assembly for Answer<'_> {
    fn take(&mut self, event: &Event) -> Result<Vec<Piece>, Failure> {
        let mut pieces = Vec::new();
        for value in fault::values(&self.server.address, &event.data)? {
            pieces.extend(self.event(&value, &event.data)?);
        }
        Ok(pieces)
    }

    fn failed(&self, data: &str) -> Failure {
        self.server.stream_failure(&self.model, data)
    }

    fn progress(&self) -> Progress {
        match (self.over, &self.stop) {
            (true, _) => Progress::Over,
            (false, Some(_)) => Progress::Answered,
            (false, None) => Progress::Going,
        }
    }

    fn is_whole(&self) -> bool {
        self.closed && self.open == 0
    }

    fn said_something(&self) -> bool {
        self.text.said_something() || !self.slots.is_empty()
    }
}

#[cfg(test)]
mod tests;
