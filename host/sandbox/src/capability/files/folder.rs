//! The folders of a grant: what may stand in a manifest, and opening one at the last moment. No link is followed on the
//! way, so that nobody who writes to the workspace can lead a folder elsewhere, not even while it is being opened.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use serde::Deserialize;
use steward_beneath::{BeneathError, Folder};

use crate::grant::Access;
use crate::scope::{ALL, Scope};

/// The longest name of a folder, in bytes.
const LONGEST: usize = 200;
/// The most folders one grant may name; each is opened in every call.
const MOST: usize = 32;

/// The folders of the workspace a plugin may use; none listed means all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FilesGrant {
    pub(crate) folders: Vec<FolderGrant>,
}

impl Scope for FilesGrant {}

/// One folder a plugin may use, with everything beneath it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FolderGrant {
    /// Within the workspace, its parts divided by `/`: `notes/2026`.
    pub(crate) path: String,
    /// No more than the grant of `files` itself.
    pub(crate) access: Access,
}

/// The folders as the owner is asked about them: `notes:write`.
pub(super) fn shown(folders: &[FolderGrant]) -> BTreeSet<String> {
    if folders.is_empty() {
        return BTreeSet::from([ALL.to_owned()]);
    }
    let level = |access| if access == Access::Write { "write" } else { "read" };
    folders.iter().map(|folder| format!("{}:{}", folder.path, level(folder.access))).collect()
}

/// `notes:write` covers `notes:read` and `notes/2026:write`.
pub(super) fn covers(approved: &str, asked: &str) -> bool {
    let (Some((folder, most)), Some((within, wanted))) = (approved.rsplit_once(':'), asked.rsplit_once(':')) else {
        return approved == ALL;
    };
    Path::new(within).starts_with(folder) && (most == wanted || most == "write")
}

/// `files = { access = "write", folders = ["notes", { path = "uploads", access = "read" }] }`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FilesScope {
    pub(super) access: Access,
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
    pub(super) fn grant(self) -> Result<FilesGrant, String> {
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
                return Err(format!("`{}` is within `{}`: name one of them", other.1.path, one.path));
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
            return Err(format!("`{}` is not a folder of the workspace: {wanted}", path.escape_debug()));
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
    Workspace(BeneathError),
    #[error(
        "`{0}` is a file or a link, and only real folders are handed out: rename it, or grant another folder in its place"
    )]
    NoFolder(String),
    #[error("{0}")]
    Closed(BeneathError),
    #[error("no more folders can be opened: {0}")]
    Handles(std::io::Error),
}

impl From<BeneathError> for FolderError {
    fn from(error: BeneathError) -> Self {
        match error {
            BeneathError::Link { path, .. } | BeneathError::NotFolder { path, .. } => {
                Self::NoFolder(path.to_string_lossy().into_owned())
            }
            other => Self::Closed(other),
        }
    }
}

/// Opens the workspace, which may lie behind a link: where it is is the owner's choice.
pub(crate) fn open_workspace(path: &Path) -> Result<Folder, FolderError> {
    Folder::open(path).map(Folder::strict).map_err(FolderError::Workspace)
}

/// Opens a folder beneath the workspace; without `make`, one that is missing is `None`.
pub(crate) fn open_beneath(above: &Folder, path: &str, make: bool) -> Result<Option<Folder>, FolderError> {
    let opened = if make { above.make_folder(path) } else { above.folder(path) };
    match opened {
        Err(error) if error.is_missing() => Ok(None),
        opened => Ok(Some(opened?)),
    }
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
    fn a_folder_covers_what_lies_beneath_it_with_no_more_access() {
        assert!(covers("*", "notes:write"));
        assert!(covers("notes:write", "notes/2026:read"));
        assert!(!covers("notes:read", "notes:write"));
        assert!(!covers("notes:write", "notes-2026:write"));
        assert!(!covers("notes:write", "*"));
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
            ("[\"\"]", "is not a folder of the workspace"),
            ("[\"/etc\"]", "is not a folder"),
            ("[\"../data\"]", "is not a folder"),
            ("[\"notes/../../data\"]", "is not a folder"),
            ("[\"./notes\"]", "is not a folder"),
            ("[\"notes/\"]", "is not a folder"),
            ("[\"a//b\"]", "is not a folder"),
            ("[\"a\\\\b\"]", "is not a folder"),
            ("[\"a\\u0000b\"]", "is not a folder"),
            ("[\"c:notes\"]", "is not a folder"),
            ("[\"notes\", \"notes/old\"]", "`notes/old` is within `notes`"),
            ("[\"notes/old\", \"notes\"]", "`notes/old` is within `notes`"),
            ("[\"notes\", \"notes\"]", "`notes` is within `notes`"),
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
