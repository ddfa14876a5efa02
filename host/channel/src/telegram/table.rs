//! A table of Markdown laid out in columns of equal width, for a font where all characters are equally wide.

use pulldown_cmark::Alignment;
use unicode_width::UnicodeWidthStr;

/// No column is padded to more than this; a longer cell sticks out of its own line alone.
const MAX_WIDTH: usize = 48;

#[derive(Default)]
pub(crate) struct Table {
    alignments: Vec<Alignment>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(alignments: Vec<Alignment>) -> Self {
        Self { alignments, rows: Vec::new() }
    }

    pub(crate) fn start_row(&mut self) {
        self.rows.push(Vec::new());
    }

    pub(crate) fn start_cell(&mut self) {
        if let Some(row) = self.rows.last_mut() {
            row.push(String::new());
        }
    }

    pub(crate) fn text(&mut self, text: &str) {
        if let Some(cell) = self.rows.last_mut().and_then(|row| row.last_mut()) {
            cell.extend(text.chars().map(|c| if c.is_control() { ' ' } else { c }));
        }
    }

    /// The rows, a line each, with a line below the head.
    pub(crate) fn layout(&self) -> String {
        let widths = self.widths();
        let mut lines: Vec<String> = self.rows.iter().map(|row| self.line(row, &widths)).collect();
        if lines.len() > 1 {
            let rule: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
            lines.insert(1, rule.join("─┼─"));
        }
        lines.join("\n")
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.trim().width()).max().unwrap_or(0).clamp(1, MAX_WIDTH)
        };
        (0..columns).map(width).collect()
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let cells: Vec<String> = row
            .iter()
            .zip(widths)
            .enumerate()
            .map(|(column, (cell, width))| pad(cell.trim(), *width, self.alignments.get(column).copied()))
            .collect();
        cells.join(" │ ").trim_end().to_owned()
    }
}

fn pad(cell: &str, width: usize, alignment: Option<Alignment>) -> String {
    let free = width.saturating_sub(cell.width());
    let left = match alignment {
        Some(Alignment::Right) => free,
        Some(Alignment::Center) => free / 2,
        _ => 0,
    };
    format!("{}{cell}{}", " ".repeat(left), " ".repeat(free - left))
}
