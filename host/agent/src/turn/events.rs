//! What a turn is told, and what it asks the session to do.

use super::End;
use crate::message::{Message, ToolCall, ToolResult, UserMessage};
use crate::model::{ModelError, ModelReply};

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Model(Result<ModelReply, ModelError>),
    Tool(ToolResult),
    /// The person wrote something more; `tag` is the session's own mark for it.
    Joined {
        tag: i64,
        message: UserMessage,
    },
    Summarised(Result<String, ModelError>),
    Stop,
    TimeUp,
    /// A part of the session failed in a way it should not; nothing more can be expected of it.
    Broke(ModelError),
}

/// What the session is to do, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Write these to the journal before anything that follows.
    Record(Vec<Message>),
    /// Write a joined message to the journal.
    Join {
        tag: i64,
        message: UserMessage,
    },
    /// Send an answer although the run goes on, because the person has written more meanwhile.
    Say(String),
    /// Ask the model with [`Turn::messages`](super::Turn::messages); without tools it has to come to an end.
    AskModel {
        with_tools: bool,
    },
    /// Make these calls, all at once. `step` and the position within the assistant's message name each call for good.
    CallTools {
        step: u32,
        calls: Vec<(usize, ToolCall)>,
    },
    /// Have everything but the newest `keep` messages put into a summary.
    Summarise {
        keep: usize,
    },
    /// End the model's stream and every tool call that is under way.
    Cancel,
    Finish(End),
}
