//! Fields of a Word document, of which the links are told: what a field is to show comes before what it shows.

use crate::flow::Flow;
use crate::xml::Element;

/// The longest instruction that is kept, in bytes.
const LONGEST: usize = 4096;

/// The fields that have begun where a part is read, the innermost last.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<Field>);

#[derive(Debug, Default)]
struct Field {
    instruction: String,
    /// What it shows has begun.
    shows: bool,
}

impl Fields {
    /// A field begins, comes to what it shows, or ends.
    pub(super) fn mark(&mut self, element: &Element<'_>, flow: &mut Flow) {
        match element.attribute("fldCharType").as_deref() {
            Some("begin") => self.0.push(Field::default()),
            Some("separate") => {
                if let Some(field) = self.0.last_mut().filter(|field| !field.shows) {
                    field.shows = true;
                    flow.begin_link(address(&field.instruction));
                }
            }
            Some("end") if self.0.pop().is_some_and(|field| field.shows) => flow.end_link(),
            _ => {}
        }
    }

    /// A piece of an instruction.
    pub(super) fn instruction(&mut self, text: &str) {
        if let Some(field) = self.0.last_mut().filter(|field| !field.shows && field.instruction.len() < LONGEST) {
            field.instruction.push_str(text);
        }
    }
}

/// The address in `HYPERLINK "https://example.org" \\o "tip"`; `\\l` leads within the document.
pub(super) fn address(instruction: &str) -> Option<String> {
    let (name, rest) = instruction.trim_start().split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    if !name.eq_ignore_ascii_case("hyperlink") || rest.starts_with('\\') {
        return None;
    }
    let address = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => rest.split_whitespace().next()?,
    };
    (!address.is_empty()).then(|| address.to_owned())
}
