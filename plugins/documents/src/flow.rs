//! The flow of a word processor's document: paragraphs that may hold others (text boxes, notes), and tables that may hold
//! tables. What .docx and .odt have in common beneath their different names.

use crate::document::Text;
use crate::outline::{Outline, Shape};

/// A document that is being read.
#[derive(Debug, Default)]
pub struct Flow {
    outline: Outline,
    /// The paragraphs that have begun and not ended, the innermost last.
    open: Vec<String>,
    tables: Vec<Table>,
    /// Where the paragraphs of a note go while it is read.
    note: Option<String>,
    notes: Vec<(String, String)>,
    /// Where the links that have begun lead, the innermost last.
    links: Vec<Option<String>>,
}

#[derive(Debug, Default)]
struct Table {
    /// The cells of the row so far.
    cells: Vec<String>,
    cell: String,
}

impl Flow {
    pub fn begin(&mut self) {
        self.open.push(String::new());
    }

    /// Adds to the paragraph that is open; where none is, it is no text.
    pub fn text(&mut self, text: &str) {
        if let Some(open) = self.open.last_mut() {
            open.push_str(text);
        }
    }

    /// Puts something before the text of the paragraph that is open.
    pub fn put_first(&mut self, text: &str) {
        if let Some(open) = self.open.last_mut() {
            open.insert_str(0, text);
        }
    }

    pub fn end(&mut self, shape: Shape) {
        let Some(text) = self.open.pop() else { return };
        if let Some(note) = &mut self.note {
            join(note, &text);
        } else if let Some(table) = self.tables.last_mut() {
            join(&mut table.cell, &text);
        } else {
            self.outline.add(shape, &text);
        }
    }

    /// A link begins, to an address outside of the document if there is one.
    pub fn begin_link(&mut self, target: Option<String>) {
        if target.is_some() {
            self.text("[");
        }
        self.links.push(target);
    }

    pub fn end_link(&mut self) {
        if let Some(target) = self.links.pop().flatten() {
            let target = target.replace('(', "%28").replace(')', "%29");
            self.text(&format!("]({})", target.split_whitespace().collect::<Vec<_>>().join("%20")));
        }
    }

    pub fn begin_table(&mut self) {
        self.tables.push(Table::default());
    }

    pub fn end_cell(&mut self) {
        if let Some(table) = self.tables.last_mut() {
            let cell = std::mem::take(&mut table.cell);
            table.cells.push(cell.trim().to_owned());
        }
    }

    pub fn end_row(&mut self) {
        let Some(table) = self.tables.last_mut() else { return };
        let cells = std::mem::take(&mut table.cells);
        if cells.iter().all(String::is_empty) {
            return;
        }
        let row = cells.join(" | ");
        match self.tables.len() {
            0 | 1 => self.outline.add(Shape::Row, row.trim_end()),
            // A table within a cell is told there, row by row.
            inner => join(&mut self.tables[inner - 2].cell, &row),
        }
    }

    pub fn end_table(&mut self) {
        self.tables.pop();
        if self.tables.is_empty() {
            self.outline.end_table();
        }
    }

    /// A note begins, with this before its text.
    pub fn begin_note(&mut self, opening: &str) {
        self.note = Some(opening.to_owned());
    }

    /// The note that ends is kept under its mark, for the end of the text.
    pub fn end_note(&mut self, mark: &str) {
        if let Some(text) = self.note.take()
            && !text.is_empty()
        {
            self.notes.push((mark.to_owned(), text));
        }
    }

    pub fn is_full(&self) -> bool {
        self.outline.is_full()
    }

    /// The notes read so far, by their marks.
    pub fn into_notes(self) -> Vec<(String, String)> {
        self.notes
    }

    /// All the text, with these notes and its own at the end.
    pub fn finish(mut self, notes: impl IntoIterator<Item = (String, String)>) -> Text {
        for (mark, note) in self.notes.into_iter().chain(notes) {
            self.outline.add(Shape::Paragraph, &format!("[^{mark}]: {note}"));
        }
        self.outline.finish()
    }
}

/// Within a cell or a note there are no lines.
fn join(to: &mut String, text: &str) {
    for word in text.split_whitespace() {
        if !to.is_empty() {
            to.push(' ');
        }
        to.push_str(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(flow: &mut Flow, text: &str) {
        flow.begin();
        flow.text(text);
        flow.end(Shape::Paragraph);
        flow.end_cell();
    }

    #[test]
    fn tables_hold_tables_and_notes_come_last() {
        let mut flow = Flow::default();
        flow.begin();
        flow.text("Before[^1]");
        flow.begin_note("");
        flow.begin();
        flow.text("a\nnote");
        flow.end(Shape::Paragraph);
        flow.end_note("1");
        flow.end(Shape::Heading(1));
        flow.begin_table();
        cell(&mut flow, "x");
        flow.begin_table();
        cell(&mut flow, "1");
        cell(&mut flow, "2");
        flow.end_row();
        flow.end_table();
        cell(&mut flow, "after");
        flow.end_row();
        flow.end_table();
        assert_eq!(flow.finish([]).text, "# Before[^1]\n\nx | 1 | 2 after\n\n[^1]: a note");
    }
}
