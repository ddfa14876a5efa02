//! The documents plugin: PDF, Word, Excel, OpenDocument, EPUB, HTML, CSV and text files of the workspace as text.
//!
//! What is read here may have been made to break its reader. Whatever it does, it does in the sandbox: sizes are bounded
//! where they can be told beforehand, and the limits of the call end the rest. Read `kind` first, which says what a file
//! is, then the module of that format; `part` cuts what comes of it into answers.

pub mod archive;
pub mod csv;
pub mod document;
pub mod docx;
pub mod epub;
pub mod flow;
pub mod html;
pub mod kind;
pub mod odt;
pub mod outline;
pub mod package;
pub mod part;
pub mod pdf;
pub mod plain;
#[cfg(test)]
mod tests;
pub mod xlsx;
pub mod xml;

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::{Failure, Output, files};

use crate::document::Document;
use crate::part::Wanted;

/// The largest file that is read, in bytes: with all that is made of it, it has to fit into the memory of one call.
pub const FILE_LIMIT: u64 = 24 << 20;

steward_sdk::plugin! {
    /// Reads PDF, .docx, .xlsx, .odt, EPUB, HTML, CSV or text as text. Long documents come in parts: the answer says how to
    /// go on.
    read_document: read, requires ["files"] => read_document;
}

/// What to read.
#[derive(Deserialize, JsonSchema)]
pub struct ReadDocument {
    pub path: String,
    /// PDF page to begin at.
    pub page: Option<usize>,
    /// Character to begin at, as the answer said.
    pub from: Option<usize>,
    /// Characters, up to 100000.
    pub limit: Option<usize>,
}

fn read_document(arguments: ReadDocument) -> Result<Output, Failure> {
    let ReadDocument { path, page, from, limit } = arguments;
    let size = files::size(&path)?;
    if size > FILE_LIMIT {
        return Err(Failure::invalid(format!(
            "`{path}` has {} MB, and documents over {} MB are not read: ask for a smaller version or for a part of it",
            size.div_ceil(1 << 20),
            FILE_LIMIT >> 20
        )));
    }
    let wanted = Wanted::new(page, from, limit)?;
    read(&path, files::read_bytes(&path)?, &wanted)
        .map_err(|failure| failure.map_text(|text| format!("`{path}` {text}")))
}

/// A part of the document that these bytes are. A failure says what is the matter with it: `is damaged …`.
///
/// # Errors
/// It is no document, or cannot be read.
pub fn read(name: &str, data: Vec<u8>, wanted: &Wanted) -> Result<Output, Failure> {
    let kind = kind::of(name, &data)?;
    let document = Document::open(kind, data)?;
    Ok(part::of(&document, wanted)?.answer(&document))
}
