//! What can go wrong with an index. All of it is derived: whatever is broken is made anew from the files.

use std::path::PathBuf;

use rusqlite::ErrorCode;

/// An error of the index.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    #[error("the index in {path} cannot be opened: {reason}; free the disk or check who owns the folder")]
    Open { path: PathBuf, reason: String },
    #[error("the index cannot be used: {0}")]
    Database(#[from] rusqlite::Error),
    #[error("the words of the index cannot be used: {0}")]
    Words(#[from] tantivy::TantivyError),
    #[error("the words of the index cannot be used: {0}")]
    WordsBroken(String),
    #[error("the files of the index cannot be used: {0}")]
    Files(#[from] std::io::Error),
    #[error("the index cannot be used: work on it broke off ({0})")]
    Stopped(String),
    #[error("the vectors of {model} have {wanted} components and this one has {found}: use one model for both")]
    Dimension { model: String, wanted: usize, found: usize },
}

impl IndexError {
    /// Whether the database is damaged: only an index made anew helps.
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

pub type Result<T, E = IndexError> = std::result::Result<T, E>;
