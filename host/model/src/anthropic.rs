//! Servers that speak Anthropic's messages.

mod request;
mod stream;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Client, Response};
use steward_agent::{ModelError, ModelReply, ModelRequest};
use url::Url;

use crate::config::{ModelDescription, Secret};
use crate::fault::Failure;
use crate::http::{self, Server};
use crate::owner;
use crate::provider::{Provider, ProviderKind, ServerKind};
use crate::reading;
use crate::sink::Sink;

pub(crate) use stream::Answer;

/// The version of the protocol this module speaks.
const VERSION: &str = "2023-06-01";
/// The window of a model that was set up without one.
const CONTEXT: u32 = 200_000;

/// What is asked where no model is named.
const MODEL: &str = "claude-sonnet-4-5";

/// This kind of model.
pub static ANTHROPIC: ProviderKind = ProviderKind {
    name: "anthropic",
    server: Some(ServerKind {
        title: "Anthropic",
        address: "https://api.anthropic.com",
        address_variable: "ANTHROPIC_BASE_URL",
        key_variable: "ANTHROPIC_API_KEY",
        model: MODEL,
        family: Some("claude"),
        lists_models: false,
    }),
    make: |config, client, idle| {
        let base = config.address()?;
        let model = config.model.unwrap_or_else(|| MODEL.to_owned());
        Ok(Box::new(Anthropic::new(client, &base, config.key, model, config.context, idle)?))
    },
};

/// One such server and the model asked there.
pub(crate) struct Anthropic {
    server: Server,
    model: String,
    context: u32,
    /// It does not take back what it sent.
    no_state: AtomicBool,
}

impl Anthropic {
    pub(crate) fn new(
        client: Client,
        base: &Url,
        key: Option<Secret>,
        model: String,
        context: Option<u32>,
        idle: Duration,
    ) -> Result<Self, ModelError> {
        let mut base = base.clone();
        let path = base.path().trim_end_matches('/').to_owned();
        if !path.ends_with("/v1") {
            base.set_path(&format!("{path}/v1"));
        }
        let shown = key.as_ref().map(|key| key.reveal().to_owned());
        let mut server = Server::new(client, &base, key, idle).with_header("anthropic-version", VERSION)?;
        if let Some(key) = shown {
            server = server.with_header("x-api-key", &key)?;
        }
        Ok(Self { server, model, context: context.unwrap_or(CONTEXT), no_state: AtomicBool::new(false) })
    }
}

impl Anthropic {
    async fn post(&self, request: &ModelRequest, model: &str, mark: &str) -> Result<Response, Failure> {
        let mark = (!self.no_state.load(Ordering::Relaxed)).then_some(mark);
        let body = request::body(request, model, mark)
            .map_err(|error| Failure::invalid(&self.server.address, error.to_string()))?;
        self.server.post("messages", body, model).await
    }
}

/// The server complains of the thoughts it was given back.
fn is_about_thoughts(error: &ModelError) -> bool {
    let ModelError::Rejected { reason, .. } = error else { return false };
    let reason = reason.to_lowercase();
    ["thinking", "signature"].iter().any(|word| reason.contains(word))
}

#[async_trait]
impl Provider for Anthropic {
    fn describe(&self) -> ModelDescription {
        let label = format!("{} at {}", self.model, self.server.address);
        ModelDescription { label, address: self.server.shown(), rehearsal: false, context: self.context }
    }

    fn model(&self) -> Option<String> {
        Some(self.model.clone())
    }

    async fn ask(
        &self,
        request: &ModelRequest,
        model: Option<&str>,
        sink: &mut Sink<'_>,
    ) -> Result<ModelReply, Failure> {
        let model = model.unwrap_or(&self.model);
        let mark = owner::mark(&self.server.shown(), model);
        let response = match self.post(request, model, &mark).await {
            Err(failure) if is_about_thoughts(&failure.error) && !self.no_state.swap(true, Ordering::Relaxed) => {
                self.post(request, model, &mark).await
            }
            result => result,
        }?;
        let mut answer = Answer::new(&self.server, model, request, mark);
        let read = reading::read(http::body(response, self.server.idle), &mut answer, &self.server.address, sink).await;
        let (reply, rest) = answer.finish();
        reading::settle(read, reply, rest, sink).await
    }

    async fn check(&self) -> Result<String, ModelError> {
        match self.server.get(&format!("models/{}", self.model), &self.model).await {
            Ok(_) => Ok(self.model.clone()),
            Err(failure) => match &failure.error {
                // A server that has no list of models may answer all the same; only a list without ours tells.
                ModelError::Invalid { reason, .. } if reason.contains("HTTP 404") && !reason.contains(&self.model) => {
                    Ok(self.model.clone())
                }
                _ => Err(failure.error),
            },
        }
    }
}
