//! What the chat prints for what it hears. A growing answer is printed line by line, a long line as soon as it fills
//! the width; what stands on the screen is never changed.

use super::style::{Styler, break_at, clean, dim};
use super::words::Note;
use steward_agent::Language;

/// Turns what is heard into text for the terminal; it ends with a line break unless it is empty.
pub(super) struct Screen {
    language: Language,
    color: bool,
    width: usize,
    draft: Option<Shown>,
}

/// How much of a growing answer stands on the screen.
struct Shown {
    id: u64,
    /// The answer as far as it is known.
    latest: String,
    /// The part of it that is printed.
    source: String,
    styler: Styler,
    /// The next piece begins a line.
    line_start: bool,
    /// A tool was called since, so another text may follow.
    interrupted: bool,
}

impl Shown {
    fn new(id: u64, color: bool) -> Self {
        let (latest, source) = (String::new(), String::new());
        Self { id, latest, source, styler: Styler::new(color), line_start: true, interrupted: false }
    }

    fn goes_on_with(&self, text: &str) -> bool {
        text.starts_with(&self.source) || self.source.trim_end() == text.trim_end()
    }

    fn rest(&self) -> &str {
        self.latest.get(self.source.len()..).unwrap_or_default()
    }

    /// Prints the next `length` bytes as a line of the terminal; `ends` if they end a line of the answer.
    fn print(&mut self, length: usize, ends: bool, out: &mut String) {
        let piece = self.rest()[..length].to_owned();
        out.push_str(&self.styler.piece(&piece, self.line_start, ends));
        out.push('\n');
        self.source.push_str(&piece);
        self.line_start = ends;
        self.interrupted = false;
    }
}

impl Screen {
    pub(super) fn new(language: Language, color: bool) -> Self {
        Self { language, color, width: 80, draft: None }
    }

    pub(super) fn resize(&mut self, columns: usize) {
        self.width = columns.max(20);
    }

    /// A line of the chat's own.
    pub(super) fn note(&self, note: Note) -> String {
        format!("{}\n", dim(note.text(self.language), self.color))
    }

    /// A message was not taken.
    pub(super) fn refused(&self, reason: &str) -> String {
        format!("{}\n", dim(&format!("{}: {reason}", Note::Refused.text(self.language)), self.color))
    }

    /// A tool is being called; what was said before it is printed first.
    pub(super) fn tool(&mut self, line: &str) -> String {
        let mut out = String::new();
        if let Some(shown) = &mut self.draft {
            out.push_str(&finish(shown));
            shown.interrupted = true;
        }
        for line in line.lines() {
            out.push_str(&dim(line, self.color));
            out.push('\n');
        }
        out
    }

    /// A question, and how to answer it; what was said before it is printed first.
    pub(super) fn question(&mut self, text: &str) -> String {
        let before = self.tool("");
        format!("{before}{}\n{}", clean(text.trim_end()), self.note(Note::Decide))
    }

    /// A question was decided.
    pub(super) fn verdict(&mut self, verdict: &str) -> String {
        self.tool(verdict)
    }

    /// The answer has grown to `text`.
    pub(super) fn draft(&mut self, id: u64, text: &str) -> String {
        let text = clean(text);
        let mut out = String::new();
        let mut shown = match self.draft.take() {
            Some(shown) if shown.id == id => shown,
            _ => Shown::new(id, self.color),
        };
        if !shown.goes_on_with(&text) {
            if !shown.interrupted && !shown.source.is_empty() {
                out.push_str(&self.note(Note::Again));
            }
            shown = Shown::new(id, self.color);
        }
        shown.latest = text;
        out.push_str(&grow(&mut shown, self.width));
        self.draft = Some(shown);
        out
    }

    /// A whole message. One that came between leaves the growing answer alone.
    pub(super) fn message(&mut self, draft: Option<u64>, text: &str, unasked: bool) -> String {
        let text = clean(text.trim_end());
        let goes_on = |shown: &Shown| match draft {
            Some(id) => shown.id == id,
            None => !unasked && !shown.source.is_empty() && shown.goes_on_with(&text),
        };
        let other = match self.draft.take_if(|shown| !goes_on(shown)) {
            Some(shown) if draft.is_none() => Some(shown),
            _ => None,
        };
        let id = self.draft.as_ref().map(|shown| shown.id).or(draft).unwrap_or_default();
        let mut out = self.draft(id, &text);
        if let Some(shown) = &mut self.draft {
            out.push_str(&finish(shown));
        }
        self.draft = other;
        out.push('\n');
        out
    }
}

/// Prints what is new as far as whole lines go.
fn grow(shown: &mut Shown, width: usize) -> String {
    let mut out = String::new();
    loop {
        let rest = shown.rest();
        let (piece, ends) = match rest.find('\n') {
            Some(end) => (&rest[..end], true),
            None => (rest, false),
        };
        let wrapped = if shown.styler.in_code() { None } else { break_at(piece, width) };
        let length = match wrapped {
            Some(place) => place,
            None if ends => piece.len(),
            None => return out,
        };
        let ends = ends && wrapped.is_none();
        shown.print(length, ends, &mut out);
        if ends {
            shown.source.push('\n');
        }
    }
}

/// Prints what is left of the line, when no more will come for now.
fn finish(shown: &mut Shown) -> String {
    let mut out = String::new();
    let left = shown.rest().len();
    if left > 0 {
        shown.print(left, true, &mut out);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(width: usize) -> Screen {
        let mut screen = Screen::new(Language::En, false);
        screen.width = width;
        screen
    }

    #[test]
    fn a_growing_answer_is_printed_once() {
        let mut screen = screen(20);
        assert_eq!(screen.draft(1, "Hel"), "");
        assert_eq!(screen.draft(1, "Hello\nwor"), "Hello\n");
        assert_eq!(screen.draft(1, "Hello\nworld is a very long line"), "world is a very \n");
        assert_eq!(screen.message(Some(1), "Hello\nworld is a very long line indeed", false), "long line indeed\n\n");
    }

    #[test]
    fn a_message_without_a_draft_is_printed_whole() {
        assert_eq!(screen(80).message(None, "one\n\ntwo\n", false), "one\n\ntwo\n\n");
    }

    #[test]
    fn an_answer_that_begins_anew_says_so() {
        let mut screen = screen(80);
        screen.draft(1, "first\ntry");
        assert_eq!(screen.draft(1, "second\n"), "(the answer starts again)\nsecond\n");
        assert_eq!(screen.message(Some(1), "second\n", false), "\n");
    }

    #[test]
    fn after_a_tool_call_another_text_may_follow() {
        let mut screen = screen(80);
        assert_eq!(screen.draft(1, "Let me look.\n"), "Let me look.\n");
        assert_eq!(screen.tool("🔧 read MEMORY.md"), "🔧 read MEMORY.md\n");
        assert_eq!(screen.draft(1, "It is 42.\n"), "It is 42.\n");
        assert_eq!(screen.message(Some(1), "It is 42.", false), "\n");
    }

    #[test]
    fn a_question_is_shown_whole_with_the_way_to_answer() {
        let mut screen = screen(80);
        screen.draft(1, "Let me");
        let shown = screen.question("May I **write**?\n\u{1b}[2J");
        assert!(shown.starts_with("Let me\nMay I **write**?\n") && shown.contains("y: allow it"), "{shown:?}");
        assert!(!shown.contains('\u{1b}'));
        assert_eq!(screen.verdict("Allowed."), "Allowed.\n");
    }

    #[test]
    fn what_comes_unasked_leaves_the_growing_answer_alone() {
        let mut screen = screen(80);
        screen.draft(1, "one\n");
        assert_eq!(screen.message(None, "Buy milk", true), "Buy milk\n\n");
        assert_eq!(screen.message(Some(1), "one\ntwo", false), "two\n\n");
    }

    #[test]
    fn control_characters_never_stop_the_flow() {
        let mut screen = screen(20);
        let long = format!("{}\n", "a\x1b[2J b".repeat(10));
        let out = screen.draft(1, &long) + &screen.message(Some(1), &long, false);
        assert!(!out.contains('\x1b') && out.matches('b').count() == 10);
    }
}
