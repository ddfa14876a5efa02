//! Opening a file that somebody else may be changing right now: beneath the folder that is searched and never through a
//! link out of it, and nothing of Steward's own.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use steward_beneath::{BeneathError, Folder, Place};

use crate::listing::Root;

/// Why nothing of a file is found. The texts are shown to people.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("it is not a plain file")]
    NotPlain,
    #[error("it is outside the folder that is searched")]
    Outside,
    #[error("it is Steward's own and is not read")]
    Hidden,
    #[error("it has {} MiB and at most {} are read: split it", megabytes(*size), megabytes(*most))]
    TooLarge { size: u64, most: u64 },
    #[error("it is neither text nor a document that can be read")]
    Binary,
    #[error("its characters are in no encoding that is known: save it as UTF-8")]
    Encoding,
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("it cannot be read as a document: {0}")]
    Document(String),
    #[error("it has not been read yet: {0}")]
    Later(String),
}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

impl From<BeneathError> for ReadError {
    fn from(error: BeneathError) -> Self {
        match error {
            BeneathError::Outside { .. } => Self::Outside,
            BeneathError::NotPlain { .. } | BeneathError::Link { .. } => Self::NotPlain,
            BeneathError::Io { source, .. } => Self::Unreadable(source),
            other => Self::Unreadable(other.into()),
        }
    }
}

/// A file that was opened, and what tells that it changes.
pub(crate) struct Opened {
    pub(crate) file: File,
    pub(crate) size: u64,
    /// Nanoseconds since 1970.
    pub(crate) modified: i64,
}

/// A root that is open. What is searched in addition to the own files was resolved when it was named: a part of its
/// path that has become a link since leads elsewhere, and is not followed.
pub(crate) struct OpenRoot {
    folder: Folder,
    path: PathBuf,
    /// Steward's own, of which nothing is read.
    hidden: Vec<PathBuf>,
}

impl OpenRoot {
    pub(crate) fn own(place: &Place) -> Result<Self, ReadError> {
        // The own files are named one by one: none of Steward's is among them.
        Ok(Self { folder: place.open()?, path: place.path(), hidden: Vec::new() })
    }

    pub(crate) fn source(path: &Path, hidden: &[PathBuf]) -> Result<Self, ReadError> {
        // A link to what is hidden hides what it leads to.
        let real = hidden.iter().filter_map(|hidden| hidden.canonicalize().ok());
        let hidden = hidden.iter().cloned().chain(real).filter(|hidden| !path.starts_with(hidden)).collect();
        Ok(Self { folder: Folder::open_resolved(path)?.strict(), path: path.to_owned(), hidden })
    }

    pub(crate) fn of(root: &Root, hidden: &[PathBuf]) -> Result<Self, ReadError> {
        match &root.own {
            Some(place) => Self::own(place),
            None if root.is_file() => Self::source(root.folder.parent().unwrap_or(Path::new("/")), hidden),
            None => Self::source(&root.folder, hidden),
        }
    }

    /// Opens a file by its path below the root.
    pub(crate) fn file(&self, below: &Path) -> Result<Opened, ReadError> {
        let place = self.path.join(below);
        if self.hidden.iter().any(|hidden| place.starts_with(hidden)) {
            return Err(ReadError::Hidden);
        }
        let opened = self.folder.read(below)?;
        let modified = i64::try_from(opened.metadata.modified.as_nanos()).unwrap_or(i64::MAX);
        Ok(Opened { file: opened.file, size: opened.metadata.size, modified })
    }
}

impl Opened {
    /// Its bytes; one that grows meanwhile is too large too.
    pub(crate) fn bytes(&self, most: u64) -> Result<Vec<u8>, ReadError> {
        if self.size > most {
            return Err(ReadError::TooLarge { size: self.size, most });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(self.size).unwrap_or_default());
        (&self.file).take(most + 1).read_to_end(&mut bytes)?;
        match bytes.len() as u64 > most {
            true => Err(ReadError::TooLarge { size: bytes.len() as u64, most }),
            false => Ok(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_and_what_is_hidden_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let (open_folder, data) = (root.join("notes"), root.join("notes/data"));
        fs::create_dir_all(&data).unwrap();
        fs::write(data.join("steward.sqlite"), "secret").unwrap();
        fs::write(root.join("outside"), "secret").unwrap();
        fs::write(open_folder.join("plain.md"), "hello").unwrap();
        symlink("../outside", open_folder.join("link.md")).unwrap();
        symlink("..", open_folder.join("up")).unwrap();
        symlink(&data, root.join("data")).unwrap();
        for hidden in [data.clone(), root.join("data")] {
            let opened = OpenRoot::source(&open_folder, &[hidden]).unwrap();
            let try_open = |path: &str| opened.file(Path::new(path));
            assert_eq!(try_open("plain.md").unwrap().bytes(100).unwrap(), b"hello");
            assert!(matches!(try_open("plain.md").unwrap().bytes(4), Err(ReadError::TooLarge { size: 5, most: 4 })));
            assert!(matches!(try_open("link.md"), Err(ReadError::NotPlain)));
            assert!(matches!(try_open("up/outside"), Err(ReadError::NotPlain)));
            assert!(matches!(try_open("data/steward.sqlite"), Err(ReadError::Hidden)));
            assert!(matches!(try_open("data"), Err(ReadError::Hidden)));
            assert!(matches!(try_open("nothing"), Err(ReadError::Unreadable(_))));
        }
        // A person's own folder is within the data and is theirs.
        fs::create_dir_all(data.join("people/7")).unwrap();
        fs::write(data.join("people/7/MEMORY.md"), "theirs").unwrap();
        let own = OpenRoot::own(&Place::below(data.join("people"), "7")).unwrap();
        assert!(own.file(Path::new("MEMORY.md")).is_ok());
    }

    #[test]
    fn a_source_that_has_become_a_link_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("work/notes")).unwrap();
        fs::create_dir_all(root.join("elsewhere/notes")).unwrap();
        fs::write(root.join("elsewhere/notes/secret.md"), "secret").unwrap();
        let notes = root.join("work/notes");
        assert!(OpenRoot::source(&notes, &[]).is_ok());
        fs::rename(root.join("work"), root.join("old")).unwrap();
        symlink("elsewhere", root.join("work")).unwrap();
        assert!(OpenRoot::source(&notes, &[]).is_err());
    }
}
