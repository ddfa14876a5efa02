//! The tool `search`: lines of files that hold a text or fit a regular expression.

use std::ops::ControlFlow;

use regex::{Regex, RegexBuilder};
use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::{Failure, Output};

use crate::find::relative;
use crate::glob::Glob;
use crate::read;
use crate::walk;
use crate::workspace::{Place, Workspace};

const RESULT_LIMIT: usize = 200;

/// The most characters of a line that are shown.
const LINE_LIMIT: usize = 240;

/// Files larger than this are data and are passed over.
const FILE_LIMIT: u64 = 4 << 20;

/// The largest automaton a regular expression may need, in bytes.
const REGEX_LIMIT: usize = 4 << 20;

/// What to look for.
#[derive(Deserialize, JsonSchema)]
pub struct Search {
    pub query: String,
    /// File or folder to look in.
    pub path: Option<String>,
    /// Such as `*.md`.
    pub glob: Option<String>,
    pub regex: Option<bool>,
}

/// Searches the text of files.
pub fn search(workspace: &Workspace, arguments: Search) -> Result<Output, Failure> {
    let place = workspace.locate(arguments.path.as_deref().unwrap_or_default())?;
    let mut hits = Hits { regex: pattern(&arguments)?, lines: Vec::new(), passed_over: 0 };
    let glob = arguments.glob.as_deref().map(|glob| Glob::new(glob, "glob")).transpose()?;
    let complete = if place.metadata()?.is_file() {
        let text = read::load(&place)?;
        hits.look_through(&place, &text).is_continue()
    } else {
        walk::files(&place, |entry| match &glob {
            Some(glob) if !glob.matches(relative(&place, &entry.place)) => ControlFlow::Continue(()),
            _ => hits.look_into(&entry.place),
        })?
    };
    Ok(hits.describe(&arguments.query, complete).into())
}

fn pattern(arguments: &Search) -> Result<Regex, Failure> {
    let query = &arguments.query;
    if query.trim().is_empty() {
        return Err(Failure::invalid("`query` is empty: say what to look for"));
    }
    let is_regex = arguments.regex.unwrap_or(false);
    let source = if is_regex { query.clone() } else { regex::escape(query) };
    let any_case = !has_capital(query, is_regex);
    let built = RegexBuilder::new(&source).case_insensitive(any_case).size_limit(REGEX_LIMIT).build();
    built.map_err(|error| Failure::invalid(format!("`query` is not a regular expression: {error}")))
}

/// Whether somebody typed a capital letter; in a regular expression classes such as `\W` are none.
fn has_capital(query: &str, is_regex: bool) -> bool {
    let mut escaped = false;
    query.chars().any(|letter| {
        let counts = !escaped && letter.is_uppercase();
        escaped = is_regex && !escaped && letter == '\\';
        counts
    })
}

struct Hits {
    regex: Regex,
    lines: Vec<String>,
    /// Files too large to be searched.
    passed_over: usize,
}

impl Hits {
    fn look_into(&mut self, place: &Place) -> ControlFlow<()> {
        if place.metadata().is_ok_and(|metadata| metadata.len() > FILE_LIMIT) {
            self.passed_over += 1;
            return ControlFlow::Continue(());
        }
        // What is no text has no lines to find.
        let Ok(text) = read::load(place) else { return ControlFlow::Continue(()) };
        self.look_through(place, &text)
    }

    fn look_through(&mut self, place: &Place, text: &str) -> ControlFlow<()> {
        for (number, line) in text.lines().enumerate() {
            let Some(hit) = self.regex.find(line) else { continue };
            if self.lines.len() == RESULT_LIMIT {
                return ControlFlow::Break(());
            }
            let shown = around(line, hit.start());
            self.lines.push(format!("{}:{}: {shown}", place.shown, number + 1));
        }
        ControlFlow::Continue(())
    }

    fn describe(self, query: &str, complete: bool) -> String {
        let mut text = match self.lines.len() {
            0 => format!("No line has `{query}`."),
            _ => self.lines.join("\n"),
        };
        if !complete {
            text.push_str("\n[there is more to look through: narrow the query, or give a path or a glob]");
        }
        if self.passed_over > 0 {
            text.push_str(&format!(
                "\n[{} files over 4 MB were passed over; give a path to search one]",
                self.passed_over
            ));
        }
        text
    }
}

/// The line, or the part of a long line that shows the hit.
fn around(line: &str, hit: usize) -> String {
    let line_length = line.chars().count();
    if line_length <= LINE_LIMIT {
        return line.trim().to_owned();
    }
    let from = line[..hit].chars().count().saturating_sub(LINE_LIMIT / 3).min(line_length - LINE_LIMIT);
    let part: String = line.chars().skip(from).take(LINE_LIMIT).collect();
    let before = if from > 0 { "…" } else { "" };
    let after = if from + LINE_LIMIT < line_length { "…" } else { "" };
    format!("{before}{part}{after}")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn check(folder: &std::path::Path, query: &str, regex: bool, glob: Option<&str>, path: Option<&str>) -> String {
        let arguments = Search {
            query: query.to_owned(),
            path: path.map(ToOwned::to_owned),
            glob: glob.map(ToOwned::to_owned),
            regex: regex.then_some(true),
        };
        match search(&Workspace::at(folder), arguments) {
            Ok(output) => output.text,
            Err(failure) => failure.text().to_owned(),
        }
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.md"), "Flat 42\nsome text\nflat (old)\n").unwrap();
        fs::write(folder.path().join("b.txt"), "Квартира 42\n").unwrap();
        fs::write(folder.path().join("c.bin"), "flat\0flat\n").unwrap();
        folder
    }

    #[test]
    fn lines_are_found_by_text() {
        let folder = folder();
        assert_eq!(check(folder.path(), "flat", false, None, None), "a.md:1: Flat 42\na.md:3: flat (old)");
        assert_eq!(check(folder.path(), "Flat", false, None, None), "a.md:1: Flat 42");
        assert_eq!(check(folder.path(), "квартира", false, None, None), "b.txt:1: Квартира 42");
        assert_eq!(check(folder.path(), "42", false, Some("*.txt"), None), "b.txt:1: Квартира 42");
        assert_eq!(check(folder.path(), "42", false, None, Some("a.md")), "a.md:1: Flat 42");
        assert_eq!(check(folder.path(), "(old)", false, None, None), "a.md:3: flat (old)");
        assert_eq!(check(folder.path(), "nothing", false, None, None), "No line has `nothing`.");
    }

    #[test]
    fn lines_are_found_by_regular_expression() {
        let folder = folder();
        assert_eq!(check(folder.path(), r"^flat\s+\d+$", true, None, None), "a.md:1: Flat 42");
        assert_eq!(check(folder.path(), r"^\S+ \d+", true, None, Some("b.txt")), "b.txt:1: Квартира 42");
        assert!(check(folder.path(), "(", true, None, None).contains("not a regular expression"));
        assert!(check(folder.path(), "(a{1000}){1000}", true, None, None).contains("not a regular expression"));
    }

    #[test]
    fn long_lines_and_many_hits_are_cut() {
        let folder = tempfile::tempdir().unwrap();
        let line = format!("{}needle{}", "·".repeat(500), "·".repeat(500));
        fs::write(folder.path().join("long"), &line).unwrap();
        let text = check(folder.path(), "needle", false, None, None);
        assert!(text.contains("needle") && text.chars().count() < 270 && text.ends_with('…'));
        fs::write(folder.path().join("many"), "needle\n".repeat(1_000)).unwrap();
        let text = check(folder.path(), "needle", false, None, None);
        assert_eq!(text.lines().count(), RESULT_LIMIT + 1);
        assert!(text.ends_with("narrow the query, or give a path or a glob]"));
    }
}
