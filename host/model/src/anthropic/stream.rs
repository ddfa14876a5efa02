//! Puts an answer together from the events of Anthropic's messages. Thinking blocks are passed over.

use serde::Deserialize;
use serde_json::Value;
use steward_agent::{ModelReply, Usage};

use crate::calls::PartialCall;
use crate::fault::{self, Failure};
use crate::http::Server;
use crate::reading::{Assembly, Progress};
use crate::reasoning::{AnswerText, Piece};

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    MessageStart {
        message: Start,
    },
    ContentBlockStart {
        index: u64,
        content_block: Block,
    },
    ContentBlockDelta {
        index: u64,
        delta: Delta,
    },
    MessageDelta {
        delta: End,
        usage: Option<Tokens>,
    },
    MessageStop,
    Error {
        error: Value,
    },
    /// `ping`, `content_block_stop`, and what may be added to the protocol.
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Start {
    model: Option<String>,
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block {
    Text {
        #[serde(default)]
        text: String,
    },
    ToolUse {
        #[serde(default)]
        id: String,
        name: String,
        /// Empty unless a server sends the arguments at once.
        input: Option<Value>,
    },
    /// Thinking in its forms, and the provider's own tools.
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Delta {
    #[serde(rename = "text_delta")]
    Text { text: String },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: String },
    /// Thinking, signatures, citations.
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct End {
    stop_reason: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

/// An answer on its way.
pub(crate) struct Answer<'a> {
    server: &'a Server,
    model: String,
    text: AnswerText,
    /// Calls by the index of their block, with the arguments that came at once.
    calls: Vec<(u64, PartialCall, Option<Value>)>,
    usage: Usage,
    stop: Option<String>,
    over: bool,
}

impl<'a> Answer<'a> {
    pub(crate) fn new(server: &'a Server, model: &str) -> Self {
        let (text, calls, usage) = (AnswerText::default(), Vec::new(), Usage::default());
        Self { server, model: model.to_owned(), text, calls, usage, stop: None, over: false }
    }

    /// The whole answer, and what was held back of its text.
    pub(crate) fn finish(mut self) -> (ModelReply, Vec<Piece>) {
        let rest = self.text.finish();
        let whole = |(_, mut call, input): (u64, PartialCall, Option<Value>)| {
            if call.arguments.is_empty() {
                call.arguments = input.map(|input| input.to_string()).unwrap_or_default();
            }
            call.finish()
        };
        let calls = self.calls.into_iter().map(whole).collect();
        let cut = matches!(self.stop.as_deref(), Some("max_tokens" | "model_context_window_exceeded"));
        let (text, usage, model) = (self.text.into_text(), self.usage, self.model);
        (ModelReply { text, calls, usage, model, rehearsal: false, cut }, rest)
    }

    fn begin(&mut self, index: u64, block: Block) -> Vec<Piece> {
        match block {
            Block::Text { text } => self.text.push(&text),
            Block::ToolUse { id, name, input } => {
                self.calls.push((index, PartialCall { id, name, arguments: String::new() }, input));
                Vec::new()
            }
            Block::Other => Vec::new(),
        }
    }

    fn grow(&mut self, index: u64, delta: Delta) -> Vec<Piece> {
        match delta {
            Delta::Text { text } => return self.text.push(&text),
            Delta::InputJson { partial_json } => {
                if let Some((_, call, _)) = self.calls.iter_mut().rfind(|(at, ..)| *at == index) {
                    call.arguments.push_str(&partial_json);
                }
            }
            Delta::Other => {}
        }
        Vec::new()
    }

    /// Figures are running totals: the latest stands. What was read is told at the start, and by some at the end only.
    fn count(&mut self, tokens: &Tokens) {
        if tokens.input_tokens.is_some() {
            let cached = tokens.cache_read_input_tokens.unwrap_or(0);
            let created = tokens.cache_creation_input_tokens.unwrap_or(0);
            let input = tokens.input_tokens.unwrap_or(0) + created + cached;
            if input > 0 {
                (self.usage.input, self.usage.cached) = (input, cached);
            }
        }
        self.usage.output = tokens.output_tokens.unwrap_or(self.usage.output);
    }
}

impl Assembly for Answer<'_> {
    fn take(&mut self, data: &str) -> Result<Vec<Piece>, Failure> {
        let event: Event = serde_json::from_str(data).map_err(|error| {
            Failure::garbled(&self.server.address, format!("a piece of the answer cannot be read: {error}"))
        })?;
        match event {
            Event::MessageStart { message } => {
                self.model = message.model.filter(|model| !model.is_empty()).unwrap_or(std::mem::take(&mut self.model));
                message.usage.iter().for_each(|tokens| self.count(tokens));
            }
            Event::ContentBlockStart { index, content_block } => return Ok(self.begin(index, content_block)),
            Event::ContentBlockDelta { index, delta } => return Ok(self.grow(index, delta)),
            Event::MessageDelta { delta, usage } => {
                self.stop = delta.stop_reason.or(self.stop.take());
                usage.iter().for_each(|tokens| self.count(tokens));
            }
            Event::MessageStop => self.over = true,
            Event::Error { error } => {
                return Err(self.server.failure(&self.model, fault::status_of(&error), None, data));
            }
            Event::Other => {}
        }
        Ok(Vec::new())
    }

    fn progress(&self) -> Progress {
        match (self.over, &self.stop) {
            (true, _) => Progress::Over,
            (false, Some(_)) => Progress::Answered,
            (false, None) => Progress::Going,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use steward_agent::ModelError;
    use url::Url;

    use super::*;
    use crate::config::GatewayConfig;
    use crate::http;

    fn server() -> Server {
        let client = http::client(&GatewayConfig::default()).unwrap();
        Server::new(client, &Url::parse("http://127.0.0.1:1").unwrap(), None, Duration::from_secs(1))
    }

    fn answer(events: &[Value]) -> (ModelReply, Progress) {
        let server = server();
        let mut answer = Answer::new(&server, "asked");
        for event in events {
            answer.take(&event.to_string()).unwrap();
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
        let server = server();
        let mut answer = Answer::new(&server, "m");
        let event = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
        let failure = answer.take(&event.to_string()).unwrap_err();
        assert!(matches!(failure.error, ModelError::Overloaded { .. }), "{failure:?}");
    }
}
