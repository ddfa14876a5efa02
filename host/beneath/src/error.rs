//! Why something below a folder is left alone, in words for the person it belongs to.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::metadata::Kind;

/// What can fail below a folder.
pub type Result<T> = std::result::Result<T, BeneathError>;

/// What is wrong and what to do; `root` is the folder that was opened.
#[derive(Debug, thiserror::Error)]
pub enum BeneathError {
    /// Nothing has this name.
    #[error("{} does not exist in {}", .path.display(), .root.display())]
    Missing {
        /// The folder that was opened.
        root: PathBuf,
        /// Below it.
        path: PathBuf,
    },
    /// A link on the way leads out of the folder.
    #[error(
        "{} is behind a link that leads out of {}, so it is left alone: remove the link, and put the file or folder \
         itself in its place",
        .path.display(), .root.display()
    )]
    Outside {
        /// The folder that was opened.
        root: PathBuf,
        /// Below it.
        path: PathBuf,
    },
    /// A part of the path is a link, and none is followed here.
    #[error("{} in {} is a link, and no link is followed here: put the file or folder itself in its place",
        .path.display(), .root.display())]
    Link {
        /// The folder that was opened.
        root: PathBuf,
        /// Below it.
        path: PathBuf,
    },
    /// A plain file is wanted and something else is there.
    #[error("{} in {} is {} and not a plain file: move it away, and put a plain file in its place",
        .path.display(), .root.display(), .kind.described())]
    NotPlain {
        /// The folder that was opened.
        root: PathBuf,
        /// Below it.
        path: PathBuf,
        /// What is there instead.
        kind: Kind,
    },
    /// A folder is wanted and something else is there.
    #[error("{} in {} is not a folder: move it away, and a folder is made in its place", .path.display(), .root.display())]
    NotFolder {
        /// The folder that was opened.
        root: PathBuf,
        /// Below it.
        path: PathBuf,
    },
    /// The file is longer than it may be.
    #[error("{} in {} is longer than {most} bytes: move a part of it to another file", .path.display(), .root.display())]
    TooLong {
        /// The folder that was opened.
        root: PathBuf,
        /// Below it.
        path: PathBuf,
        /// The limit, in bytes.
        most: u64,
    },
    /// The system refused for another reason.
    #[error("{} in {} cannot be used: {source}", .path.display(), .root.display())]
    Io {
        /// The folder that was opened.
        root: PathBuf,
        /// Below it.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl BeneathError {
    /// Whether nothing has the name, which callers often take for an empty file.
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
