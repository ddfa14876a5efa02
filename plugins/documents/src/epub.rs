//! Books (.epub, EPUB 3.3): the chapters in their order of reading, each a page of HTML.

use std::collections::HashMap;
use std::ops::ControlFlow;

use steward_sdk::Failure;

use crate::archive::Archive;
use crate::document::{Text, Titled};
use crate::html;
use crate::outline::MOST;
use crate::package::resolved;
use crate::xml::{self, Node};

/// # Errors
/// It is damaged, locked or too large.
pub fn read(data: &[u8]) -> Result<Titled, Failure> {
    let archive = Archive::open(data)?;
    let package = Package::read(&archive)?;
    let mut text = Text::default();
    for chapter in &package.chapters {
        let Some(page) = archive.read(chapter, html::LIMIT as u64)? else { continue };
        let page = html::text(&page);
        let page = html::convert(&html::without_packed(&page), false).text;
        let page = page.trim();
        if !page.is_empty() {
            if !text.text.is_empty() {
                text.text.push_str("\n\n");
            }
            text.text.push_str(page);
        }
        if text.text.len() > MOST {
            text.text.truncate(text.text.floor_char_boundary(MOST));
            text.cut = true;
            break;
        }
    }
    Ok((package.title, text))
}

/// What a book says of itself.
struct Package {
    title: Option<String>,
    /// Their files, in order of reading.
    chapters: Vec<String>,
}

impl Package {
    fn read(archive: &Archive<'_>) -> Result<Self, Failure> {
        let path = Self::path(archive)?;
        let Some(file) = archive.file(&path)? else { return Err(incomplete(&path)) };
        let (mut files, mut order) = (HashMap::new(), Vec::new());
        xml::walk(file, |node| {
            if let Node::Start(element) = node {
                match element.name() {
                    "item" => files.extend(element.attribute("id").zip(element.attribute("href"))),
                    "itemref" => order.extend(element.attribute("idref")),
                    _ => {}
                }
            }
            ControlFlow::Continue(())
        })?;
        let title = match archive.file(&path)? {
            Some(file) => xml::content_of(file, "title")?,
            None => None,
        };
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let chapters = order.iter().filter_map(|id| files.get(id)).map(|href| resolved(folder, href)).collect();
        Ok(Self { title, chapters })
    }

    /// Where the package document lies.
    fn path(archive: &Archive<'_>) -> Result<String, Failure> {
        const CONTAINER: &str = "META-INF/container.xml";
        let Some(file) = archive.file(CONTAINER)? else { return Err(incomplete(CONTAINER)) };
        let mut path = None;
        xml::walk(file, |node| match node {
            Node::Start(element) if element.name() == "rootfile" => {
                path = element.attribute("full-path");
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        })?;
        path.ok_or_else(|| incomplete(CONTAINER))
    }
}

fn incomplete(file: &str) -> Failure {
    Failure::failed(format!("lacks what a book must have ({file}): it is damaged and has to be downloaded again"))
}
