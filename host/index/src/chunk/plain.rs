//! Text without a separate form: paragraphs parted by blank lines, and pages as documents are read.

use std::rc::Rc;

use super::unit::{Boundary, Unit, sentences};

pub(super) fn units(text: &str) -> Vec<Unit> {
    let mut heading: Rc<str> = Rc::from("");
    let mut units = Vec::new();
    let mut boundary = Boundary::Section;
    let (mut at, mut paragraph) = (0, None);
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        let page = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).filter(|page| is_page(page));
        if trimmed.is_empty() || page.is_some() {
            if let Some(from) = paragraph.take() {
                units.extend(sentences(&text[from..at], from, boundary, &heading));
                boundary = Boundary::Paragraph;
            }
            if let Some(page) = page {
                heading = page.into();
                boundary = Boundary::Section;
            }
        } else if paragraph.is_none() {
            paragraph = Some(at);
        }
        at += line.len();
    }
    if let Some(from) = paragraph {
        units.extend(sentences(&text[from..], from, boundary, &heading));
    }
    units
}

fn is_page(text: &str) -> bool {
    text.strip_prefix("page ")
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_sections_with_their_number() {
        let text = "[page 1]\nFirst.\n\n[page 2]\nSecond.\n";
        let read: Vec<_> =
            units(text).into_iter().map(|unit| (unit.heading.to_string(), unit.of(text).trim().to_owned())).collect();
        assert_eq!(read, [("page 1".to_owned(), "First.".to_owned()), ("page 2".to_owned(), "Second.".to_owned())]);
    }
}
