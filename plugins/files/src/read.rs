//! The tool `read`: a text file, in parts when it is long.

use std::fs;

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::{Failure, Output};

use crate::kind;
use crate::workspace::{Place, Workspace, size};

/// The largest file that is read, in bytes.
pub const FILE_LIMIT: u64 = 16 << 20;

const DEFAULT_LINES: usize = 2_000;

/// The most characters of one answer.
const ANSWER_LIMIT: usize = 60_000;

/// What to read.
#[derive(Deserialize, JsonSchema)]
pub struct Read {
    pub path: String,
    /// First line.
    pub offset: Option<usize>,
    /// Lines; else 2000.
    pub limit: Option<usize>,
}

/// Reads a file or a part of it.
pub fn read(workspace: &Workspace, arguments: Read) -> Result<Output, Failure> {
    let place = workspace.locate(&arguments.path)?;
    let text = load(&place)?;
    if text.is_empty() {
        return Ok(format!("`{}` is empty.", place.shown).into());
    }
    let first = arguments.offset.unwrap_or(1).max(1);
    let total = text.lines().count();
    if first > total {
        return Err(Failure::invalid(format!("`offset` is {first}, but `{}` has {total} lines", place.shown)));
    }
    let part = part(&text, first, arguments.limit.unwrap_or(DEFAULT_LINES).max(1));
    Ok(part.describe(first, total).into())
}

/// The text of a file; what is too large or no text is refused by name.
pub fn load(place: &Place) -> Result<String, Failure> {
    let length = place.file_metadata()?.len();
    if length > FILE_LIMIT {
        return Err(Failure::invalid(format!(
            "`{}` has {}, and files over {} are not read: use search to find passages in it",
            place.shown,
            size(length),
            size(FILE_LIMIT)
        )));
    }
    let data = fs::read(&place.path).map_err(|error| place.explain(&error))?;
    kind::text(data).map_err(|what| {
        // Documents, and texts in older encodings.
        let is_known = what.ends_with("document") || what.ends_with("text");
        let remedy = if is_known { "read it by read_document" } else { "it cannot be read as text" };
        Failure::invalid(format!("`{}` is {what} of {}: {remedy}", place.shown, size(length)))
    })
}

struct Part {
    text: String,
    /// How many lines are in it.
    lines: usize,
    /// A line too long for one answer was cut.
    cut: bool,
}

fn part(text: &str, first: usize, limit: usize) -> Part {
    let mut part = Part { text: String::new(), lines: 0, cut: false };
    let mut left = ANSWER_LIMIT;
    for line in text.split_inclusive('\n').skip(first - 1).take(limit) {
        let length = line.chars().count();
        if length > left {
            part.cut = part.lines == 0;
            if part.cut {
                part.text.extend(line.chars().take(left));
                part.lines = 1;
            }
            break;
        }
        left -= length;
        part.text.push_str(line);
        part.lines += 1;
    }
    part
}

impl Part {
    fn describe(self, first: usize, total: usize) -> String {
        let last = first + self.lines - 1;
        let mut text = self.text;
        if self.cut {
            text.push_str(&format!("\n[line {first} is too long: the rest of it is left out]"));
        }
        if first == 1 && last == total {
            return text;
        }
        if !text.ends_with('\n') {
            text.push('\n');
        }
        let more = if last < total { format!("; go on with offset {}", last + 1) } else { String::new() };
        text + &format!("[lines {first} to {last} of {total}{more}]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(content: &[u8], offset: Option<usize>, limit: Option<usize>) -> Result<String, Failure> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.txt"), content).unwrap();
        let arguments = Read { path: "a.txt".to_owned(), offset, limit };
        read(&Workspace::at(folder.path()), arguments).map(|output| output.text)
    }

    #[test]
    fn a_short_file_comes_as_it_is() {
        assert_eq!(check("один\nдва\n".as_bytes(), None, None).unwrap(), "один\nдва\n");
        assert_eq!(check(b"", None, None).unwrap(), "`a.txt` is empty.");
    }

    #[test]
    fn a_part_says_how_to_go_on() {
        assert_eq!(check(b"1\n2\n3\n4", Some(2), Some(2)).unwrap(), "2\n3\n[lines 2 to 3 of 4; go on with offset 4]");
        assert_eq!(check(b"1\n2\n3\n4", Some(4), None).unwrap(), "4\n[lines 4 to 4 of 4]");
        let failure = check(b"1\n2", Some(9), None).unwrap_err();
        assert_eq!(failure, Failure::invalid("`offset` is 9, but `a.txt` has 2 lines"));
    }

    #[test]
    fn an_answer_has_a_limit() {
        let text = check("я".repeat(100_000).as_bytes(), None, None).unwrap();
        assert!(text.contains("line 1 is too long") && text.chars().count() < ANSWER_LIMIT + 200);
        let text = check("строка\n".repeat(20_000).as_bytes(), None, Some(50_000)).unwrap();
        assert!(text.ends_with("[lines 1 to 8571 of 20000; go on with offset 8572]"));
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let failure = check(b"%PDF-1.7 ...", None, None).unwrap_err();
        assert!(failure.text().contains("`a.txt` is a PDF document of 12 B: read it by read_document"));
        let failure = check(b"\x89PNG\r\n\x1a\n", None, None).unwrap_err();
        assert!(failure.text().contains("a PNG image of 8 B: it cannot be read as text"), "{}", failure.text());
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(folder.path());
        let ask = |path: &str| Read { path: path.to_owned(), offset: None, limit: None };
        assert!(matches!(read(&workspace, ask("b.txt")), Err(Failure::NotFound(text)) if text.contains("`b.txt`")));
        assert!(matches!(read(&workspace, ask(".")), Err(Failure::Invalid(text)) if text.contains("folder")));
        #[cfg(unix)]
        {
            let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("s")).unwrap();
            assert!(matches!(read(&workspace, ask("s")), Err(Failure::Invalid(text)) if text.contains("a socket")));
        }
    }

    #[test]
    fn a_file_over_the_limit_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        fs::File::create(folder.path().join("big")).unwrap().set_len(FILE_LIMIT + 1).unwrap();
        let arguments = Read { path: "big".to_owned(), offset: None, limit: None };
        let failure = read(&Workspace::at(folder.path()), arguments).unwrap_err();
        assert!(failure.text().contains("files over 16.0 MB are not read"));
    }
}
