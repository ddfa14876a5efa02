//! How the index of a space stands, for people.

use steward_agent::{MemoryFault, MemorySource, MemoryStatus};
use steward_index::Index;

use crate::embedding;
use crate::listing::Root;
use crate::service::Memory;
use crate::shared::MemoryError;
use crate::space::Space;

/// Problems that are told.
const PROBLEMS: usize = 10;

impl Memory {
    pub(crate) async fn status_of(&self, space: &Space) -> Result<MemoryStatus, MemoryFault> {
        let counts = crate::blocking(&space.index, Index::counts).await.map_err(MemoryError::from)?;
        let sources = self.shared.store.memory_sources(&space.space.to_string()).await.map_err(MemoryError::from)?;
        let mut told = Vec::new();
        for source in sources {
            told.push(self.source(space, source).await?);
        }
        let mut problems = self.problems(space, "").await?;
        let state = space.state().clone();
        problems.extend(state.embedding.map(|error| format!("no new vectors: {error}")));
        let (model, embedded, waiting) = self.vectors(space).await?;
        let (files, passages) = (counts.files, counts.passages);
        Ok(MemoryStatus { files, passages, embedded, waiting, model, levels: counts.levels, sources: told, problems })
    }

    async fn vectors(&self, space: &Space) -> Result<(Option<String>, u32, u32), MemoryError> {
        let Some(embedder) = self.shared.embedders.current() else { return Ok((None, 0, 0)) };
        let Ok(id) = embedder.ready().await else { return Ok((Some(embedder.id().to_string()), 0, 0)) };
        let model = embedding::row(&space.index, id).await?;
        let (embedded, wanted) = crate::blocking(&space.index, move |index| index.progress(&model)).await?;
        Ok((Some(id.to_string()), embedded, wanted.saturating_sub(embedded)))
    }

    pub(crate) async fn source(&self, space: &Space, root: String) -> Result<MemorySource, MemoryFault> {
        let asked = root.clone();
        let (files, passages) =
            crate::blocking(&space.index, move |index| index.counts_below(&asked)).await.map_err(MemoryError::from)?;
        let mut problems = self.problems(space, &root).await?;
        let (place, hidden) = (Root::source(&root), self.shared.settings.hidden.clone());
        let left_out = tokio::task::spawn_blocking(move || {
            let listed = place.files(&hidden)?.len();
            place.left_out(&hidden, listed)
        });
        problems.extend(left_out.await.map_err(MemoryError::from)?);
        if space.state().missing.contains(&root) {
            problems.insert(0, "it is not there now; what was read of it is still found".to_owned());
        }
        Ok(MemorySource { path: self.shared.settings.shown(space.space, &root, ""), files, passages, problems })
    }

    async fn problems(&self, space: &Space, root: &str) -> Result<Vec<String>, MemoryError> {
        let root = root.to_owned();
        let problems = crate::blocking(&space.index, move |index| index.problems_below(&root)).await?;
        let mut problems: Vec<_> = problems.into_iter().map(|(path, problem)| format!("{path}: {problem}")).collect();
        let more = problems.len().saturating_sub(PROBLEMS);
        problems.truncate(PROBLEMS);
        if more > 0 {
            problems.push(format!("and {more} more"));
        }
        Ok(problems)
    }
}
