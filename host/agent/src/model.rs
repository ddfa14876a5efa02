//! What a model is asked and what it answers, in words of no provider.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::message::{Message, ServerState, ToolCall};

/// A tool as the model sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    pub name: String,
    pub description: String,
    /// JSON Schema of the arguments: an object.
    pub schema: Value,
}

/// One step asked of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelRequest {
    pub system: String,
    pub messages: Vec<Message>,
    /// The same for many requests.
    pub tools: Arc<[ToolSpec]>,
    /// The most tokens it may answer with.
    pub max_tokens: u32,
    /// The model asked for by name; `None` is the configured one.
    pub model: Option<String>,
}

/// What a model says while it is answering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// The next piece of the answer's text, reasoning left out.
    Text(String),
    /// What came so far is void: the answer starts again, because the connection broke or another model took over.
    Restart,
}

/// A whole answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelReply {
    /// Without reasoning blocks.
    pub text: String,
    pub calls: Vec<ToolCall>,
    pub usage: Usage,
    /// The model that answered, as its provider names it.
    pub model: String,
    /// It is the built-in rehearsal model; its replies are labelled as such.
    pub rehearsal: bool,
    /// The answer was ended by the limit on tokens.
    pub cut: bool,
    /// Why it ended where it did.
    pub ending: Ending,
    /// It reasoned, whether or not it said anything.
    pub reasoned: bool,
    /// What its server wants back with it.
    pub state: Option<Box<ServerState>>,
}

/// Why an answer ended, where that may explain that it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// The model had said what it wanted to say, or nothing else is known.
    #[default]
    Done,
    /// The model refused.
    Refused,
    /// The provider's filter ended it.
    Filtered,
    /// The model's window was full before the limit on the answer was reached.
    WindowFull,
    /// The model's call of a tool could not be read by its own server.
    CallUnreadable,
}

/// Tokens of one or several answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// All tokens read, the cached ones among them.
    pub input: u64,
    pub output: u64,
    /// Of `input`, what the provider had cached.
    pub cached: u64,
}

impl Usage {
    pub fn total(self) -> u64 {
        self.input + self.output
    }
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input += other.input;
        self.output += other.output;
        self.cached += other.cached;
    }
}

/// Why no model answered. The text is for the log and for `doctor`; the person is told in one plain sentence
/// chosen by the variant.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// The server is not there, or the connection broke more often than is worth retrying.
    #[error("cannot reach the model at {address}: {reason}")]
    Unreachable { address: String, reason: String },
    /// The answer began, or was waited for, and broke off.
    #[error("the answer of the model at {address} broke off: {reason}")]
    BrokeOff { address: String, reason: String },
    /// The key is wrong or has no access.
    #[error("the model at {address} refused the key: {reason}")]
    Refused { address: String, reason: String },
    /// Too many requests or no capacity, and waiting did not help.
    #[error("the model at {address} is overloaded: {reason}")]
    Overloaded { address: String, reason: String, retry_after: Option<Duration> },
    /// The request does not fit the model's window.
    #[error("the conversation is too long for {model}: {reason}")]
    TooLong { model: String, reason: String },
    /// The provider does not take the request, in words that are not known. It may be too long.
    #[error("the model at {address} answered with an error: {reason}")]
    Rejected {
        address: String,
        reason: String,
        /// The conversation was summarised before, and it did not help.
        summarised: bool,
    },
    /// The model cannot use tools, or its server was started without them.
    #[error("{model} at {address} cannot use tools: {reason}")]
    NoTools { address: String, model: String, reason: String },
    /// The provider found the request wrong, or answered what cannot be understood.
    #[error("the model at {address} answered with an error: {reason}")]
    Invalid { address: String, reason: String },
    /// The run was stopped.
    #[error("the run was stopped")]
    Cancelled,
}
