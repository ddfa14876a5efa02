//! OpenDocument texts (.odt, OASIS ODF 1.3 part 3): headings, paragraphs, lists, tables, notes. What tracked changes
//! deleted is kept in a place of its own, which is not read.

use std::ops::ControlFlow;

use steward_sdk::Failure;

use crate::archive::Archive;
use crate::document::Titled;
use crate::flow::Flow;
use crate::outline::Shape;
use crate::xml::{self, Element, Node};

/// Elements of which nothing is text of the document.
const SKIPPED: &[&str] = &[
    "tracked-changes",
    "annotation",
    "note-citation",
    "ruby-text",
    "forms",
    "desc",
    "title",
    "automatic-styles",
    "sequence-decls",
    "binary-data",
    "script",
];

/// The most blanks one element may stand for.
const MOST_BLANKS: usize = 100;

/// # Errors
/// It is damaged, locked or too large.
pub fn read(data: &[u8]) -> Result<Titled, Failure> {
    let archive = Archive::open(data)?;
    if is_locked(&archive)? {
        return Err(Failure::failed("is locked by a password: ask for a version without one"));
    }
    let Some(file) = archive.file("content.xml")? else {
        return Err(Failure::failed("has no content.xml: it is incomplete and has to be sent anew"));
    };
    let mut reading = Reading::default();
    xml::walk(file, |node| reading.visit(node))?;
    Ok((title(&archive)?, reading.flow.finish([])))
}

fn is_locked(archive: &Archive<'_>) -> Result<bool, Failure> {
    let Some(file) = archive.file("META-INF/manifest.xml")? else { return Ok(false) };
    let mut locked = false;
    xml::walk(file, |node| {
        locked |= matches!(node, Node::Start(element) if element.name() == "encryption-data");
        ControlFlow::Continue(())
    })?;
    Ok(locked)
}

/// What the author called it.
fn title(archive: &Archive<'_>) -> Result<Option<String>, Failure> {
    match archive.file("meta.xml")? {
        Some(file) => xml::content_of(file, "title"),
        None => Ok(None),
    }
}

#[derive(Default)]
struct Reading {
    flow: Flow,
    shapes: Vec<Shape>,
    lists: usize,
    notes: usize,
    skipped: usize,
}

impl Reading {
    fn visit(&mut self, node: Node<'_>) -> ControlFlow<()> {
        match node {
            Node::Start(element) if self.skipped > 0 || SKIPPED.contains(&element.name()) => self.skipped += 1,
            Node::End(_) if self.skipped > 0 => self.skipped -= 1,
            Node::Start(element) => self.start(element),
            Node::End(name) => self.end(name),
            Node::Text(text) if self.skipped == 0 => self.text(text),
            Node::Text(_) => {}
        }
        if self.flow.is_full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn start(&mut self, element: &Element<'_>) {
        match element.name() {
            "h" => self.begin(Shape::Heading(element.number("outline-level").unwrap_or(1))),
            "p" => self.begin(match self.lists {
                0 => Shape::Paragraph,
                lists => Shape::Item(lists - 1),
            }),
            "list" => self.lists += 1,
            "table" => self.flow.begin_table(),
            "s" => self.flow.text(&" ".repeat(element.number("c").unwrap_or(1).min(MOST_BLANKS))),
            "tab" => self.flow.text("\t"),
            "line-break" => self.flow.text("\n"),
            "note-body" => {
                self.notes += 1;
                let mark = format!("[^{}]", self.notes);
                self.flow.text(&mark);
                self.flow.begin_note();
            }
            _ => {}
        }
    }

    fn begin(&mut self, shape: Shape) {
        self.flow.begin();
        self.shapes.push(shape);
    }

    fn end(&mut self, name: &str) {
        match name {
            "h" | "p" => {
                let shape = self.shapes.pop().unwrap_or(Shape::Paragraph);
                self.flow.end(shape);
            }
            "list" => self.lists = self.lists.saturating_sub(1),
            "table-cell" | "covered-table-cell" => self.flow.end_cell(),
            "table-row" => self.flow.end_row(),
            "table" => self.flow.end_table(),
            "note-body" => self.flow.end_note(&self.notes.to_string()),
            _ => {}
        }
    }

    /// Blanks in a row are one (ODF 1.3 part 3, 6.1.2): the others are written as elements.
    fn text(&mut self, text: &str) {
        let mut collapsed = String::with_capacity(text.len());
        for c in text.chars() {
            let c = if c.is_ascii_whitespace() { ' ' } else { c };
            if !(c == ' ' && collapsed.ends_with(' ')) {
                collapsed.push(c);
            }
        }
        self.flow.text(&collapsed);
    }
}
