//! Spreadsheets (.xlsx, ECMA-376 part 1, SpreadsheetML): each sheet under its name, a row a line, with the values that
//! were computed when it was saved. Formulas are not computed here, and what is hidden is told as such.

mod cells;
mod dates;

use std::ops::ControlFlow;

use steward_sdk::Failure;

use self::cells::Sheet;
use self::dates::Formats;
use crate::archive::Archive;
use crate::document::Titled;
use crate::outline::{MOST, Outline, Shape};
use crate::package::{self, Relations};
use crate::xml::{self, Node};

/// The most sheets that are read.
const SHEETS: usize = 200;

/// A sheet as the workbook lists it.
struct Listed {
    name: String,
    relation: String,
    is_hidden: bool,
}

/// What the workbook says.
#[derive(Default)]
struct Workbook {
    sheets: Vec<Listed>,
    /// Days are counted from 1904 instead of 1900.
    from_1904: bool,
}

/// # Errors
/// It is damaged, locked or too large.
pub fn read(data: &[u8]) -> Result<Titled, Failure> {
    let archive = Archive::open(data)?;
    let main = package::main_part(&archive)?.unwrap_or_else(|| "xl/workbook.xml".to_owned());
    let relations = Relations::read(&archive, &main)?;
    let workbook = Workbook::read(&archive, &main)?;
    let strings = strings(&archive, &relations.part("sharedStrings", "xl/sharedStrings.xml"))?;
    let formats = Formats::read(&archive, &relations.part("styles", "xl/styles.xml"), workbook.from_1904)?;
    let mut outline = Outline::default();
    for listed in workbook.sheets.iter().take(SHEETS) {
        let Some(part) = relations.get(&listed.relation) else { continue };
        let Some(file) = archive.file(&part.target)? else { continue };
        let hidden = if listed.is_hidden { " (hidden)" } else { "" };
        outline.add(Shape::Heading(2), &format!("{}{hidden}", listed.name));
        let mut sheet = Sheet::new(&strings, &formats);
        xml::walk(file, |node| {
            if let Some(row) = sheet.visit(node) {
                outline.add(Shape::Row, &row);
            }
            if outline.is_full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        outline.end_table();
    }
    Ok((title(&archive)?, outline.finish()))
}

/// What the author called it.
fn title(archive: &Archive<'_>) -> Result<Option<String>, Failure> {
    match archive.file("docProps/core.xml")? {
        Some(file) => xml::content_of(file, "title"),
        None => Ok(None),
    }
}

impl Workbook {
    fn read(archive: &Archive<'_>, part: &str) -> Result<Self, Failure> {
        let Some(file) = archive.file(part)? else {
            return Err(Failure::failed("has no workbook: it is incomplete and has to be sent again"));
        };
        let mut workbook = Self::default();
        xml::walk(file, |node| {
            if let Node::Start(element) = node {
                match element.name() {
                    "sheet" => workbook.sheets.push(Listed {
                        name: element.attribute("name").unwrap_or_default(),
                        relation: element.attribute("id").unwrap_or_default(),
                        is_hidden: element.attribute("state").is_some_and(|state| state != "visible"),
                    }),
                    "workbookPr" => {
                        workbook.from_1904 = matches!(element.attribute("date1904").as_deref(), Some("1" | "true"));
                    }
                    _ => {}
                }
            }
            ControlFlow::Continue(())
        })?;
        Ok(workbook)
    }
}

/// The texts that cells refer to by number, as much of them as is kept of a document.
fn strings(archive: &Archive<'_>, part: &str) -> Result<Vec<String>, Failure> {
    let Some(file) = archive.file(part)? else { return Ok(Vec::new()) };
    let (mut strings, mut kept) = (Vec::new(), 0);
    let (mut current, mut is_text, mut spoken) = (String::new(), false, 0_usize);
    xml::walk(file, |node| {
        match node {
            Node::Start(element) => match element.name() {
                "t" => is_text = spoken == 0,
                // How the letters before it are pronounced.
                "rPh" => spoken += 1,
                _ => {}
            },
            Node::End("t") => is_text = false,
            Node::End("rPh") => spoken = spoken.saturating_sub(1),
            Node::End("si") => {
                kept += current.len();
                strings.push(std::mem::take(&mut current));
            }
            Node::Text(text) if is_text => current.push_str(text),
            Node::Text(_) | Node::End(_) => {}
        }
        if kept > 2 * MOST { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(strings)
}
