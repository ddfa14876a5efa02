//! Where models are fetched from: Hugging Face, or another server with the same addresses.

use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;
use url::Url;

use super::catalogue::Model;
use crate::EmbedError;
use crate::http::{address, client};
use crate::retry::Pauses;

/// The field's name for the variable that names another server.
const VARIABLE: &str = "HF_ENDPOINT";
const HUGGING_FACE: &str = "https://huggingface.co";
/// How long a server may say nothing.
const IDLE: Duration = Duration::from_secs(60);
/// How often a download goes on after it was cut, if it got further each time or not.
const RETRIES: u32 = 5;

/// A server with models.
#[derive(Clone)]
pub struct Hub {
    base: Url,
    pub(super) client: Client,
    pub(super) retries: u32,
    pub(super) pauses: Pauses,
}

impl Hub {
    /// Of this server, or of Hugging Face.
    pub fn new(base: Option<&Url>, http_proxy: Option<&str>) -> Result<Self, EmbedError> {
        let base = match base {
            Some(base) => base.clone(),
            None => parse(HUGGING_FACE)?,
        };
        // Large files are on other servers. The client follows to none that is less secure, and there is no key to
        // lose.
        let client = client(&base, http_proxy, || Policy::limited(5), IDLE)?;
        Ok(Self { base, client, retries: RETRIES, pauses: Pauses::real() })
    }

    /// Of the server that the environment names in `HF_ENDPOINT`, or of Hugging Face.
    pub fn from_environment(http_proxy: Option<&str>) -> Result<Self, EmbedError> {
        let named = std::env::var(VARIABLE).ok().filter(|named| !named.trim().is_empty());
        let base = named.map(|named| parse(&named)).transpose()?;
        Self::new(base.as_ref(), http_proxy)
    }

    /// Host and port, for people.
    pub fn address(&self) -> String {
        address(&self.base)
    }

    /// Where a file of a model is.
    pub(super) fn url(&self, model: &Model, file: &str) -> Url {
        let mut url = self.base.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/{}/resolve/{}/{file}", model.repository, model.revision));
        url
    }
}

fn parse(text: &str) -> Result<Url, EmbedError> {
    let wrong = || {
        let reason = format!("it is not an address: write {VARIABLE} as https://host");
        EmbedError::Unreachable { address: text.to_owned(), reason }
    };
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https")).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::find;

    #[test]
    fn files_have_the_addresses_of_hugging_face() {
        let model = find("rubert-tiny2").unwrap();
        let hub = Hub::new(None, None).unwrap();
        let expected =
            "https://huggingface.co/cointegrated/rubert-tiny2/resolve/e8ed3b0c8bbf4fb6984c3de043bf7d2f4e5969ae/";
        assert_eq!(hub.url(model, "config.json").as_str(), format!("{expected}config.json"));
        let mirror = Hub::new(Some(&parse("http://127.0.0.1:8080/hf/").unwrap()), None).unwrap();
        assert!(mirror.url(model, "a/b").as_str().starts_with("http://127.0.0.1:8080/hf/cointegrated/"));
        assert_eq!(mirror.address(), "127.0.0.1:8080");
        for wrong in ["huggingface.co", "file:///etc", ""] {
            assert!(parse(wrong).unwrap_err().to_string().contains("HF_ENDPOINT"), "{wrong}");
        }
    }
}
