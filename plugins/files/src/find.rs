//! The tool `find`: files by the pattern of their name.

use std::ops::ControlFlow;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use steward_sdk::{Failure, Output};

use crate::glob::Glob;
use crate::walk;
use crate::workspace::{Place, Workspace};

const RESULT_LIMIT: usize = 300;

/// Which files.
#[derive(Deserialize, JsonSchema)]
pub struct Find {
    /// With `*`, `?`, `**`, `[a-z]`, `{a,b}`; without a slash: names in all folders.
    pub pattern: String,
    /// Folder to look in.
    pub path: Option<String>,
}

/// Finds files by name.
pub fn find(workspace: &Workspace, arguments: Find) -> Result<Output, Failure> {
    let place = workspace.locate(arguments.path.as_deref().unwrap_or_default())?;
    let glob = Glob::new(&arguments.pattern, "pattern")?;
    if place.metadata()?.is_file() {
        return Err(Failure::invalid(format!("`{}` is a file: give the folder to look in", place.shown)));
    }
    let mut found = Vec::new();
    let complete = walk::files(&place, |entry| {
        if glob.matches(relative(&place, &entry.place)) {
            if found.len() == RESULT_LIMIT {
                return ControlFlow::Break(());
            }
            found.push(entry.place.shown.clone());
        }
        ControlFlow::Continue(())
    })?;
    let mut text = match found.len() {
        0 => format!("No file fits `{}`.", arguments.pattern),
        _ => found.join("\n"),
    };
    if !complete {
        text.push_str("\n[there are more files: narrow the pattern or give a folder]");
    }
    Ok(Output::from(text).structured(json!({"files": found, "complete": complete})))
}

/// The path of a file as seen from the folder where the walk began.
pub fn relative<'a>(start: &Place, place: &'a Place) -> &'a str {
    match place.shown.strip_prefix(&start.shown) {
        Some(rest) => rest.trim_start_matches('/'),
        None => &place.shown,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_are_found_by_pattern_and_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("notes/old")).unwrap();
        for path in ["a.md", "notes/b.md", "notes/old/c.md", "notes/d.txt"] {
            fs::write(folder.path().join(path), "").unwrap();
        }
        let check = |pattern: &str, path: Option<&str>| {
            let arguments = Find { pattern: pattern.to_owned(), path: path.map(ToOwned::to_owned) };
            find(&Workspace::at(folder.path()), arguments).map(|output| output.text)
        };
        assert_eq!(check("*.md", None).unwrap(), "a.md\nnotes/b.md\nnotes/old/c.md");
        assert_eq!(check("*.md", Some("notes")).unwrap(), "notes/b.md\nnotes/old/c.md");
        assert_eq!(check("old/*", Some("notes")).unwrap(), "notes/old/c.md");
        assert_eq!(check("*.pdf", None).unwrap(), "No file fits `*.pdf`.");
        assert!(matches!(check("*", Some("a.md")), Err(Failure::Invalid(_))));
    }
}
