//! What a document is: by its first bytes, and by its name where they do not tell. What cannot be read is named, with
//! what could be read in its place.

use steward_content::signature;
use steward_sdk::Failure;

use crate::archive::Archive;
use crate::{package, plain};

/// A kind of document that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Pdf,
    Docx,
    Xlsx,
    Odt,
    Epub,
    Html,
    Csv,
    Text,
}

impl Kind {
    /// The word for it in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Docx => "docx",
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
            Self::Odt => "odt",
            Self::Epub => "epub",
            Self::Html => "html",
            Self::Text => "text",
        }
    }
}

/// How far into a file its PDF header may stand (ISO 32000-1, implementation notes).
const HEADER_WITHIN: usize = 1024;

/// How an OLE file begins: documents of Word before 2007, and newer ones that are locked by a password.
const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// # Errors
/// It is nothing that can be read here.
pub fn of(name: &str, data: &[u8]) -> Result<Kind, Failure> {
    let start = &data[..data.len().min(HEADER_WITHIN)];
    if data.starts_with(b"PK\x03\x04") {
        return zipped(data);
    }
    if start.windows(5).any(|bytes| bytes == b"%PDF-") {
        return Ok(Kind::Pdf);
    }
    if data.starts_with(OLE) {
        let wanted = "ask for it as .docx without a password, or as PDF";
        return Err(refusal("a document of an old Office, or one locked by a password", wanted));
    }
    if data.starts_with(b"{\\rtf") {
        return Err(refusal("an RTF document", "ask for it as .docx or PDF"));
    }
    if let Some(binary) = signature::binary(data)
        && plain::wide(data).is_none()
    {
        return Err(refusal(binary, "only documents and text can be read here"));
    }
    let ending = ending(name);
    if is_html(&ending, start) {
        return Ok(Kind::Html);
    }
    Ok(if matches!(ending.as_str(), "csv" | "tsv" | "tab") { Kind::Csv } else { Kind::Text })
}

/// Which of the documents that are ZIP archives this is.
fn zipped(data: &[u8]) -> Result<Kind, Failure> {
    let archive = Archive::open(data)?;
    let mime = archive.read("mimetype", 256)?.unwrap_or_default();
    let mime = String::from_utf8_lossy(&mime);
    match mime.trim() {
        "application/epub+zip" => return Ok(Kind::Epub),
        "application/vnd.oasis.opendocument.text" => return Ok(Kind::Odt),
        _ => {}
    }
    let main = package::main_part(&archive)?;
    let of_main = match &main {
        Some(part) => package::content_type(&archive, part)?.unwrap_or_default(),
        None => String::new(),
    };
    let is = |word: &str, usual: &str| of_main.contains(word) || of_main.is_empty() && archive.holds(usual);
    if is("wordprocessingml", "word/document.xml") || of_main.contains("ms-word") {
        Ok(Kind::Docx)
    } else if is("spreadsheetml", "xl/workbook.xml") || of_main.contains("ms-excel.sheet.macro") {
        Ok(Kind::Xlsx)
    } else if archive.holds("META-INF/container.xml") && !mime.contains("opendocument") {
        Ok(Kind::Epub)
    } else if archive.holds("xl/workbook.bin") || mime.contains("spreadsheet") {
        Err(refusal("a spreadsheet of another kind than .xlsx", "ask for it as .xlsx, CSV or PDF"))
    } else if is("presentationml", "ppt/presentation.xml") || mime.contains("presentation") {
        Err(refusal("a presentation", "ask for it as PDF"))
    } else {
        Err(refusal("a ZIP archive", "have it unpacked and read what was in it"))
    }
}

fn refusal(what: &str, remedy: &str) -> Failure {
    Failure::invalid(format!("is {what}: {remedy}"))
}

/// What follows the last dot of a name, in lower case.
fn ending(name: &str) -> String {
    name.rsplit_once('.').map_or(String::new(), |(_, ending)| ending.to_lowercase())
}

fn is_html(ending: &str, start: &[u8]) -> bool {
    let start = String::from_utf8_lossy(start).trim_start_matches('\u{feff}').trim_start().to_lowercase();
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        return true;
    }
    matches!(ending, "html" | "htm" | "xhtml")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::made::zip;

    #[test]
    fn contents_count_before_the_name() {
        for (name, data, kind) in [
            ("a.txt", &b"%PDF-1.7"[..], Kind::Pdf),
            ("a", b"\r\n\r\n%PDF-1.4", Kind::Pdf),
            ("a.txt", b"  <!DOCTYPE html><p>", Kind::Html),
            ("A.HTM", b"<p>x", Kind::Html),
            ("a.md", b"# x", Kind::Text),
            ("noname", b"x", Kind::Text),
            ("A.CSV", b"a;b", Kind::Csv),
            ("a.pdf", b"no PDF at all", Kind::Text),
            ("utf16.txt", b"\xff\xfea\0b\0", Kind::Text),
        ] {
            assert_eq!(of(name, data), Ok(kind), "{name}");
        }
    }

    #[test]
    fn archives_are_told_apart_by_what_is_in_them() {
        let epub = zip(&[("mimetype", b"application/epub+zip")]);
        let odt = zip(&[("mimetype", b"application/vnd.oasis.opendocument.text")]);
        let docx = zip(&[("[Content_Types].xml", b""), ("word/document.xml", b"")]);
        assert_eq!(of("x", &epub), Ok(Kind::Epub));
        assert_eq!(of("x", &odt), Ok(Kind::Odt));
        assert_eq!(of("x.epub", &docx), Ok(Kind::Docx));
        assert_eq!(of("x", &zip(&[("xl/workbook.xml", b"<x/>")])), Ok(Kind::Xlsx));
        let renamed = |kind: &str| {
            let types = format!(
                "<Types><Override PartName=\"/a/b.xml\" ContentType=\"application/vnd.x.{kind}.main+xml\"/></Types>"
            );
            let rels =
                "<Relationships><Relationship Id=\"r\" Type=\"x/officeDocument\" Target=\"a/b.xml\"/></Relationships>";
            zip(&[("[Content_Types].xml", types.as_bytes()), ("_rels/.rels", rels.as_bytes()), ("a/b.xml", b"<x/>")])
        };
        assert_eq!(of("x", &renamed("wordprocessingml.document")), Ok(Kind::Docx));
        assert_eq!(of("x", &renamed("spreadsheetml.sheet")), Ok(Kind::Xlsx));
        assert!(of("x", &renamed("presentationml.presentation")).unwrap_err().text().contains("a presentation"));
        for (names, told) in [
            (["xl/workbook.bin", "a"], "a spreadsheet of another kind"),
            (["ppt/presentation.xml", "a"], "a presentation"),
            (["a.txt", "b.txt"], "a ZIP archive: have it unpacked"),
        ] {
            let failure = of("x.docx", &zip(&names.map(|name| (name, &b"x"[..])))).unwrap_err();
            assert!(failure.text().contains(told), "{}", failure.text());
        }
    }

    #[test]
    fn what_is_no_document_is_named() {
        for (data, told) in [
            (&b"\x89PNG\r\n\x1a\n"[..], "is a PNG image"),
            (OLE, "old Office"),
            (b"{\\rtf1 x}", "RTF"),
            (b"\x01\0\0\0\xff\xff\0\0\x80\x81", "a binary file"),
        ] {
            let failure = of("x.pdf", data).unwrap_err();
            assert!(matches!(&failure, Failure::Invalid(text) if text.contains(told)), "{}", failure.text());
        }
    }
}
