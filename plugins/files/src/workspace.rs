//! Places in the workspace: from what a model wrote to a path that can be opened, and errors in words of that path.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use steward_sdk::Failure;

/// Where the host opens the workspace for this plugin.
const OPENED: &str = "/workspace";

/// The folder all paths are relative to.
#[derive(Clone, Debug)]
pub struct Workspace {
    root: PathBuf,
}

/// A file or folder of the workspace, whether it exists or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The path to show: relative to the workspace, `.` for the workspace itself.
    pub shown: String,
    /// The path to open.
    pub path: PathBuf,
}

impl Workspace {
    /// The workspace the host opened.
    pub fn opened() -> Self {
        Self::at(Path::new(OPENED))
    }

    /// Another folder in its place.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Finds the place a path means. A path that leads out of the workspace is refused.
    pub fn locate(&self, path: &str) -> Result<Place, Failure> {
        let inner = path.trim().strip_prefix(OPENED).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let relative = match inner {
            Some(rest) => rest.trim_start_matches('/'),
            None => path.trim(),
        };
        if relative.starts_with('/') || relative.starts_with('~') || relative.contains('\0') {
            return Err(outside(path));
        }
        let mut parts: Vec<&str> = Vec::new();
        for part in relative.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.pop().is_none() => return Err(outside(path)),
                ".." => {}
                name => parts.push(name),
            }
        }
        let shown = if parts.is_empty() { ".".to_owned() } else { parts.join("/") };
        Ok(Place { path: self.root.join(parts.join("/")), shown })
    }
}

fn outside(path: &str) -> Failure {
    Failure::denied(format!(
        "`{path}` is outside of the workspace, and no file there can be reached; \
         give a path relative to the workspace, such as `notes/plan.md`"
    ))
}

impl Place {
    /// A file or folder inside this folder.
    pub fn child(&self, name: &str) -> Self {
        let shown = if self.shown == "." { name.to_owned() } else { format!("{}/{name}", self.shown) };
        Self { shown, path: self.path.join(name) }
    }

    /// What is there; a missing file is `not-found`.
    pub fn metadata(&self) -> Result<Metadata, Failure> {
        fs::metadata(&self.path).map_err(|error| self.explain(&error))
    }

    /// The metadata of a file; anything else is refused.
    pub fn file_metadata(&self) -> Result<Metadata, Failure> {
        let metadata = self.metadata()?;
        if metadata.is_dir() {
            return Err(Failure::invalid(format!("`{}` is a folder: use list to see what is in it", self.shown)));
        }
        if !metadata.is_file() {
            return Err(self.no_file());
        }
        Ok(metadata)
    }

    /// What is neither a file nor a folder: whoever opens it may wait for ever.
    pub fn no_file(&self) -> Failure {
        Failure::invalid(format!("`{}` is a pipe, a socket or a device, and only files are used here", self.shown))
    }

    /// The error in words of this place.
    pub fn explain(&self, error: &io::Error) -> Failure {
        let shown = &self.shown;
        match error.kind() {
            io::ErrorKind::NotFound => {
                Failure::not_found(format!("`{shown}` does not exist: use list or find to see what does"))
            }
            io::ErrorKind::NotADirectory => {
                Failure::invalid(format!("`{shown}` goes through a file as if it were a folder"))
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Failure::denied(format!("`{shown}` may not be used in this way here: {error}"))
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Failure::unavailable(format!("the disk is full: `{shown}` was not written; free some space first"))
            }
            io::ErrorKind::Unsupported => self.no_file(),
            io::ErrorKind::InvalidFilename => Failure::invalid(format!("`{shown}` is not a possible file name")),
            _ => Failure::failed(format!("`{shown}`: {error}")),
        }
    }
}

/// A size as people write it: `345 B`, `1.2 KB`.
pub fn size(bytes: u64) -> String {
    let (mut value, mut unit) = (bytes, "B");
    let mut tenths = 0;
    for next in ["KB", "MB", "GB"] {
        if value < 1024 {
            break;
        }
        tenths = value % 1024 * 10 / 1024;
        (value, unit) = (value / 1024, next);
    }
    if unit == "B" || value >= 100 { format!("{value} {unit}") } else { format!("{value}.{tenths} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_workspace() {
        let workspace = Workspace::opened();
        for (path, shown) in [
            ("notes/plan.md", "notes/plan.md"),
            ("./notes//plan.md", "notes/plan.md"),
            ("/workspace/notes/plan.md", "notes/plan.md"),
            ("/workspace", "."),
            ("", "."),
            ("notes/../plan.md", "plan.md"),
            ("заметки/план.md", "заметки/план.md"),
        ] {
            let place = workspace.locate(path).unwrap();
            assert_eq!(place.shown, shown, "{path}");
            assert!(place.path.starts_with("/workspace"), "{path}");
        }
    }

    #[test]
    fn a_path_that_leads_out_is_denied() {
        for path in ["..", "../x", "a/../../x", "/etc/passwd", "/workspaces/x", "/workspace/../x", "~/x", "a\0b"] {
            let failure = Workspace::opened().locate(path).unwrap_err();
            assert!(matches!(&failure, Failure::Denied(text) if text.contains("outside of the workspace")), "{path}");
        }
    }

    #[test]
    fn sizes_are_readable() {
        let sizes: Vec<_> = [0, 1023, 1024, 1300, 200 * 1024, 5 << 20, 3 << 30].map(size).to_vec();
        assert_eq!(sizes, ["0 B", "1023 B", "1.0 KB", "1.2 KB", "200 KB", "5.0 MB", "3.0 GB"]);
    }
}
