//! Memory as this program has it: which folders and settings, which model makes the vectors, who reads documents, and
//! the ports by which tools and runs search it.

pub(crate) mod embedders;
mod ports;

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use steward_memory::{Memory, NotRead, ReadDocuments, Settings};
use steward_store::Store;

use crate::app::Host;
use crate::config::Config;
use crate::documents::{DocumentError, Documents};
use embedders::Models;

pub(crate) use ports::Ports;

/// Everybody's memory, as it is configured. Nothing is opened yet.
pub(crate) fn open(
    config: &Config,
    store: &Store,
    models: &Arc<Models>,
    documents: Option<Arc<dyn ReadDocuments>>,
) -> anyhow::Result<Memory> {
    Ok(Memory::new(settings(config)?, store.clone(), Arc::clone(models) as Arc<_>, documents))
}

/// The same for a command whose person waits until all files are read.
pub(crate) fn open_patiently(
    config: &Config,
    store: &Store,
    models: &Arc<Models>,
    documents: Option<Arc<dyn ReadDocuments>>,
) -> anyhow::Result<Memory> {
    let settings = Settings { patience: Duration::from_secs(24 * 60 * 60), ..settings(config)? };
    Ok(Memory::new(settings, store.clone(), Arc::clone(models) as Arc<_>, documents))
}

fn settings(config: &Config) -> anyhow::Result<Settings> {
    let data = std::path::absolute(&config.data)?;
    let mut settings = Settings::new(&data, std::path::absolute(&config.workspace)?);
    settings.hidden.extend(config.file.iter().filter_map(|path| std::path::absolute(path).ok()));
    settings.zone = config.time_zone.clone();
    let search = &config.memory.search;
    settings.folders.clone_from(&search.folders);
    settings.weights = search.weights;
    settings.levels = search.levels;
    Ok(settings)
}

/// Opens memory, which first forgets what is still to be forgotten, and keeps it up to date until the stop. That it
/// cannot be opened is no reason not to start: what needs it says so, and tries again.
pub(crate) async fn run(host: Arc<Host>) {
    if let Err(error) = host.memory.start().await {
        tracing::error!(%error, "memory cannot be searched");
    }
    host.stop.cancelled().await;
    host.memory.end().await;
}

/// Reads no documents: where a command only searches.
pub(crate) struct NoDocuments;

#[async_trait]
impl ReadDocuments for NoDocuments {
    async fn text(&self, _: File, _: &str) -> Result<String, NotRead> {
        Err(NotRead::Later("documents are read while Steward runs, so start it with `steward run`".to_owned()))
    }
}

#[async_trait]
impl ReadDocuments for Documents {
    async fn text(&self, file: File, name: &str) -> Result<String, NotRead> {
        match Self::text(self, file, name).await {
            Ok(document) => Ok(document.text),
            Err(DocumentError::Unreadable(why)) => Err(NotRead::Unreadable(why)),
            Err(DocumentError::Later(why)) => Err(NotRead::Later(why)),
        }
    }
}
