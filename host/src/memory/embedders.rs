//! The models that make vectors: a server that was configured, or a folder that `steward models pull` made. A folder
//! that comes while Steward runs is noticed; a model that nobody needs for minutes gives its memory back.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use steward_embed::{Embedder, Endpoint, LocalModel, LocalOptions, ModelId};
use steward_memory::Embedders;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Embeddings};

const LOOK_EVERY: Duration = Duration::from_secs(20);

/// A model that is open.
#[derive(Clone)]
enum Open {
    Local(Arc<LocalModel>),
    Endpoint(Arc<Endpoint>),
}

impl Open {
    fn embedder(&self) -> Arc<dyn Embedder> {
        match self {
            Self::Local(model) => Arc::clone(model) as Arc<dyn Embedder>,
            Self::Endpoint(endpoint) => Arc::clone(endpoint) as Arc<dyn Embedder>,
        }
    }
}

pub(crate) struct Models {
    wanted: Embeddings,
    /// Where models are, the first that has one wins.
    folders: Vec<PathBuf>,
    current: Mutex<Option<Open>>,
    /// Models that made vectors before, as far as they were asked for.
    earlier: Mutex<Vec<Arc<LocalModel>>>,
}

/// The folders in which models are looked for.
pub(crate) fn folders(config: &Config) -> Vec<PathBuf> {
    let own = config.data.join("models");
    std::iter::once(own).chain(config.memory.search.models.clone()).collect()
}

/// Opens the model that is configured, if it is there, off the async threads.
pub(crate) async fn open(config: &Config) -> anyhow::Result<Arc<Models>> {
    let config = config.clone();
    Ok(Arc::new(tokio::task::spawn_blocking(move || Models::open(&config)).await?))
}

impl Models {
    /// Opens the model that is configured, if it is there. Blocking, some milliseconds.
    pub(crate) fn open(config: &Config) -> Self {
        let wanted = config.memory.search.embeddings.clone();
        let models = Self { wanted, folders: folders(config), current: Mutex::default(), earlier: Mutex::default() };
        models.look();
        models
    }

    /// Looks for the model, unless it is open; lets go of what was idle.
    fn look(&self) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.is_none() {
            *current = self.find();
        }
        let now = Instant::now();
        if let Some(Open::Local(model)) = &*current {
            model.unload_if_idle(now);
        }
        for model in self.earlier.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            model.unload_if_idle(now);
        }
    }

    fn find(&self) -> Option<Open> {
        match &self.wanted {
            Embeddings::Off => None,
            Embeddings::Endpoint(config) => match Endpoint::new((**config).clone()) {
                Ok(endpoint) => Some(Open::Endpoint(Arc::new(endpoint))),
                Err(error) => {
                    tracing::error!(%error, "the server for embeddings cannot be used");
                    None
                }
            },
            Embeddings::Model(name) => self.local(name).map(|model| Open::Local(Arc::new(model))),
        }
    }

    fn local(&self, name: &str) -> Option<LocalModel> {
        let named = self.folders.iter().map(|folder| folder.join(name)).chain([PathBuf::from(name)]);
        let folder = named.into_iter().find(|folder| folder.join("config.json").is_file())?;
        match LocalModel::open(&folder, LocalOptions::default()) {
            Ok(model) => Some(model),
            Err(error) => {
                tracing::warn!(%error, "the embedding model cannot be used");
                None
            }
        }
    }

    /// Why there is no model and what to do, or which there is.
    pub(crate) fn describe(&self) -> Result<String, String> {
        if let Some(open) = &*self.current.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(open.embedder().id().to_string());
        }
        Err(match &self.wanted {
            Embeddings::Off => "switched off: memory.search.model is \"none\"".to_owned(),
            Embeddings::Endpoint(_) => "the server for embeddings cannot be used".to_owned(),
            Embeddings::Model(name) => format!("{name} is not installed: run `steward models pull`"),
        })
    }

    /// Notices models that come and lets go of those that are idle, until the stop.
    pub(crate) async fn keep(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let models = Arc::clone(&self);
            if tokio::task::spawn_blocking(move || models.look()).await.is_err() {
                return;
            }
        }
    }

    fn opened_earlier(&self, id: &ModelId) -> Option<Arc<LocalModel>> {
        let mut earlier = self.earlier.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = earlier.iter().find(|model| model.id() == id) {
            return Some(Arc::clone(known));
        }
        let inside =
            |folder: &PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let folders = self.folders.iter().flat_map(inside).filter(|folder| is_model(folder));
        let found = folders.filter_map(|folder| LocalModel::open(&folder, LocalOptions::default()).ok());
        let model = Arc::new(found.into_iter().find(|model| model.id() == id)?);
        earlier.push(Arc::clone(&model));
        Some(model)
    }
}

fn is_model(folder: &Path) -> bool {
    folder.join("config.json").is_file()
}

#[async_trait]
impl Embedders for Models {
    fn current(&self) -> Option<Arc<dyn Embedder>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(Open::embedder)
    }

    async fn earlier(&self, id: &ModelId) -> Option<Arc<dyn Embedder>> {
        self.opened_earlier(id).map(|model| model as Arc<dyn Embedder>)
    }
}
