//! The questions a chat still has to answer. They are shown one at a time, so that a plain "yes" is about the one the
//! person has before them.

use std::collections::VecDeque;

use steward_agent::Decision;

const YES: [&str; 6] = ["y", "yes", "ok", "д", "да", "ок"];
const NO: [&str; 4] = ["n", "no", "н", "нет"];

/// A question as the person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) code: String,
    pub(super) text: String,
}

#[derive(Default)]
pub(super) struct Questions(VecDeque<Asked>);

impl Questions {
    /// A question came in; gives what is to be shown now. One that is open already is known again.
    pub(super) fn ask(&mut self, asked: Asked) -> Option<&Asked> {
        if self.0.iter().any(|known| known.code == asked.code) {
            return None;
        }
        self.0.push_back(asked);
        if self.0.len() == 1 { self.0.front() } else { None }
    }

    /// A question was decided, here or elsewhere; gives the next one if that is to be shown now.
    pub(super) fn settled(&mut self, code: &str) -> Option<&Asked> {
        let at = self.0.iter().position(|known| known.code == code)?;
        self.0.remove(at);
        if at == 0 { self.0.front() } else { None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The command a line means, if it answers the question that is shown.
    pub(super) fn answer(&self, line: &str) -> Option<String> {
        let asked = self.0.front()?;
        let word = line.trim().trim_end_matches(['.', '!']).to_lowercase();
        let decision = match word.as_str() {
            word if YES.contains(&word) => Decision::Approve,
            word if NO.contains(&word) => Decision::Deny,
            _ => return None,
        };
        Some(decision.command(&asked.code))
    }

    /// The command that denies the question that is shown.
    pub(super) fn deny(&self) -> Option<String> {
        self.0.front().map(|asked| Decision::Deny.command(&asked.code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(code: &str) -> Asked {
        Asked { code: code.to_owned(), text: format!("May I {code}?") }
    }

    #[test]
    fn a_yes_is_about_the_question_that_is_shown() {
        let mut questions = Questions::default();
        assert_eq!(questions.answer("yes"), None, "nothing was asked");
        assert_eq!(questions.ask(asked("A")), Some(&asked("A")));
        assert_eq!(questions.ask(asked("B")), None);
        assert_eq!(questions.ask(asked("A")), None, "the daemon asks again after a restart");
        assert_eq!(questions.answer(" Да! ").as_deref(), Some("/approve A"));
        assert_eq!(questions.answer("n").as_deref(), Some("/deny A"));
        assert_eq!(questions.answer("yes, but later"), None);
        assert_eq!(questions.settled("A"), Some(&asked("B")));
        assert_eq!(questions.deny().as_deref(), Some("/deny B"));
        assert_eq!(questions.settled("B"), None);
        assert!(questions.is_empty());
    }
}
