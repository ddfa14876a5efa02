//! The tool `write`, and writing so that a file is either the old one or the new one, also after a crash.

use std::borrow::Cow;
use std::collections::hash_map::RandomState;
use std::fs::{self, File};
use std::hash::BuildHasher;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::{Failure, Output};

use crate::read;
use crate::workspace::{Place, Workspace, size};

/// The largest text that is written, in bytes.
pub const TEXT_LIMIT: usize = 8 << 20;

/// A part of at least so many bytes that the file ends with already was added before: by a call that was made again after
/// a crash, or by a model that lost count.
const SAME_PART: usize = 200;

/// What to write where.
#[derive(Deserialize, JsonSchema)]
pub struct Write {
    pub path: String,
    pub content: String,
    /// Add at the end.
    pub append: Option<bool>,
}

/// Writes a whole file, or a further part of one.
pub fn write(workspace: &Workspace, arguments: Write) -> Result<Output, Failure> {
    let place = workspace.locate(&arguments.path)?;
    if arguments.append.unwrap_or(false) {
        return append(&place, &arguments.content);
    }
    let replaced = place.path.exists();
    replace(&place, &as_before(&place, &arguments.content))?;
    let (lines, length) = (arguments.content.lines().count(), size(arguments.content.len() as u64));
    let what = if replaced { "Replaced" } else { "Created" };
    Ok(format!("{what} `{}`: {lines} lines, {length}.", place.shown).into())
}

/// The text with the line ends and the mark at the beginning that the file had, if all its lines end as on Windows.
fn as_before<'a>(place: &Place, content: &'a str) -> Cow<'a, str> {
    const MARK: char = '\u{feff}';
    let small = place.path.metadata().is_ok_and(|file| file.is_file() && file.len() <= read::FILE_LIMIT);
    let Some(before) = small.then(|| fs::read_to_string(&place.path).ok()).flatten() else { return content.into() };
    let text = with_line_ends(&before, content);
    if before.starts_with(MARK) && !content.starts_with(MARK) { format!("{MARK}{text}").into() } else { text }
}

/// Models write plain line ends, whatever they read.
fn with_line_ends<'a>(before: &str, content: &'a str) -> Cow<'a, str> {
    let lines = before.matches('\n').count();
    if lines > 0 && lines == before.matches("\r\n").count() && !content.contains('\r') {
        return content.replace('\n', "\r\n").into();
    }
    content.into()
}

/// Adds a text to the end of a file, making the file where it is missing.
fn append(place: &Place, text: &str) -> Result<Output, Failure> {
    let before = if place.path.exists() { read::load(place)? } else { String::new() };
    let text = with_line_ends(&before, text).into_owned();
    if text.len() >= SAME_PART && before.ends_with(&text) {
        return Ok(format!("`{}` ends with this text already; nothing was added.", place.shown).into());
    }
    let whole = before + &text;
    replace(place, &whole)?;
    let (added, lines) = (size(text.len() as u64), whole.lines().count());
    let length = size(whole.len() as u64);
    Ok(format!("Added {added} to `{}`: {lines} lines, {length} now.", place.shown).into())
}

/// Puts a text in the place of a file, making the file and its folders where they are missing.
pub fn replace(place: &Place, text: &str) -> Result<(), Failure> {
    let (Some(folder), Some(name)) = (place.path.parent(), place.path.file_name()) else {
        return Err(Failure::invalid("`path` names no file: give one such as `notes/plan.md`"));
    };
    if place.shown == "." || place.path.is_dir() {
        return Err(Failure::invalid(format!("`{}` is a folder: give the path of a file", place.shown)));
    }
    if let Ok(target) = fs::read_link(&place.path) {
        let target = target.display();
        return Err(Failure::invalid(format!("`{}` is a link: change `{target}`, where it leads", place.shown)));
    }
    if place.path.metadata().is_ok_and(|there| !there.is_file()) {
        return Err(place.no_file());
    }
    if text.len() > TEXT_LIMIT {
        return Err(Failure::invalid(format!("the text is larger than {}: split it", size(TEXT_LIMIT as u64))));
    }
    let explain = |error: io::Error| place.explain(&error);
    fs::create_dir_all(folder).map_err(explain)?;
    let draft = write_beside(folder, &name.to_string_lossy(), text).map_err(explain)?;
    fs::rename(&draft, &place.path).map_err(|error| {
        // Nothing is lost if it stays: it is only a hidden file that nobody reads.
        let _ = fs::remove_file(&draft);
        place.explain(&error)
    })
}

/// Writes the text to a new hidden file in the same folder, on disk when this returns.
fn write_beside(folder: &Path, name: &str, text: &str) -> io::Result<PathBuf> {
    let mark = RandomState::new().hash_one(name);
    let path = folder.join(format!(".{name}.{mark:016x}.part"));
    let written = File::create_new(&path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    if let Err(error) = written {
        let _ = fs::remove_file(&path);
        return Err(error);
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(workspace: &Workspace, path: &str, content: &str) -> Result<String, Failure> {
        write(workspace, Write { path: path.to_owned(), content: content.to_owned(), append: None })
            .map(|output| output.text)
    }

    #[test]
    fn a_file_is_made_with_its_folders_and_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(folder.path());
        assert_eq!(check(&workspace, "a/b/c.md", "1\n2\n").unwrap(), "Created `a/b/c.md`: 2 lines, 4 B.");
        assert_eq!(check(&workspace, "a/b/c.md", "3").unwrap(), "Replaced `a/b/c.md`: 1 lines, 1 B.");
        assert_eq!(fs::read_to_string(folder.path().join("a/b/c.md")).unwrap(), "3");
        let names: Vec<_> = fs::read_dir(folder.path().join("a/b")).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["c.md"], "no draft stays behind");
    }

    #[test]
    fn a_file_of_windows_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(folder.path());
        for (before, content, after) in [
            ("a\r\nb\r\n", "c\nd\n", "c\r\nd\r\n"),
            ("\u{feff}a\r\n", "c\n", "\u{feff}c\r\n"),
            ("a\r\nb\n", "c\n", "c\n"),
            ("a\nb\n", "c\r\n", "c\r\n"),
            ("a\r\n", "c\r\nd\n", "c\r\nd\n"),
            ("no line", "c\n", "c\n"),
        ] {
            fs::write(folder.path().join("a.txt"), before).unwrap();
            check(&workspace, "a.txt", content).unwrap();
            assert_eq!(fs::read_to_string(folder.path().join("a.txt")).unwrap(), after, "{before:?}");
        }
    }

    #[test]
    fn a_file_grows_by_parts() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(folder.path());
        let add = |path: &str, content: &str| {
            write(&workspace, Write { path: path.to_owned(), content: content.to_owned(), append: Some(true) })
        };
        assert_eq!(add("a/b.md", "1\n").unwrap().text, "Added 2 B to `a/b.md`: 1 lines, 2 B now.");
        assert_eq!(add("a/b.md", "2\n").unwrap().text, "Added 2 B to `a/b.md`: 2 lines, 4 B now.");
        assert_eq!(fs::read_to_string(folder.path().join("a/b.md")).unwrap(), "1\n2\n");
        let part = "a long part ".repeat(50);
        add("a/b.md", &part).unwrap();
        assert!(add("a/b.md", &part).unwrap().text.contains("already"), "made again after a crash");
        assert_eq!(fs::read_to_string(folder.path().join("a/b.md")).unwrap(), format!("1\n2\n{part}"));
        fs::write(folder.path().join("binary"), [0xff, 0, 0xfe]).unwrap();
        assert!(add("binary", "x").is_err(), "what is no text is left alone");
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(folder.path());
        fs::create_dir(folder.path().join("d")).unwrap();
        fs::write(folder.path().join("f"), "").unwrap();
        for path in ["", "d"] {
            assert!(matches!(check(&workspace, path, "x"), Err(Failure::Invalid(text)) if text.contains("folder")));
        }
        assert!(check(&workspace, "f/g", "x").is_err());
        assert!(matches!(check(&workspace, "../x", "x"), Err(Failure::Denied(_))));
        let huge = "x".repeat(TEXT_LIMIT + 1);
        assert!(matches!(check(&workspace, "huge", &huge), Err(Failure::Invalid(text)) if text.contains("8.0 MB")));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_replaced_by_a_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("real"), "old").unwrap();
        std::os::unix::fs::symlink("real", folder.path().join("link")).unwrap();
        let failure = check(&Workspace::at(folder.path()), "link", "new").unwrap_err();
        assert!(failure.text().contains("`real`"));
        assert_eq!(fs::read_to_string(folder.path().join("real")).unwrap(), "old");
    }
}
