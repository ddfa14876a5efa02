//! Where a repository of the workspace keeps what is its own. `.git` files, `gitdir` and `commondir` are followed within
//! the workspace and nowhere else.

use std::path::{Component, Path, PathBuf};

use rustix::fs::FileType;

use super::beneath::Folder;
use crate::bindings::Failure;

/// A repository that was found.
#[derive(Debug)]
pub(super) struct Place {
    /// What belongs to this working folder: HEAD, the index.
    pub(super) own: Folder,
    /// What all working folders share: branches, objects, settings.
    pub(super) common: Folder,
    /// The real path of `common`.
    pub(super) path: PathBuf,
    /// The folder with its files.
    pub(super) files: Option<Folder>,
    /// There is no folder with its files.
    pub(super) is_bare: bool,
}

/// The longest file that names a folder.
const POINTER: u64 = 4 << 10;

/// The workspace, for finding things in it.
pub(super) struct Workspace<'a> {
    pub(super) root: &'a Folder,
    /// Its real path.
    pub(super) path: &'a Path,
}

impl Workspace<'_> {
    /// The repository of a folder, which is named from the workspace; one without working folder only if `bare`.
    ///
    /// # Errors
    /// There is none, or it leads out of the workspace.
    pub(super) fn repository(&self, folder: &Path, bare: bool) -> Result<Place, Failure> {
        let shown = if folder.as_os_str().is_empty() { "." } else { &folder.to_string_lossy() };
        let none = || {
            let text = format!("there is no git repository in `{shown}`: name the folder that holds `.git`");
            Failure::NotFound(text)
        };
        let within = self.root.inner(folder)?.ok_or_else(none)?;
        let own = match within.kind(".git") {
            Some(FileType::RegularFile) => {
                let text = within.read(".git", POINTER)?.unwrap_or_default();
                let text = String::from_utf8_lossy(&text);
                let to = text.trim_end().strip_prefix("gitdir: ").ok_or_else(none)?;
                self.beneath(folder, to, &format!("`{shown}/.git`"))?
            }
            Some(FileType::Symlink) => {
                return Err(Failure::Denied(format!(
                    "`{shown}/.git` is a link, which is not followed: put the repository itself there"
                )));
            }
            Some(_) => folder.join(".git"),
            None if bare && within.kind("HEAD").is_some() && within.kind("objects").is_some() => folder.to_owned(),
            None => return Err(none()),
        };
        let folder = self.root.inner(&own)?.ok_or_else(none)?;
        let common = match folder.read("commondir", POINTER)? {
            Some(text) => {
                self.beneath(&own, String::from_utf8_lossy(&text).trim_end(), &format!("`{shown}`: commondir"))?
            }
            None => own.clone(),
        };
        let path = self.path.join(&common);
        let common = self.root.inner(&common)?.ok_or_else(none)?;
        let is_bare = within.kind(".git").is_none();
        Ok(Place { own: folder, common, path, files: (!is_bare).then_some(within), is_bare })
    }

    /// A path as it is written in a file of `folder`, named from the workspace.
    pub(super) fn beneath(&self, folder: &Path, written: &str, what: &str) -> Result<PathBuf, Failure> {
        let out = || {
            Failure::Denied(format!(
                "{what} leads out of the workspace, to {}: git works only on what is in the workspace",
                written.escape_debug()
            ))
        };
        let path = plain(&self.path.join(folder).join(written)).ok_or_else(out)?;
        path.strip_prefix(self.path).map(Path::to_owned).map_err(|_| out())
    }
}

/// An absolute path without `.` and `..`; links are found where it is opened.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if !plain.pop() => return None,
            Component::ParentDir | Component::CurDir => {}
            part => plain.push(part),
        }
    }
    Some(plain)
}
