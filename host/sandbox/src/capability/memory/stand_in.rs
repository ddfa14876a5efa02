//! A search for tests: it finds what it was given, and remembers what it was asked, by whom.

use std::sync::Mutex;

use async_trait::async_trait;
use steward_agent::{
    Forgetting, MemoryFault, MemoryFound, MemoryHit, MemorySource, MemorySpace, MemoryStatus, Principal,
};

use super::Recall;

#[derive(Default)]
pub(crate) struct StandIn {
    /// What every search finds.
    text: String,
    /// What every request fails with.
    fault: Option<MemoryFault>,
    /// `person-7 search 5 flat`
    asked: Mutex<Vec<String>>,
}

impl StandIn {
    /// One that finds a passage with this text.
    pub(crate) fn finding(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    /// One that does nothing, for this reason.
    pub(crate) fn failing(fault: MemoryFault) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }

    /// What it was asked since it was last looked at.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn note(&self, whom: &Principal, what: String) -> Result<(), MemoryFault> {
        let space = MemorySpace::of(whom).unwrap();
        self.asked.lock().unwrap().push(format!("{space} {what}"));
        self.fault.clone().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl Recall for StandIn {
    async fn search(&self, whom: &Principal, query: &str, limit: u32) -> Result<MemoryFound, MemoryFault> {
        self.note(whom, format!("search {limit} {query}"))?;
        let hit = MemoryHit {
            path: "MEMORY.md".to_owned(),
            first_line: 3,
            last_line: 4,
            score: 0.9167,
            text: self.text.clone(),
            also: vec!["sessions/a.md:1-2".to_owned()],
        };
        Ok(MemoryFound { hits: vec![hit; 60], note: Some("only words were compared".to_owned()) })
    }

    async fn status(&self, whom: &Principal) -> Result<MemoryStatus, MemoryFault> {
        self.note(whom, "status".to_owned())?;
        Ok(MemoryStatus { files: 2, passages: 9, levels: [3, 2, 1], ..MemoryStatus::default() })
    }

    async fn reindex(&self, whom: &Principal) -> Result<MemoryStatus, MemoryFault> {
        self.note(whom, "reindex".to_owned())?;
        Ok(MemoryStatus { files: 2, passages: 9, waiting: 4, model: Some("bge-m3".to_owned()), ..Default::default() })
    }

    async fn add_source(&self, whom: &Principal, path: &str) -> Result<MemorySource, MemoryFault> {
        self.note(whom, format!("add {path}"))?;
        Ok(MemorySource { path: path.to_owned(), files: 3, passages: 40, problems: vec![self.text.clone()] })
    }

    async fn remove_source(&self, whom: &Principal, path: &str) -> Result<(), MemoryFault> {
        self.note(whom, format!("remove {path}"))
    }

    async fn forget(&self, whom: &Principal, what: Forgetting, key: &str) -> Result<String, MemoryFault> {
        self.note(whom, format!("forget {what:?} by {key}"))?;
        Ok("The summary is forgotten.".to_owned())
    }

    fn changed(&self, whom: &Principal, path: &str) {
        // That a file was written cannot fail.
        let _ = self.note(whom, format!("changed {path}"));
    }
}
