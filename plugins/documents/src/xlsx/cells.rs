//! The cells of one sheet, row by row: values are placed by their references, for empty cells are left out of the file.

use super::dates::Formats;
use crate::xml::{Element, Node};

/// The most cells of a row that are told; what lies further right is told without the gap before it.
const COLUMNS: usize = 256;

/// What a cell holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Number,
    Shared,
    Text,
    Boolean,
}

/// A sheet that is being read.
pub(super) struct Sheet<'a> {
    strings: &'a [String],
    formats: &'a Formats,
    row: Vec<String>,
    kind: Kind,
    style: Option<usize>,
    column: Option<usize>,
    value: String,
    is_value: bool,
    spoken: usize,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(strings: &'a [String], formats: &'a Formats) -> Self {
        let (row, value) = (Vec::new(), String::new());
        Self { strings, formats, row, kind: Kind::Number, style: None, column: None, value, is_value: false, spoken: 0 }
    }

    /// A row, when it is complete and has something in it.
    pub(super) fn visit(&mut self, node: Node<'_>) -> Option<String> {
        match node {
            Node::Start(element) => self.start(element),
            Node::End("v" | "t") => self.is_value = false,
            Node::End("rPh") => self.spoken = self.spoken.saturating_sub(1),
            Node::End("c") => self.end_cell(),
            Node::End("row") => {
                let row = std::mem::take(&mut self.row);
                let last = row.iter().rposition(|cell| !cell.is_empty())?;
                return Some(row[..=last].join(" | "));
            }
            Node::Text(text) if self.is_value => self.value.push_str(text),
            Node::Text(_) | Node::End(_) => {}
        }
        None
    }

    fn start(&mut self, element: &Element<'_>) {
        match element.name() {
            "row" => self.row.clear(),
            "c" => {
                self.value.clear();
                self.kind = match element.attribute("t").as_deref() {
                    Some("s") => Kind::Shared,
                    Some("str" | "inlineStr" | "e" | "d") => Kind::Text,
                    Some("b") => Kind::Boolean,
                    _ => Kind::Number,
                };
                self.style = element.number("s");
                self.column = element.attribute("r").as_deref().and_then(column);
            }
            "v" | "t" => self.is_value = self.spoken == 0,
            "rPh" => self.spoken += 1,
            _ => {}
        }
    }

    fn end_cell(&mut self) {
        let value = std::mem::take(&mut self.value);
        let value = match self.kind {
            Kind::Shared => {
                value.trim().parse::<usize>().ok().and_then(|at| self.strings.get(at)).cloned().unwrap_or_default()
            }
            Kind::Boolean => if value.trim() == "1" { "TRUE" } else { "FALSE" }.to_owned(),
            Kind::Number => self.formats.shown(value.trim(), self.style),
            Kind::Text => value,
        };
        let at = self.column.unwrap_or(self.row.len());
        if at < COLUMNS {
            let length = self.row.len().max(at + 1);
            self.row.resize(length, String::new());
            self.row[at] = one_line(&value);
        } else if !value.is_empty() && self.row.len() < 2 * COLUMNS {
            self.row.push(one_line(&value));
        }
    }
}

/// A cell has no lines, and its text cannot make cells.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The number of a column, from 0: `C5` is 2.
fn column(reference: &str) -> Option<usize> {
    let letters = reference.bytes().take_while(u8::is_ascii_alphabetic);
    let number =
        letters.take(4).fold(0, |number, letter| number * 26 + usize::from(letter.to_ascii_uppercase() - b'@'));
    number.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::column;

    #[test]
    fn columns_are_counted_by_letters() {
        for (reference, number) in
            [("A1", Some(0)), ("C5", Some(2)), ("AA10", Some(26)), ("XFD1", Some(16383)), ("5", None)]
        {
            assert_eq!(column(reference), number, "{reference}");
        }
    }
}
