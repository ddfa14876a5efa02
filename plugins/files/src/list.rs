//! The tool `list`: what is in a folder.

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::{Failure, Output};

use crate::walk::{self, Kind};
use crate::workspace::{Place, Workspace, size};

const LINE_LIMIT: usize = 500;
const DEEPEST: usize = 8;

/// Which folder.
#[derive(Deserialize, JsonSchema)]
pub struct List {
    pub path: Option<String>,
    /// Levels, 1 to 8.
    pub depth: Option<usize>,
}

/// Lists a folder.
pub fn list(workspace: &Workspace, arguments: List) -> Result<Output, Failure> {
    let place = workspace.locate(arguments.path.as_deref().unwrap_or_default())?;
    let metadata = place.metadata()?;
    if metadata.is_file() {
        return Ok(format!("`{}` is a file of {}.", place.shown, size(metadata.len())).into());
    }
    let depth = arguments.depth.unwrap_or(1).clamp(1, DEEPEST);
    let mut lines = Lines { text: String::new(), count: 0, left_out: 0 };
    lines.add_folder(&place, 0, depth)?;
    Ok(lines.describe(&place).into())
}

struct Lines {
    text: String,
    count: usize,
    left_out: usize,
}

impl Lines {
    fn add_folder(&mut self, folder: &Place, level: usize, depth: usize) -> Result<(), Failure> {
        for entry in walk::entries(folder)? {
            let line = match entry.kind {
                Kind::Folder => format!("{}/", entry.name),
                Kind::Link => format!("{} (link)", entry.name),
                Kind::Other => format!("{} (not a file)", entry.name),
                Kind::File => {
                    let length = entry.place.metadata().map_or(0, |metadata| metadata.len());
                    format!("{}  {}", entry.name, size(length))
                }
            };
            self.add(level, &line);
            if level + 1 < depth && entry.is_entered() && self.count < LINE_LIMIT {
                self.add_folder(&entry.place, level + 1, depth)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, level: usize, line: &str) {
        if self.count == LINE_LIMIT {
            self.left_out += 1;
            return;
        }
        self.count += 1;
        self.text.push_str(&"  ".repeat(level));
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn describe(mut self, place: &Place) -> String {
        let name = if place.shown == "." { "The workspace".to_owned() } else { format!("`{}`", place.shown) };
        if self.count == 0 {
            return format!("{name} is empty.");
        }
        if self.left_out > 0 {
            self.text.push_str(&format!("[{} more: list a folder inside, or use find]", self.left_out));
        }
        format!("{name}:\n{}", self.text.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn check(folder: &std::path::Path, path: Option<&str>, depth: Option<usize>) -> Result<String, Failure> {
        let arguments = List { path: path.map(ToOwned::to_owned), depth };
        list(&Workspace::at(folder), arguments).map(|output| output.text)
    }

    #[test]
    fn a_folder_is_shown_to_the_depth_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("notes/old")).unwrap();
        fs::write(folder.path().join("notes/plan.md"), "12345").unwrap();
        fs::write(folder.path().join("a.md"), "").unwrap();
        assert_eq!(check(folder.path(), None, None).unwrap(), "The workspace:\na.md  0 B\nnotes/");
        let deep = "The workspace:\na.md  0 B\nnotes/\n  old/\n  plan.md  5 B";
        assert_eq!(check(folder.path(), None, Some(3)).unwrap(), deep);
        assert_eq!(check(folder.path(), Some("notes/old"), None).unwrap(), "`notes/old` is empty.");
        assert_eq!(check(folder.path(), Some("notes/plan.md"), None).unwrap(), "`notes/plan.md` is a file of 5 B.");
        assert!(matches!(check(folder.path(), Some("nope"), None), Err(Failure::NotFound(_))));
    }

    #[test]
    fn a_huge_folder_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        for n in 0..LINE_LIMIT + 7 {
            fs::write(folder.path().join(format!("{n:04}")), "").unwrap();
        }
        let text = check(folder.path(), None, None).unwrap();
        assert!(text.ends_with("[7 more: list a folder inside, or use find]"));
    }
}
