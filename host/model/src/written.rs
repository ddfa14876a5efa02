//! Calls that a model without its own calls, or behind a server that does not read them, writes into its text. One file
//! a dialect and one line in the list.
//!
//! Nothing that is only quoted becomes a call: tools must have been offered, the name must be one of them, nothing but
//! blanks may follow, the words before must announce it (`quotation`), and what is read must not be an echo of what the
//! model was given (`echo`). Of a model that made calls in its server's own form in the same conversation none are read:
//! it needs no others.

mod bare;
mod deepseek;
mod echo;
mod fenced;
mod functions;
mod functools;
mod glm;
mod harmony;
mod invoke;
mod kimi;
mod mistral;
mod python_tag;
mod quotation;
mod react;
mod tagged;
mod value;

use serde_json::Value;
use steward_agent::{Message, ModelRequest};

use crate::calls::{self, PartialCall};
use crate::literal;
use crate::owner;

/// The dialects. One mark may be of several: then the first that can read what it opened is meant.
static DIALECTS: [&Dialect; 13] = [
    &tagged::TAGGED,
    &functions::FUNCTIONS,
    &glm::GLM,
    &invoke::INVOKE,
    &mistral::MISTRAL,
    &python_tag::PYTHON_TAG,
    &deepseek::DEEPSEEK,
    &kimi::KIMI,
    &harmony::HARMONY,
    &fenced::FENCED,
    &functools::FUNCTOOLS,
    &react::REACT,
    &bare::BARE,
];

pub(crate) use bare::BARE;
pub(crate) use harmony::HARMONY;

/// Shorter texts occur by chance.
const ECHO_CHARS: usize = 20;

/// One way of writing calls.
pub(crate) struct Dialect {
    pub(crate) name: &'static str,
    /// What begins calls and what ends them; without an end they go on to the end of the answer. In lower case.
    marks: &'static [(&'static str, &'static [&'static str])],
    /// Whether what follows the mark can still become a call.
    pub(crate) plausible: fn(&str, &Offered<'_>) -> bool,
    /// The calls in what follows the mark; none where it is something else.
    read: fn(&str, &Offered<'_>) -> Vec<PartialCall>,
    /// Its marks are tokens that no person writes: also a name nobody offered is a call then.
    tokens: bool,
    /// It counts only at the beginning of a line.
    pub(crate) begins_line: bool,
    /// The words before are thoughts.
    pub(crate) thinks_aloud: bool,
}

impl std::fmt::Debug for Dialect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Dialect {
    /// Where the calls end, and the length of the mark that ends them. An end within the arguments of a call is none.
    pub(crate) fn end(&self, mark: &str, body: &str, offered: &Offered<'_>) -> Option<(usize, usize)> {
        let lower = body.to_ascii_lowercase();
        let closes = self.marks.iter().find(|(open, _)| *open == mark).map_or(&[][..], |(_, closes)| closes);
        let ends = closes.iter().flat_map(|close| lower.match_indices(close).map(|(at, close)| (at, close.len())));
        let mut ends: Vec<(usize, usize)> = ends.collect();
        ends.sort_unstable_by_key(|(at, len)| (*at, usize::MAX - len));
        ends.into_iter().find(|(at, _)| {
            let calls = read(mark, &body[..*at], offered);
            !calls.is_empty() && calls.iter().all(|call| value::is_complete(&call.arguments, &call.name))
        })
    }
}

/// Every mark that begins calls.
pub(crate) fn marks() -> impl Iterator<Item = (&'static str, &'static Dialect)> {
    let all = DIALECTS.iter().flat_map(|dialect| dialect.marks.iter().map(|(open, _)| (*open, *dialect)));
    // The first dialect of a mark reads for all of them.
    // Bare calls have no mark, and channels are read by whoever reads their headers.
    let all = all.filter(|(mark, dialect)| !mark.is_empty() && !std::ptr::eq(*dialect, &HARMONY));
    all.filter(|(mark, dialect)| first_of(mark).is_some_and(|first| std::ptr::eq(first, *dialect)))
}

fn closes_of(mark: &str) -> impl Iterator<Item = &'static str> {
    let marks = of_mark(mark).flat_map(|dialect| dialect.marks);
    marks.filter(move |(open, _)| *open == mark).flat_map(|(_, closes)| closes.iter().copied())
}

fn of_mark(mark: &str) -> impl Iterator<Item = &'static Dialect> {
    DIALECTS.iter().copied().filter(move |dialect| dialect.marks.iter().any(|(open, _)| *open == mark))
}

fn first_of(mark: &str) -> Option<&'static Dialect> {
    of_mark(mark).next()
}

fn read(mark: &str, body: &str, offered: &Offered<'_>) -> Vec<PartialCall> {
    of_mark(mark).map(|dialect| (dialect.read)(body, offered)).find(|calls| !calls.is_empty()).unwrap_or_default()
}

/// A part of an answer that looks like calls.
#[derive(Debug)]
pub(crate) struct Region {
    mark: &'static str,
    pub(crate) dialect: &'static Dialect,
    body: String,
    /// As it was written.
    pub(crate) raw: String,
}

impl Region {
    /// `opened` and `close` are the marks as they were written.
    pub(crate) fn new(mark: &'static str, dialect: &'static Dialect, opened: &str, body: String, close: &str) -> Self {
        // A token of a template says nothing to people, whatever stands behind it.
        let shown = |mark: &'_ str| !mark.starts_with("<|") && !mark.starts_with("<｜");
        let [opened, close] = [opened, close].map(|mark| if shown(mark) { mark } else { "" });
        let raw = format!("{opened}{body}{close}");
        Self { mark, dialect, body, raw }
    }

    fn read(&self, offered: &Offered<'_>) -> Vec<PartialCall> {
        let whole = read(self.mark, &self.body, offered);
        let complete = |call: &PartialCall| value::is_complete(&call.arguments, &call.name);
        if !whole.is_empty() && whole.iter().all(complete) {
            return whole;
        }
        // The end stands behind what cannot be read, or was left out.
        let closes = self.dialect.marks.iter().find(|(open, _)| *open == self.mark).map_or(&[][..], |(_, c)| c);
        let lower = self.body.to_ascii_lowercase();
        match closes.iter().filter_map(|close| Some((lower.find(close)?, close.len()))).min() {
            Some((at, len)) if self.body[at + len..].trim().is_empty() => read(self.mark, &self.body[..at], offered),
            Some(_) => Vec::new(),
            None => whole,
        }
    }

    pub(crate) fn is_calls(&self, offered: &Offered<'_>) -> bool {
        !self.read(offered).is_empty()
    }
}

/// The calls in these parts of an answer, if all of them are; `before` is the text before them.
pub(crate) fn calls(regions: &[Region], before: &str, offered: &Offered<'_>) -> Option<Vec<PartialCall>> {
    let mut calls = Vec::new();
    for region in regions {
        let read = region.read(offered);
        let known = |call: &PartialCall| offered.resolve(&call.name).is_some() || region.dialect.tokens;
        let told = region.body.trim();
        let echo = told.chars().count() >= ECHO_CHARS && offered.was_given(told);
        if read.is_empty() || !read.iter().all(known) || echo {
            return None;
        }
        tracing::debug!(dialect = region.dialect.name, calls = read.len(), "calls were written as text");
        calls.extend(read);
    }
    let meant = quotation::are_meant(before, regions[0].dialect) && !echo::was_given(&calls, offered);
    meant.then_some(calls)
}

/// The tools a model was offered, and what it was given to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offered<'a>(&'a ModelRequest);

impl<'a> Offered<'a> {
    pub(crate) fn new(request: &'a ModelRequest) -> Self {
        Self(request)
    }

    pub(crate) fn any(&self) -> bool {
        !self.0.tools.is_empty()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.tools.iter().any(|tool| tool.name == name)
    }

    /// The tool that a name means, also with what models and servers put around it.
    pub(crate) fn resolve(&self, name: &str) -> Option<String> {
        let name = name.split("<|").next().unwrap_or_default();
        let name = name.trim().trim_matches(['"', '\'', '`']).trim_end_matches("()");
        if self.has(name) {
            return Some(name.to_owned());
        }
        let bare = ["functions.", "function.", "tools.", "tool.", "default_api.", "assistant."]
            .iter()
            .find_map(|prefix| name.strip_prefix(prefix))
            .unwrap_or(name);
        let bare =
            bare.rsplit_once(':').filter(|(_, n)| n.bytes().all(|b| b.is_ascii_digit())).map_or(bare, |(b, _)| b);
        self.0.tools.iter().find(|tool| tool.name == bare).map(|tool| tool.name.clone())
    }

    /// A parameter's text as the tool's schema wants it: text stays text, anything else is read.
    pub(crate) fn typed(&self, tool: &str, field: &str, text: &str) -> Value {
        let name = self.resolve(tool);
        let schema = name.and_then(|name| self.0.tools.iter().find(|tool| tool.name == name)).map(|tool| &tool.schema);
        let kind = schema.and_then(|schema| schema.get("properties")?.get(field)?.get("type"));
        let is_text = match kind {
            Some(Value::String(kind)) => kind == "string",
            Some(Value::Array(kinds)) => kinds.iter().all(|kind| kind == "string" || kind == "null"),
            _ => false,
        };
        let as_text = || Value::String(text.to_owned());
        if is_text {
            return as_text();
        }
        let trimmed = text.trim();
        let read = serde_json::from_str(trimmed).ok();
        let read =
            read.or_else(|| literal::read(trimmed).filter(|(_, end)| *end == trimmed.len()).map(|(value, _)| value));
        read.unwrap_or_else(as_text)
    }

    /// Whether some tool's name begins so.
    pub(crate) fn begins(&self, start: &str) -> bool {
        self.0.tools.iter().any(|tool| tool.name.starts_with(start) || start.starts_with(&tool.name))
    }

    /// Whether the model was given this text to read.
    fn was_given(&self, text: &str) -> bool {
        self.given().any(|given| given.contains(text))
    }

    /// All that the model was given to read.
    fn given(&self) -> impl Iterator<Item = &'a str> {
        self.0.messages.iter().flat_map(|message| match message {
            Message::User(user) => {
                let recalled = user.recalled.iter().map(|passage| passage.text.as_str());
                std::iter::once(user.text.as_str()).chain(recalled).collect()
            }
            Message::Tool(result) => vec![result.text.as_str()],
            Message::Summary { text, .. } => vec![text.as_str()],
            Message::Assistant { .. } => Vec::new(),
        })
    }

    /// Whether the model behind this mark made calls in its server's own form.
    pub(crate) fn called_natively(&self, mark: &str) -> bool {
        self.0.messages.iter().any(|message| match message {
            Message::Assistant { calls, state, .. } => {
                let own = owner::own(state.as_deref(), mark).is_some();
                own && calls.iter().any(|call| !calls::was_written(&call.id))
            }
            _ => false,
        })
    }
}
