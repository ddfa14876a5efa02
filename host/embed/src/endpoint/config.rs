//! What an endpoint is told: where it is, which model to ask for and how. Nothing is read from the environment here.

use std::fmt;
use std::time::Duration;

use url::Url;

use crate::Purpose;

/// A server and the model on it.
#[derive(Clone, PartialEq, Eq)]
pub struct EndpointConfig {
    /// With `/v1`, which is added to an address without a path; `/embeddings` at its end does no harm.
    pub url: Url,
    /// As the server names it.
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

    /// Where vectors are asked for.
    pub(super) fn embeddings(&self) -> Url {
        let mut url = self.url.clone();
        let path = url.path().trim_end_matches('/');
        let path = path.strip_suffix("/embeddings").unwrap_or(path);
        let path = if path.is_empty() { "/v1" } else { path };
        url.set_path(&format!("{path}/embeddings"));
        url
    }

    /// The text as it is sent. Servers refuse to take nothing, but a space.
    pub(super) fn prefixed(&self, text: &str, purpose: Purpose) -> String {
        let prefix = match purpose {
            Purpose::Query => &self.query_prefix,
            Purpose::Passage => &self.passage_prefix,
        };
        let text = format!("{prefix}{text}");
        if text.is_empty() { " ".to_owned() } else { text }
    }

    /// Of what is sent with each text and changes its vector; empty where nothing is.
    pub(super) fn fingerprint(&self) -> String {
        if !self.input_type && self.query_prefix.is_empty() && self.passage_prefix.is_empty() {
            return String::new();
        }
        let sent = format!("{} {:?} {:?}", self.input_type, self.query_prefix, self.passage_prefix);
        blake3::hash(sent.as_bytes()).to_hex()[..32].to_owned()
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
    fn the_address_may_be_written_in_any_way() {
        let cases = [
            ("http://127.0.0.1:1234", "http://127.0.0.1:1234/v1/embeddings"),
            ("https://api.openai.com/v1/", "https://api.openai.com/v1/embeddings"),
            ("https://models.example/api/v1/embeddings", "https://models.example/api/v1/embeddings"),
        ];
        for (given, expected) in cases {
            let config = EndpointConfig::new(Url::parse(given).unwrap(), "m");
            assert_eq!(config.embeddings().as_str(), expected);
        }
    }

    #[test]
    fn prefixes_make_another_model() {
        let plain = EndpointConfig::new(Url::parse("http://127.0.0.1").unwrap(), "m");
        let prefixed = EndpointConfig { query_prefix: "query: ".into(), ..plain.clone() };
        let typed = EndpointConfig { input_type: true, ..plain.clone() };
        assert_eq!(plain.fingerprint(), "");
        assert_ne!(prefixed.fingerprint(), typed.fingerprint());
        assert_eq!(prefixed.prefixed("x", Purpose::Query), "query: x");
        assert_eq!(plain.prefixed("", Purpose::Passage), " ");
    }

    #[test]
    fn no_key_is_printed() {
        let url = Url::parse("https://me:password@models.example/v1").unwrap();
        let config = EndpointConfig { key: Some("sk-1".into()), ..EndpointConfig::new(url, "m") };
        let printed = format!("{config:?}");
        assert!(printed.contains("models.example") && !printed.contains("sk-1") && !printed.contains("password"));
    }
}
