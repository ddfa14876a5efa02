//! Keeps the index of everybody's memory up to date and searches it: files are looked at when they change, passages get
//! their vectors in the background, and what is to be forgotten is forgotten for good.
//!
//! Each space (the owners', and each other person's) has a folder with its files and a separate index; no call takes
//! two. Nothing here knows roles, tools or channels, or how a document or a model works: those come as ports. Read
//! `service` first.

#![warn(missing_docs)]

mod embedding;
mod forgetting;
mod listing;
mod opening;
mod reading;
mod scan;
mod searching;
mod service;
mod settings;
mod shared;
mod sources;
mod space;
mod status;
mod watching;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use steward_index::Index;

pub use embedding::Embedders;
pub use service::Memory;
pub use settings::Settings;
pub use shared::{MemoryError, NotRead, ReadDocuments};
pub use sources::Asker;
pub use steward_index::{Levels, PassageSize, Weights};

/// Works on an index off the async threads.
async fn blocking<T: Send + 'static>(
    index: &Arc<Index>,
    work: impl FnOnce(&Index) -> steward_index::Result<T> + Send + 'static,
) -> steward_index::Result<T> {
    let index = Arc::clone(index);
    match tokio::task::spawn_blocking(move || work(&index)).await {
        Ok(done) => done,
        Err(error) => Err(steward_index::IndexError::Stopped(error.to_string())),
    }
}
