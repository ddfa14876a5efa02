//! Asks the models of the chain one after another until one answers: each again while that may help, then the next.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use steward_agent::{ModelError, ModelReply, ModelRequest, StreamEvent};
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use crate::config::{GatewayConfig, ModelConfig, ModelDescription};
use crate::http;
use crate::provider::Provider;
use crate::retry::{self, Pauses};
use crate::sink::Sink;

/// How long a server may take to tell whether it would answer.
const CHECK_TIME: Duration = Duration::from_secs(10);

/// The way to all models. Cloning it is cheap and gives the same gateway.
#[derive(Clone)]
pub struct Gateway {
    chain: Arc<[Box<dyn Provider>]>,
    retries: u32,
    pauses: Pauses,
}

impl Gateway {
    /// A gateway for these models; nothing is sent yet.
    ///
    /// # Errors
    /// [`ModelError::Invalid`] if the proxy is no address or a key cannot be sent.
    pub fn new(config: GatewayConfig) -> Result<Self, ModelError> {
        let client = http::client(&config)?;
        let make = |model: ModelConfig| (model.provider.make)(model, client.clone(), config.idle_timeout);
        let chain = config.models.into_iter().map(make).collect::<Result<_, _>>()?;
        Ok(Self { chain, retries: config.retries, pauses: Pauses::real() })
    }

    /// Asks for one step. The text streams into `events` as it comes; [`StreamEvent::Restart`] voids what came before.
    /// A receiver that is gone is no reason to stop; one that is slow is waited for.
    ///
    /// # Errors
    /// Those of the last model asked, save that [`ModelError::TooLong`] of any of them comes first, for it has a
    /// remedy; [`ModelError::Cancelled`] as soon as `cancel` is.
    pub async fn complete(
        &self,
        request: &ModelRequest,
        events: &Sender<StreamEvent>,
        cancel: &CancellationToken,
    ) -> Result<ModelReply, ModelError> {
        if cancel.is_cancelled() {
            return Err(ModelError::Cancelled);
        }
        let mut sink = Sink::new(events);
        let asking = async {
            let (started, answer) = (Instant::now(), self.ask_chain(request, &mut sink).await);
            if let Ok(reply) = &answer {
                let ModelReply { model, usage, .. } = reply;
                Span::current().record("model", model);
                tracing::debug!(input = usage.input, output = usage.output, time = ?started.elapsed(), "answered");
            }
            answer
        };
        let span = tracing::info_span!("model_call", model = Empty);
        let asked = cancel.run_until_cancelled(asking.instrument(span)).await;
        asked.unwrap_or(Err(ModelError::Cancelled))
    }

    /// The models in the order they are tried.
    pub fn describe(&self) -> Vec<ModelDescription> {
        self.chain.iter().map(|provider| provider.describe()).collect()
    }

    /// The window of the first model, in tokens.
    pub fn context(&self) -> u32 {
        self.chain.first().map_or(0, |provider| provider.describe().context)
    }

    /// Asks each model's server whether it would answer; no tokens are spent. Label, and the model that would answer
    /// or why none would.
    pub async fn check(&self) -> Vec<(String, Result<String, ModelError>)> {
        let checks = self.chain.iter().map(|provider| async {
            let result = tokio::time::timeout(CHECK_TIME, provider.check()).await.unwrap_or_else(|_| {
                let reason = format!("it did not answer within {} seconds", CHECK_TIME.as_secs());
                Err(ModelError::Unreachable { address: provider.describe().address, reason })
            });
            (provider.describe().label, result)
        });
        futures::future::join_all(checks).await
    }

    async fn ask_chain(&self, request: &ModelRequest, sink: &mut Sink<'_>) -> Result<ModelReply, ModelError> {
        let mut worst: Option<ModelError> = None;
        for (provider, model) in self.order(request.model.as_deref()) {
            match self.ask(provider, model, request, sink).await {
                Ok(reply) => return Ok(reply),
                // What may be remedied is told before what was found last.
                Err(error) if worst.as_ref().is_some_and(|worst| rank(worst) > rank(&error)) => {
                    tracing::debug!(%error, "another model has no answer either");
                }
                Err(error) => worst = Some(error),
            }
        }
        Err(worst.unwrap_or(ModelError::Cancelled))
    }

    /// Asks one model until it answers or asking again is no use.
    async fn ask(
        &self,
        provider: &dyn Provider,
        model: Option<&str>,
        request: &ModelRequest,
        sink: &mut Sink<'_>,
    ) -> Result<ModelReply, ModelError> {
        let (mut repetition, mut unmarked) = (0, false);
        loop {
            sink.restart().await;
            let mut failure = match provider.ask(request, model, sink).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            // A server that leaves out the mark of the end twice never sends it.
            let again = std::mem::replace(&mut unmarked, failure.unmarked);
            if let Some((reply, rest)) = failure.reply.take().filter(|_| again).map(|reply| *reply) {
                sink.show(rest).await;
                return Ok(reply);
            }
            let pause = retry::pause(failure.again, repetition).filter(|_| repetition < self.retries);
            tracing::warn!(error = %failure.error, again_in = ?pause, "no answer from {}", provider.describe().label);
            let Some(pause) = pause else { return Err(failure.error) };
            self.pauses.spend(pause).await;
            repetition += 1;
        }
    }

    /// The chain as it is tried: a model asked for by name comes first, at its own entry, or, if no entry has it, at
    /// the first entry in place of that one's own.
    fn order<'a>(&'a self, asked: Option<&'a str>) -> Vec<(&'a dyn Provider, Option<&'a str>)> {
        let own = |index: usize| (&*self.chain[index], None);
        let all = 0..self.chain.len();
        let Some(name) = asked.map(str::trim).filter(|name| !name.is_empty()) else { return all.map(own).collect() };
        let has = |index: &usize| self.chain[*index].model().is_some_and(|model| model.eq_ignore_ascii_case(name));
        match all.clone().find(has) {
            Some(first) => std::iter::once(first).chain(all.filter(|index| *index != first)).map(own).collect(),
            None => {
                let elsewhere = self.chain.first().map(|provider| (&**provider, Some(name)));
                elsewhere.into_iter().chain(all.map(own)).collect()
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn with_pauses(mut self, pauses: Pauses) -> Self {
        self.pauses = pauses;
        self
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("chain", &self.describe()).field("retries", &self.retries).finish()
    }
}

fn rank(error: &ModelError) -> u8 {
    match error {
        ModelError::TooLong { .. } => 2,
        ModelError::Rejected { .. } => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
