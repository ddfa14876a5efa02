//! What an endpoint is told: where it is, which model to ask for and how. Nothing is read from the environment here.

use std::fmt;
use std::time::Duration;

use url::Url;

/// A server and the model on it.
#[derive(Clone, PartialEq, Eq)]
pub struct EndpointConfig {
    /// With `/v1`, which is added to an address without a path; `/embeddings` at its end does no harm.
    pub url: Url,
    pub model: String,
    /// Never shown.
    pub key: Option<String>,
    /// Asks the server for vectors of this many numbers; `None` takes what the model gives.
    pub dimensions: Option<u32>,
    /// Sends `"input_type": "query"` or `"passage"`, as NVIDIA's and others' servers want it.
    pub input_type: bool,
    /// Stands before each text that is looked for with.
    pub query_prefix: String,
    /// Stands before each text that is to be found.
    pub passage_prefix: String,
    /// Texts in one request.
    pub batch: usize,
    /// For one request.
    pub timeout: Duration,
    /// `http://host:port` of a proxy for all but loopback addresses.
    pub http_proxy: Option<String>,
    /// How often a request is made again after a fault that may pass.
    pub retries: u32,
}

impl EndpointConfig {
    /// With what most servers want.
    pub fn new(url: Url, model: impl Into<String>) -> Self {
        Self {
            url,
            model: model.into(),
            key: None,
            dimensions: None,
            input_type: false,
            query_prefix: String::new(),
            passage_prefix: String::new(),
            batch: 32,
            timeout: Duration::from_secs(60),
            http_proxy: None,
            retries: 3,
        }
    }
}

impl fmt::Debug for EndpointConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointConfig")
            .field("model", &self.model)
            .field("host", &self.url.host_str())
            .field("dimensions", &self.dimensions)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_printed() {
        let url = Url::parse("https://me:password@models.example/v1").unwrap();
        let config = EndpointConfig { key: Some("sk-1".into()), ..EndpointConfig::new(url, "m") };
        let printed = format!("{config:?}");
        assert!(printed.contains("models.example") && !printed.contains("sk-1") && !printed.contains("password"));
    }
}
