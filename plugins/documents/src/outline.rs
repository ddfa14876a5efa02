//! Builds the text of a document from its blocks, as Markdown that a person reads as easily: headings, paragraphs, lists
//! and rows. It grows up to a bound and no further.

use crate::document::Text;

/// The most text that is kept of one document, in bytes.
pub const MOST: usize = 4 << 20;

/// The deepest heading and list there is in the text.
const DEEPEST: usize = 6;

/// A text that is being built.
#[derive(Debug, Default)]
pub struct Outline {
    text: String,
    last: Option<Shape>,
    cut: bool,
}

/// What a block looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Paragraph,
    /// From 1.
    Heading(usize),
    /// An item of a list, with how many lists it lies in beside its own.
    Item(usize),
    Row,
}

impl Outline {
    /// Adds a block; one without text is none.
    pub fn add(&mut self, shape: Shape, text: &str) {
        let text = text.trim();
        if text.is_empty() || self.is_full() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push_str(if self.belongs_together(shape) { "\n" } else { "\n\n" });
        }
        match shape {
            Shape::Paragraph | Shape::Row => self.text.push_str(text),
            Shape::Heading(level) => {
                self.text.push_str(&"#".repeat(level.clamp(1, DEEPEST)));
                self.text.push(' ');
                self.text.push_str(&text.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            Shape::Item(depth) => {
                self.text.push_str(&"  ".repeat(depth.min(DEEPEST)));
                self.text.push_str("- ");
                self.text.push_str(text);
            }
        }
        self.last = Some(shape);
        self.bound();
    }

    /// Items of one list and rows of one table stand one beneath the other.
    fn belongs_together(&self, shape: Shape) -> bool {
        matches!((self.last, shape), (Some(Shape::Item(_)), Shape::Item(_)) | (Some(Shape::Row), Shape::Row))
    }

    /// The table ends, and what follows is none of its rows.
    pub fn end_table(&mut self) {
        if self.last == Some(Shape::Row) {
            self.last = Some(Shape::Paragraph);
        }
    }

    fn bound(&mut self) {
        if self.text.len() > MOST {
            self.text.truncate(self.text.floor_char_boundary(MOST));
            self.cut = true;
        }
    }

    /// Nothing more is kept.
    pub fn is_full(&self) -> bool {
        self.cut
    }

    pub fn finish(self) -> Text {
        Text { text: self.text, cut: self.cut }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_told_apart_by_empty_lines() {
        let mut outline = Outline::default();
        for (shape, text) in [
            (Shape::Heading(2), "Оглавление\n книги"),
            (Shape::Paragraph, " one "),
            (Shape::Paragraph, "  "),
            (Shape::Item(0), "a"),
            (Shape::Item(1), "b"),
            (Shape::Row, "1 | 2"),
            (Shape::Row, "3 | 4"),
        ] {
            outline.add(shape, text);
        }
        outline.end_table();
        outline.add(Shape::Row, "5");
        assert_eq!(outline.finish().text, "## Оглавление книги\n\none\n\n- a\n  - b\n\n1 | 2\n3 | 4\n\n5");
    }

    #[test]
    fn a_text_does_not_grow_without_end() {
        let mut outline = Outline::default();
        while !outline.is_full() {
            outline.add(Shape::Paragraph, &"я".repeat(100_001));
        }
        outline.add(Shape::Paragraph, "more");
        let text = outline.finish();
        assert!(text.cut && text.text.len() <= MOST && text.text.len() > MOST - 4);
    }
}
