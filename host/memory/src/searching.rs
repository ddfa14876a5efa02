//! One search of a space: what was changed is looked at first, question and passages are compared, and what is found
//! counts as recalled.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use steward_agent::{MemoryHit, MemorySpace};
use steward_index::{Hit, Place, Query, Weights};

use crate::embedding;
use crate::scan;
use crate::service::Memory;
use crate::shared::MemoryError;
use crate::space::Space;

/// A search right after the start waits so long for the files to be looked at once.
const FIRST_LOOK: Duration = Duration::from_secs(5);
/// Of what was found so many of the best count as recalled.
const RECALLED: usize = 3;

impl Memory {
    /// Has what was changed looked at, so that a search misses nothing, but waits no longer than one wants to; gives
    /// whether all was looked at.
    pub(crate) async fn up_to_date(&self, space: &Arc<Space>) -> bool {
        space.until_ready(FIRST_LOOK).await;
        if self.reads_only || !space.is_pending() {
            return true;
        }
        let (space, stop) = (Arc::clone(space), self.stop.clone());
        let looking = tokio::spawn(async move { space.catch_up(&stop).await });
        match tokio::time::timeout(FIRST_LOOK, looking).await {
            Ok(Ok(Ok(()))) => true,
            Ok(Ok(Err(error))) => {
                tracing::warn!(%error, "memory is not up to date");
                false
            }
            Ok(Err(_)) | Err(_) => false,
        }
    }

    /// What fits. An index that turns out to be damaged is rebuilt first, unless somebody else is just doing that.
    pub(crate) async fn hits(
        &self,
        space: &Space,
        text: &str,
        limit: usize,
        patience: Duration,
    ) -> Result<(Vec<Hit>, Option<String>), MemoryError> {
        let mut found = self.hits_once(space, text, limit, patience).await;
        if !self.reads_only && found.as_ref().is_err_and(MemoryError::is_damage) {
            let _ = tokio::time::timeout(FIRST_LOOK, space.turn.lock()).await;
            found = self.hits_once(space, text, limit, patience).await;
            if let Err(error) = &found
                && error.is_damage()
            {
                space.mend(error, &self.stop).await?;
                found = self.hits_once(space, text, limit, patience).await;
            }
        }
        if !self.reads_only && space.index.words_are_behind() {
            space.touch();
        }
        found
    }

    async fn hits_once(
        &self,
        space: &Space,
        text: &str,
        limit: usize,
        patience: Duration,
    ) -> Result<(Vec<Hit>, Option<String>), MemoryError> {
        space.searched.store(true, Ordering::Relaxed);
        let asked = embedding::ask(&*self.shared.embedders, &space.index, text, patience).await;
        let (asked, note) = match asked {
            Ok(Some(asked)) => {
                let note =
                    asked.partial.then(|| "The vectors are still being made; more may be found later.".to_owned());
                (Some(asked), note)
            }
            Ok(None) => (None, Some("Only words were compared: there is no embedding model.".to_owned())),
            Err(error) => (None, Some(format!("Only words were compared: {error}."))),
        };
        let (text, weights) = (text.to_owned(), self.shared.settings.weights);
        let hits = crate::blocking(&space.index, move |index| {
            let vector = asked.as_ref().map(|asked| (&asked.model, asked.vector.as_slice()));
            let trust = asked.as_ref().map_or(1.0, |asked| asked.confidence);
            let weights = Weights { vector: weights.vector * trust, ..weights };
            index.search(&Query { vector, weights, now: scan::now(), ..Query::new(&text, limit) })
        });
        Ok((hits.await?, note))
    }

    /// What is recalled again and again stays.
    pub(crate) async fn count(&self, space: &Space, hits: &[Hit]) -> Result<(), MemoryError> {
        let recalled: Vec<_> = hits.iter().take(RECALLED).filter(|hit| hit.talk).map(|hit| hit.hash).collect();
        if recalled.is_empty() {
            return Ok(());
        }
        let counts = self.shared.store.count_recalls(&space.space.to_string(), recalled, Timestamp::now()).await?;
        crate::blocking(&space.index, move |index| index.change(|batch| batch.set_recalls(&counts))).await?;
        space.settle_levels().await
    }

    pub(crate) fn shown(&self, space: MemorySpace, hit: Hit) -> MemoryHit {
        let path = |place: &Place| self.shared.settings.shown(space, &place.root, &place.path);
        let also = hit.places.iter().skip(1);
        let also = also.map(|place| format!("{}:{}-{}", path(place), place.first_line, place.last_line)).collect();
        let (first_line, last_line, name) = match hit.places.first() {
            Some(place) => (place.first_line, place.last_line, path(place)),
            None => (0, 0, String::new()),
        };
        // A passage in the middle of a section is understood by its headings.
        let title = hit.heading.rsplit(" > ").next().unwrap_or_default();
        let text = if title.is_empty() || hit.text.contains(title) {
            hit.text
        } else {
            format!("{}\n{}", hit.heading, hit.text)
        };
        MemoryHit { path: name, first_line, last_line, score: hit.score, text, also }
    }
}
