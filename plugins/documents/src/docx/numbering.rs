//! Lists of a Word document whose bullets are boxes and ticks: those say whether an item is done.

use std::collections::HashMap;
use std::ops::ControlFlow;

use steward_sdk::Failure;

use super::ticks;
use crate::archive::Archive;
use crate::xml::{self, Node};

/// How a list's bullets look, by the number of the list and the level from 0.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    /// Of a list: which definition it follows.
    lists: HashMap<usize, usize>,
    ticks: HashMap<(usize, usize), &'static str>,
}

/// A level of a definition while it is read.
#[derive(Default)]
struct Level {
    definition: usize,
    level: usize,
    text: String,
    font: String,
}

impl Numbering {
    pub(super) fn read(archive: &Archive<'_>, part: &str) -> Result<Self, Failure> {
        let mut numbering = Self::default();
        let Some(file) = archive.file(part)? else { return Ok(numbering) };
        let (mut current, mut list) = (Level::default(), None);
        xml::walk(file, |node| {
            match node {
                Node::Start(element) => match element.name() {
                    "abstractNum" => current.definition = element.number("abstractNumId").unwrap_or_default(),
                    "lvl" => {
                        current = Level {
                            definition: current.definition,
                            level: element.number("ilvl").unwrap_or_default(),
                            ..Level::default()
                        };
                    }
                    "lvlText" => current.text = element.attribute("val").unwrap_or_default(),
                    "rFonts" => current.font = element.attribute("ascii").unwrap_or_default(),
                    "num" => list = element.number("numId"),
                    "abstractNumId" => numbering.lists.extend(list.zip(element.number("val"))),
                    _ => {}
                },
                Node::End("lvl") => {
                    if let Some(tick) = ticks::bullet(&current.text, &current.font) {
                        numbering.ticks.insert((current.definition, current.level), tick);
                    }
                }
                _ => {}
            }
            ControlFlow::Continue(())
        })?;
        Ok(numbering)
    }

    /// What stands before the items of that level, where it is a box or a tick.
    pub(super) fn tick(&self, list: Option<usize>, level: usize) -> Option<&'static str> {
        let definition = self.lists.get(&list?)?;
        self.ticks.get(&(*definition, level)).copied()
    }
}
