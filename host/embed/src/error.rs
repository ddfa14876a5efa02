//! Why there are no vectors, and what to do about it.

use std::path::PathBuf;

use thiserror::Error;

/// Why texts were not turned into vectors, or a model was not installed. No text of it holds a key.
#[derive(Debug, Error)]
pub enum EmbedError {
    /// A model that is not installed.
    #[error("{} is missing: install the model with `steward models pull`", path.display())]
    Missing {
        /// The file or folder it is about.
        path: PathBuf,
    },
    /// A model whose files cannot be read.
    #[error("{} cannot be used: {reason}; install the model again with `steward models pull`", path.display())]
    Broken {
        /// The file or folder it is about.
        path: PathBuf,
        /// In words for people.
        reason: String,
    },
    /// A model of a kind that is not built in.
    #[error("{} is of no model that can be run here: {reason}", path.display())]
    Unsupported {
        /// The file or folder it is about.
        path: PathBuf,
        /// In words for people.
        reason: String,
    },
    /// The file system said no.
    #[error("{}: {source}{}", path.display(), full(source))]
    File {
        /// The file or folder it is about.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// No answer, or none in time.
    #[error("{address} cannot be reached: {reason}")]
    Unreachable {
        /// The server that was asked.
        address: String,
        /// In words for people.
        reason: String,
    },
    /// The server does not accept the key.
    #[error("{address} refused: {reason}; check the key")]
    Refused {
        /// The server that was asked.
        address: String,
        /// In words for people.
        reason: String,
    },
    /// The server is busy, or the quota is used up.
    #[error("{address} has too much to do: {reason}; try again later")]
    Overloaded {
        /// The server that was asked.
        address: String,
        /// In words for people.
        reason: String,
    },
    /// An answer that is none, or not of the model that was asked before.
    #[error("{address} gave no vectors: {reason}")]
    Invalid {
        /// The server that was asked.
        address: String,
        /// In words for people.
        reason: String,
    },
    /// What was fetched is not what was announced or asked for.
    #[error("{file} has the wrong content: its sum is {found}, not {expected}; nothing was installed, pull it again")]
    WrongSum {
        /// The name of the file.
        file: String,
        /// The SHA-256 it should have, in hexadecimal.
        expected: String,
        /// The SHA-256 it has.
        found: String,
    },
    /// Another process installs the same model.
    #[error("{} is in use: the model is being installed by somebody else; wait until they are done", path.display())]
    Busy {
        /// The file or folder it is about.
        path: PathBuf,
    },
    /// The disk is too full for the model.
    #[error(
        "{} needs {} MB more and {} are free: make room and try again",
        path.display(), needed / 1_000_000, free / 1_000_000
    )]
    NoRoom {
        /// The file or folder it is about.
        path: PathBuf,
        /// Bytes.
        needed: u64,
        /// Bytes.
        free: u64,
    },
    /// A name that is not in the list of models.
    #[error("no model is called {name}; there are: {known}")]
    UnknownModel {
        /// As it was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The work ended before it was done, by a fault of our own.
    #[error("the vectors were not finished: {reason}")]
    Stopped {
        /// In words for people.
        reason: String,
    },
}

impl EmbedError {
    /// A file of a model cannot be read or written.
    pub(crate) fn file(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        let path = path.into();
        match source.kind() {
            std::io::ErrorKind::NotFound => Self::Missing { path },
            _ => Self::File { path, source },
        }
    }
}

fn full(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => "; make room and try again",
        std::io::ErrorKind::PermissionDenied => "; give Steward's user access to it",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[test]
    fn what_the_file_system_says_comes_with_what_to_do() {
        let told = |kind: ErrorKind| EmbedError::file("m/x", Error::from(kind)).to_string();
        assert!(told(ErrorKind::NotFound).contains("m/x is missing: install the model with `steward models pull`"));
        assert!(told(ErrorKind::StorageFull).ends_with("make room and try again"));
        assert!(told(ErrorKind::PermissionDenied).ends_with("give Steward's user access to it"));
        let full = EmbedError::NoRoom { path: "m".into(), needed: 471_000_000, free: 5_000_000 }.to_string();
        assert_eq!(full, "m needs 471 MB more and 5 are free: make room and try again");
    }
}
