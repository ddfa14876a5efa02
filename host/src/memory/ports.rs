//! The ports by which tools search memory and runs are offered passages of it.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use steward_agent::{
    Forgetting, MemoryFault, MemoryFound, MemorySource, MemorySpace, MemoryStatus, Principal, Recalled,
};
use steward_memory::{Asker, Memory};
use steward_sandbox::Recall;

use crate::recall::Offer;
use crate::transcripts::Transcripts;

pub(crate) struct Ports {
    pub(crate) memory: Arc<Memory>,
    pub(crate) transcripts: Arc<Transcripts>,
    pub(crate) zone: TimeZone,
}

fn space(whom: &Principal) -> Result<MemorySpace, MemoryFault> {
    MemorySpace::of(whom).ok_or_else(|| MemoryFault::Denied("a group has no memory".to_owned()))
}

#[async_trait]
impl Recall for Ports {
    async fn search(&self, whom: &Principal, query: &str, limit: u32) -> Result<MemoryFound, MemoryFault> {
        self.transcripts.written().await;
        self.memory.search(space(whom)?, query, limit as usize, true).await
    }

    async fn status(&self, whom: &Principal) -> Result<MemoryStatus, MemoryFault> {
        self.memory.status(space(whom)?).await
    }

    async fn reindex(&self, whom: &Principal) -> Result<MemoryStatus, MemoryFault> {
        self.memory.reindex(space(whom)?).await
    }

    async fn add_source(&self, whom: &Principal, path: &str) -> Result<MemorySource, MemoryFault> {
        self.memory.add_source(space(whom)?, path, Asker::Tool).await
    }

    async fn remove_source(&self, whom: &Principal, path: &str) -> Result<(), MemoryFault> {
        self.memory.remove_source(space(whom)?, path).await
    }

    async fn forget(&self, whom: &Principal, what: Forgetting, key: &str) -> Result<String, MemoryFault> {
        // What is not written down yet could not be found to be forgotten.
        self.transcripts.written().await;
        self.memory.forget(whom, what, key).await
    }

    fn changed(&self, whom: &Principal, _: &str) {
        if let Some(space) = MemorySpace::of(whom) {
            let memory = Arc::clone(&self.memory);
            tokio::spawn(async move { memory.changed(space).await });
        }
    }
}

/// Whether the model has a file's words anyway: MEMORY.md is in the prompt, and what was said today or yesterday is in
/// the conversation, or in one that goes on elsewhere.
fn is_known(path: &str, today: Date) -> bool {
    let day = path.strip_prefix("sessions/").and_then(|name| name.get(..10)?.parse::<Date>().ok());
    path == "MEMORY.md" || day.is_some_and(|day| today.yesterday().is_ok_and(|yesterday| day >= yesterday))
}

#[async_trait]
impl Offer for Ports {
    async fn offer(&self, whom: &Principal, message: &str, tokens: u32) -> Vec<Recalled> {
        let Ok(space) = space(whom) else { return Vec::new() };
        let today = Timestamp::now().to_zoned(self.zone.clone()).date();
        let known = |path: &str| is_known(path, today);
        match self.memory.offer(space, message, tokens, known).await {
            Ok(hits) => hits
                .into_iter()
                .map(|hit| Recalled {
                    place: format!("{}:{}-{}", hit.path, hit.first_line, hit.last_line),
                    text: hit.text,
                })
                .collect(),
            Err(error) => {
                tracing::warn!(%error, "memory could not be searched for a message");
                Vec::new()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_model_reads_anyway_is_not_offered_again() {
        let today = "2026-11-28".parse().unwrap();
        for known in ["MEMORY.md", "sessions/2026-11-28-telegram.md", "sessions/2026-11-27-terminal.md"] {
            assert!(is_known(known, today), "{known}");
        }
        for other in ["memory/2026-11-28.md", "sessions/2026-11-26-telegram.md", "notes/plan.md", "sessions/odd.md"] {
            assert!(!is_known(other, today), "{other}");
        }
    }
}
