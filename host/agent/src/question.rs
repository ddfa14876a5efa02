//! A question that only an owner can decide: whether a tool call may be made. Channels show it and carry the answer
//! back as a command, so an answer comes in like any other message, on disk before it is confirmed.

use serde::{Deserialize, Serialize};

use crate::envelope::Address;

/// A question as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub to: Address,
    /// Names it in the commands; nobody can guess it.
    pub code: String,
    /// Markdown. It fits one message of every channel.
    pub text: String,
    pub approve: Choice,
    pub deny: Choice,
    /// Shows what the text leaves out, where it leaves something out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<Choice>,
}

/// One way to answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// For a button, in the person's language.
    pub label: String,
    /// What the person would type instead.
    pub command: String,
}

/// What a command says about a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Approve,
    Deny,
    /// Show the whole of it.
    Show,
}

impl Decision {
    const ALL: [Self; 3] = [Self::Approve, Self::Deny, Self::Show];

    /// The command that says this about the question of that code.
    pub fn command(self, code: &str) -> String {
        format!("/{} {code}", self.word())
    }

    /// What a text decides and about which question, if it is such a command.
    pub fn read(text: &str) -> Option<(Self, &str)> {
        let mut words = text.split_whitespace();
        let word = words.next()?.strip_prefix('/')?.split('@').next()?;
        let code = words.next()?;
        let decision = Self::ALL.into_iter().find(|decision| decision.word().eq_ignore_ascii_case(word))?;
        (Self::is_code(code) && words.next().is_none()).then_some((decision, code))
    }

    /// Whether a word can be the code of a question.
    pub fn is_code(word: &str) -> bool {
        (1..=32).contains(&word.len()) && word.chars().all(|c| c.is_ascii_alphanumeric())
    }

    /// The name of its command.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
            Self::Show => "show",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_read_as_it_is_written() {
        for decision in Decision::ALL {
            assert_eq!(Decision::read(&decision.command("K7QX")), Some((decision, "K7QX")));
        }
        assert_eq!(Decision::read(" /Approve@our_bot K7QX\n"), Some((Decision::Approve, "K7QX")));
        for text in ["/approve", "approve K7QX", "/approve K7QX please", "/approve ../x", "/stop K7QX", "/show me it"] {
            assert_eq!(Decision::read(text), None, "{text}");
        }
    }
}
