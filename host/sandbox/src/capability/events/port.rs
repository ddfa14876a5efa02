//! The port to what can be watched for, which the host provides. Nothing here knows how it is watched.

use std::path::Path;

use async_trait::async_trait;
use serde_json::Value;
use steward_store::StoreError;

/// A kind of event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventKind {
    pub name: String,
    pub description: String,
    /// JSON Schema of its settings.
    pub schema: String,
}

/// Why something cannot be watched. The text says what to do instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventFault {
    Invalid(String),
    Store(StoreError),
    Failed(String),
}

/// What can be watched for.
#[async_trait]
pub trait EventKinds: Send + Sync {
    fn all(&self) -> Vec<EventKind>;

    /// Checks the settings of a subscription to be made, and gives them as they are kept. `workspace` is the folder of the
    /// one who asks.
    ///
    /// # Errors
    /// There is no such kind, the settings do not fit it, or it cannot be looked at.
    async fn fit(&self, workspace: &Path, kind: &str, settings: Value) -> Result<Value, EventFault>;

    /// What is there now, in the kind's own words: what happens from now on counts.
    ///
    /// # Errors
    /// As [`EventKinds::fit`].
    async fn look(&self, workspace: &Path, kind: &str, settings: &Value) -> Result<String, EventFault>;
}
