//! Files of the workspace, by the paths people use for them: `notes/plan.md`. Needs the grant `files`; changing
//! anything needs `files:write`. Which folders are really there is the host's doing: here a path only gets its better
//! words.
//!
//! `std::fs` works as well, beneath [`FOLDER`].
//!
//! ```no_run
//! use steward_sdk::{Failure, files};
//!
//! fn add_line(line: &str) -> Result<(), Failure> {
//!     files::append("notes/plan.md", format!("- {line}\n"))
//! }
//! ```

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::Failure;

/// Where the host opens the workspace.
pub const FOLDER: &str = "/workspace";

/// A file or folder, as [`list`] gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its own name, without folders.
    pub name: String,
    pub is_folder: bool,
    /// Bytes; 0 for a folder.
    pub size: u64,
}

/// The text of a file.
///
/// # Errors
/// It does not exist, may not be read, or is not UTF-8 text.
pub fn read(path: &str) -> Result<String, Failure> {
    String::from_utf8(read_bytes(path)?).map_err(|_| Failure::invalid(format!("`{path}` is not a text file")))
}

/// What a file holds.
///
/// # Errors
/// It does not exist or may not be read.
pub fn read_bytes(path: &str) -> Result<Vec<u8>, Failure> {
    fs::read(locate(path)?).map_err(|error| explain(path, &error))
}

/// How many bytes a file has: to be asked before one of unknown size is read into a plugin's memory.
///
/// # Errors
/// It does not exist, is a folder, or may not be read.
pub fn size(path: &str) -> Result<u64, Failure> {
    let metadata = fs::metadata(locate(path)?).map_err(|error| explain(path, &error))?;
    if metadata.is_dir() {
        return Err(explain(path, &io::ErrorKind::IsADirectory.into()));
    }
    Ok(metadata.len())
}

/// Writes a whole file in place of what was there. Missing folders are made, and nobody sees half a file.
///
/// # Errors
/// It may not be written.
pub fn write(path: &str, data: impl AsRef<[u8]>) -> Result<(), Failure> {
    let place = locate(path)?;
    replace(&place, data.as_ref()).map_err(|error| explain(path, &error))
}

/// Adds to the end of a file; a missing one is made, with its folders.
///
/// # Errors
/// It may not be written.
pub fn append(path: &str, data: impl AsRef<[u8]>) -> Result<(), Failure> {
    let place = locate(path)?;
    let added = make_folder_of(&place)
        .and_then(|()| OpenOptions::new().append(true).create(true).open(&place))
        .and_then(|mut file| file.write_all(data.as_ref()));
    added.map_err(|error| explain(path, &error))
}

/// What lies in a folder, by name; the workspace itself is `.`.
///
/// # Errors
/// It does not exist, is no folder, or may not be read.
pub fn list(path: &str) -> Result<Vec<Entry>, Failure> {
    let listed = fs::read_dir(locate(path)?).and_then(|entries| entries.map(entry).collect::<io::Result<Vec<_>>>());
    let mut entries = listed.map_err(|error| explain(path, &error))?;
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(entries)
}

/// Whether there is a file or folder of that path.
///
/// # Errors
/// The path leads out of the workspace, or nobody can tell.
pub fn exists(path: &str) -> Result<bool, Failure> {
    locate(path)?.try_exists().map_err(|error| explain(path, &error))
}

/// Removes a file.
///
/// # Errors
/// It does not exist, is a folder, or may not be removed.
pub fn remove(path: &str) -> Result<(), Failure> {
    fs::remove_file(locate(path)?).map_err(|error| explain(path, &error))
}

fn entry(entry: io::Result<fs::DirEntry>) -> io::Result<Entry> {
    let entry = entry?;
    let metadata = entry.metadata()?;
    let size = if metadata.is_dir() { 0 } else { metadata.len() };
    Ok(Entry { name: entry.file_name().to_string_lossy().into_owned(), is_folder: metadata.is_dir(), size })
}

fn replace(place: &Path, data: &[u8]) -> io::Result<()> {
    make_folder_of(place)?;
    let mut name = OsString::from(".");
    name.push(place.file_name().unwrap_or_default());
    name.push(".draft");
    let draft = place.with_file_name(name);
    let written = fs::write(&draft, data).and_then(|()| fs::rename(&draft, place));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&draft);
    }
    written
}

fn make_folder_of(place: &Path) -> io::Result<()> {
    match place.parent() {
        // Asked first, for the folders above may be there without being open for change.
        Some(folder) if !folder.is_dir() => fs::create_dir_all(folder),
        _ => Ok(()),
    }
}

/// The place a path of the workspace means.
fn locate(path: &str) -> Result<PathBuf, Failure> {
    let inner = path.strip_prefix(FOLDER).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let relative = inner.map_or(path, |rest| rest.trim_start_matches('/'));
    let leads_out = relative.split('/').any(|part| part == "..") || relative.starts_with(['/', '~']);
    if leads_out || relative.contains('\0') {
        let wanted = "give a path within the workspace, such as `notes/plan.md`";
        return Err(Failure::denied(format!("`{path}` is outside of the workspace: {wanted}")));
    }
    let parts: PathBuf = relative.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    Ok(Path::new(FOLDER).join(parts))
}

/// The error in words of the path.
fn explain(path: &str, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::NotFound => Failure::not_found(format!("`{path}` does not exist")),
        io::ErrorKind::IsADirectory => Failure::invalid(format!("`{path}` is a folder")),
        io::ErrorKind::NotADirectory => {
            Failure::invalid(format!("`{path}` goes through a file as if it were a folder"))
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Failure::denied(format!("`{path}` may not be used in this way here"))
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Failure::unavailable(format!("`{path}` was not written, for there is no room left"))
        }
        _ => Failure::failed(format!("`{path}`: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_workspace() {
        for (path, place) in [
            ("notes/plan.md", "/workspace/notes/plan.md"),
            ("./notes//plan.md", "/workspace/notes/plan.md"),
            ("/workspace/plan.md", "/workspace/plan.md"),
            (".", "/workspace"),
            ("", "/workspace"),
            ("..a/b..", "/workspace/..a/b.."),
        ] {
            assert_eq!(locate(path).unwrap(), Path::new(place), "{path}");
        }
        for path in ["..", "a/../../b", "/etc/passwd", "/workspaces/a", "/workspace/../a", "~/a", "a\0b"] {
            let failure = locate(path).unwrap_err();
            assert!(matches!(&failure, Failure::Denied(text) if text.contains("outside of the workspace")), "{path}");
        }
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = std::env::temp_dir().join(format!("steward-sdk-{}", std::process::id()));
        let place = folder.join("a/b.txt");
        replace(&place, b"one").unwrap();
        replace(&place, b"two").unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"two");
        assert_eq!(fs::read_dir(place.parent().unwrap()).unwrap().count(), 1, "no draft is left");
        assert!(replace(&folder.join("a"), b"three").is_err());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_missing_file_is_named_by_its_path() {
        assert_eq!(read("no/such.txt").unwrap_err(), Failure::not_found("`no/such.txt` does not exist"));
        assert_eq!(size("no/such.txt").unwrap_err(), Failure::not_found("`no/such.txt` does not exist"));
    }
}
