//! The port to what searches memory and forgets it, which the host provides. Nothing here knows how it is searched.

use async_trait::async_trait;
use steward_agent::{Forgetting, MemoryFault, MemoryFound, MemorySource, MemoryStatus, Principal};

/// How the host searches memory. Whose memory it is follows from the principal alone.
#[async_trait]
pub trait Recall: Send + Sync {
    /// The best first, at most `limit`.
    async fn search(&self, whom: &Principal, query: &str, limit: u32) -> Result<MemoryFound, MemoryFault>;

    async fn status(&self, whom: &Principal) -> Result<MemoryStatus, MemoryFault>;

    /// Reads every file again.
    async fn reindex(&self, whom: &Principal) -> Result<MemoryStatus, MemoryFault>;

    /// Adds a file, a folder or a repository to what is searched.
    async fn add_source(&self, whom: &Principal, path: &str) -> Result<MemorySource, MemoryFault>;

    async fn remove_source(&self, whom: &Principal, path: &str) -> Result<(), MemoryFault>;

    /// Says in a sentence what was forgotten. `key` is the call's: forgetting is done once for each.
    async fn forget(&self, whom: &Principal, what: Forgetting, key: &str) -> Result<String, MemoryFault>;

    /// A file of the space was written and is to be looked at soon; its path is below the space's folder.
    fn changed(&self, whom: &Principal, path: &str);
}
