//! What the gateway wants of each kind of model. One file a provider; the gateway's list names them all.

use async_trait::async_trait;
use steward_agent::{ModelError, ModelReply, ModelRequest};

use crate::config::ModelDescription;
use crate::fault::Failure;
use crate::sink::Sink;

/// One entry of the chain.
#[async_trait]
pub(crate) trait Provider: Send + Sync {
    fn describe(&self) -> ModelDescription;

    /// The name of its model, where it is known by now.
    fn model(&self) -> Option<String>;

    /// Asks once, `model` instead of its own where one is named. Dropping the future ends the request.
    async fn ask(
        &self,
        request: &ModelRequest,
        model: Option<&str>,
        sink: &mut Sink<'_>,
    ) -> Result<ModelReply, Failure>;

    /// Whether it would answer, without spending tokens: the model that would.
    async fn check(&self) -> Result<String, ModelError>;
}
