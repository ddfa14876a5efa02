//! Why something cannot be watched.

use steward_store::StoreError;

/// The text says what to do instead.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// What was asked for cannot be.
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be looked at.
    #[error("{0}")]
    Failed(String),
}
