//! What the gateway is told: which models, how to reach them, how patient to be. Nothing is read from the
//! environment here.

use std::fmt;
use std::time::Duration;

use steward_agent::ModelError;
use url::Url;

use crate::provider::ProviderKind;

/// A key. It is never shown: `Debug` prints a placeholder and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a key as it is configured.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that puts it into a header.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The models and the patience of a [`crate::Gateway`].
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// The chain: the first is tried first, the next ones when it fails. At least one.
    pub models: Vec<ModelConfig>,
    /// `http://host:port` of a proxy for all but loopback addresses.
    pub http_proxy: Option<String>,
    /// How often a model is asked again after a fault that may pass, before the next one takes over.
    pub retries: u32,
    /// For a connection to be made.
    pub connect_timeout: Duration,
    /// For the next byte of a stream that has begun. The first one may take three times as long, for a local model
    /// reads a long prompt before it says a word.
    pub idle_timeout: Duration,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            models: Vec::new(),
            http_proxy: None,
            retries: 3,
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
        }
    }
}

/// One entry of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelConfig {
    /// Whose API its server speaks.
    pub provider: &'static ProviderKind,
    /// Where its server is; `None` is where its makers run it. `/v1` is added where it is missing.
    pub base_url: Option<Url>,
    /// Sent with each request, where there is one.
    pub key: Option<Secret>,
    /// `None` is the first chat model that a server lists, or the usual one of its kind.
    pub model: Option<String>,
    /// The model's window in tokens.
    pub context: Option<u32>,
}

impl ModelConfig {
    /// A model of this kind where its makers run it, without a key.
    pub fn new(provider: &'static ProviderKind) -> Self {
        Self { provider, base_url: None, key: None, model: None, context: None }
    }

    /// Where its server is.
    ///
    /// # Errors
    /// There is none, for it is built in.
    pub(crate) fn address(&self) -> Result<Url, ModelError> {
        let address = self.provider.server.as_ref().map_or("", |server| server.address);
        let invalid = |error| ModelError::Invalid { address: address.to_owned(), reason: format!("{error}") };
        self.base_url.clone().map_or_else(|| Url::parse(address).map_err(invalid), Ok)
    }
}

/// One model of the chain, to be shown to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelDescription {
    /// `gpt-5.1 at api.openai.com`.
    pub label: String,
    /// The base address; `built in` for the rehearsal model.
    pub address: String,
    /// Whether it is the built-in script.
    pub rehearsal: bool,
    /// Its window in tokens.
    pub context: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_not_printed() {
        let key = Some(Secret::new("sk-ant-1"));
        let config = ModelConfig { key, ..ModelConfig::new(&crate::anthropic::ANTHROPIC) };
        let printed = format!("{config:?}");
        assert!(printed.contains("Secret(…)") && !printed.contains("sk-ant"), "{printed}");
    }
}
