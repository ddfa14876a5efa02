//! Going through folders in a settled order. Links are not followed, and folders full of other people's files are left
//! out unless asked for by name.

use std::fs;
use std::ops::ControlFlow;

use steward_sdk::Failure;

use crate::workspace::Place;

/// The most entries one walk looks at.
pub const ENTRY_LIMIT: usize = 50_000;

const LEFT_OUT: &[&str] = &[".git", ".hg", ".svn", ".venv", "__pycache__", "node_modules", "target"];

/// Something in a folder.
#[derive(Clone, Debug)]
pub struct Entry {
    pub place: Place,
    pub name: String,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    Folder,
    Link,
    /// A pipe, a socket or a device.
    Other,
}

impl Entry {
    /// Whether a walk goes into this folder by itself.
    pub fn is_entered(&self) -> bool {
        self.kind == Kind::Folder && !LEFT_OUT.contains(&self.name.as_str())
    }
}

/// What is in a folder, by name; drafts of files being written are left out.
pub fn entries(folder: &Place) -> Result<Vec<Entry>, Failure> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(&folder.path).map_err(|error| folder.explain(&error))? {
        let entry = entry.map_err(|error| folder.explain(&error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = match entry.file_type() {
            Ok(kind) if kind.is_dir() => Kind::Folder,
            Ok(kind) if kind.is_symlink() => Kind::Link,
            Ok(kind) if kind.is_file() => Kind::File,
            Ok(_) => Kind::Other,
            // It is gone in the meantime.
            Err(_) => continue,
        };
        if name.starts_with('.') && name.ends_with(".part") {
            continue;
        }
        entries.push(Entry { place: folder.child(&name), name, kind });
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// Shows every file below a folder to `visit` until it breaks off. Says whether all were shown: a walk ends by itself
/// after [`ENTRY_LIMIT`] entries.
pub fn files(folder: &Place, mut visit: impl FnMut(&Entry) -> ControlFlow<()>) -> Result<bool, Failure> {
    let mut waiting = entries(folder)?;
    waiting.reverse();
    let mut looked_at = 0;
    while let Some(entry) = waiting.pop() {
        looked_at += 1;
        if looked_at > ENTRY_LIMIT {
            return Ok(false);
        }
        if entry.is_entered() {
            // A folder that cannot be opened hides its files only.
            waiting.extend(entries(&entry.place).unwrap_or_default().into_iter().rev());
        } else if entry.kind == Kind::File && visit(&entry).is_break() {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn files_come_in_order_without_links_and_foreign_folders() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["b/2.md", "b/1.md", "a.md", "c.md", "node_modules/x/y.js", ".git/config", ".c.md.0.part"] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink("/", folder.path().join("root")).unwrap();
        #[cfg(unix)]
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
        let start = Workspace::at(folder.path()).locate("").unwrap();
        let mut seen = Vec::new();
        let all = files(&start, |entry| {
            seen.push(entry.place.shown.clone());
            ControlFlow::Continue(())
        });
        assert!(all.unwrap());
        assert_eq!(seen, ["a.md", "b/1.md", "b/2.md", "c.md"]);
        assert!(!files(&start, |_| ControlFlow::Break(())).unwrap());
    }
}
