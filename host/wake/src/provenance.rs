//! The port to what is known of foreign text that is kept.

use async_trait::async_trait;
use steward_store::StoreError;

/// Which of what is kept came from foreign text without an owner's word.
#[async_trait]
pub trait Provenance: Send + Sync {
    /// Whether a prompt for later did.
    async fn is_prompt_foreign(&self, prompt: &str) -> Result<bool, StoreError>;

    /// Whether a file of the workspace did, or a line of it; `text` is what it says.
    async fn is_file_foreign(&self, path: &str, text: &str) -> Result<bool, StoreError>;
}
