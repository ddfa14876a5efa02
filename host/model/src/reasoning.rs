//! Takes reasoning out of a streamed text: `<think>…</think>` and its relatives, tags split over pieces too.
//!
//! Reasoning that was shown before anyone could know it as such (a closing tag without an opening one, as some chat
//! templates produce) is declared void. A tag right after a backtick is a quotation and stays.

/// What reasoning is wrapped in, in lower case; matched without regard to ASCII case.
const TAGS: [(&str, &str); 6] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("[think]", "[/think]"),
    ("◁think▷", "◁/think▷"),
];

/// What a piece of the stream means for the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The next piece of the answer.
    Text(String),
    /// All text so far was reasoning.
    Void,
}

/// The text of one answer as it grows, without its reasoning.
#[derive(Debug, Default)]
pub(crate) struct AnswerText {
    text: String,
    /// What may yet turn out to be part of a tag, or of the reasoning's end.
    held: String,
    /// The tag that ends the reasoning being read.
    until: Option<&'static str>,
}

/// A tag found in the text.
struct Found {
    at: usize,
    len: usize,
    /// The closing tag to wait for; `None` if it is a closing tag itself.
    until: Option<&'static str>,
}

impl AnswerText {
    /// Takes the next piece of the stream.
    pub(crate) fn push(&mut self, piece: &str) -> Vec<Piece> {
        self.held.push_str(piece);
        let mut pieces = Vec::new();
        while self.step(&mut pieces) {}
        pieces
    }

    /// The stream is over: what was held back is text after all, unless it is reasoning without an end.
    pub(crate) fn finish(&mut self) -> Vec<Piece> {
        let rest = std::mem::take(&mut self.held);
        let mut pieces = Vec::new();
        if self.until.is_none() {
            self.emit(&rest, &mut pieces);
        }
        pieces
    }

    /// The whole text so far.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// Handles one tag; false when more of the stream is needed.
    fn step(&mut self, pieces: &mut Vec<Piece>) -> bool {
        let lower = self.held.to_ascii_lowercase();
        if let Some(close) = self.until {
            let Some(at) = lower.find(close) else {
                let keep = partial(&lower, &[close]);
                self.held.drain(..self.held.len() - keep);
                return false;
            };
            self.held.drain(..at + close.len());
            self.until = None;
            return true;
        }
        match self.find(&lower) {
            Some(found) => {
                let rest = self.held.split_off(found.at + found.len);
                let mut before = std::mem::replace(&mut self.held, rest);
                before.truncate(found.at);
                self.reach(found, &before, pieces);
                true
            }
            None => {
                let tags: Vec<&str> = TAGS.iter().flat_map(|(open, close)| [*open, *close]).collect();
                let rest = self.held.split_off(self.held.len() - partial(&lower, &tags));
                let text = std::mem::replace(&mut self.held, rest);
                self.emit(&text, pieces);
                false
            }
        }
    }

    fn reach(&mut self, found: Found, before: &str, pieces: &mut Vec<Piece>) {
        self.until = found.until;
        if found.until.is_some() {
            self.emit(before, pieces);
        } else {
            self.text.clear();
            pieces.push(Piece::Void);
        }
    }

    /// The first tag in the held text that is not quoted.
    fn find(&self, lower: &str) -> Option<Found> {
        let openings = TAGS.iter().map(|(open, close)| (*open, Some(*close)));
        let endings = TAGS.iter().map(|(_, close)| (*close, None));
        openings
            .chain(endings)
            .filter_map(|(tag, until)| {
                let at = lower.match_indices(tag).map(|(at, _)| at).find(|at| !self.quoted(lower, *at))?;
                Some(Found { at, len: tag.len(), until })
            })
            .min_by_key(|found| found.at)
    }

    fn quoted(&self, lower: &str, at: usize) -> bool {
        lower[..at].chars().next_back().or_else(|| self.text.chars().next_back()) == Some('`')
    }

    /// Adds text to the answer; blanks before its first word are left out.
    fn emit(&mut self, text: &str, pieces: &mut Vec<Piece>) {
        let text = if self.text.is_empty() { text.trim_start() } else { text };
        if !text.is_empty() {
            self.text.push_str(text);
            pieces.push(Piece::Text(text.to_owned()));
        }
    }
}

/// How many bytes at the end of `text` may be the beginning of one of the tags.
fn partial(text: &str, tags: &[&str]) -> usize {
    let longest = |tag: &&str| {
        tag.char_indices().map(|(at, _)| at).rev().find(|len| *len > 0 && text.ends_with(&tag[..*len])).unwrap_or(0)
    };
    tags.iter().map(longest).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is shown in the end, and what the reply holds.
    fn run(pieces: &[&str]) -> (String, String) {
        let mut answer = AnswerText::default();
        let mut shown = String::new();
        let mut seen: Vec<Piece> = pieces.iter().flat_map(|piece| answer.push(piece)).collect();
        seen.extend(answer.finish());
        for piece in seen {
            match piece {
                Piece::Text(text) => shown.push_str(&text),
                Piece::Void => shown.clear(),
            }
        }
        (shown, answer.into_text())
    }

    const CASES: [(&str, &str); 12] = [
        ("plain text", "plain text"),
        ("<think>secret</think>\n\nanswer", "answer"),
        ("before <think>secret</think>after", "before after"),
        ("secret\n</think>\n\nответ", "ответ"),
        ("<THINK>тайна</Think>ответ", "ответ"),
        ("[THINK]тайна[/THINK]ответ", "ответ"),
        ("◁think▷тайна◁/think▷ответ", "ответ"),
        ("<think>never ends", ""),
        ("1 < 2 and <this is no tag", "1 < 2 and <this is no tag"),
        ("the tag `<think>` and `</think>`", "the tag `<think>` and `</think>`"),
        ("<think>a</think>one<thinking>b</thinking>two", "onetwo"),
        ("ends with <thin", "ends with <thin"),
    ];

    #[test]
    fn reasoning_never_reaches_the_answer() {
        for (input, expected) in CASES {
            let (shown, text) = run(&[input]);
            assert_eq!((shown.as_str(), text.as_str()), (expected, expected), "{input}");
        }
    }

    #[test]
    fn tags_may_be_split_anywhere() {
        for (input, expected) in CASES {
            for at in (0..=input.len()).filter(|at| input.is_char_boundary(*at)) {
                assert_eq!(run(&[&input[..at], &input[at..]]).0, expected, "{input} at {at}");
            }
            let letters: Vec<String> = input.chars().map(String::from).collect();
            let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
            assert_eq!(run(&letters).0, expected, "{input} letter by letter");
        }
    }

    #[test]
    fn text_without_tags_is_not_held_back() {
        let mut answer = AnswerText::default();
        assert_eq!(answer.push("Hello "), [Piece::Text("Hello ".into())]);
        assert_eq!(answer.push("a <b"), [Piece::Text("a <b".into())]);
    }
}
