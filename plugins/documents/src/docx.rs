//! Word documents (.docx, ECMA-376 part 1): paragraphs with the headings and lists their styles make them, tables, links,
//! notes and comments, headers and footers. What tracked changes deleted is left out, and what they added is in.

mod fields;
mod numbering;
mod styles;
mod ticks;

use std::ops::ControlFlow;

use steward_sdk::Failure;

use self::fields::Fields;
use self::numbering::Numbering;
use self::styles::Styles;
use crate::archive::Archive;
use crate::document::Titled;
use crate::flow::Flow;
use crate::outline::Shape;
use crate::package::{self, Relations};
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

/// The parts that hold what stands behind a mark in the text: the kind of their relation, and their usual name.
const NOTES: [(&str, &str); 3] =
    [("footnotes", "word/footnotes.xml"), ("endnotes", "word/endnotes.xml"), ("comments", "word/comments.xml")];

/// # Errors
/// It is damaged, locked or too large.
pub fn read(data: &[u8]) -> Result<Titled, Failure> {
    let archive = Archive::open(data)?;
    let main = package::main_part(&archive)?.unwrap_or_else(|| "word/document.xml".to_owned());
    let relations = Relations::read(&archive, &main)?;
    let looks = Looking {
        styles: Styles::read(&archive, &relations.part("styles", "word/styles.xml"))?,
        numbering: Numbering::read(&archive, &relations.part("numbering", "word/numbering.xml"))?,
    };
    let mut body = Reading::new(&looks, relations.clone());
    body.part(&archive, &main)?;
    let mut notes = Vec::new();
    for (kind, usual) in NOTES {
        let part = relations.part(kind, usual);
        let mut reading = Reading::new(&looks, Relations::read(&archive, &part)?);
        reading.part(&archive, &part)?;
        notes.extend(reading.flow.into_notes().into_iter().filter(|(mark, _)| body.marks.contains(mark)));
    }
    let text = body.flow.finish(notes);
    let header = margins(&archive, &looks, &relations, "header")?;
    let footer = margins(&archive, &looks, &relations, "footer")?;
    Ok((title(&archive)?, text.framed(&header, &footer)))
}

/// What stands above or below each page: the same is often kept once for first, odd and even pages.
fn margins(archive: &Archive<'_>, looks: &Looking, relations: &Relations, kind: &str) -> Result<String, Failure> {
    let mut texts: Vec<String> = Vec::new();
    for part in relations.parts(kind) {
        let mut reading = Reading::new(looks, Relations::read(archive, part)?);
        reading.part(archive, part)?;
        let text = reading.flow.finish([]).text;
        if !text.is_empty() && !texts.contains(&text) {
            texts.push(text);
        }
    }
    Ok(texts.join("\n"))
}

/// What makes paragraphs look as they do.
struct Looking {
    styles: Styles,
    numbering: Numbering,
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
    looks: &'s Looking,
    relations: Relations,
    fields: Fields,
    flow: Flow,
    /// Of the paragraphs that have begun.
    shapes: Vec<Looks>,
    /// How deep within something that is skipped.
    skipped: usize,
    /// Text is read now.
    is_text: bool,
    /// The instruction of a field is read now.
    is_instruction: bool,
    /// A box to be ticked was told, and whether it is.
    ticked: Option<bool>,
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
    number: Option<usize>,
    is_item: bool,
    is_no_item: bool,
}

impl<'s> Reading<'s> {
    fn new(looks: &'s Looking, relations: Relations) -> Self {
        Self {
            looks,
            relations,
            fields: Fields::default(),
            flow: Flow::default(),
            shapes: Vec::new(),
            skipped: 0,
            is_text: false,
            is_instruction: false,
            ticked: None,
            note: None,
            marks: Vec::new(),
        }
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
                Node::Text(text) if self.is_instruction && self.skipped == 0 => self.fields.instruction(text),
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
            "instrText" => self.is_instruction = true,
            "hyperlink" => {
                let relation = element.attribute("id").and_then(|id| self.relations.get(&id));
                let target = relation.filter(|relation| relation.is_external).map(|relation| relation.target.clone());
                self.flow.begin_link(target);
            }
            "fldSimple" => self.flow.begin_link(element.attribute("instr").as_deref().and_then(fields::address)),
            "fldChar" => self.fields.mark(element, &mut self.flow),
            "sym" | "checkbox" | "checkBox" | "default" | "checked" | "sdtContent" => self.tick(element),
            "tab" | "ptab" => self.flow.text("\t"),
            "br" | "cr" => self.flow.text("\n"),
            "noBreakHyphen" => self.flow.text("-"),
            "tbl" => self.flow.begin_table(),
            "footnoteReference" => self.refer(element, ""),
            "endnoteReference" => self.refer(element, "e"),
            "commentReference" => self.refer(element, "c"),
            "footnote" => self.begin_note(element, "", ""),
            "endnote" => self.begin_note(element, "e", ""),
            "comment" => {
                let author = element.attribute("author").unwrap_or_default();
                self.begin_note(element, "c", &format!("Comment by {author}:"));
            }
            _ => self.looks(element),
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "p" => {
                let looks = self.shapes.pop().unwrap_or_default();
                let (shape, tick) = self.looks.shape(&looks);
                if let Some(tick) = tick {
                    self.flow.put_first(&format!("{tick} "));
                }
                self.flow.end(shape);
            }
            "t" => self.is_text = false,
            "instrText" => self.is_instruction = false,
            "hyperlink" | "fldSimple" => self.flow.end_link(),
            // The box of a form of old.
            "checkBox" => self.write_tick(),
            "tc" => self.flow.end_cell(),
            "tr" => self.flow.end_row(),
            "tbl" => self.flow.end_table(),
            "footnote" | "endnote" | "comment" => {
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
                looks.number = element.number("val");
                looks.is_no_item = looks.number == Some(0);
                looks.is_item = !looks.is_no_item;
            }
            _ => {}
        }
    }

    /// Boxes to be ticked: content controls, whose sign is put by what they say, forms of old, and signs of fonts.
    fn tick(&mut self, element: &Element<'_>) {
        let is_on = || !matches!(element.attribute("val").as_deref(), Some("0" | "false" | "off"));
        match element.name() {
            "sym" => {
                let (font, code) = (element.attribute("font"), element.attribute("char"));
                let sign = font.zip(code).and_then(|(font, code)| ticks::sign(&font, &code));
                self.flow.text(sign.unwrap_or_default());
            }
            "checkbox" | "checkBox" => self.ticked = Some(false),
            "default" | "checked" if self.ticked.is_some() => self.ticked = Some(is_on()),
            "sdtContent" if self.ticked.is_some() && !self.shapes.is_empty() => {
                self.write_tick();
                self.skipped += 1;
            }
            _ => {}
        }
    }

    fn write_tick(&mut self) {
        if let Some(ticked) = self.ticked.take() {
            self.flow.text(if ticked { ticks::DONE } else { ticks::OPEN });
        }
    }

    fn refer(&mut self, element: &Element<'_>, kind: &str) {
        let mark = format!("{kind}{}", element.attribute("id").unwrap_or_default());
        self.flow.text(&format!("[^{mark}]"));
        self.marks.push(mark);
    }

    /// The separators between text and notes are kept as notes too, with a type.
    fn begin_note(&mut self, element: &Element<'_>, kind: &str, opening: &str) {
        if element.attribute("type").is_none_or(|kind| kind == "normal") {
            self.note = element.attribute("id").map(|id| format!("{kind}{id}"));
            self.flow.begin_note(opening);
        }
    }
}

impl Looking {
    /// What a paragraph is, and for an item the box or tick before it.
    fn shape(&self, looks: &Looks) -> (Shape, Option<&'static str>) {
        let style = looks.style.as_deref().map(|id| self.styles.resolved(id)).unwrap_or_default();
        if let Some(level) = looks.level.map(|level| level + 1).or(style.heading) {
            return (Shape::Heading(level), None);
        }
        if looks.is_item || (style.is_item && !looks.is_no_item) {
            let level = looks.list.or(style.list).unwrap_or(0);
            return (Shape::Item(level), self.numbering.tick(looks.number.or(style.number), level));
        }
        (Shape::Paragraph, None)
    }
}
