//! Which model makes the vectors, and which one answers while another takes over.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use steward_embed::{EmbedError, Embedder, ModelId, Purpose};
use steward_index::{Index, Model};
use tokio::time::timeout;

/// Where models come from.
#[async_trait]
pub trait Embedders: Send + Sync {
    /// The model that is to make all vectors; none where there is none.
    fn current(&self) -> Option<Arc<dyn Embedder>>;

    /// A model that made vectors before, if it is still there.
    async fn earlier(&self, id: &ModelId) -> Option<Arc<dyn Embedder>>;
}

/// No model: texts are found by their words.
#[cfg(test)]
pub(crate) struct NoEmbedders;

#[cfg(test)]
#[async_trait]
impl Embedders for NoEmbedders {
    fn current(&self) -> Option<Arc<dyn Embedder>> {
        None
    }

    async fn earlier(&self, _: &ModelId) -> Option<Arc<dyn Embedder>> {
        None
    }
}

/// A question turned into a vector.
pub(crate) struct Asked {
    pub(crate) model: Model,
    pub(crate) vector: Vec<f32>,
    /// How much the model knows of the question's language, from 0 to 1.
    pub(crate) confidence: f32,
    /// Its vectors are still being made.
    pub(crate) partial: bool,
}

/// The row of a model in an index.
pub(crate) async fn row(index: &Arc<Index>, id: &ModelId) -> steward_index::Result<Model> {
    let identity = serde_json::to_string(id).unwrap_or_default();
    let dimension = id.dimension;
    crate::blocking(index, move |index| index.model(&identity, dimension)).await
}

/// The question as a vector of the model that answers in this index: the current one, or until that has made all its
/// vectors the one before it. It is waited for no longer than `patience`.
///
/// # Errors
/// Says why words alone are compared.
pub(crate) async fn ask(
    embedders: &dyn Embedders,
    index: &Arc<Index>,
    question: &str,
    patience: Duration,
) -> Result<Option<Asked>, String> {
    let Some(current) = embedders.current() else { return Ok(None) };
    let asked = timeout(patience, async {
        let (embedder, model) = answering(embedders, index, current).await?;
        let vectors =
            embedder.embed(&[question.to_owned()], Purpose::Query).await.map_err(|error| error.to_string())?;
        let question = question.to_owned();
        let confidence = tokio::task::spawn_blocking(move || embedder.confidence(&question)).await.unwrap_or(1.0);
        let vector = vectors.into_iter().next().unwrap_or_default();
        let partial = !model.complete;
        Ok(Some(Asked { model, vector, confidence, partial }))
    });
    asked.await.unwrap_or_else(|_| Err("the embedding model took too long to answer".to_owned()))
}

async fn answering(
    embedders: &dyn Embedders,
    index: &Arc<Index>,
    current: Arc<dyn Embedder>,
) -> Result<(Arc<dyn Embedder>, Model), String> {
    let told = |error: EmbedError| error.to_string();
    let id = current.ready().await.map_err(told)?.clone();
    let target = row(index, &id).await.map_err(|error| error.to_string())?;
    if target.complete {
        return Ok((current, target));
    }
    let models = crate::blocking(index, Index::models).await.map_err(|error| error.to_string())?;
    for before in models.into_iter().rev().filter(|model| model.complete) {
        let Ok(id) = serde_json::from_str::<ModelId>(&before.identity) else { continue };
        if let Some(embedder) = embedders.earlier(&id).await {
            return Ok((embedder, before));
        }
    }
    Ok((current, target))
}
