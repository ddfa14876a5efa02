//! A request to the model as the test sees it: the same questions for both providers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Bytes;
use axum::http::HeaderMap;
use serde_json::Value;

/// Whose wire format a request has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// Chat completions.
    OpenAi,
    /// Messages.
    Anthropic,
}

impl Provider {
    /// Told apart by the header in which Anthropic wants the key.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        if headers.contains_key("x-api-key") { Self::Anthropic } else { Self::OpenAi }
    }
}

/// One request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Whose format the request has.
    pub provider: Provider,
    /// Counted from 0.
    pub number: usize,
    /// All of them, the key included.
    pub headers: HeaderMap,
    /// The body to the byte.
    pub raw: Bytes,
    /// The body, or null where it is not JSON.
    pub json: Value,
    pub(crate) dropped: Arc<AtomicBool>,
}

impl Asked {
    /// The system prompt.
    pub fn system(&self) -> String {
        match self.provider {
            Provider::Anthropic => text_of(&self.json["system"]),
            Provider::OpenAi => {
                let system = |message: &&Value| ["system", "developer"].iter().any(|role| message["role"] == *role);
                self.messages().iter().filter(system).map(|message| text_of(&message["content"])).collect()
            }
        }
    }

    /// Names of the tools offered, in order.
    pub fn tools(&self) -> Vec<String> {
        let name = |tool: &Value| match self.provider {
            Provider::Anthropic => tool["name"].as_str().map(str::to_owned),
            Provider::OpenAi => tool["function"]["name"].as_str().map(str::to_owned),
        };
        self.json["tools"].as_array().into_iter().flatten().filter_map(name).collect()
    }

    /// The messages of the body, as they are.
    pub fn messages(&self) -> &[Value] {
        self.json["messages"].as_array().map_or(&[], Vec::as_slice)
    }

    /// What people wrote, one text for each message of theirs, oldest first; results of tools left out.
    pub fn said(&self) -> Vec<String> {
        let users = self.messages().iter().filter(|message| message["role"] == "user");
        users.map(|message| text_of(&message["content"])).filter(|text| !text.is_empty()).collect()
    }

    /// The last of [`Asked::said`].
    pub fn last_said(&self) -> String {
        self.said().pop().unwrap_or_default()
    }

    /// Id and text of the results that came since the model spoke last.
    pub fn results(&self) -> Vec<(String, String)> {
        let spoke = self.messages().iter().rposition(|message| message["role"] == "assistant");
        let since = &self.messages()[spoke.map_or(0, |at| at + 1)..];
        since.iter().flat_map(|message| self.results_in(message)).collect()
    }

    fn results_in(&self, message: &Value) -> Vec<(String, String)> {
        let id = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match self.provider {
            Provider::OpenAi if message["role"] == "tool" => {
                vec![(id(&message["tool_call_id"]), text_of(&message["content"]))]
            }
            Provider::OpenAi => Vec::new(),
            Provider::Anthropic => blocks(&message["content"], "tool_result")
                .map(|block| (id(&block["tool_use_id"]), text_of(&block["content"])))
                .collect(),
        }
    }

    /// The model is asked to go on after its tool calls were answered.
    pub fn after_tools(&self) -> bool {
        !self.results().is_empty()
    }

    /// The client left before the end of the answer.
    pub fn was_dropped(&self) -> bool {
        self.dropped.load(Ordering::SeqCst)
    }

    /// The request in one line, for the story of a test that fails.
    pub(crate) fn told(&self) -> String {
        format!("  {}: {:?} said {:?}, results {:?}", self.number, self.provider, self.last_said(), self.results())
    }
}

/// The text of a content: a string, or the text blocks of a list.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        _ => blocks(content, "text").filter_map(|block| block["text"].as_str()).collect::<Vec<_>>().join("\n"),
    }
}

pub(crate) fn blocks<'a>(content: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    content.as_array().into_iter().flatten().filter(move |block| block["type"] == kind)
}
