//! Plugins' questions to the model: bounded by the sandbox, asked like any step of a run, and their tokens written down
//! for the person the plugin works for.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use steward_agent::{Message, ModelError, ModelRequest};
use steward_sandbox::{AskModel, ModelQuestion, ModelText};
use steward_store::{ModelUsage, Store};

use crate::config::Prices;
use crate::models::Models;
use crate::spending::{self, Unanswered};

pub(crate) struct Questions {
    pub(crate) models: Arc<Models>,
    pub(crate) store: Store,
    pub(crate) prices: Arc<Prices>,
}

#[async_trait]
impl AskModel for Questions {
    async fn ask(&self, question: ModelQuestion) -> Result<ModelText, ModelError> {
        let request = ModelRequest {
            system: question.system.unwrap_or_default(),
            messages: vec![Message::user(question.prompt)],
            tools: Arc::default(),
            max_tokens: question.max_tokens,
            model: None,
        };
        let asked = self.models.complete_unseen(&request, &question.cancel);
        let reply = spending::ask((&self.store, &*self.prices), question.person, &request, asked).await;
        let reply = reply.map_err(|unanswered| match unanswered {
            Unanswered::Model(error) => error,
            Unanswered::Exhausted(resource) => {
                let reason = format!("what this person may use in a day ({}) is used up", resource.as_str());
                ModelError::Invalid { address: "this host".to_owned(), reason }
            }
        })?;
        let usage = ModelUsage { model: reply.model, usage: reply.usage };
        if let Err(error) = self.store.add_usage(question.run, question.person, usage, Timestamp::now()).await {
            tracing::warn!(%error, "the tokens of a plugin's question are not written down");
        }
        if reply.rehearsal {
            let reason = "only the rehearsal model is there, which cannot be asked by plugins".to_owned();
            return Err(ModelError::Unreachable { address: "built in".to_owned(), reason });
        }
        Ok(ModelText { text: reply.text, cut: reply.cut })
    }
}
