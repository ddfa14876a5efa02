//! The part of a document that one answer holds: bounded in characters for the one who reads it, and in bytes for the
//! host, which takes no larger answer.

use serde_json::{Value, json};
use steward_sdk::{Failure, Output};

use crate::document::{Body, Document, Text};
use crate::pdf::Pdf;

/// Characters of a part where nobody says how many.
const USUAL: usize = 40_000;

/// The most characters of one part.
const MOST: usize = 100_000;

/// The most bytes of one part, as JSON. The host takes 256 KB of an answer.
const BYTES: usize = 200 << 10;

/// A part ends at the end of a line if there is one in its last tenth.
const TAIL: usize = 10;

/// With less room than this no further page is begun.
const MARGIN: usize = 200;

/// Which part is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// From 1.
    page: Option<usize>,
    from: usize,
    limit: usize,
}

impl Wanted {
    /// # Errors
    /// There is no page 0.
    pub fn new(page: Option<usize>, from: Option<usize>, limit: Option<usize>) -> Result<Self, Failure> {
        if page == Some(0) {
            return Err(Failure::invalid("`page` is 0, but pages are counted from 1"));
        }
        Ok(Self { page, from: from.unwrap_or(0), limit: limit.unwrap_or(USUAL).clamp(1, MOST) })
    }
}

/// A part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    text: String,
    /// What it is of the whole: `characters 0 to 40000 of 91320`.
    place: String,
    is_first: bool,
    next: Option<Next>,
    /// The end of the document is not kept, and this is where it is missing.
    is_cut: bool,
}

/// Where the next part begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Next {
    page: Option<usize>,
    from: usize,
}

/// The part that is wanted.
///
/// # Errors
/// It begins behind the end.
pub fn of(document: &Document, wanted: &Wanted) -> Result<Part, Failure> {
    match &document.body {
        Body::Whole(text) if wanted.page.is_none_or(|page| page == 1) => of_text(text, wanted),
        Body::Whole(_) => Err(Failure::invalid("has no pages here: leave out `page` and say `from` which character")),
        Body::Pages(pdf) => of_pages(pdf, wanted),
    }
}

fn of_text(Text { text, cut }: &Text, wanted: &Wanted) -> Result<Part, Failure> {
    let (total, from) = (text.chars().count(), wanted.from);
    if from > 0 && from >= total {
        return Err(Failure::invalid(format!("has {total} characters, and `from` is {from}")));
    }
    let part = first_part(&text[at_char(text, from)..], wanted.limit, BYTES);
    let end = from + part.chars().count();
    Ok(Part {
        text: part.to_owned(),
        place: format!("characters {from} to {end} of {total}"),
        is_first: from == 0,
        next: (end < total).then_some(Next { page: None, from: end }),
        is_cut: *cut && end == total,
    })
}

fn of_pages(pdf: &Pdf, wanted: &Wanted) -> Result<Part, Failure> {
    let (total, first) = (pdf.pages(), wanted.page.unwrap_or(1));
    if first > total {
        return Err(Failure::invalid(format!("has {total} pages, and `page` is {first}")));
    }
    let (mut text, mut characters, mut bytes) = (String::new(), wanted.limit, BYTES);
    let (mut from, mut next, mut last) = (wanted.from, None, first);
    let mut pages = pdf.read(first);
    for (page, written) in &mut pages {
        if page > first && characters < MARGIN {
            next = Some(Next { page: Some(page), from: 0 });
            break;
        }
        let rest = &written[at_char(&written, from)..];
        let part = first_part(rest, characters, bytes);
        let taken = part.chars().count();
        (text, last) = (text + part, page);
        (characters, bytes) = (characters - taken, bytes.saturating_sub(escaped(part)));
        if part.len() < rest.len() {
            next = Some(Next { page: Some(page), from: from + taken });
            break;
        }
        from = 0;
    }
    let is_first = first == 1 && wanted.from == 0;
    if is_first && next.is_none() {
        pages.said_something()?;
    }
    let place = if first == last { format!("page {first}") } else { format!("pages {first} to {last}") };
    Ok(Part { text, place: format!("{place} of {total}"), is_first, next, is_cut: false })
}

/// As much of a text as fits, up to the end of a line where one is near.
fn first_part(text: &str, characters: usize, bytes: usize) -> &str {
    let mut end = at_char(text, characters);
    if escaped(&text[..end]) > bytes {
        let mut used = 0;
        let fits = |c: &char| {
            used += escaped(c.encode_utf8(&mut [0; 4]));
            used <= bytes
        };
        end = text.chars().take_while(fits).map(char::len_utf8).sum();
    }
    if end == text.len() {
        return text;
    }
    let tail = text.floor_char_boundary(end - end / TAIL);
    let end = text[tail..end].rfind('\n').map_or(end, |at| tail + at + 1);
    &text[..end]
}

/// Bytes of a text within JSON.
fn escaped(text: &str) -> usize {
    let extra = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 1,
        0..0x20 => 5,
        _ => 0,
    };
    text.len() + text.bytes().map(extra).sum::<usize>()
}

/// The byte at which the character of that number begins.
fn at_char(text: &str, number: usize) -> usize {
    text.char_indices().nth(number).map_or(text.len(), |(at, _)| at)
}

impl Part {
    /// The answer: text for a model, and the same for a program with what leads to the next part.
    pub fn answer(self, document: &Document) -> Output {
        let structured = json!({
            "format": document.kind.name(),
            "title": document.title,
            "pages": document.pages(),
            "text": self.text,
            "next": self.next.map(Next::arguments),
            "cut": self.is_cut,
        });
        Output::from(self.worded(document.title.as_deref())).structured(structured)
    }

    fn worded(self, title: Option<&str>) -> String {
        let mut text = String::new();
        if let Some(title) = title.filter(|_| self.is_first) {
            text.push_str(&format!("Title: {title}\n\n"));
        }
        if self.is_first && self.text.trim().is_empty() {
            text.push_str("(It is empty.)");
        }
        text.push_str(self.text.trim_end());
        let more = match self.next {
            Some(Next { page: Some(page), from: 0 }) => format!("; go on with `page` {page}"),
            Some(Next { page: Some(page), from }) => format!("; go on with `page` {page} and `from` {from}"),
            Some(Next { page: None, from }) => format!("; go on with `from` {from}"),
            None if self.is_cut => "; the document is longer, but no more of it is read".to_owned(),
            None => String::new(),
        };
        if !self.is_first || !more.is_empty() {
            text.push_str(&format!("\n[{}{more}]", self.place));
        }
        text
    }
}

impl Next {
    /// As arguments of the next call.
    fn arguments(self) -> Value {
        match self.page {
            Some(page) => json!({"page": page, "from": self.from}),
            None => json!({"from": self.from}),
        }
    }
}
