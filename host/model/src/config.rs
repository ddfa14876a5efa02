//! What the gateway is told: which models, how to reach them, how patient to be. Nothing is read from the
//! environment here.

use std::fmt;
use std::time::Duration;

use url::Url;

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
    /// The chain: the first is tried first, the next ones when it fails. Empty: a local server is looked for, and
    /// while there is none the rehearsal model answers.
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
pub enum ModelConfig {
    /// A server that speaks OpenAI's chat completions.
    OpenAi {
        /// With `/v1`; it is added to an address without a path.
        base_url: Url,
        /// Sent with each request, where there is one.
        key: Option<Secret>,
        /// `None` is the first chat model the server lists.
        model: Option<String>,
        /// The model's window in tokens.
        context: Option<u32>,
    },
    /// A server that speaks Anthropic's messages.
    Anthropic {
        /// With or without `/v1`.
        base_url: Url,
        /// Sent with each request, where there is one.
        key: Option<Secret>,
        /// As the server names it.
        model: String,
        /// The model's window in tokens.
        context: Option<u32>,
    },
    /// The built-in interpreter that needs no model.
    Rehearsal,
}

impl ModelConfig {
    /// Where its server is; `None` where no server is asked.
    pub(crate) fn base_url(&self) -> Option<&Url> {
        match self {
            Self::OpenAi { base_url, .. } | Self::Anthropic { base_url, .. } => Some(base_url),
            Self::Rehearsal => None,
        }
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
        let config = ModelConfig::Anthropic {
            base_url: Url::parse("https://api.anthropic.com").unwrap(),
            key: Some(Secret::new("sk-ant-1")),
            model: "claude".to_owned(),
            context: None,
        };
        let printed = format!("{config:?}");
        assert!(printed.contains("Secret(…)") && !printed.contains("sk-ant"), "{printed}");
    }
}
