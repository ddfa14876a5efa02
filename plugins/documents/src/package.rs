//! Packages of Office documents (ECMA-376 part 2): which part is the main one, and where the others lie, is what the
//! relationships say. Names are a habit of one program and mean nothing.

use std::collections::HashMap;
use std::ops::ControlFlow;

use percent_encoding::percent_decode_str;
use steward_sdk::Failure;

use crate::archive::Archive;
use crate::xml::{self, Node};

/// How the type of the relationship to the main part ends, in both editions of the standard.
const MAIN: &str = "/officeDocument";

/// What a part points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// The last word of its type: `styles`, `hyperlink`.
    pub kind: String,
    /// A part of the package, or an address outside of it.
    pub target: String,
    pub is_external: bool,
}

/// The relations of a part, by their ids.
#[derive(Clone, Debug, Default)]
pub struct Relations(HashMap<String, Relation>);

impl Relations {
    /// Those of a part; of the package itself where the name is empty.
    ///
    /// # Errors
    /// They are damaged.
    pub fn read(archive: &Archive<'_>, part: &str) -> Result<Self, Failure> {
        let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
        let folder_of_rels = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let Some(file) = archive.file(&format!("{folder_of_rels}_rels/{name}.rels"))? else {
            return Ok(Self::default());
        };
        let mut relations = HashMap::new();
        xml::walk(file, |node| {
            if let Node::Start(element) = node
                && element.name() == "Relationship"
                && let (Some(id), Some(kind), Some(target)) =
                    (element.attribute("Id"), element.attribute("Type"), element.attribute("Target"))
            {
                let is_external = element.attribute("TargetMode").is_some_and(|mode| mode == "External");
                let target = if is_external { target } else { resolved(folder, &target) };
                let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
                relations.insert(id, Relation { kind, target, is_external });
            }
            ControlFlow::Continue(())
        })?;
        Ok(Self(relations))
    }

    pub fn get(&self, id: &str) -> Option<&Relation> {
        self.0.get(id)
    }

    /// The parts of that kind, by name.
    pub fn parts(&self, kind: &str) -> Vec<&str> {
        let of_kind = |relation: &&Relation| relation.kind == kind && !relation.is_external;
        let mut parts: Vec<_> = self.0.values().filter(of_kind).map(|relation| relation.target.as_str()).collect();
        parts.sort_unstable();
        parts.dedup();
        parts
    }

    /// The one part of that kind, or the one that has the usual name.
    pub fn part(&self, kind: &str, usual: &str) -> String {
        self.parts(kind).first().map_or_else(|| usual.to_owned(), |part| (*part).to_owned())
    }
}

/// The main part, if the package says which it is and has it.
///
/// # Errors
/// What it says is damaged.
pub fn main_part(archive: &Archive<'_>) -> Result<Option<String>, Failure> {
    let relations = Relations::read(archive, "")?;
    let kind = MAIN.trim_start_matches('/');
    Ok(relations.parts(kind).first().map(|part| (*part).to_owned()).filter(|part| archive.holds(part)))
}

/// The content type of a part, in lower case.
///
/// # Errors
/// The list of types is damaged.
pub fn content_type(archive: &Archive<'_>, part: &str) -> Result<Option<String>, Failure> {
    let Some(file) = archive.file("[Content_Types].xml")? else { return Ok(None) };
    let ending = part.rsplit_once('.').map(|(_, ending)| ending.to_owned()).unwrap_or_default();
    let (mut own, mut usual) = (None, None);
    xml::walk(file, |node| {
        if let Node::Start(element) = node {
            let is = |name: &str, wanted: &str| {
                element.attribute(name).is_some_and(|found| found.trim_start_matches('/').eq_ignore_ascii_case(wanted))
            };
            match element.name() {
                "Override" if is("PartName", part) => own = element.attribute("ContentType"),
                "Default" if is("Extension", &ending) => usual = element.attribute("ContentType"),
                _ => {}
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(own.or(usual).map(|found| found.to_lowercase()))
}

/// A reference from a folder as a path in the archive; one that begins with `/` is from the root.
pub fn resolved(folder: &str, href: &str) -> String {
    let href = href.split('#').next().unwrap_or_default();
    let href = percent_decode_str(href).decode_utf8_lossy();
    let mut parts: Vec<&str> = if href.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    parts.retain(|part| !part.is_empty());
    for part in href.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::made::zip;

    const RELS: &[u8] =
        b"<Relationships><Relationship Id=\"a\" Type=\"http://x/officeDocument\" Target=\"/doc/main.xml\"/>\
        </Relationships>";

    #[test]
    fn the_main_part_is_found_by_its_relation() {
        let data = zip(&[("_rels/.rels", RELS), ("doc/main.xml", b"<x/>")]);
        assert_eq!(main_part(&Archive::open(&data).unwrap()).unwrap().as_deref(), Some("doc/main.xml"));
        let without = zip(&[("_rels/.rels", RELS)]);
        assert_eq!(main_part(&Archive::open(&without).unwrap()).unwrap(), None);
        assert_eq!(main_part(&Archive::open(&zip(&[])).unwrap()).unwrap(), None);
    }

    #[test]
    fn references_are_relative_to_the_folder() {
        for (folder, href, path) in [
            ("OEBPS", "text/1.xhtml#a", "OEBPS/text/1.xhtml"),
            ("", "1.xhtml", "1.xhtml"),
            ("a/b", "../%D0%B3%D0%BB%D0%B0%D0%B2%D0%B0.xhtml", "a/глава.xhtml"),
            ("", "../../1.xhtml", "1.xhtml"),
            ("word", "/styles.xml", "styles.xml"),
        ] {
            assert_eq!(resolved(folder, href), path);
        }
    }
}
