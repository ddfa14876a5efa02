//! A copy of a folder with all that is in it, and what became different there. Links stay links and are never followed,
//! so nothing that is done to the copy reaches the original.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use similar::{Change, ChangeTag, TextDiff};
use steward_beneath::{Folder, Kind, Metadata};

use super::rows::shown;

/// What is copied at most.
const BYTES: u64 = 1 << 30;
const ENTRIES: usize = 100_000;
/// The longest text that is compared line by line, in bytes, and the most lines shown of one.
const TEXT: u64 = 256 << 10;
const LINES: usize = 20;

/// What tells that a file was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    is_folder: bool,
    size: u64,
    modified: Duration,
    changed: Duration,
    file: u64,
}

impl Stamp {
    fn of(data: &Metadata) -> Self {
        let is_folder = data.is_folder();
        if is_folder {
            // What is in it is looked at by itself.
            return Self { is_folder, size: 0, modified: Duration::ZERO, changed: Duration::ZERO, file: 0 };
        }
        Self { is_folder, size: data.size, modified: data.modified, changed: data.changed, file: data.number }
    }
}

/// A copy and how it was when it was made.
pub(super) struct Tree {
    /// Nothing where there was no folder.
    from: Option<Folder>,
    to: Folder,
    /// By the path within the folder.
    copied: BTreeMap<PathBuf, Stamp>,
}

impl Tree {
    /// Copies a folder; one that does not exist is copied as an empty one.
    ///
    /// # Errors
    /// It is too large, or cannot be read.
    pub(super) fn copy(from: &Path, to: &Path) -> anyhow::Result<Self> {
        let to = Folder::make(to)?.strict();
        let source = match Folder::open(from).map(Folder::strict) {
            Err(error) if error.is_missing() => None,
            opened => Some(opened?),
        };
        let (mut bytes, mut count) = (0, 0);
        for (path, data) in source.as_ref().map(walk).transpose()?.unwrap_or_default() {
            count += 1;
            bytes += if data.is_file() { data.size } else { 0 };
            if bytes > BYTES || count > ENTRIES {
                bail!(
                    "{} is too large to be copied for a dry run: {ENTRIES} files of 1 GiB together are the most",
                    from.display()
                );
            }
            if let Some(source) = &source {
                copy_one(source, &to, &path, &data)?;
            }
        }
        let copied = stamps(&to)?;
        Ok(Self { from: source, to, copied })
    }

    /// What became different, a sentence each.
    pub(super) fn changes(&self) -> anyhow::Result<Vec<String>> {
        let now = stamps(&self.to)?;
        let mut told = Vec::new();
        for (path, stamp) in &now {
            match self.copied.get(path) {
                Some(then) if then == stamp => {}
                Some(_) => told.extend(self.changed(path, stamp)),
                None if stamp.is_folder => told.push(format!("would make the folder {}", name(path))),
                None => told.push(format!("would write {}: {}{}", name(path), size(stamp), self.lines(path, stamp))),
            }
        }
        let gone = self.copied.keys().filter(|path| !now.contains_key(*path));
        told.extend(gone.map(|path| format!("would delete {}", name(path))));
        Ok(told)
    }

    /// A file that was written to; nothing if it says the same as before.
    fn changed(&self, path: &Path, stamp: &Stamp) -> Option<String> {
        let lines = self.lines(path, stamp);
        let bytes = |folder: &Folder| folder.bytes(path, TEXT).ok();
        let (then, now) = (self.from.as_ref().and_then(bytes), bytes(&self.to));
        if stamp.size <= TEXT && then.is_some() && then == now {
            return None;
        }
        Some(format!("would change {}: {}{lines}", name(path), size(stamp)))
    }

    /// The lines in which a text differs from the original, behind `-` and `+`.
    fn lines(&self, path: &Path, stamp: &Stamp) -> String {
        let text = |folder: &Folder| String::from_utf8(folder.bytes(path, TEXT).ok()?).ok();
        if stamp.size > TEXT {
            return String::new();
        }
        let Some(now) = text(&self.to) else { return String::new() };
        difference(&self.from.as_ref().and_then(text).unwrap_or_default(), &now)
    }
}

/// The lines in which two texts differ.
fn difference(then: &str, now: &str) -> String {
    let changes = TextDiff::from_lines(then, now);
    let lines: Vec<_> = changes.iter_all_changes().filter(|change| change.tag() != ChangeTag::Equal).collect();
    let line = |change: &Change<&str>| format!("\n{} {}", change.tag(), shown(change.value().trim_end_matches('\n')));
    let mut told: String = lines.iter().take(LINES).map(line).collect();
    if lines.len() > LINES {
        told.push_str(&format!("\n… and {} more lines", lines.len() - LINES));
    }
    told
}

fn name(path: &Path) -> String {
    shown(&path.to_string_lossy())
}

fn size(stamp: &Stamp) -> String {
    crate::cost::bytes(stamp.size)
}

fn copy_one(source: &Folder, to: &Folder, path: &Path, data: &Metadata) -> anyhow::Result<()> {
    match data.kind {
        Kind::Link => to.make_link(path, &source.link_target(path)?)?,
        Kind::Folder => drop(to.make_folder(path)?),
        Kind::File => {
            let copied = io::copy(&mut source.read(path)?.file, &mut to.create(path)?);
            copied.with_context(|| format!("cannot copy {}", path.display()))?;
            to.set_mode(path, data.mode)?;
        }
        // Pipes and sockets are nobody's files.
        _ => {}
    }
    Ok(())
}

fn stamps(folder: &Folder) -> anyhow::Result<BTreeMap<PathBuf, Stamp>> {
    Ok(walk(folder)?.into_iter().map(|(path, data)| (path, Stamp::of(&data))).collect())
}

/// Everything in a folder, folders before what is in them.
fn walk(folder: &Folder) -> anyhow::Result<Vec<(PathBuf, Metadata)>> {
    let (mut found, mut open) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(within) = open.pop() {
        for entry in folder.folder(&within)?.entries()? {
            let path = within.join(&entry.name);
            if entry.metadata.is_folder() {
                open.push(path.clone());
            }
            found.push((path, entry.metadata));
            if found.len() > ENTRIES {
                bail!("{} has too many files for a dry run: {ENTRIES} are the most", folder.root().display());
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_done_to_the_copy_is_told_and_the_original_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("notes")).unwrap();
        fs::write(from.join("notes/a.md"), "one\ntwo\nthree\n").unwrap();
        fs::write(from.join("same.md"), "same").unwrap();
        fs::write(from.join("gone.md"), "gone").unwrap();
        std::os::unix::fs::symlink(&from, from.join("link")).unwrap();
        let tree = Tree::copy(&from, &to).unwrap();
        assert!(tree.changes().unwrap().is_empty());

        fs::write(to.join("notes/a.md"), "one\n2\nthree\n").unwrap();
        fs::write(to.join("same.md"), "same").unwrap();
        fs::remove_file(to.join("gone.md")).unwrap();
        fs::create_dir(to.join("new")).unwrap();
        fs::write(to.join("new/b.md"), "fresh\u{1b}").unwrap();
        assert_eq!(
            tree.changes().unwrap(),
            [
                "would make the folder new",
                "would write new/b.md: 6 B\n+ fresh ",
                "would change notes/a.md: 12 B\n- two\n+ 2",
                "would delete gone.md",
            ]
        );
        assert_eq!(fs::read_to_string(from.join("notes/a.md")).unwrap(), "one\ntwo\nthree\n");
        assert!(to.join("link").is_symlink());
    }

    #[test]
    fn a_folder_that_does_not_exist_is_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let tree = Tree::copy(&folder.path().join("nowhere"), &folder.path().join("to")).unwrap();
        fs::write(folder.path().join("to/MEMORY.md"), "tea\n").unwrap();
        assert_eq!(tree.changes().unwrap(), ["would write MEMORY.md: 4 B\n+ tea"]);
    }
}
