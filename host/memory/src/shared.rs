//! What all spaces work with.

use std::fs::File;
use std::sync::Arc;

use async_trait::async_trait;
use steward_agent::MemoryFault;
use steward_beneath::BeneathError;
use steward_index::IndexError;
use steward_store::{Store, StoreError};

use crate::embedding::Embedders;
use crate::settings::Settings;

/// Reads documents, which may be made to break what reads them.
#[async_trait]
pub trait ReadDocuments: Send + Sync {
    /// The text of a document; `name` is what it is called.
    ///
    /// # Errors
    /// Says in words why there is none.
    async fn text(&self, file: File, name: &str) -> Result<String, NotRead>;
}

/// Why there is no text of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRead {
    /// It will not be otherwise until the file is another one.
    Unreadable(String),
    /// It is tried again at the next look.
    Later(String),
}

pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) embedders: Arc<dyn Embedders>,
    pub(crate) documents: Option<Arc<dyn ReadDocuments>>,
}

/// Why memory could not be kept or searched.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file that was to be forgotten cannot be deleted.
    #[error("{path} cannot be deleted: {source}")]
    Delete {
        /// The file.
        path: String,
        /// Why it stays.
        source: BeneathError,
    },
    /// The program is shutting down.
    #[error("memory cannot be used: the program is shutting down")]
    Ending(#[from] tokio::task::JoinError),
}

impl MemoryError {
    /// Whether the index is damaged, so that only rebuilding it helps.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(self, Self::Index(error) if error.is_damage())
    }
}

impl From<MemoryError> for MemoryFault {
    fn from(error: MemoryError) -> Self {
        Self::Unavailable(error.to_string())
    }
}
