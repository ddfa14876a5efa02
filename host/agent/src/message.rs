//! What is said in a conversation, in the form the history keeps it. Providers turn it into their wire format.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::recalled::Recalled;

/// One entry of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Message {
    User(UserMessage),
    /// What the model said in one step: text, tool calls or both. It is recorded before any of its calls is made.
    Assistant {
        text: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        calls: Vec<ToolCall>,
        /// What its server wants back with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        state: Option<Box<ServerState>>,
    },
    Tool(ToolResult),
    /// What the conversation was about up to here; it stands for all entries before it.
    Summary {
        text: String,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserMessage {
    /// What the person wrote; what the assistant reads of files sent along is added by [`crate::prompt`].
    pub text: String,
    /// Workspace paths of the files that came with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// When it was written, on the person's wall clock: `Fri 2026-11-20 14:05`. Kept with the message rather than in
    /// the system prompt, so that the beginning of a request stays the same and providers can cache it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<String>,
    /// What was found in memory for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recalled: Vec<Recalled>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's id of the call, unique within a conversation's step.
    pub id: String,
    pub name: String,
    /// The arguments. Text that was not JSON is kept as a JSON string, so that the answer can name what was wrong.
    pub input: Value,
}

/// What a model server sent with a message and wants back with it, in its own words. Only that server reads it: nothing
/// of it is shown, searched or summarised.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerState {
    /// Whose it is: the server and the family of its model.
    pub from: String,
    /// Fields of the message itself, such as `reasoning_content`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub message: Map<String, Value>,
    /// Fields of the calls, by their position, such as `extra_content`; empty where no call has any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Map<String, Value>>,
    /// Blocks that stand before the text, such as signed thinking.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Value>,
}

impl ServerState {
    /// Characters of all that goes back.
    pub fn size(&self) -> usize {
        let fields = |map: &Map<String, Value>| map.values().map(|value| value.to_string().len()).sum::<usize>();
        fields(&self.message)
            + self.calls.iter().map(fields).sum::<usize>()
            + self.blocks.iter().map(|block| block.to_string().len()).sum::<usize>()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The id of the call it answers.
    pub id: String,
    pub name: String,
    pub text: String,
    #[serde(default)]
    pub failed: bool,
}

impl Message {
    /// A user's message of plain text.
    pub fn user(text: impl Into<String>) -> Self {
        Self::User(UserMessage { text: text.into(), ..UserMessage::default() })
    }

    /// An assistant's message without tool calls.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::Assistant { text: text.into(), calls: Vec::new(), state: None }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_kept_before_there_was_any_state_is_still_read() {
        let old = json!({"role": "assistant", "text": "", "calls": [{"id": "a", "name": "list", "input": {}}]});
        let read: Message = serde_json::from_value(old.clone()).unwrap();
        assert!(matches!(&read, Message::Assistant { state: None, .. }));
        assert_eq!(serde_json::to_value(&read).unwrap(), old, "and written as it was");
    }

    #[test]
    fn state_is_kept_with_its_message() {
        let fields = |text: &str| json!({"reasoning_content": text}).as_object().cloned().unwrap();
        let state = ServerState { from: "a b".into(), message: fields("hm"), ..ServerState::default() };
        let message = Message::Assistant { text: "x".into(), calls: Vec::new(), state: Some(Box::new(state)) };
        let kept = serde_json::to_string(&message).unwrap();
        assert_eq!(serde_json::from_str::<Message>(&kept).unwrap(), message);
    }
}
