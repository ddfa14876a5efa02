//! Source code of any language: lines, with a good place to cut before what begins in the first column after a blank
//! line, for that is where a function, a class or a section begins in nearly all of them.

use std::rc::Rc;

use super::unit::{Boundary, Unit};

pub(super) fn units(text: &str) -> Vec<Unit> {
    let heading: Rc<str> = Rc::from("");
    let mut units = Vec::new();
    let (mut at, mut after_blank) = (0, true);
    for line in text.split_inclusive('\n') {
        let blank = line.trim().is_empty();
        let indented = line.starts_with([' ', '\t']);
        let boundary = match (after_blank && !blank, indented) {
            (true, false) if !closes(line) => Boundary::Section,
            (true, _) => Boundary::Paragraph,
            (false, _) => Boundary::Within,
        };
        units.push(Unit { from: at, to: at + line.len(), boundary, heading: Rc::clone(&heading), is_heading: false });
        at += line.len();
        after_blank = blank;
    }
    merged(text, units)
}

fn closes(line: &str) -> bool {
    line.starts_with(['}', ')', ']']) || line.trim() == "end"
}

/// Small things next to each other, such as imports and constants, are one section up to a size.
fn merged(text: &str, mut units: Vec<Unit>) -> Vec<Unit> {
    const SMALL: usize = 60;
    let starts: Vec<_> =
        (0..units.len()).filter(|&at| units[at].boundary == Boundary::Section).chain([units.len()]).collect();
    let mut before = usize::MAX;
    for pair in starts.windows(2) {
        let (from, to) = (units[pair[0]].from, units[pair[1] - 1].to);
        let length = text[from..to].trim().len();
        if before.saturating_add(length) <= SMALL {
            units[pair[0]].boundary = Boundary::Paragraph;
            before += length;
        } else {
            before = length;
        }
    }
    units
}
