//! OpenDocument texts (.odt, OASIS ODF 1.3 part 3): headings, paragraphs, lists, tables, links, notes and comments,
//! headers and footers. What tracked changes deleted is kept in a place of its own, which is not read.

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
    "date",
    "date-string",
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
        return Err(Failure::failed("has no content.xml: it is incomplete and has to be sent again"));
    };
    let mut reading = Reading::default();
    xml::walk(file, |node| reading.visit(node))?;
    let text = reading.flow.finish([]);
    Ok((title(&archive)?, text.framed(&margins(&archive, "header")?, &margins(&archive, "footer")?)))
}

/// What stands above or below each page, in the styles of the pages.
fn margins(archive: &Archive<'_>, kind: &str) -> Result<String, Failure> {
    let Some(file) = archive.file("styles.xml")? else { return Ok(String::new()) };
    let mut texts: Vec<String> = Vec::new();
    let mut reading: Option<Reading> = None;
    xml::walk(file, |node| {
        match (&node, &mut reading) {
            (Node::Start(element), None) if is_margin(element.name(), kind) => reading = Some(Reading::default()),
            (Node::End(name), Some(_)) if is_margin(name, kind) => {
                let text = reading.take().map(|reading| reading.flow.finish([]).text).unwrap_or_default();
                if !text.is_empty() && !texts.contains(&text) {
                    texts.push(text);
                }
            }
            (_, Some(reading)) => return reading.visit(node),
            (_, None) => {}
        }
        ControlFlow::Continue(())
    })?;
    Ok(texts.join("\n"))
}

/// `header`, `header-left`, `header-first`.
fn is_margin(name: &str, kind: &str) -> bool {
    name.strip_prefix(kind).is_some_and(|rest| matches!(rest, "" | "-left" | "-first"))
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
    /// The author of a comment is read now.
    is_author: bool,
    author: String,
    in_comment: bool,
}

impl Reading {
    fn visit(&mut self, node: Node<'_>) -> ControlFlow<()> {
        match node {
            Node::Start(element) if self.skipped > 0 || SKIPPED.contains(&element.name()) => self.skipped += 1,
            Node::End(_) if self.skipped > 0 => self.skipped -= 1,
            Node::Start(element) => self.start(element),
            Node::End(name) => self.end(name),
            Node::Text(text) if self.is_author => self.author.push_str(text),
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
            "note-body" => self.begin_note(""),
            "annotation" => {
                self.in_comment = true;
                self.author.clear();
                self.begin_note("");
            }
            "creator" if self.in_comment => self.is_author = true,
            "a" => self.flow.begin_link(element.attribute("href").filter(|href| !href.starts_with('#'))),
            _ => {}
        }
    }

    fn begin_note(&mut self, opening: &str) {
        self.notes += 1;
        let mark = format!("[^{}]", self.notes);
        self.flow.text(&mark);
        self.flow.begin_note(opening);
    }

    /// The author of a comment is known: it is what its text begins with.
    fn end_author(&mut self) {
        self.is_author = false;
        let opening = format!("Comment by {}:", self.author.trim());
        self.flow.begin_note(&opening);
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
            "annotation" => {
                self.in_comment = false;
                self.flow.end_note(&self.notes.to_string());
            }
            "creator" if self.is_author => self.end_author(),
            "a" => self.flow.end_link(),
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
