//! Puts an answer together from the chunks of chat completions, also from servers that take liberties with the format.

use serde::Deserialize;
use serde_json::Value;
use steward_agent::{ModelReply, ToolCall, Usage};

use crate::calls::PartialCall;
use crate::fault::{self, Failure};
use crate::http::Server;
use crate::reading::{Assembly, Progress};
use crate::reasoning::{AnswerText, Piece};

#[derive(Deserialize)]
struct Chunk {
    model: Option<String>,
    choices: Option<Vec<Choice>>,
    usage: Option<Tokens>,
    /// Some servers report a failure with status 200.
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    index: Option<u64>,
    /// A server that does not stream answers with a whole message.
    #[serde(alias = "message")]
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

/// Reasoning comes in fields of its own (`reasoning_content`, `reasoning`) and is not read.
#[derive(Deserialize)]
struct Delta {
    content: Option<Value>,
    tool_calls: Option<Vec<CallDelta>>,
}

#[derive(Deserialize)]
struct CallDelta {
    index: Option<u64>,
    id: Option<String>,
    function: Option<FunctionDelta>,
}

#[derive(Deserialize)]
struct FunctionDelta {
    name: Option<String>,
    /// Text; from some servers the object itself.
    arguments: Option<Value>,
}

#[derive(Deserialize)]
struct Tokens {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
}

/// A call and the index its server gave it.
struct Slot {
    index: Option<u64>,
    call: PartialCall,
}

/// An answer on its way.
pub(crate) struct Answer<'a> {
    server: &'a Server,
    model: String,
    text: AnswerText,
    slots: Vec<Slot>,
    usage: Usage,
    finish: Option<String>,
    over: bool,
}

impl<'a> Answer<'a> {
    pub(crate) fn new(server: &'a Server, model: &str) -> Self {
        let (text, slots, usage) = (AnswerText::default(), Vec::new(), Usage::default());
        Self { server, model: model.to_owned(), text, slots, usage, finish: None, over: false }
    }

    /// The whole answer, and what was held back of its text.
    pub(crate) fn finish(mut self) -> (ModelReply, Vec<Piece>) {
        let rest = self.text.finish();
        let said = |slot: &Slot| !slot.call.name.is_empty() || !slot.call.arguments.is_empty();
        let calls: Vec<ToolCall> = self.slots.into_iter().filter(said).map(|slot| slot.call.finish()).collect();
        let cut = self.finish.as_deref() == Some("length");
        let (text, usage, model) = (self.text.into_text(), self.usage, self.model);
        (ModelReply { text, calls, usage, model, rehearsal: false, cut }, rest)
    }

    fn choice(&mut self, choice: Choice) -> Vec<Piece> {
        if choice.index.unwrap_or(0) != 0 {
            return Vec::new();
        }
        let mut pieces = Vec::new();
        if let Some(delta) = choice.delta {
            if let Some(content) = delta.content {
                pieces = self.text.push(&text_of(content));
            }
            delta.tool_calls.into_iter().flatten().for_each(|call| self.call(call));
        }
        if let Some(reason) = choice.finish_reason.filter(|reason| !reason.is_empty()) {
            self.finish = Some(reason);
        }
        pieces
    }

    /// Adds a piece of a call. The index tells which call is meant; where a server gives none, or the same to all,
    /// a new id with a name begins a new call. Some send a new id with every piece, so an id alone does not.
    fn call(&mut self, delta: CallDelta) {
        let id = delta.id.filter(|id| !id.is_empty());
        let (name, arguments) = match delta.function {
            Some(function) => (function.name.filter(|name| !name.is_empty()), function.arguments),
            None => (None, None),
        };
        let begins = |slot: &Slot| {
            let other_id = id.as_ref().is_some_and(|id| !slot.call.id.is_empty() && *id != slot.call.id);
            let complete = id.is_none() && delta.index.is_none() && !slot.call.arguments.is_empty();
            name.is_some() && (other_id || complete)
        };
        let meant = |slot: &Slot| delta.index.is_none() || slot.index == delta.index;
        let same_id = |slot: &Slot| id.as_ref().is_some_and(|id| *id == slot.call.id);
        let by_id = self.slots.iter().rposition(|slot| meant(slot) && same_id(slot));
        let known = by_id.or_else(|| self.slots.iter().rposition(meant));
        let at = match known.filter(|at| !begins(&self.slots[*at])) {
            Some(at) => at,
            None => {
                self.slots.push(Slot { index: delta.index, call: PartialCall::default() });
                self.slots.len() - 1
            }
        };
        let call = &mut self.slots[at].call;
        if let Some(id) = id.filter(|_| call.id.is_empty()) {
            call.id = id;
        }
        match name {
            Some(name) if call.name != name && call.arguments.is_empty() => call.name.push_str(&name),
            _ => {}
        }
        match arguments {
            Some(Value::String(text)) => call.arguments.push_str(&text),
            None | Some(Value::Null) => {}
            Some(object) => call.arguments.push_str(&object.to_string()),
        }
    }
}

impl Assembly for Answer<'_> {
    fn take(&mut self, data: &str) -> Result<Vec<Piece>, Failure> {
        if data.trim() == "[DONE]" {
            self.over = true;
            return Ok(Vec::new());
        }
        let chunk: Chunk = serde_json::from_str(data).map_err(|error| {
            Failure::garbled(&self.server.address, format!("a piece of the answer cannot be read: {error}"))
        })?;
        if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
            return Err(self.server.failure(&self.model, fault::status_of(&error), None, data));
        }
        if let Some(model) = chunk.model.filter(|model| !model.is_empty()) {
            self.model = model;
        }
        if let Some(tokens) = chunk.usage {
            self.usage = tokens.into();
        }
        Ok(chunk.choices.into_iter().flatten().flat_map(|choice| self.choice(choice)).collect())
    }

    fn progress(&self) -> Progress {
        match (self.over, &self.finish) {
            (true, _) => Progress::Over,
            (false, Some(_)) => Progress::Answered,
            (false, None) => Progress::Going,
        }
    }
}

impl From<Tokens> for Usage {
    fn from(tokens: Tokens) -> Self {
        let cached = tokens.prompt_tokens_details.and_then(|details| details.cached_tokens).unwrap_or(0);
        Self { input: tokens.prompt_tokens.unwrap_or(0), output: tokens.completion_tokens.unwrap_or(0), cached }
    }
}

/// The text of a content that is text, or a list of parts of which some are text.
fn text_of(content: Value) -> String {
    match content {
        Value::String(text) => text,
        Value::Array(parts) => {
            let texts = parts.iter().filter(|part| part.get("type").and_then(Value::as_str) == Some("text"));
            texts.filter_map(|part| part.get("text")?.as_str()).collect()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
