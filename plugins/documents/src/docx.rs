//! Word documents (.docx, ECMA-376 part 1): paragraphs with the headings and lists their styles make them, tables, notes.
//! What tracked changes deleted is left out, and what they added is in.

mod styles;

use std::ops::ControlFlow;

use steward_sdk::Failure;

use self::styles::Styles;
use crate::archive::Archive;
use crate::document::Titled;
use crate::flow::Flow;
use crate::outline::Shape;
use crate::xml::{self, Element, Node};

/// Elements of which nothing is text of the document: what was deleted or moved away, what a paragraph was before a
/// change, what is shown only where the real thing cannot be.
const SKIPPED: &[&str] = &[
    "del",
    "moveFrom",
    "Fallback",
    "tabs",
    "pPrChange",
    "rPrChange",
    "sectPrChange",
    "tblPrChange",
    "trPrChange",
    "tcPrChange",
    "numberingChange",
    "binData",
];

/// # Errors
/// It is damaged, locked or too large.
pub fn read(data: &[u8]) -> Result<Titled, Failure> {
    let archive = Archive::open(data)?;
    let styles = Styles::read(&archive)?;
    let mut body = Reading::new(&styles);
    body.part(&archive, "word/document.xml")?;
    let mut notes = Vec::new();
    for part in ["word/footnotes.xml", "word/endnotes.xml"] {
        let mut reading = Reading::new(&styles);
        reading.part(&archive, part)?;
        notes.extend(reading.flow.into_notes().into_iter().filter(|(mark, _)| body.marks.contains(mark)));
    }
    Ok((title(&archive)?, body.flow.finish(notes)))
}

/// What the author called it.
fn title(archive: &Archive<'_>) -> Result<Option<String>, Failure> {
    match archive.file("docProps/core.xml")? {
        Some(file) => xml::content_of(file, "title"),
        None => Ok(None),
    }
}

/// One part of the document while it is read.
struct Reading<'s> {
    styles: &'s Styles,
    flow: Flow,
    /// Of the paragraphs that have begun.
    shapes: Vec<Looks>,
    /// How deep within something that is skipped.
    skipped: usize,
    /// Text is read now.
    is_text: bool,
    note: Option<String>,
    /// The notes that are referred to, in order.
    marks: Vec<String>,
}

/// What a paragraph says of how it looks.
#[derive(Default)]
struct Looks {
    style: Option<String>,
    /// From 0.
    level: Option<usize>,
    list: Option<usize>,
    is_item: bool,
    is_no_item: bool,
}

impl<'s> Reading<'s> {
    fn new(styles: &'s Styles) -> Self {
        let (flow, shapes, marks) = (Flow::default(), Vec::new(), Vec::new());
        Self { styles, flow, shapes, skipped: 0, is_text: false, note: None, marks }
    }

    fn part(&mut self, archive: &Archive<'_>, name: &str) -> Result<(), Failure> {
        let Some(file) = archive.file(name)? else { return Ok(()) };
        xml::walk(file, |node| {
            match node {
                Node::Start(element) if self.skipped > 0 || SKIPPED.contains(&element.name()) => self.skipped += 1,
                Node::End(_) if self.skipped > 0 => self.skipped -= 1,
                Node::Start(element) => self.start(element),
                Node::End(name) => self.end(name),
                Node::Text(text) if self.is_text && self.skipped == 0 => self.flow.text(text),
                Node::Text(_) => {}
            }
            if self.flow.is_full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    }

    fn start(&mut self, element: &Element<'_>) {
        match element.name() {
            "p" => {
                self.flow.begin();
                self.shapes.push(Looks::default());
            }
            "t" => self.is_text = true,
            "tab" | "ptab" => self.flow.text("\t"),
            "br" | "cr" => self.flow.text("\n"),
            "noBreakHyphen" => self.flow.text("-"),
            "tbl" => self.flow.begin_table(),
            "footnoteReference" => self.refer(element, ""),
            "endnoteReference" => self.refer(element, "e"),
            "footnote" => self.begin_note(element, ""),
            "endnote" => self.begin_note(element, "e"),
            _ => self.looks(element),
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "p" => {
                let looks = self.shapes.pop().unwrap_or_default();
                self.flow.end(self.styles.shape(&looks));
            }
            "t" => self.is_text = false,
            "tc" => self.flow.end_cell(),
            "tr" => self.flow.end_row(),
            "tbl" => self.flow.end_table(),
            "footnote" | "endnote" => {
                if let Some(mark) = self.note.take() {
                    self.flow.end_note(&mark);
                }
            }
            _ => {}
        }
    }

    fn looks(&mut self, element: &Element<'_>) {
        let Some(looks) = self.shapes.last_mut() else { return };
        match element.name() {
            "pStyle" => looks.style = element.attribute("val"),
            "outlineLvl" => looks.level = element.number("val").filter(|level| *level < 9),
            "ilvl" => looks.list = element.number("val"),
            // Number 0 takes a paragraph out of the list its style would put it in.
            "numId" => {
                looks.is_no_item = element.number("val") == Some(0);
                looks.is_item = !looks.is_no_item;
            }
            _ => {}
        }
    }

    fn refer(&mut self, element: &Element<'_>, kind: &str) {
        let mark = format!("{kind}{}", element.attribute("id").unwrap_or_default());
        self.flow.text(&format!("[^{mark}]"));
        self.marks.push(mark);
    }

    /// The separators between text and notes are kept as notes too, with a type.
    fn begin_note(&mut self, element: &Element<'_>, kind: &str) {
        if element.attribute("type").is_none_or(|kind| kind == "normal") {
            self.note = element.attribute("id").map(|id| format!("{kind}{id}"));
            self.flow.begin_note();
        }
    }
}

impl Styles {
    fn shape(&self, looks: &Looks) -> Shape {
        let style = looks.style.as_deref().map(|id| self.resolved(id)).unwrap_or_default();
        if let Some(level) = looks.level.map(|level| level + 1).or(style.heading) {
            return Shape::Heading(level);
        }
        if looks.is_item || (style.is_item && !looks.is_no_item) {
            return Shape::Item(looks.list.or(style.list).unwrap_or(0));
        }
        Shape::Paragraph
    }
}
