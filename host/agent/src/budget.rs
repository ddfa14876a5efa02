//! How much of a model's window a conversation takes, and where it may be cut. Estimates only: no tokenizer is loaded
//! for models we do not know, so they lean to the safe side.

use std::time::Duration;

use crate::message::Message;
use crate::model::ToolSpec;
use crate::recalled;

/// What one run may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Answers of the model, tool calls between them.
    pub steps: u32,
    /// Tokens read and written, over all steps.
    pub tokens: u64,
    pub time: Duration,
    /// The model's window, in tokens.
    pub window: u32,
    /// Tokens one answer may have.
    pub answer: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 24, tokens: 1_000_000, time: Duration::from_secs(300), window: 32_768, answer: 4_096 }
    }
}

impl Limits {
    /// Tokens that the conversation may take in addition to the system prompt, the tools and the answer.
    pub(crate) fn for_history(&self, fixed: u32) -> u32 {
        let reserve = self.window / 10;
        self.window.saturating_sub(self.answer.min(self.window / 4)).saturating_sub(reserve).saturating_sub(fixed)
    }

    /// Characters of one tool result that are worth the window they take.
    pub(crate) fn result_chars(&self) -> usize {
        (self.window as usize / 4 * 3).clamp(4_000, 100_000)
    }
}

/// Tokens of a text: four ASCII characters or two others make one.
pub fn tokens(text: &str) -> u32 {
    let (mut ascii, mut other) = (0u32, 0u32);
    for c in text.chars() {
        if c.is_ascii() { ascii += 1 } else { other += 1 }
    }
    ascii.div_ceil(4) + other.div_ceil(2)
}

/// Tokens of one entry with what the wire format adds to it.
pub(crate) fn message_tokens(message: &Message) -> u32 {
    const FRAME: u32 = 6;
    FRAME
        + match message {
            Message::User(user) => {
                let recalled = recalled::block(&user.recalled).map_or(0, |block| tokens(&block));
                tokens(&user.text) + user.files.iter().map(|file| tokens(file) + 4).sum::<u32>() + recalled + 8
            }
            Message::Assistant { text, calls, state } => {
                let of_calls = calls.iter().map(|call| tokens(&call.name) + tokens(&call.input.to_string()) + FRAME);
                let of_state = state.as_ref().map_or(0, |state| u32::try_from(state.size() / 4).unwrap_or(u32::MAX));
                tokens(text) + of_calls.sum::<u32>() + of_state
            }
            Message::Tool(result) => tokens(&result.text),
            Message::Summary { text, .. } => tokens(text),
        }
}

pub fn conversation_tokens(messages: &[Message]) -> u32 {
    messages.iter().map(message_tokens).sum()
}

pub fn tools_tokens(tools: &[ToolSpec]) -> u32 {
    let of = |tool: &ToolSpec| tokens(&tool.name) + tokens(&tool.description) + tokens(&tool.schema.to_string()) + 8;
    tools.iter().map(of).sum()
}

/// How many of the newest messages to keep when the older ones are to be summarised into `room` tokens less.
///
/// The cut never parts a tool's answer from its call. `None` means that nothing can be cut off.
pub fn keep_newest(messages: &[Message], room: u32) -> Option<usize> {
    let mut taken = 0;
    let mut cut = messages.len();
    for (at, message) in messages.iter().enumerate().rev() {
        taken += message_tokens(message);
        if taken > room && cut < messages.len() {
            break;
        }
        if !matches!(message, Message::Tool(_)) {
            cut = at;
        }
    }
    let only_summaries = messages[..cut].iter().all(|message| matches!(message, Message::Summary { .. }));
    (cut < messages.len() && !only_summaries).then(|| messages.len() - cut)
}

/// The text, cut at a character to at most `limit` characters, saying how much was left out.
pub fn shorten(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some((end, _)) => {
            let left_out = text[end..].chars().count();
            format!("{}\n[… {left_out} more characters left out]", &text[..end])
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::message::{ToolCall, ToolResult};

    fn call(id: &str) -> Message {
        let calls = vec![ToolCall { id: id.into(), name: "read".into(), input: json!({}) }];
        Message::Assistant { text: String::new(), calls, state: None }
    }

    fn result(id: &str, text: &str) -> Message {
        Message::Tool(ToolResult { id: id.into(), name: "read".into(), text: text.into(), ..ToolResult::default() })
    }

    #[test]
    fn a_cut_never_parts_a_result_from_its_call() {
        let long = "word ".repeat(400);
        let messages = [Message::user("one"), call("a"), result("a", &long), Message::user("two")];
        for room in 0..2_000 {
            if let Some(keep) = keep_newest(&messages, room) {
                assert!(!matches!(messages[messages.len() - keep], Message::Tool(_)), "room {room} keeps {keep}");
            }
        }
        assert_eq!(keep_newest(&messages, 50), Some(1));
        assert_eq!(keep_newest(&messages, 10_000), None);
    }

    #[test]
    fn the_newest_message_is_kept_however_long() {
        let messages = [Message::user("one"), Message::user("x".repeat(100_000))];
        assert_eq!(keep_newest(&messages, 10), Some(1));
    }

    #[test]
    fn shortening_counts_characters_and_says_what_is_missing() {
        assert_eq!(shorten("привет", 6), "привет");
        assert_eq!(shorten("привет", 2), "пр\n[… 4 more characters left out]");
    }
}
