//! Tables as text (.csv, .tsv; RFC 4180 and what spreadsheets make of it): a row a line. What separates the cells is told
//! by the first lines, for it depends on the country of the program that wrote it.

use steward_sdk::Failure;

use crate::document::Text;
use crate::outline::{Outline, Shape};
use crate::plain;

/// What may stand between two cells, the likeliest first.
const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];

/// How many characters are looked at for what separates cells.
const LOOKED_AT: usize = 64 << 10;

/// # Errors
/// It is too large, or no text.
pub fn read(data: Vec<u8>) -> Result<Text, Failure> {
    let Text { text, cut } = plain::read(data)?;
    // Spreadsheets write it on top themselves.
    let (said, text) = match text.split_once('\n') {
        Some((first, rest)) if first.to_ascii_lowercase().starts_with("sep=") => (first.chars().nth(4), rest),
        _ => (None, text.as_str()),
    };
    let separator = said.unwrap_or_else(|| separator(text));
    let mut outline = Outline::default();
    let rows = Rows { rest: text, separator };
    for row in rows {
        outline.add(Shape::Row, &row.join(" | "));
    }
    let read = outline.finish();
    Ok(Text { cut: cut || read.cut, ..read })
}

/// The sign that cuts most of the first rows into the same number of cells.
fn separator(text: &str) -> char {
    let start = &text[..text.floor_char_boundary(LOOKED_AT)];
    let score = |separator: char| {
        let counts: Vec<usize> = Rows { rest: start, separator }.take(50).map(|row| row.len()).collect();
        let first = counts.first().copied().unwrap_or(1);
        if first < 2 {
            0
        } else {
            counts.iter().filter(|count| **count == first).count() * 100 / counts.len() + first.min(20)
        }
    };
    let best = SEPARATORS.into_iter().rev().max_by_key(|separator| score(*separator));
    best.unwrap_or(',')
}

/// The rows of a table, each as its cells.
struct Rows<'a> {
    rest: &'a str,
    separator: char,
}

impl Iterator for Rows<'_> {
    type Item = Vec<String>;

    fn next(&mut self) -> Option<Vec<String>> {
        if self.rest.is_empty() {
            return None;
        }
        let mut cells = Vec::new();
        loop {
            let (cell, ends_row) = self.cell();
            cells.push(cell.split_whitespace().collect::<Vec<_>>().join(" "));
            if ends_row {
                return Some(cells);
            }
        }
    }
}

impl Rows<'_> {
    /// The next cell, and whether it is the last of its row. A quote within quotes is doubled; where the last one is
    /// missing, the cell goes to the end.
    fn cell(&mut self) -> (String, bool) {
        let mut cell = String::new();
        let mut quoted = false;
        let mut letters = self.rest.char_indices().peekable();
        while let Some((at, c)) = letters.next() {
            match c {
                '"' if quoted && letters.peek().is_some_and(|(_, next)| *next == '"') => {
                    letters.next();
                    cell.push('"');
                }
                '"' if quoted => quoted = false,
                '"' if cell.trim().is_empty() => quoted = true,
                '\n' if !quoted => {
                    self.rest = &self.rest[at + 1..];
                    return (cell, true);
                }
                c if c == self.separator && !quoted => {
                    self.rest = &self.rest[at + c.len_utf8()..];
                    // A separator at the very end is followed by an empty cell.
                    return (cell, false);
                }
                c => cell.push(c),
            }
        }
        self.rest = "";
        (cell, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        read(text.as_bytes().to_vec()).unwrap().text
    }

    #[test]
    fn rows_are_read_whatever_separates_their_cells() {
        for text in [
            "name,price\nмолоко,90\n",
            "name;price\r\nмолоко;90\r\n",
            "name\tprice\nмолоко\t90",
            "sep=|\nname|price\nмолоко|90",
        ] {
            assert_eq!(check(text), "name | price\nмолоко | 90", "{text:?}");
        }
        assert_eq!(check("a;b\n1,5;2,5\n3,5;4,5"), "a | b\n1,5 | 2,5\n3,5 | 4,5");
    }

    #[test]
    fn quotes_hold_separators_lines_and_quotes() {
        assert_eq!(
            check("a,b\n\"x, y\",\"two\nlines\"\n\"say \"\"hi\"\"\",5\" nail\n"),
            "a | b\nx, y | two lines\nsay \"hi\" | 5\" nail"
        );
        assert_eq!(check("a,b,\n\"never closed,1\n2"), "a | b |\nnever closed,1 2");
        assert_eq!(check(""), "");
    }
}
