//! The stream of OpenAI chat completions: `data:` lines with a chunk each, `[DONE]` at the end.

use serde_json::{Value, json};

use super::MODEL;
use super::asked::Asked;
use super::reply::{Reply, Step};
use super::stream::{Wire, morsels};

pub(crate) struct OpenAiWire {
    calls: usize,
    /// The client asked for the tokens in a last chunk.
    with_usage: bool,
}

impl OpenAiWire {
    pub(crate) fn new(asked: &Asked) -> Self {
        Self { calls: 0, with_usage: asked.json["stream_options"]["include_usage"] == true }
    }

    fn chunk(&self, delta: Value, finish: Value) -> String {
        let choice = json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish });
        let mut chunk = envelope(json!([choice]));
        if self.with_usage {
            chunk["usage"] = Value::Null;
        }
        frame(&chunk)
    }
}

impl Wire for OpenAiWire {
    fn open(&mut self, _: &Reply) -> Vec<String> {
        vec![self.chunk(json!({ "role": "assistant", "content": "" }), Value::Null)]
    }

    fn step(&mut self, step: &Step) -> Vec<String> {
        match step {
            Step::Text(text) => vec![self.chunk(json!({ "content": text }), Value::Null)],
            Step::Thinking(text) => vec![self.chunk(json!({ "reasoning_content": text }), Value::Null)],
            Step::Call { id, name, arguments } => {
                let index = self.calls;
                self.calls += 1;
                let head = json!({ "index": index, "id": id, "type": "function",
                                   "function": { "name": name, "arguments": "" } });
                let mut frames = vec![self.chunk(json!({ "tool_calls": [head] }), Value::Null)];
                frames.extend(morsels(arguments).into_iter().map(|piece| {
                    let more = json!({ "index": index, "function": { "arguments": piece } });
                    self.chunk(json!({ "tool_calls": [more] }), Value::Null)
                }));
                frames
            }
            Step::Delta(delta) => vec![self.chunk(delta.clone(), Value::Null)],
            Step::Wait(_) => Vec::new(),
        }
    }

    fn close(&mut self, reply: &Reply) -> Vec<String> {
        let finish = match (reply.at_limit, reply.calls_tools()) {
            (true, _) => "length",
            (_, true) => "tool_calls",
            _ => "stop",
        };
        let mut frames = vec![self.chunk(json!({}), json!(finish))];
        if self.with_usage {
            let (input, output, cached) = reply.usage;
            let mut last = envelope(json!([]));
            last["usage"] = json!({ "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
                                    "prompt_tokens_details": { "cached_tokens": cached } });
            frames.push(frame(&last));
        }
        frames.push("data: [DONE]\n\n".to_owned());
        frames
    }
}

fn envelope(choices: Value) -> Value {
    json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": MODEL,
            "choices": choices })
}

fn frame(chunk: &Value) -> String {
    format!("data: {chunk}\n\n")
}
