//! What can go wrong with an index. All of it is derived: whatever is broken is rebuilt from the files.

use std::path::PathBuf;

use rusqlite::ErrorCode;

/// An error of the index.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The folder cannot be made or the database in it not be opened.
    #[error("the index in {path} cannot be opened: {reason}; free the disk or check who owns the folder")]
    Open {
        /// The folder of the index.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// SQLite failed; see [`Self::is_damage`].
    #[error("the index cannot be used: {0}")]
    Database(#[from] rusqlite::Error),
    /// The index of words failed, which mends itself.
    #[error("the words of the index cannot be used: {0}")]
    Words(#[from] tantivy::TantivyError),
    /// The index of words cannot be read, which mends itself.
    #[error("the words of the index cannot be used: {0}")]
    WordsBroken(String),
    /// A file of the index cannot be used.
    #[error("the files of the index cannot be used: {0}")]
    Files(#[from] std::io::Error),
    /// The thread that worked on it ended.
    #[error("the index cannot be used: work on it broke off ({0})")]
    Stopped(String),
    /// A vector is of another length than the model's others.
    #[error("the vectors of {model} have {wanted} components and this one has {found}: use one model for both")]
    Dimension {
        /// The model whose vectors are there.
        model: String,
        /// Components of its vectors.
        wanted: usize,
        /// Components of the vector that was given.
        found: usize,
    },
}

impl IndexError {
    /// Whether the database is damaged: only rebuilding the index helps.
    pub fn is_damage(&self) -> bool {
        let Self::Database(error) = self else { return false };
        // What has no code is a value that is not of its column's kind.
        error.sqlite_error_code().is_none_or(|code| {
            !matches!(
                code,
                ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::DiskFull
                    | ErrorCode::OutOfMemory
                    | ErrorCode::OperationInterrupted
            )
        })
    }

    /// Whether it is the words that failed, which mend themselves.
    pub(crate) fn is_of_words(&self) -> bool {
        matches!(self, Self::Words(_) | Self::WordsBroken(_) | Self::Files(_))
    }
}

/// What can fail on an index.
pub type Result<T, E = IndexError> = std::result::Result<T, E>;
