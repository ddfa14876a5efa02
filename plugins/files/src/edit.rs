//! The tool `edit`: replacing a passage, with a helpful answer when it cannot be told which.

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::{Failure, Output};

use crate::passage;
use crate::read;
use crate::workspace::Workspace;
use crate::write;

/// What to replace by what.
#[derive(Deserialize, JsonSchema)]
pub struct Edit {
    pub path: String,
    pub old: String,
    /// Its replacement; empty deletes it.
    pub new: String,
    /// Replace every occurrence.
    pub all: Option<bool>,
}

/// Replaces a passage of a file.
pub fn edit(workspace: &Workspace, arguments: Edit) -> Result<Output, Failure> {
    let place = workspace.locate(&arguments.path)?;
    let text = read::load(&place)?;
    let all = arguments.all.unwrap_or(false);
    let edited = replaced(&text, &arguments.old, &arguments.new, all)
        .map_err(|failure| failure.map_text(|text| format!("`{}`: {text}", place.shown)))?;
    write::replace(&place, &edited.text)?;
    let lines = joined(&edited.lines);
    let count = edited.lines.len();
    let passages = if count == 1 { "1 passage".to_owned() } else { format!("{count} passages") };
    Ok(format!("Replaced {passages} in `{}` (line {lines}).", place.shown).into())
}

#[derive(Debug)]
struct Edited {
    text: String,
    /// The numbers of the lines where the passages began.
    lines: Vec<usize>,
}

fn replaced(text: &str, old: &str, new: &str, all: bool) -> Result<Edited, Failure> {
    if old.is_empty() {
        return Err(Failure::invalid("`old` is empty: give the passage to replace, or use write for a new file"));
    }
    if old == new {
        return Err(Failure::invalid("`old` and `new` are the same: nothing would change"));
    }
    let found = passage::find(text, old, new);
    let lines: Vec<_> = found.places.iter().map(|place| line_of(text, place.start)).collect();
    match lines.len() {
        0 => Err(Failure::invalid(not_there(text, old))),
        1 => Ok(Edited { text: passage::put(text, &found, new), lines }),
        // Which of them is meant cannot be told from a text that is in none of them.
        count if found.alike => Err(Failure::invalid(format!(
            "`old` is not there as given, and {count} passages (lines {}) differ from it only in kinds of spaces, quotes \
             or dashes: read the file and copy one of them exactly",
            joined(&lines)
        ))),
        _ if all => Ok(Edited { text: passage::put(text, &found, new), lines }),
        count => Err(Failure::invalid(format!(
            "`old` is there {count} times (lines {}): add some of the text around it, or set `all`",
            joined(&lines)
        ))),
    }
}

fn not_there(text: &str, old: &str) -> String {
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let wanted = squeezed(old);
    let rows: Vec<_> = text.lines().collect();
    let height = old.trim().lines().count().max(1);
    let near = (0..rows.len()).find(|&row| {
        let window = &rows[row..rows.len().min(row + height)];
        !wanted.is_empty() && squeezed(&window.join("\n")).contains(&wanted)
    });
    match near {
        Some(row) => format!(
            "`old` is not there as given; from line {} on there is a passage that differs only in white space: \
             read it and copy it exactly",
            row + 1
        ),
        None => "`old` is not there: read the file and copy the passage exactly".to_owned(),
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

fn joined(lines: &[usize]) -> String {
    let mut shown: Vec<_> = lines.iter().take(10).map(ToString::to_string).collect();
    if lines.len() > shown.len() {
        shown.push("…".to_owned());
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn check(text: &str, old: &str, new: &str, all: bool) -> Result<String, String> {
        replaced(text, old, new, all).map(|edited| edited.text).map_err(|failure| failure.text().to_owned())
    }

    #[test]
    fn a_passage_is_replaced() {
        assert_eq!(check("a b c", "b", "x", false).unwrap(), "a x c");
        assert_eq!(check("a b c", " b", "", false).unwrap(), "a c");
        assert_eq!(check("b b", "b", "x", true).unwrap(), "x x");
        assert_eq!(check("a\r\nb\r\n", "a\nb", "c\nd", false).unwrap(), "c\r\nd\r\n");
        assert_eq!(check("a\r\nb\r\n", "a", "c\nd", false).unwrap(), "c\r\nd\r\nb\r\n", "no line end of another kind");
        assert_eq!(check("a\nb\n", "a\r\nb", "c", false).unwrap(), "c\n");
        assert_eq!(check("a\nb\r\nc\r\n", "b\nc", "x\ny", false).unwrap(), "a\nx\r\ny\r\n");
        assert_eq!(check("a\nb\r\n", "a\n", "x\ny\n", false).unwrap(), "x\ny\nb\r\n");
        assert_eq!(check("a\r\nb\r\na\r\nb\r\n", "a\nb\n", "x\n", true).unwrap(), "x\r\nx\r\n");
    }

    #[test]
    fn a_passage_in_other_spaces_quotes_or_dashes_is_found_where_it_is_the_only_one() {
        assert_eq!(
            check("10\u{a0}kg of “tea”\n", "10 kg of \"tea\"", "12 kg of \"tea\"", false).unwrap(),
            "12\u{a0}kg of “tea”\n"
        );
        assert_eq!(
            check("он сказал: «да» — и ушёл\n", "\"да\" - и ушёл", "\"нет\" - и ушёл", false).unwrap(),
            "он сказал: «нет» — и ушёл\n"
        );
        assert_eq!(
            check("don’t wait…\r\nend\r\n", "don't wait...\nend", "do wait...\nend", false).unwrap(),
            "do wait…\r\nend\r\n"
        );
        assert_eq!(
            check("soft\u{ad}ware\u{200b} x", "software x", "hardware x", false).unwrap(),
            "hard\u{ad}ware\u{200b} x"
        );
        let exact = check("it's it’s", "it's", "x", false).unwrap();
        assert_eq!(exact, "x it’s", "what is there as given comes first");
        for all in [false, true] {
            let many = check("a\u{a0}b\na\u{202f}b\n", "a b", "x", all).unwrap_err();
            assert!(many.contains("2 passages (lines 1, 2)") && many.contains("copy one of them exactly"), "{many}");
        }
        assert!(check("a…b", "a.", "x", false).is_err(), "half a character is no passage");
    }

    #[test]
    fn what_cannot_be_replaced_is_explained() {
        let missing = check("one\ntwo", "three", "x", false).unwrap_err();
        assert_eq!(missing, "`old` is not there: read the file and copy the passage exactly");
        let near = check("one\nif a  {\n\tb\n}", "if a {\n  b\n}", "x", false).unwrap_err();
        assert!(near.contains("from line 2 on") && near.contains("white space"));
        let many = check("a\nb\na\n", "a", "x", false).unwrap_err();
        assert!(many.contains("2 times (lines 1, 3)") && many.contains("`all`"));
        assert!(check("a", "", "x", false).unwrap_err().contains("empty"));
        assert!(check("a", "a", "a", false).unwrap_err().contains("the same"));
    }

    #[test]
    fn the_file_is_changed_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.md"), "x\nflat 41\n").unwrap();
        let arguments = Edit { path: "a.md".into(), old: "41".into(), new: "42".into(), all: None };
        let output = edit(&Workspace::at(folder.path()), arguments).unwrap();
        assert_eq!(output.text, "Replaced 1 passage in `a.md` (line 2).");
        assert_eq!(fs::read_to_string(folder.path().join("a.md")).unwrap(), "x\nflat 42\n");
    }
}
