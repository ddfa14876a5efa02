//! Opening a file that somebody else may be changing right now: never through a link, and what was really opened lies
//! where it may.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Why nothing of a file is found. The texts are shown to people.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("it is no plain file")]
    NotPlain,
    #[error("it lies outside the folder that is searched")]
    Outside,
    #[error("it is Steward's own and is not read")]
    Hidden,
    #[error("it has {} MiB and at most {} are read: split it", megabytes(*size), megabytes(*most))]
    TooLarge { size: u64, most: u64 },
    #[error("it is no text and no document that can be read")]
    Binary,
    #[error("its characters are in no encoding that is known: save it as UTF-8")]
    Encoding,
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("it cannot be read as a document: {0}")]
    Document(String),
}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

/// A file that was opened, and what tells that it changes.
pub(crate) struct Opened {
    pub(crate) file: File,
    pub(crate) size: u64,
    /// Nanoseconds since 1970.
    pub(crate) modified: i64,
}

/// Opens a file below `root`, or the file `root` itself.
pub(crate) fn open(root: &Path, path: &Path, hidden: &[PathBuf]) -> Result<Opened, ReadError> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::CLOEXEC;
    let opened = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path);
    let file = opened.map_err(|error| match rustix::io::Errno::from_io_error(&error) {
        Some(rustix::io::Errno::LOOP) => ReadError::NotPlain,
        _ => ReadError::Unreadable(error),
    })?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(ReadError::NotPlain);
    }
    // A folder on the way may have become a link since it was listed.
    let place = place(&file, path)?;
    let root = root.canonicalize()?;
    if !place.starts_with(&root) {
        return Err(ReadError::Outside);
    }
    if hidden.iter().any(|hidden| place.starts_with(hidden) && !root.starts_with(hidden)) {
        return Err(ReadError::Hidden);
    }
    let modified = metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec());
    Ok(Opened { file, size: metadata.len(), modified })
}

/// Where an open file really lies.
fn place(file: &File, path: &Path) -> io::Result<PathBuf> {
    std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).or_else(|_| path.canonicalize())
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
        let hidden = [data.clone()];
        let try_open = |path: &str| open(&open_folder, &open_folder.join(path), &hidden);
        assert_eq!(try_open("plain.md").unwrap().bytes(100).unwrap(), b"hello");
        assert!(matches!(try_open("plain.md").unwrap().bytes(4), Err(ReadError::TooLarge { size: 5, most: 4 })));
        assert!(matches!(try_open("link.md"), Err(ReadError::NotPlain)));
        assert!(matches!(try_open("up/outside"), Err(ReadError::Outside)));
        assert!(matches!(try_open("data/steward.sqlite"), Err(ReadError::Hidden)));
        assert!(matches!(try_open("data"), Err(ReadError::NotPlain)));
        assert!(matches!(try_open("nothing"), Err(ReadError::Unreadable(_))));
        // A person's own folder lies within the data and is theirs.
        fs::create_dir_all(data.join("people/7")).unwrap();
        fs::write(data.join("people/7/MEMORY.md"), "theirs").unwrap();
        assert!(open(&data.join("people/7"), &data.join("people/7/MEMORY.md"), &hidden).is_ok());
    }
}
