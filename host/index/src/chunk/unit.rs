//! The smallest pieces that stay together in a passage: a line of code, an entry of a list, a sentence.

use std::rc::Rc;

use steward_agent::budget::tokens;

/// What begins with a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Boundary {
    /// No passage goes across it.
    Section,
    /// A good place to cut.
    Paragraph,
    /// A place to cut when there is no better one.
    Within,
}

/// A piece of the text, by its bytes.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) boundary: Boundary,
    pub(super) heading: Rc<str>,
    pub(super) is_heading: bool,
}

impl Unit {
    pub(super) fn of<'a>(&self, text: &'a str) -> &'a str {
        &text[self.from..self.to]
    }

    /// Itself, or its parts where it is too long: sentences, and words of a sentence that is too long.
    pub(super) fn no_longer_than(self, text: &str, most: u32) -> Vec<Self> {
        if tokens(self.of(text)) <= most {
            return vec![self];
        }
        let mut parts = Vec::new();
        let mut from = self.from;
        while from < self.to {
            let to = from + fitting(&text[from..self.to], most);
            let boundary = if from == self.from { self.boundary } else { Boundary::Within };
            parts.push(Self { from, to, boundary, ..self.clone() });
            from = to;
        }
        parts
    }
}

/// How many bytes of the text fit, ended after a word where there is one.
fn fitting(text: &str, most: u32) -> usize {
    // Half a token each at most, so that the estimate for the whole is never above its parts'.
    let (mut halves, mut space) = (0, None);
    for (at, c) in text.char_indices() {
        halves += if c.is_ascii() { 1 } else { 2 };
        if halves > (most.saturating_sub(1)) * 4 && at > 0 {
            return space.filter(|&space| space > at / 2).unwrap_or(at);
        }
        if c.is_whitespace() {
            space = Some(at + c.len_utf8());
        }
    }
    text.len()
}

/// The sentences of a paragraph that begins at byte `at` of the text.
pub(super) fn sentences(paragraph: &str, at: usize, boundary: Boundary, heading: &Rc<str>) -> Vec<Unit> {
    let mut units = Vec::new();
    let mut from = 0;
    let mut chars = paragraph.char_indices().peekable();
    while let Some((end, c)) = chars.next() {
        let ends = matches!(c, '.' | '!' | '?' | '…' | '。');
        if ends
            && chars.peek().is_some_and(|(_, next)| next.is_whitespace())
            && begins_anew(&paragraph[end + c.len_utf8()..])
        {
            units.push((from, end + c.len_utf8()));
            from = end + c.len_utf8();
        }
    }
    units.push((from, paragraph.len()));
    let unit = |(number, (from, to)): (usize, (usize, usize))| Unit {
        from: at + from,
        to: at + to,
        boundary: if number == 0 { boundary } else { Boundary::Within },
        heading: Rc::clone(heading),
        is_heading: false,
    };
    units.into_iter().filter(|&(from, to)| !paragraph[from..to].trim().is_empty()).enumerate().map(unit).collect()
}

/// Whether a sentence begins here; not after the point of an abbreviation such as `e.g. this`.
fn begins_anew(rest: &str) -> bool {
    rest.trim_start().chars().next().is_none_or(|c| !c.is_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_and_numbers_do_not_end_a_sentence() {
        let text = "Rent is 3.5 thousand, e.g. in May. Кто там? Я! Конец";
        let units = sentences(text, 0, Boundary::Paragraph, &Rc::from(""));
        let read: Vec<_> = units.iter().map(|unit| unit.of(text).trim()).collect();
        assert_eq!(read, ["Rent is 3.5 thousand, e.g. in May.", "Кто там?", "Я!", "Конец"]);
    }
}
