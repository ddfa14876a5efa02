//! Brings back what git changed in the private folder: new objects first, then branches, the index and what tells of a
//! merge. A branch that somebody else moved meanwhile is left as it is, and that is told.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::beneath::Folder;
use super::shadow::{INDEX, Shadow, is_ref};
use crate::bindings::Failure;

/// # Errors
/// A file cannot be written, or was changed meanwhile.
pub(super) fn restore(shadow: &Shadow) -> Result<(), Failure> {
    bring_objects(shadow)?;
    let mut changed = Vec::new();
    find_changed(&shadow.path, "refs", shadow, &mut changed)?;
    for (name, value) in &changed {
        move_ref(shadow, name, value)?;
    }
    let head = fs::read_to_string(shadow.path.join("HEAD")).map_err(unread)?;
    if head.trim_end() != shadow.head {
        shadow.place.own.write(Path::new("HEAD"), head.as_bytes(), None)?;
    }
    bring_index(shadow)?;
    for name in &shadow.state {
        if !shadow.path.join(name).exists() {
            shadow.place.own.remove(name);
        }
    }
    bring_logs(shadow)
}

fn unread(error: std::io::Error) -> Failure {
    Failure::Failed(format!("what git made cannot be read: {error}"))
}

fn entries(folder: &Path) -> Result<Vec<(std::ffi::OsString, PathBuf)>, Failure> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
    let entry = |entry: std::io::Result<fs::DirEntry>| entry.map(|entry| (entry.file_name(), entry.path()));
    entries.map(entry).collect::<Result<_, _>>().map_err(unread)
}

/// Objects are named after what they hold: one that is there is the same.
fn bring_objects(shadow: &Shadow) -> Result<(), Failure> {
    for (name, path) in entries(&shadow.path.join("objects"))? {
        if name == "info" || name.to_string_lossy().starts_with("tmp_") {
            continue;
        }
        let mut files = entries(&path)?;
        files.retain(|(name, _)| !name.to_string_lossy().starts_with("tmp_"));
        if files.is_empty() {
            continue;
        }
        // What makes a pack one comes last.
        files.sort_by_key(|(name, _)| name.to_string_lossy().ends_with(".idx"));
        let folder = shadow.place.common.made(&Path::new("objects").join(&name))?;
        for (name, path) in files.iter().filter(|(name, _)| folder.kind(name).is_none()) {
            bring(&folder, path, name)?;
        }
    }
    Ok(())
}

/// Moves it there, or copies it to another file system.
pub(super) fn bring(folder: &Folder, from: &Path, name: &OsStr) -> Result<(), Failure> {
    if folder.take(from, name)? { Ok(()) } else { folder.copy(from, name) }
}

/// The branches that have a separate file now: git writes those it changes.
fn find_changed(root: &Path, name: &str, shadow: &Shadow, changed: &mut Vec<(String, String)>) -> Result<(), Failure> {
    for (part, path) in entries(&root.join(name))? {
        let name = format!("{name}/{}", part.to_string_lossy());
        if path.is_dir() {
            find_changed(root, &name, shadow, changed)?;
        } else if is_ref(&name) {
            let value = fs::read_to_string(path).map_err(unread)?.trim_end().to_owned();
            if shadow.refs.get(&name) != Some(&value) {
                changed.push((name, value));
            }
        }
    }
    Ok(())
}

fn move_ref(shadow: &Shadow, name: &str, value: &str) -> Result<(), Failure> {
    let common = &shadow.place.common;
    let now = common.read(name, 4 << 10)?.map(|bytes| String::from_utf8_lossy(&bytes).trim_end().to_owned());
    // Without a file it stands where it stood, in the packed ones, unless somebody has packed it since.
    let unmoved = now.as_ref().is_none_or(|now| shadow.refs.get(name) == Some(now) || now.is_empty());
    if !unmoved {
        return Err(Failure::Unavailable(format!(
            "another git has moved `{name}` meanwhile: look at it with git_log, and do it again"
        )));
    }
    common.write(Path::new(name), format!("{value}\n").as_bytes(), None)
}

fn bring_index(shadow: &Shadow) -> Result<(), Failure> {
    let path = shadow.path.join("index");
    let Ok(bytes) = fs::read(&path) else { return Ok(()) };
    if shadow.index.is_some_and(|(hash, _)| hash == blake3::hash(&bytes)) {
        return Ok(());
    }
    let now = shadow.place.own.read("index", INDEX)?.map(|bytes| blake3::hash(&bytes));
    if now != shadow.index.map(|(hash, _)| hash) {
        return Err(Failure::Unavailable("another git has changed the index meanwhile: do it again".to_owned()));
    }
    let changed = fs::metadata(&path).and_then(|about| about.modified()).map_err(unread)?;
    for (name, path) in entries(&shadow.path)? {
        if name.to_string_lossy().starts_with("sharedindex.") && shadow.place.own.kind(&name).is_none() {
            bring(&shadow.place.own, &path, &name)?;
        }
    }
    shadow.place.own.write(Path::new("index"), &bytes, Some(changed))
}

/// What git would have written of where branches stood before.
fn bring_logs(shadow: &Shadow) -> Result<(), Failure> {
    let mut folders = vec![PathBuf::from("logs")];
    while let Some(folder) = folders.pop() {
        for (name, path) in entries(&shadow.path.join(&folder))? {
            let within = folder.join(name);
            if path.is_dir() {
                folders.push(within);
                continue;
            }
            let to = if within == Path::new("logs/HEAD") { &shadow.place.own } else { &shadow.place.common };
            to.append(&within, &fs::read(path).map_err(unread)?)?;
        }
    }
    Ok(())
}
