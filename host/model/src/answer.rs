//! The text of an answer as it grows: reasoning, marks of channels and calls written as text are taken out of it, also
//! where a mark is split over pieces. None of it reaches the chat.
//!
//! Reasoning that was shown before anyone could know it as such (a closing tag without an opening one, as some chat
//! templates produce) is declared void. What may be a call is held back until the answer is over, for only then is it
//! known whether it is one or a quotation. What stands in backticks or fences stays.

mod marks;

use steward_agent::ModelRequest;

use crate::calls::PartialCall;
use crate::written::{self, Dialect, Offered, Region};
use marks::{Found, Meaning};

/// Characters of a channel's header; a longer one is none.
const HEADER_CHARS: usize = 200;

/// What a piece of the stream means for the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The next piece of the answer.
    Text(String),
    /// All text so far was reasoning.
    Void,
}

/// What is being read.
#[derive(Clone, Copy, Debug)]
enum Mode {
    Text,
    /// Reasoning, until one of these; the mark itself is left where it may mean more.
    Thought(&'static [&'static str], bool),
    /// Between `<|channel|>` and `<|message|>`.
    Header,
    /// A call, opened by this mark.
    Call(&'static str, &'static Dialect),
    /// What a model makes up behind its calls.
    Dropped,
}

/// The text of one answer on its way.
#[derive(Debug)]
pub(crate) struct AnswerText<'a> {
    offered: Offered<'a>,
    text: String,
    /// What may yet turn out to be part of a mark, or what is being read.
    held: String,
    mode: Mode,
    /// The mark of the call being read, as it was written.
    opened: String,
    /// The answer is surely more than a bare call.
    not_bare: bool,
    /// What look like calls so far, and the blanks behind them.
    regions: Vec<Region>,
    behind: String,
    /// What looked like a call was a quotation: no more are looked for.
    quoting: bool,
    /// The model makes calls in its server's own form: what looks like one in the text is none.
    calls_natively: bool,
    reasoned: bool,
}

/// A whole answer's text.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) text: String,
    pub(crate) calls: Vec<PartialCall>,
    /// What was held back until the end.
    pub(crate) pieces: Vec<Piece>,
    pub(crate) reasoned: bool,
}

impl<'a> AnswerText<'a> {
    /// `mark` says which server and model answer.
    pub(crate) fn new(request: &'a ModelRequest, mark: &str) -> Self {
        let offered = Offered::new(request);
        Self {
            calls_natively: offered.called_natively(mark),
            offered,
            text: String::new(),
            held: String::new(),
            mode: Mode::Text,
            opened: String::new(),
            not_bare: false,
            regions: Vec::new(),
            behind: String::new(),
            quoting: false,
            reasoned: false,
        }
    }

    /// Takes the next piece of the stream.
    pub(crate) fn push(&mut self, piece: &str) -> Vec<Piece> {
        self.held.push_str(piece);
        let mut pieces = Vec::new();
        while self.step(&mut pieces) {}
        pieces
    }

    pub(crate) fn said_something(&self) -> bool {
        !self.text.is_empty() || !self.regions.is_empty() || matches!(self.mode, Mode::Call(..))
    }

    /// The stream is over: what was held back is text after all, unless it is reasoning without an end or a call.
    /// `native` says that the server gave calls in its own form, next to which none are written as text.
    pub(crate) fn finish(mut self, native: bool) -> Told {
        let mut pieces = Vec::new();
        let rest = std::mem::take(&mut self.held);
        match self.mode {
            Mode::Text => self.emit(&rest, &mut pieces),
            Mode::Call(mark, dialect) => {
                self.mode = Mode::Text;
                self.regions.push(Region::new(mark, dialect, &self.opened, rest, ""));
            }
            Mode::Thought(..) | Mode::Header | Mode::Dropped => {}
        }
        let calls = self.settle(native, &mut pieces);
        Told { text: self.text, calls, pieces, reasoned: self.reasoned }
    }

    /// Handles one mark; false when more of the stream is needed.
    fn step(&mut self, pieces: &mut Vec<Piece>) -> bool {
        match self.mode {
            Mode::Text => self.text_step(pieces),
            Mode::Thought(until, whole) => self.thought_step(until, whole),
            Mode::Header => self.header_step(pieces),
            Mode::Call(mark, dialect) => self.call_step(mark, dialect, pieces),
            Mode::Dropped => {
                self.held.clear();
                false
            }
        }
    }

    fn text_step(&mut self, pieces: &mut Vec<Piece>) -> bool {
        let lower = self.held.to_ascii_lowercase();
        if self.looks_bare() {
            self.opened.clear();
            self.mode = Mode::Call("", &written::BARE);
            return true;
        }
        let looking = self.offered.any() && !self.quoting;
        let Some(Found { at, len, meaning }) = marks::find(&self.text, &self.held, &lower, looking) else {
            let keep = marks::partial(&self.text, &self.held, &lower, looking);
            let rest = self.held.split_off(self.held.len() - keep);
            let text = std::mem::replace(&mut self.held, rest);
            self.emit(&text, pieces);
            return false;
        };
        let rest = self.held.split_off(at + len);
        let mut before = std::mem::replace(&mut self.held, rest);
        let mark = before.split_off(at);
        self.reach(meaning, &before, mark, pieces);
        true
    }

    fn reach(&mut self, meaning: Meaning, before: &str, mark: String, pieces: &mut Vec<Piece>) {
        if !matches!(meaning, Meaning::ThoughtEnd) {
            self.emit(before, pieces);
        }
        match meaning {
            Meaning::Thought(until) => {
                self.reasoned = true;
                self.mode = Mode::Thought(until, true);
            }
            Meaning::ThoughtEnd => self.void(pieces),
            Meaning::Token => {}
            Meaning::Header => self.mode = Mode::Header,
            Meaning::Call(known, dialect) => {
                self.opened = mark;
                self.mode = Mode::Call(known, dialect);
            }
            Meaning::MadeUp if self.has_calls() => self.mode = Mode::Dropped,
            Meaning::Leftover if self.has_calls() => self.behind.push_str(&mark),
            Meaning::MadeUp | Meaning::Leftover => self.emit(&mark, pieces),
        }
    }

    fn has_calls(&self) -> bool {
        !self.regions.is_empty() && !self.quoting
    }

    fn void(&mut self, pieces: &mut Vec<Piece>) {
        self.reasoned = true;
        self.text.clear();
        self.regions.clear();
        self.behind.clear();
        pieces.push(Piece::Void);
    }

    fn thought_step(&mut self, until: &'static [&'static str], whole: bool) -> bool {
        let lower = self.held.to_ascii_lowercase();
        let first = until.iter().filter_map(|mark| Some((lower.find(mark)?, mark.len()))).min();
        let Some((at, len)) = first else {
            let keep = marks::partial_of(&lower, until);
            self.held.drain(..self.held.len() - keep);
            return false;
        };
        self.held.drain(..if whole { at + len } else { at });
        self.mode = Mode::Text;
        true
    }

    /// A channel of gpt-oss: its header says whether thoughts, a call or the answer follow.
    fn header_step(&mut self, pieces: &mut Vec<Piece>) -> bool {
        const MESSAGE: &str = "<|message|>";
        const ENDS: &[&str] = &["<|end|>", "<|call|>", "<|return|>", "<|start|>", "<|channel|>"];
        // Gemma's channel of thoughts, begun as gpt-oss begins its own.
        if ["thought\n", "thought\r\n"].iter().any(|name| self.held.starts_with(name)) {
            self.reasoned = true;
            self.mode = Mode::Thought(&["<channel|>"], true);
            return true;
        }
        let Some(at) = self.held.find(MESSAGE) else {
            if self.held.len() > HEADER_CHARS {
                self.mode = Mode::Text;
                let text = std::mem::take(&mut self.held);
                self.emit(&text, pieces);
            }
            return false;
        };
        let rest = self.held.split_off(at + MESSAGE.len());
        let header = std::mem::replace(&mut self.held, rest);
        let roles = ["user", "system", "developer", "tool", "functions."];
        let made_up = header.contains("to=assistant") || roles.iter().any(|role| header.starts_with(role));
        let thinks = header.contains("analysis") || header.trim_start().starts_with("thought");
        self.mode = if header.contains("to=") && !made_up && self.offered.any() && !self.quoting {
            self.opened.clear();
            self.held.insert_str(0, &header);
            Mode::Call("<|channel|>", &written::HARMONY)
        } else if thinks || (header.contains("to=") && !made_up) {
            self.reasoned = true;
            Mode::Thought(ENDS, false)
        } else if made_up {
            Mode::Dropped
        } else {
            Mode::Text
        };
        true
    }

    fn call_step(&mut self, mark: &'static str, dialect: &'static Dialect, pieces: &mut Vec<Piece>) -> bool {
        if !(dialect.plausible)(&self.held, &self.offered) {
            self.mode = Mode::Text;
            self.not_bare |= mark.is_empty();
            let opened = std::mem::take(&mut self.opened);
            self.emit(&opened, pieces);
            return true;
        }
        let Some((end, len)) = dialect.end(mark, &self.held, &self.offered) else { return false };
        let rest = self.held.split_off(end + len);
        let mut body = std::mem::replace(&mut self.held, rest);
        let close = body.split_off(end);
        self.regions.push(Region::new(mark, dialect, &self.opened, body, &close));
        self.mode = Mode::Text;
        true
    }

    /// The answer may be nothing but a call without any mark.
    fn looks_bare(&self) -> bool {
        let begins = self.held.trim_start().starts_with(['{', '[']);
        begins && !self.not_bare && self.text.is_empty() && self.regions.is_empty() && self.offered.any()
    }

    /// Adds text to the answer; blanks before its first word are left out. Behind what looks like a call it shows that
    /// the call is a quotation.
    fn emit(&mut self, text: &str, pieces: &mut Vec<Piece>) {
        if !self.regions.is_empty() && !self.quoting {
            if text.trim().is_empty() {
                self.behind.push_str(text);
                return;
            }
            self.quote(pieces);
        }
        self.show(text, pieces);
    }

    fn show(&mut self, text: &str, pieces: &mut Vec<Piece>) {
        let text = if self.text.is_empty() { text.trim_start() } else { text };
        if !text.is_empty() {
            self.text.push_str(text);
            pieces.push(Piece::Text(text.to_owned()));
        }
    }

    /// What looked like calls is shown as it was written.
    fn quote(&mut self, pieces: &mut Vec<Piece>) {
        self.quoting = true;
        let raw: String = self.regions.drain(..).map(|region| region.raw).collect();
        let behind = std::mem::take(&mut self.behind);
        self.show(&format!("{raw}{behind}"), pieces);
    }

    /// Decides at the end what the regions are.
    fn settle(&mut self, native: bool, pieces: &mut Vec<Piece>) -> Vec<PartialCall> {
        if self.regions.is_empty() {
            return Vec::new();
        }
        if native {
            // The server read them already, and left them in the text as well.
            self.regions.retain(|region| !region.is_calls(&self.offered));
            if !self.regions.is_empty() {
                self.quote(pieces);
            }
            return Vec::new();
        }
        let calls = written::calls(&self.regions, &self.text, &self.offered);
        match calls.filter(|_| !self.calls_natively) {
            Some(calls) => {
                if self.regions.iter().any(|region| region.dialect.thinks_aloud) && self.text.contains("Thought:") {
                    self.void(pieces);
                }
                self.regions.clear();
                calls
            }
            None => {
                self.quote(pieces);
                Vec::new()
            }
        }
    }
}

#[cfg(test)]
mod tests;
