//! Which styles of a Word document make a paragraph a heading or an item of a list. Their ids depend on the language of
//! the program that wrote it, but the names of the built-in ones do not.

use std::collections::HashMap;
use std::ops::ControlFlow;

use steward_sdk::Failure;

use crate::archive::Archive;
use crate::xml::{self, Element, Node};

/// How many styles may be based on one another (Word knows eleven).
const DEEPEST: usize = 16;

/// What a style makes of a paragraph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Style {
    /// From 1.
    pub(super) heading: Option<usize>,
    pub(super) is_item: bool,
    /// The level in a list, from 0.
    pub(super) list: Option<usize>,
    /// Which list.
    pub(super) number: Option<usize>,
}

#[derive(Debug, Default)]
struct Raw {
    own: Style,
    based_on: Option<String>,
}

/// The styles of one document, by their ids.
#[derive(Debug, Default)]
pub(super) struct Styles(HashMap<String, Raw>);

impl Styles {
    pub(super) fn read(archive: &Archive<'_>, part: &str) -> Result<Self, Failure> {
        let mut styles = Self::default();
        let Some(file) = archive.file(part)? else { return Ok(styles) };
        let mut current: Option<(String, Raw)> = None;
        xml::walk(file, |node| {
            match node {
                Node::Start(element) if element.name() == "style" => {
                    current = element.attribute("styleId").map(|id| (id, Raw::default()));
                }
                Node::Start(element) => {
                    if let Some((_, raw)) = &mut current {
                        raw.note(element);
                    }
                }
                Node::End("style") => styles.0.extend(current.take()),
                _ => {}
            }
            ControlFlow::Continue(())
        })?;
        Ok(styles)
    }

    /// A style with what it inherits.
    pub(super) fn resolved(&self, id: &str) -> Style {
        let (mut style, mut next) = (Style::default(), Some(id));
        for _ in 0..DEEPEST {
            let Some(raw) = next.and_then(|id| self.0.get(id)) else { break };
            style.heading = style.heading.or(raw.own.heading);
            style.is_item |= raw.own.is_item;
            style.list = style.list.or(raw.own.list);
            style.number = style.number.or(raw.own.number);
            next = raw.based_on.as_deref();
        }
        style
    }
}

impl Raw {
    fn note(&mut self, element: &Element<'_>) {
        match element.name() {
            "name" => {
                let name = element.attribute("val").unwrap_or_default().to_lowercase();
                self.own.heading = heading(&name);
                self.own.is_item = name.starts_with("list bullet") || name.starts_with("list number");
            }
            "basedOn" => self.based_on = element.attribute("val"),
            "outlineLvl" => {
                let level = element.number("val").filter(|level| *level < 9);
                self.own.heading = self.own.heading.or(level.map(|level| level + 1));
            }
            "numId" => {
                self.own.number = element.number("val");
                self.own.is_item = self.own.number != Some(0);
            }
            "ilvl" => self.own.list = element.number("val"),
            _ => {}
        }
    }
}

fn heading(name: &str) -> Option<usize> {
    if name == "title" {
        return Some(1);
    }
    name.strip_prefix("heading ")?.parse().ok()
}
