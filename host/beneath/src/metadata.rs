//! What is known of a file without opening it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{FileType, Stat};

/// What bears a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A plain file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A named pipe.
    Pipe,
    /// A character or block device.
    Device,
    /// A Unix socket.
    Socket,
    /// None of these.
    Other,
}

impl Kind {
    fn of(kind: FileType) -> Self {
        match kind {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Folder,
            FileType::Symlink => Self::Link,
            FileType::Fifo => Self::Pipe,
            FileType::CharacterDevice | FileType::BlockDevice => Self::Device,
            FileType::Socket => Self::Socket,
            FileType::Unknown => Self::Other,
        }
    }

    pub(crate) fn described(self) -> &'static str {
        match self {
            Self::File => "a file",
            Self::Folder => "a folder",
            Self::Link => "a link",
            Self::Pipe => "a pipe",
            Self::Device => "a device",
            Self::Socket => "a socket",
            Self::Other => "something else",
        }
    }
}

/// What is known of a name without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// What it is.
    pub kind: Kind,
    /// In bytes.
    pub size: u64,
    /// Since 1970; what is older counts as then.
    pub modified: Duration,
    /// The rights of owner, group and others.
    pub mode: u32,
    /// Since 1970: when anything of it was changed.
    pub changed: Duration,
    /// Its number on the disk.
    pub number: u64,
}

impl Metadata {
    #[allow(clippy::unnecessary_cast, clippy::useless_conversion, reason = "the types differ between systems")]
    pub(crate) fn of(stat: &Stat) -> Self {
        let time = |seconds: i64, nanos: u64| {
            let nanos = u32::try_from(nanos).unwrap_or_default();
            u64::try_from(seconds).map_or(Duration::ZERO, |seconds| Duration::new(seconds, nanos))
        };
        Self {
            kind: Kind::of(FileType::from_raw_mode(stat.st_mode)),
            size: u64::try_from(stat.st_size).unwrap_or_default(),
            modified: time(stat.st_mtime as i64, stat.st_mtime_nsec as u64),
            mode: u32::from(stat.st_mode) & 0o777,
            changed: time(stat.st_ctime as i64, stat.st_ctime_nsec as u64),
            number: stat.st_ino as u64,
        }
    }

    /// Whether it is a plain file.
    pub fn is_file(&self) -> bool {
        self.kind == Kind::File
    }

    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.kind == Kind::Folder
    }

    /// When its content was last changed.
    pub fn written(&self) -> SystemTime {
        UNIX_EPOCH + self.modified
    }
}
