//! The folders of a grant: what may stand in a manifest, and opening one at the last moment. No link is followed on the
//! way, so that nobody who writes to the workspace can lead a folder elsewhere, not even while it is being opened.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Component, Path};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use serde::Deserialize;

use crate::grant::{Access, FilesGrant, FolderGrant};

/// The longest name of a folder, in bytes.
const LONGEST: usize = 200;
/// The most folders one grant may name; each is opened in every call.
const MOST: usize = 32;

/// `files = { access = "write", folders = ["notes", { path = "uploads", access = "read" }] }`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FilesScope {
    pub(crate) access: Access,
    folders: Option<Vec<FolderScope>>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a folder is \"notes\" or { path = \"notes\", access = \"read\" }")]
enum FolderScope {
    Path(String),
    Within(FolderWithin),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FolderWithin {
    path: String,
    access: Access,
}

impl FilesScope {
    /// # Errors
    /// What cannot be granted, and what would.
    pub(crate) fn grant(self) -> Result<FilesGrant, String> {
        if self.access == Access::None {
            return Err("write `access = \"read\"` or leave it out".to_owned());
        }
        let Some(folders) = self.folders else { return Ok(FilesGrant::default()) };
        if folders.is_empty() {
            return Err("`folders` is empty: leave it out for the whole workspace".to_owned());
        }
        if folders.len() > MOST {
            return Err(format!("`folders` names {}; {MOST} is the most", folders.len()));
        }
        let folders: Vec<_> = folders.into_iter().map(|one| one.within(self.access)).collect::<Result<_, _>>()?;
        for (number, one) in folders.iter().enumerate() {
            // What is granted for one would hold for the other too, by way of it.
            let beside = |other: &&FolderGrant| Path::new(&other.path).starts_with(&one.path);
            if let Some(other) = folders.iter().enumerate().find(|(at, other)| *at != number && beside(other)) {
                return Err(format!("`{}` lies within `{}`: name one of them", other.1.path, one.path));
            }
        }
        Ok(FilesGrant { folders })
    }
}

impl FolderScope {
    fn within(self, most: Access) -> Result<FolderGrant, String> {
        let FolderWithin { path, access } = match self {
            Self::Path(path) => FolderWithin { path, access: most },
            Self::Within(within) => within,
        };
        if !is_beneath(&path) {
            let wanted = "name a folder of the workspace, such as `notes` or `notes/2026`";
            return Err(format!("`{}` is no folder of the workspace: {wanted}", path.escape_debug()));
        }
        match access {
            Access::None => Err(format!("`{path}` has the access \"none\": leave the folder out")),
            access if access > most => {
                Err(format!("`{path}` has more access than all of `files`: write `access = \"write\"` there"))
            }
            access => Ok(FolderGrant { path, access }),
        }
    }
}

/// Whether a path is written as the plain names of folders, one beneath the other.
fn is_beneath(path: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', ':']);
    path.len() <= LONGEST
        && !path.chars().any(char::is_control)
        && path.split('/').all(plain)
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

/// A folder that cannot be given to a guest.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    #[error("{0}")]
    Workspace(std::io::Error),
    #[error(
        "`{0}` is a file or a link, and only real folders are handed out: rename it, or grant another folder in its place"
    )]
    NoFolder(String),
    #[error("`{0}`: {1}")]
    Closed(String, std::io::Error),
}

/// What a folder is opened with: nothing that is no folder, and nothing by way of a link.
const FLAGS: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

pub(crate) fn open_workspace(path: &Path) -> Result<File, FolderError> {
    // Where the workspace itself lies is the owner's choice: it may be behind a link.
    let opened = rustix::fs::open(path, FLAGS.difference(OFlags::NOFOLLOW), Mode::empty());
    opened.map(File::from).map_err(|error| FolderError::Workspace(error.into()))
}

/// Opens a folder beneath another one, part by part; without `make`, one that is missing is `None`.
pub(crate) fn open_beneath(above: &File, path: &str, make: bool) -> Result<Option<File>, FolderError> {
    let closed = |error: Errno| match error {
        Errno::NOTDIR | Errno::LOOP => FolderError::NoFolder(path.to_owned()),
        other => FolderError::Closed(path.to_owned(), other.into()),
    };
    let mut folder: Option<OwnedFd> = None;
    for part in path.split('/') {
        let within = match &folder {
            Some(folder) => rustix::fd::AsFd::as_fd(folder),
            None => rustix::fd::AsFd::as_fd(above),
        };
        let opened = match rustix::fs::openat(within, part, FLAGS, Mode::empty()) {
            Err(Errno::NOENT) if make => {
                match rustix::fs::mkdirat(within, part, Mode::RWXU | Mode::RWXG | Mode::RWXO) {
                    Ok(()) | Err(Errno::EXIST) => rustix::fs::openat(within, part, FLAGS, Mode::empty()),
                    Err(error) => Err(error),
                }
            }
            Err(Errno::NOENT) => return Ok(None),
            opened => opened,
        };
        folder = Some(opened.map_err(closed)?);
    }
    Ok(folder.map(File::from))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn grant(text: &str) -> Result<FilesGrant, String> {
        let scope: FilesScope = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        scope.grant()
    }

    #[test]
    fn folders_are_named_each_with_its_access() {
        assert_eq!(grant("access = \"write\""), Ok(FilesGrant::default()));
        let read = grant("access = \"write\"\nfolders = [\"notes/2026\", { path = \"uploads\", access = \"read\" }]");
        let folder = |path: &str, access| FolderGrant { path: path.to_owned(), access };
        let folders = vec![folder("notes/2026", Access::Write), folder("uploads", Access::Read)];
        assert_eq!(read, Ok(FilesGrant { folders }));
    }

    #[test]
    fn what_leads_elsewhere_or_says_two_things_is_refused() {
        for (folders, told) in [
            ("[]", "is empty"),
            ("[\"\"]", "is no folder of the workspace"),
            ("[\"/etc\"]", "is no folder"),
            ("[\"../data\"]", "is no folder"),
            ("[\"notes/../../data\"]", "is no folder"),
            ("[\"./notes\"]", "is no folder"),
            ("[\"notes/\"]", "is no folder"),
            ("[\"a//b\"]", "is no folder"),
            ("[\"a\\\\b\"]", "is no folder"),
            ("[\"a\\u0000b\"]", "is no folder"),
            ("[\"c:notes\"]", "is no folder"),
            ("[\"notes\", \"notes/old\"]", "`notes/old` lies within `notes`"),
            ("[\"notes/old\", \"notes\"]", "`notes/old` lies within `notes`"),
            ("[\"notes\", \"notes\"]", "`notes` lies within `notes`"),
            ("[{ path = \"notes\", access = \"write\" }]", "more access than all of `files`"),
            ("[{ path = \"notes\", access = \"none\" }]", "leave the folder out"),
            ("[{ path = \"notes\", acces = \"read\" }]", "a folder is"),
            ("[1]", "a folder is"),
        ] {
            let error = grant(&format!("access = \"read\"\nfolders = {folders}")).unwrap_err();
            assert!(error.contains(told), "{folders}: {error}");
        }
        assert!(grant("access = \"none\"").unwrap_err().contains("leave it out"));
        assert!(grant("acces = \"read\"").unwrap_err().contains("acces"));
    }

    #[test]
    fn a_folder_is_made_or_missing_and_no_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let above = open_workspace(folder.path()).unwrap();
        assert!(open_beneath(&above, "notes/2026", false).unwrap().is_none());
        assert!(open_beneath(&above, "notes/2026", true).unwrap().is_some());
        assert!(open_beneath(&above, "notes/2026", false).unwrap().is_some());
        symlink("notes", folder.path().join("inside")).unwrap();
        symlink("/", folder.path().join("outside")).unwrap();
        symlink("missing", folder.path().join("dangling")).unwrap();
        std::fs::write(folder.path().join("file"), "x").unwrap();
        for name in ["inside", "inside/2026", "outside", "outside/etc", "dangling", "file", "file/x"] {
            for make in [false, true] {
                let error = open_beneath(&above, name, make).unwrap_err().to_string();
                assert!(error.contains("a file or a link"), "{name}: {error}");
            }
        }
        assert!(!folder.path().join("missing").exists());
        assert!(matches!(open_workspace(&folder.path().join("none")), Err(FolderError::Workspace(_))));
    }
}
