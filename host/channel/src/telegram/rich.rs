//! Text with marks on it, and its form on Telegram's wire. Marks are on byte ranges here; Telegram counts UTF-16 units.

use teloxide::types::{MessageEntity, MessageEntityKind};
use url::Url;

/// The most UTF-16 units a message may have.
pub(crate) const LIMIT: usize = 4096;

/// Text and what is marked in it. Marks of one kind never overlap; all are on character boundaries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rich {
    pub(crate) text: String,
    pub(crate) marks: Vec<Mark>,
}

/// A mark on the bytes from `start` to `end`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bold,
    Italic,
    Strike,
    Code,
    Quote,
    Pre(Option<String>),
    Link(Url),
}

impl Rich {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), marks: Vec::new() }
    }

    /// Nothing in it can be seen; Telegram refuses such a text as empty.
    pub(crate) fn is_blank(&self) -> bool {
        self.text.chars().all(is_invisible)
    }

    /// The bytes from `start` to `end` with the marks that reach into them.
    pub(crate) fn slice(&self, start: usize, end: usize) -> Self {
        let inside = |mark: &&Mark| mark.start < end && mark.end > start;
        let cut = |mark: &Mark| Mark {
            kind: mark.kind.clone(),
            start: mark.start.max(start) - start,
            end: mark.end.min(end) - start,
        };
        Self { text: self.text[start..end].to_owned(), marks: self.marks.iter().filter(inside).map(cut).collect() }
    }

    /// The marks as Telegram wants them, the outer ones first.
    pub(crate) fn entities(&self) -> Vec<MessageEntity> {
        let mut marks: Vec<&Mark> = self.marks.iter().filter(|mark| mark.start < mark.end).collect();
        marks.sort_by_key(|mark| (mark.start, usize::MAX - mark.end));
        let mut counter = Utf16::new(&self.text);
        marks
            .into_iter()
            .map(|mark| {
                let offset = counter.at(mark.start);
                let length = units(&self.text[mark.start..mark.end]);
                MessageEntity::new(mark.kind.entity(), offset, length)
            })
            .collect()
    }
}

impl Kind {
    fn entity(&self) -> MessageEntityKind {
        match self {
            Self::Bold => MessageEntityKind::Bold,
            Self::Italic => MessageEntityKind::Italic,
            Self::Strike => MessageEntityKind::Strikethrough,
            Self::Code => MessageEntityKind::Code,
            Self::Quote => MessageEntityKind::Blockquote,
            Self::Pre(language) => MessageEntityKind::Pre { language: language.clone() },
            Self::Link(url) => MessageEntityKind::TextLink { url: url.clone() },
        }
    }
}

/// The length of the text in UTF-16 units.
pub(crate) fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// White space, or a character that shows nothing.
pub(crate) fn is_invisible(c: char) -> bool {
    let space = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}');
    let blank_letter = matches!(c, '\u{3164}' | '\u{2800}');
    let direction = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let variant = matches!(c, '\u{fe00}'..='\u{fe0f}');
    c.is_whitespace() || c.is_control() || space || blank_letter || direction || variant
}

/// Counts UTF-16 units up to positions asked for in rising order.
struct Utf16<'a> {
    text: &'a str,
    byte: usize,
    units: usize,
}

impl<'a> Utf16<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, byte: 0, units: 0 }
    }

    fn at(&mut self, byte: usize) -> usize {
        self.units += units(&self.text[self.byte..byte]);
        self.byte = byte;
        self.units
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_counted_in_utf16_units() {
        let text = "Привет 🙂 мир 👩‍👩‍👧 x".to_owned();
        let place = |part: &str| text.find(part).map(|start| (start, start + part.len())).unwrap();
        let mark = |part: &str, kind| {
            let (start, end) = place(part);
            Mark { kind, start, end }
        };
        let marks = vec![mark("x", Kind::Bold), mark("мир", Kind::Italic), mark("🙂", Kind::Code)];
        let rich = Rich { text: text.clone(), marks };
        let found: Vec<_> = rich.entities().iter().map(|entity| (entity.offset, entity.length)).collect();
        assert_eq!(found, [(7, 2), (10, 3), (23, 1)]);
    }

    #[test]
    fn a_slice_keeps_the_part_of_a_mark_that_is_in_it() {
        let rich = Rich { text: "abcdef".into(), marks: vec![Mark { kind: Kind::Bold, start: 1, end: 5 }] };
        assert_eq!(rich.slice(3, 6).marks, [Mark { kind: Kind::Bold, start: 0, end: 2 }]);
        assert_eq!(rich.slice(5, 6).marks, []);
    }
}
