//! XML as a row of beginnings, ends and text. Names are without their prefix, as all formats read here use one prefix for
//! one meaning; entities of a document's own are never expanded.

use std::borrow::Cow;
use std::io::BufRead;
use std::ops::ControlFlow;

use quick_xml::events::{BytesEnd, BytesRef, BytesStart, Event};
use quick_xml::{Error, Reader, XmlVersion};
use steward_sdk::Failure;

use crate::archive;

/// Elements nested deeper than this are in no document that somebody wrote.
const DEEPEST: usize = 1_000;

/// What comes next.
pub enum Node<'a> {
    Start(&'a Element<'a>),
    /// The name of the element that ends.
    End(&'a str),
    Text(&'a str),
}

/// The beginning of an element.
pub struct Element<'a>(BytesStart<'a>);

impl Element<'_> {
    pub fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// The attribute of that name, with whatever prefix.
    pub fn attribute(&self, name: &str) -> Option<String> {
        let mut attributes = self.0.attributes();
        let found = attributes.with_checks(false).flatten().find(|one| one.key.local_name().into_inner() == name)?;
        Some(found.normalized_value(XmlVersion::Implicit1_0).map_or_else(|_| found.value.to_string(), Cow::into_owned))
    }

    pub fn number(&self, name: &str) -> Option<usize> {
        self.attribute(name)?.parse().ok()
    }
}

/// Shows a visitor all that is in some XML, until it has seen enough.
///
/// # Errors
/// It is no XML, or nested too deeply.
pub fn walk(source: impl BufRead, mut visit: impl FnMut(Node<'_>) -> ControlFlow<()>) -> Result<(), Failure> {
    let mut reader = Reader::from_reader(source);
    let config = reader.config_mut();
    config.expand_empty_elements = true;
    config.allow_dangling_amp = true;
    let (mut buffer, mut depth) = (Vec::new(), 0_usize);
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer).map_err(problem)?;
        match &event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Eof => return Ok(()),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(Failure::failed("is nested more deeply than any document: it was made to break its reader"));
        }
        if show(event, &mut visit).is_break() {
            return Ok(());
        }
    }
}

/// What stands in the first element of that name.
///
/// # Errors
/// As [`walk`].
pub fn content_of(source: impl BufRead, name: &str) -> Result<Option<String>, Failure> {
    let (mut content, mut inside, mut found) = (String::new(), false, false);
    walk(source, |node| {
        match node {
            Node::Start(element) if element.name() == name => (inside, found) = (true, true),
            Node::Text(text) if inside => content.push_str(text),
            Node::End(end) if end == name => return ControlFlow::Break(()),
            _ => {}
        }
        ControlFlow::Continue(())
    })?;
    Ok(found.then_some(content))
}

fn show(event: Event<'_>, visit: &mut impl FnMut(Node<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
    match event {
        Event::Start(start) => visit(Node::Start(&Element(start))),
        Event::End(end) => visit(Node::End(BytesEnd::local_name(&end).into_inner())),
        Event::Text(text) => visit(Node::Text(&text.xml10_content())),
        Event::CData(text) => visit(Node::Text(&text.xml10_content())),
        Event::GeneralRef(reference) => visit(Node::Text(resolved(&reference).encode_utf8(&mut [0; 4]))),
        _ => ControlFlow::Continue(()),
    }
}

/// What a reference stands for; one that XML itself does not know is a gap.
fn resolved(reference: &BytesRef<'_>) -> char {
    match &**reference {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => reference.resolve_char_ref().ok().flatten().unwrap_or(' '),
    }
}

fn problem(error: Error) -> Failure {
    match error {
        Error::Io(error) => archive::broken(&error),
        error => Failure::failed(format!("is damaged ({error}): it has to be saved or sent again")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(xml: &str) -> Result<String, Failure> {
        let mut seen = String::new();
        walk(xml.as_bytes(), |node| {
            match node {
                Node::Start(element) => {
                    seen.push_str(&format!("<{} {}>", element.name(), element.attribute("val").unwrap_or_default()));
                }
                Node::End(name) => seen.push_str(&format!("</{name}>")),
                Node::Text(text) => seen.push_str(text),
            }
            ControlFlow::Continue(())
        })?;
        Ok(seen)
    }

    #[test]
    fn names_lose_their_prefix_and_references_are_resolved() {
        assert_eq!(
            check("<?xml version=\"1.0\"?><w:p w:val=\"a&amp;b\">x &lt; &#1087;<![CDATA[<y>]]><w:t/></w:p>").unwrap(),
            "<p a&b>x < п<y><t ></t></p>"
        );
    }

    #[test]
    fn entities_of_a_document_are_not_expanded() {
        let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><x>&b;</x>";
        assert_eq!(check(laughs).unwrap(), "<x > </x>");
    }

    #[test]
    fn what_is_no_xml_or_bottomless_is_refused() {
        assert!(check("<a><b></a>").unwrap_err().text().contains("is damaged"));
        assert!(check(&"<a>".repeat(100_000)).unwrap_err().text().contains("more deeply"));
    }
}
