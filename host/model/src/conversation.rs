//! A conversation put into the order every provider accepts: each call has its result right behind it, neighbours of
//! one side are one turn, empty entries are gone. A history that a crash left half-done is made whole on the way.

use std::borrow::Cow;

use serde_json::{Map, Value};
use steward_agent::{Message, ServerState, ToolCall, ToolResult};

use crate::wording;

/// One side's turn.
#[derive(Debug, PartialEq)]
pub(crate) enum Turn<'a> {
    User(String),
    Assistant {
        text: Cow<'a, str>,
        calls: Vec<Called<'a>>,
        /// What a server wants back with it.
        state: Option<&'a ServerState>,
    },
}

/// A call and what came of it.
#[derive(Debug, PartialEq)]
pub(crate) struct Called<'a> {
    pub(crate) call: &'a ToolCall,
    pub(crate) result: Option<&'a ToolResult>,
    /// What a server wants back with the call.
    pub(crate) state: Option<&'a Map<String, Value>>,
}

impl Called<'_> {
    /// The result's text, also where there is none.
    pub(crate) fn text(&self) -> &str {
        self.result.map_or(wording::NO_RESULT, |result| &result.text)
    }

    pub(crate) fn failed(&self) -> bool {
        self.result.is_none_or(|result| result.failed)
    }
}

/// The messages as turns.
pub(crate) fn turns(messages: &[Message]) -> Vec<Turn<'_>> {
    let mut turns = Vec::new();
    for message in messages {
        match message {
            Message::User(user) => push_user(&mut turns, wording::user(user)),
            Message::Summary { text } => push_user(&mut turns, wording::summary(text)),
            Message::Assistant { text, calls, state } => push_assistant(&mut turns, text, calls, state.as_deref()),
            Message::Tool(result) => attach(&mut turns, result),
        }
    }
    turns
}

fn push_user(turns: &mut Vec<Turn<'_>>, text: String) {
    if text.trim().is_empty() {
        return;
    }
    match turns.last_mut() {
        Some(Turn::User(earlier)) => {
            earlier.push_str("\n\n");
            earlier.push_str(&text);
        }
        _ => turns.push(Turn::User(text)),
    }
}

fn push_assistant<'a>(turns: &mut Vec<Turn<'a>>, text: &'a str, calls: &'a [ToolCall], state: Option<&'a ServerState>) {
    let text = if text.trim().is_empty() { "" } else { text };
    if text.is_empty() && calls.is_empty() {
        return;
    }
    let of_call = |at: usize| state.and_then(|state| state.calls.get(at)).filter(|fields| !fields.is_empty());
    let mut new = calls.iter().enumerate().map(|(at, call)| Called { call, result: None, state: of_call(at) });
    match turns.last_mut() {
        Some(Turn::Assistant { text: earlier, calls, state: kept }) if calls.is_empty() => {
            if !text.is_empty() {
                *earlier = Cow::Owned(format!("{earlier}\n\n{text}"));
            }
            *kept = state.or(*kept);
            calls.extend(new);
        }
        _ => turns.push(Turn::Assistant { text: Cow::Borrowed(text), calls: new.by_ref().collect(), state }),
    }
}

/// Puts a result behind its call. One whose call is gone (it was summarised) says nothing and is left out.
fn attach<'a>(turns: &mut [Turn<'a>], result: &'a ToolResult) {
    let last = turns.iter_mut().rev().find_map(|turn| match turn {
        Turn::Assistant { calls, .. } => Some(calls),
        Turn::User(_) => None,
    });
    let called = last.and_then(|calls| calls.iter_mut().find(|c| c.result.is_none() && c.call.id == result.id));
    match called {
        Some(called) => called.result = Some(result),
        None => tracing::debug!(id = %result.id, tool = %result.name, "a tool's result without its call is left out"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(id: &str) -> ToolCall {
        ToolCall { id: id.into(), name: "list".into(), input: json!({}) }
    }

    fn result(id: &str, text: &str) -> Message {
        Message::Tool(ToolResult { id: id.into(), name: "list".into(), text: text.into(), failed: false })
    }

    fn assistant(text: &str, calls: &[&str]) -> Message {
        Message::Assistant { text: text.into(), calls: calls.iter().map(|id| call(id)).collect(), state: None }
    }

    /// One line for each turn: who, text, and calls with their results.
    fn shape(messages: &[Message]) -> Vec<String> {
        let line = |turn: &Turn<'_>| match turn {
            Turn::User(text) => format!("user: {text}"),
            Turn::Assistant { text, calls, .. } => {
                let calls: String = calls.iter().map(|c| format!(" {}={}", c.call.id, c.text())).collect();
                format!("assistant: {text}{calls}")
            }
        };
        turns(messages).iter().map(line).collect()
    }

    #[test]
    fn neighbours_are_merged_and_empty_texts_left_out() {
        let messages = [
            Message::Summary { text: "flat 42".into() },
            Message::user("one"),
            Message::user("  "),
            Message::assistant(""),
            Message::user("two"),
            Message::assistant("a"),
            Message::assistant("b"),
        ];
        let expected =
            ["user: This is the summary of our earlier conversation:\n\nflat 42\n\none\n\ntwo", "assistant: a\n\nb"];
        assert_eq!(shape(&messages), expected);
    }

    #[test]
    fn results_stand_behind_their_calls_whatever_came_between() {
        let messages = [
            Message::user("go"),
            assistant("", &["1", "2"]),
            result("2", "second"),
            Message::user("and hurry"),
            result("1", "first"),
            assistant("done", &[]),
        ];
        let expected = ["user: go", "assistant:  1=first 2=second", "user: and hurry", "assistant: done"];
        assert_eq!(shape(&messages), expected);
    }

    #[test]
    fn a_half_done_history_is_made_whole() {
        let messages = [result("0", "orphan"), Message::user("go"), assistant("", &["1"]), Message::user("again")];
        let expected = ["user: go", &format!("assistant:  1={}", wording::NO_RESULT), "user: again"];
        assert_eq!(shape(&messages), expected);
    }
}
