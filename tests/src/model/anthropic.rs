//! The stream of Anthropic messages: named events, one content block open at a time.

use serde_json::{Value, json};

use super::MODEL;
use super::reply::{Reply, Step};
use super::stream::{Wire, morsels};

#[derive(Default)]
pub(crate) struct AnthropicWire {
    /// Number of the next block.
    next: usize,
    /// Kind of the block that is open.
    open: Option<&'static str>,
}

impl AnthropicWire {
    fn start(&mut self, kind: &'static str, block: Value) -> Vec<String> {
        let mut frames = self.stop();
        self.open = Some(kind);
        let index = self.next;
        frames.push(event("content_block_start", json!({ "index": index, "content_block": block })));
        self.next += 1;
        frames
    }

    fn stop(&mut self) -> Vec<String> {
        let Some(kind) = self.open.take() else { return Vec::new() };
        let index = self.next - 1;
        let mut frames = Vec::new();
        if kind == "thinking" {
            let seal = json!({ "type": "signature_delta", "signature": "c2lnbmVk" });
            frames.push(event("content_block_delta", json!({ "index": index, "delta": seal })));
        }
        frames.push(event("content_block_stop", json!({ "index": index })));
        frames
    }

    fn delta(&self, delta: Value) -> String {
        event("content_block_delta", json!({ "index": self.next.saturating_sub(1), "delta": delta }))
    }

    fn ensure(&mut self, kind: &'static str, block: Value) -> Vec<String> {
        if self.open == Some(kind) { Vec::new() } else { self.start(kind, block) }
    }
}

impl Wire for AnthropicWire {
    fn open(&mut self, reply: &Reply) -> Vec<String> {
        let (input, _, cached) = reply.usage;
        // `input_tokens` counts only what was not read from the cache.
        let usage = json!({ "input_tokens": input.saturating_sub(cached), "cache_creation_input_tokens": 0,
                            "cache_read_input_tokens": cached, "output_tokens": 1 });
        let message = json!({ "id": "msg_1", "type": "message", "role": "assistant", "model": MODEL, "content": [],
                              "stop_reason": null, "stop_sequence": null, "usage": usage });
        vec![event("message_start", json!({ "message": message })), event("ping", json!({}))]
    }

    fn step(&mut self, step: &Step) -> Vec<String> {
        match step {
            Step::Text(text) => {
                let mut frames = self.ensure("text", json!({ "type": "text", "text": "" }));
                frames.push(self.delta(json!({ "type": "text_delta", "text": text })));
                frames
            }
            Step::Thinking(text) => {
                let mut frames =
                    self.ensure("thinking", json!({ "type": "thinking", "thinking": "", "signature": "" }));
                frames.push(self.delta(json!({ "type": "thinking_delta", "thinking": text })));
                frames
            }
            Step::Call { id, name, arguments } => {
                let block = json!({ "type": "tool_use", "id": id, "name": name, "input": {} });
                let mut frames = self.start("tool_use", block);
                frames.push(self.delta(json!({ "type": "input_json_delta", "partial_json": "" })));
                for piece in morsels(arguments) {
                    frames.push(self.delta(json!({ "type": "input_json_delta", "partial_json": piece })));
                }
                frames
            }
            Step::Delta(_) | Step::Wait(_) => Vec::new(),
        }
    }

    fn close(&mut self, reply: &Reply) -> Vec<String> {
        let mut frames = self.stop();
        let reason = match (reply.at_limit, reply.calls_tools()) {
            (true, _) => "max_tokens",
            (_, true) => "tool_use",
            _ => "end_turn",
        };
        let delta = json!({ "stop_reason": reason, "stop_sequence": null });
        frames.push(event("message_delta", json!({ "delta": delta, "usage": { "output_tokens": reply.usage.1 } })));
        frames.push(event("message_stop", json!({})));
        frames
    }
}

fn event(name: &str, mut data: Value) -> String {
    data["type"] = json!(name);
    format!("event: {name}\ndata: {data}\n\n")
}
