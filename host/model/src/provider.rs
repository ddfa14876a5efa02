//! What a kind of model is: its row, and what the gateway wants of it. One file a kind; `kinds` lists them.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::Client;
use steward_agent::{ModelError, ModelReply, ModelRequest};

use crate::config::{ModelConfig, ModelDescription};
use crate::fault::Failure;
use crate::sink::Sink;

/// Prepares a model of a kind; the time is how long its server may be silent.
type Make = fn(ModelConfig, Client, Duration) -> Result<Box<dyn Provider>, ModelError>;

/// One kind of model.
#[derive(Debug)]
pub struct ProviderKind {
    /// As `provider` in the configuration names it.
    pub name: &'static str,
    /// How its servers are recognised and reached; `None` for what is built in.
    pub server: Option<ServerKind>,
    /// Prepares one; the time is how long its server may be silent.
    pub(crate) make: Make,
}

impl PartialEq for ProviderKind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for ProviderKind {}

/// The servers of one kind of model.
#[derive(Debug)]
pub struct ServerKind {
    /// As its makers write it.
    pub title: &'static str,
    /// Where its makers run it.
    pub address: &'static str,
    /// The variable with another address.
    pub address_variable: &'static str,
    /// The variable with the key for its makers' own address.
    pub key_variable: &'static str,
    /// The model asked at its makers' own address where none is named.
    pub model: &'static str,
    /// What the names of its models begin with, where that tells them from all others.
    pub family: Option<&'static str>,
    /// Whether a server elsewhere may be left to choose: it is asked for the models it has.
    pub lists_models: bool,
}

impl ServerKind {
    /// Whether a model of that name is of this kind and of no other.
    pub fn is_own(&self, model: &str) -> bool {
        self.family.is_some_and(|family| model.starts_with(family))
    }
}

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
