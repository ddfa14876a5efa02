//! What can go wrong with an index. All of it is derived: whatever is broken is made anew from the files.

use std::path::PathBuf;

/// An error of the index.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    #[error("the index in {path} cannot be opened: {reason}; free the disk or check who owns the folder")]
    Open { path: PathBuf, reason: String },
    #[error("the index cannot be used: {0}")]
    Database(#[from] rusqlite::Error),
    #[error("the words of the index cannot be used: {0}")]
    Words(#[from] tantivy::TantivyError),
    #[error("the index cannot be used: work on it broke off ({0})")]
    Stopped(String),
    #[error("the vectors of {model} have {wanted} components and this one has {found}: use one model for both")]
    Dimension { model: String, wanted: usize, found: usize },
}

pub type Result<T, E = IndexError> = std::result::Result<T, E>;
