//! Cuts a text into passages of about four hundred tokens: at headings, paragraphs and functions, and in the middle of
//! a sentence only when one sentence alone is longer than a passage. Pure text.
//!
//! `unit` finds the smallest pieces that stay together, this module packs them.

mod code;
mod markdown;
mod plain;
mod unit;

use steward_agent::budget::tokens;

use self::unit::{Boundary, Unit};

/// How a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextKind {
    /// Headings begin sections, a section is never mixed with the next.
    Markdown,
    /// Markdown in which each section is one exchange of a conversation.
    Transcript,
    /// What begins in the first column after a blank line begins something new.
    Code,
    /// Paragraphs; a line `[page 3]` begins a page.
    Plain,
}

/// How long passages are, in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassageSize {
    /// The most a passage has.
    pub tokens: u32,
    /// What a passage repeats of the one before it, where a section was too long for one.
    pub overlap: u32,
}

impl Default for PassageSize {
    fn default() -> Self {
        Self { tokens: 400, overlap: 80 }
    }
}

/// A passage as it stands in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Counted from 1.
    pub first_line: u32,
    /// Counted from 1; this line is part of it.
    pub last_line: u32,
    /// The headings it stands under, outermost first, parted by ` > `; empty where there are none.
    pub heading: String,
    /// What it says, without its headings.
    pub text: String,
}

/// The passages of a text, in its order.
pub fn cut(text: &str, kind: TextKind, size: PassageSize) -> Vec<Chunk> {
    let units = match kind {
        TextKind::Markdown | TextKind::Transcript => markdown::units(text),
        TextKind::Code => code::units(text),
        TextKind::Plain => plain::units(text),
    };
    let units: Vec<_> = units.into_iter().flat_map(|unit| unit.no_longer_than(text, size.tokens)).collect();
    let lines = Lines::of(text);
    let mut chunks = Vec::new();
    let mut start = 0;
    while start < units.len() {
        let end = end_of(text, &units, start, size.tokens);
        chunks.extend(chunk(text, &units[start..end], &lines));
        start = match units.get(end) {
            Some(next) if next.boundary != Boundary::Section => overlap(text, &units, start, end, size.overlap),
            _ => end,
        };
    }
    chunks
}

/// Where the passage that begins at `start` ends: before the next section, or where it is full, then after a paragraph
/// if one ends in its second half.
fn end_of(text: &str, units: &[Unit], start: usize, most: u32) -> usize {
    let (mut length, mut paragraph) = (0, None);
    for (at, unit) in units.iter().enumerate().skip(start) {
        if at > start {
            match unit.boundary {
                Boundary::Section => return at,
                Boundary::Paragraph if length >= most / 2 => paragraph = Some(at),
                Boundary::Paragraph | Boundary::Within => {}
            }
        }
        length += tokens(unit.of(text));
        if length > most && at > start {
            return paragraph.unwrap_or(at);
        }
    }
    units.len()
}

/// From where the next passage repeats the end of this one. It always goes forward.
fn overlap(text: &str, units: &[Unit], start: usize, end: usize, most: u32) -> usize {
    let mut length = 0;
    let mut from = end;
    while from > start + 1 {
        length += tokens(units[from - 1].of(text));
        if length > most {
            break;
        }
        from -= 1;
    }
    from
}

fn chunk(text: &str, units: &[Unit], lines: &Lines) -> Option<Chunk> {
    let (first, last) = (units.first()?, units.last()?);
    let whole = &text[first.from..last.to];
    let kept = whole.trim();
    // A heading without anything under it says nothing that its own words in the next heading's path do not.
    if kept.is_empty() || units.iter().all(|unit| unit.is_heading) {
        return None;
    }
    let from = first.from + (whole.len() - whole.trim_start().len());
    Some(Chunk {
        first_line: lines.number(from),
        last_line: lines.number(from + kept.len() - 1),
        heading: first.heading.to_string(),
        text: kept.to_owned(),
    })
}

/// Where each line begins, to tell the line of a byte.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    fn number(&self, byte: usize) -> u32 {
        u32::try_from(self.0.partition_point(|&start| start <= byte)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SMALL: PassageSize = PassageSize { tokens: 20, overlap: 6 };

    fn places(chunks: &[Chunk]) -> Vec<(u32, u32)> {
        chunks.iter().map(|chunk| (chunk.first_line, chunk.last_line)).collect()
    }

    #[test]
    fn a_short_text_is_one_passage() {
        let chunks = cut("one\n\ntwo\n", TextKind::Plain, PassageSize::default());
        assert_eq!(chunks.len(), 1);
        assert_eq!((chunks[0].text.as_str(), places(&chunks)[0]), ("one\n\ntwo", (1, 3)));
        assert_eq!(cut(" \n\n", TextKind::Plain, PassageSize::default()), []);
    }

    #[test]
    fn sections_are_never_mixed_and_know_their_headings() {
        let text = "# Home\n\n- flat 42\n\n## Keys\n\nUnder the mat.\n\n# Work\n\nGreta is my boss.\n";
        let chunks = cut(text, TextKind::Markdown, PassageSize::default());
        let headings: Vec<_> = chunks.iter().map(|chunk| chunk.heading.as_str()).collect();
        assert_eq!(headings, ["Home", "Home > Keys", "Work"]);
        assert_eq!(places(&chunks), [(1, 3), (5, 7), (9, 11)]);
    }

    #[test]
    fn a_long_section_is_cut_between_sentences_and_overlaps() {
        let sentences: Vec<_> = (0..20).map(|n| format!("This is the sentence number {n}.")).collect();
        let text = sentences.join(" ");
        let chunks = cut(&text, TextKind::Plain, SMALL);
        assert!(chunks.len() > 5);
        for chunk in &chunks {
            assert!(chunk.text.starts_with("This is") && chunk.text.ends_with('.'), "{}", chunk.text);
        }
        let tight = PassageSize { tokens: 20, overlap: 10 };
        let chunks = cut(&text, TextKind::Plain, tight);
        let last = chunks[0].text.rsplit("This").next().unwrap();
        assert!(chunks[1].text.starts_with(&format!("This{last}")), "{chunks:?}");
    }

    #[test]
    fn functions_stay_whole_where_they_fit() {
        let function = |name: &str| format!("fn {name}() {{\n    let a = 1;\n\n    a + 1\n}}\n");
        let text = format!("{}\n{}\n{}", function("one"), function("two"), function("three"));
        let chunks = cut(&text, TextKind::Code, SMALL);
        let firsts: Vec<_> = chunks.iter().map(|chunk| chunk.text.lines().next().unwrap()).collect();
        assert_eq!(firsts, ["fn one() {", "fn two() {", "fn three() {"]);
        assert!(chunks.iter().all(|chunk| chunk.text.ends_with('}')));
    }

    #[test]
    fn one_endless_line_is_cut_too() {
        let text = "слово ".repeat(2_000);
        let chunks = cut(&text, TextKind::Plain, PassageSize::default());
        assert!(chunks.len() > 10 && chunks.iter().all(|chunk| tokens(&chunk.text) <= 400 && chunk.last_line == 1));
        let unbroken = "x".repeat(10_000);
        assert!(cut(&unbroken, TextKind::Code, PassageSize::default()).len() >= 6);
    }

    proptest! {
        /// Whatever the text: every word of it is in a passage, lines are right, no passage is too long.
        #[test]
        fn nothing_is_lost(text in "([a-zа-я]{1,9}[ .!]?|\n|\n\n|# |```\n|    |\\[page 2\\]\n){0,120}", kind in 0..4usize) {
            let kind = [TextKind::Markdown, TextKind::Transcript, TextKind::Code, TextKind::Plain][kind];
            let chunks = cut(&text, kind, SMALL);
            let lines: Vec<_> = text.split('\n').collect();
            for chunk in &chunks {
                prop_assert!(chunk.first_line >= 1 && chunk.first_line <= chunk.last_line);
                let place = lines[chunk.first_line as usize - 1..chunk.last_line as usize].join("\n");
                prop_assert!(place.contains(&chunk.text));
            }
            let all = chunks.iter().map(|chunk| format!("{}\n{}", chunk.heading, chunk.text)).collect::<String>();
            if kind == TextKind::Plain || kind == TextKind::Code {
                for word in text.replace("[page 2]", " ").split_whitespace() {
                    prop_assert!(all.contains(word), "{word} in {all}");
                }
            }
        }
    }
}
