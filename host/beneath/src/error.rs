//! Why something below a folder is left alone, in words for the person it belongs to.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::metadata::Kind;

pub type Result<T> = std::result::Result<T, BeneathError>;

/// What is wrong and what to do; `root` is the folder that was opened.
#[derive(Debug, thiserror::Error)]
pub enum BeneathError {
    #[error("{} does not exist in {}", .path.display(), .root.display())]
    Missing { root: PathBuf, path: PathBuf },
    #[error(
        "{} is behind a link that leads out of {}, so it is left alone: remove the link, and put the file or folder \
         itself in its place",
        .path.display(), .root.display()
    )]
    Outside { root: PathBuf, path: PathBuf },
    #[error("{} in {} is a link, and no link is followed here: put the file or folder itself in its place",
        .path.display(), .root.display())]
    Link { root: PathBuf, path: PathBuf },
    #[error("{} in {} is {} and not a plain file: move it away, and put a plain file in its place",
        .path.display(), .root.display(), .kind.described())]
    NotPlain { root: PathBuf, path: PathBuf, kind: Kind },
    #[error("{} in {} is not a folder: move it away, and a folder is made in its place", .path.display(), .root.display())]
    NotFolder { root: PathBuf, path: PathBuf },
    #[error("{} in {} is longer than {most} bytes: move a part of it to another file", .path.display(), .root.display())]
    TooLong { root: PathBuf, path: PathBuf, most: u64 },
    #[error("{} in {} cannot be used: {source}", .path.display(), .root.display())]
    Io { root: PathBuf, path: PathBuf, source: io::Error },
}

impl BeneathError {
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }

    /// The error of a system call on the path.
    pub(crate) fn io(root: &Path, path: &Path, error: impl Into<io::Error>) -> Self {
        let (root, path, source) = (root.to_owned(), path.to_owned(), error.into());
        match Errno::from_io_error(&source) {
            Some(Errno::NOENT) => Self::Missing { root, path },
            Some(Errno::LOOP) => Self::Outside { root, path },
            Some(Errno::NOTDIR) => Self::NotFolder { root, path },
            Some(Errno::ISDIR) => Self::NotPlain { root, path, kind: Kind::Folder },
            _ => Self::Io { root, path, source },
        }
    }
}

impl From<BeneathError> for io::Error {
    fn from(error: BeneathError) -> Self {
        let kind = match &error {
            BeneathError::Missing { .. } => io::ErrorKind::NotFound,
            BeneathError::Io { source, .. } => source.kind(),
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}
