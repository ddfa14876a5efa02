//! Vectors from a server that speaks OpenAI's `/embeddings`. It knows no model by name.
//!
//! A server that is away when the program starts is not an error: how many numbers its vectors have is learnt when it
//! first answers, and holds from then on.

mod answer;
mod config;
mod fault;

use std::fmt;
use std::sync::OnceLock;

use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde::Serialize;
use url::Url;

pub use config::EndpointConfig;

use crate::http::{address, client, explain};
use crate::local::to_unit_length;
use crate::retry::{Failure, Pauses, pause, retry_after};
use crate::{EmbedError, Embedder, ModelId, Purpose};
use fault::{Complaint, garbled, unreachable};

/// The most bytes of an answer, and of a complaint.
const MOST_BYTES: usize = 64 * 1024 * 1024;
const MOST_COMPLAINT_BYTES: usize = 64 * 1024;
/// What is sent to learn the dimension.
const PROBE: &str = "steward";

/// A model on a server.
pub struct Endpoint {
    config: EndpointConfig,
    client: Client,
    url: Url,
    address: String,
    authorization: Option<HeaderValue>,
    /// With dimension 0.
    unreached: ModelId,
    reached: OnceLock<ModelId>,
    pauses: Pauses,
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_type: Option<&'a str>,
}

impl Endpoint {
    /// Nothing is sent yet. Fails where a key or a proxy cannot be used at all.
    pub fn new(config: EndpointConfig) -> Result<Self, EmbedError> {
        Self::with_pauses(config, Pauses::real())
    }

    fn with_pauses(config: EndpointConfig, pauses: Pauses) -> Result<Self, EmbedError> {
        let url = config.embeddings();
        let (client, address) =
            (client(&url, config.http_proxy.as_deref(), Policy::none, config.timeout)?, address(&url));
        let authorization = config.key.as_deref().map(|key| bearer(key, &address)).transpose()?;
        let unreached = ModelId { name: config.model.clone(), dimension: 0, fingerprint: config.fingerprint() };
        let reached = OnceLock::new();
        if let Some(dimension) = config.dimensions {
            reached.get_or_init(|| ModelId { dimension: dimension as usize, ..unreached.clone() });
        }
        Ok(Self { config, client, url, address, authorization, unreached, reached, pauses })
    }

    /// One request, repeated while that may help.
    async fn batch(&self, texts: &[String], purpose: Purpose) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut repetition = 0;
        loop {
            let Failure { error, again } = match self.attempt(texts, purpose).await {
                Ok(vectors) => return self.checked(vectors),
                Err(failure) => failure,
            };
            match pause(again, repetition) {
                Some(wait) if repetition < self.config.retries => {
                    tracing::debug!("vectors are asked for again in {wait:?}: {error}");
                    self.pauses.spend(wait).await;
                }
                _ => return Err(error),
            }
            repetition += 1;
        }
    }

    async fn attempt(&self, texts: &[String], purpose: Purpose) -> Result<Vec<Vec<f32>>, Failure> {
        let input_type = match purpose {
            Purpose::Query => "query",
            Purpose::Passage => "passage",
        };
        let request = Request {
            model: &self.config.model,
            input: texts,
            dimensions: self.config.dimensions,
            input_type: self.config.input_type.then_some(input_type),
        };
        let body = serde_json::to_vec(&request).map_err(|error| garbled(&self.address, error.to_string()))?;
        let request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json").body(body);
        let request = self.authorization.iter().fold(request, |request, key| request.header(AUTHORIZATION, key));
        let response = request.timeout(self.config.timeout).send().await;
        let response = response.map_err(|error| unreachable(&self.address, explain(&error)))?;
        if !response.status().is_success() {
            return Err(self.complaint(response).await);
        }
        let body = self.body(response, MOST_BYTES).await?;
        answer::read(&body, texts.len()).map_err(|reason| garbled(&self.address, reason))
    }

    async fn complaint(&self, response: Response) -> Failure {
        let status = response.status();
        let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned);
        let retry_after = retry_after(response.headers(), Timestamp::now());
        let body = self.body(response, MOST_COMPLAINT_BYTES).await.unwrap_or_default();
        Complaint {
            address: &self.address,
            status: status.as_u16(),
            redirect: to.filter(|_| status.is_redirection()).as_deref(),
            retry_after,
            body: &String::from_utf8_lossy(&body),
            key: self.config.key.as_deref(),
        }
        .into_failure()
    }

    async fn body(&self, mut response: Response, most: usize) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&self.address, explain(&error)))? {
            body.extend_from_slice(&chunk);
            if body.len() > most {
                return Err(garbled(&self.address, "the answer is endless".to_owned()));
            }
        }
        Ok(body)
    }

    /// Of unit length, and as long as the first ones were.
    fn checked(&self, mut vectors: Vec<Vec<f32>>) -> Result<Vec<Vec<f32>>, EmbedError> {
        let first = vectors.first().map_or(0, Vec::len);
        let expected = self.reached.get().map_or(first, |id| id.dimension);
        if let Some(other) = vectors.iter().map(Vec::len).find(|length| *length != expected) {
            let reason = format!(
                "its vectors have {other} numbers and not {expected}: name the model that is meant, and a dimension it \
                 has; what another model computed must be computed again"
            );
            return Err(EmbedError::Invalid { address: self.address.clone(), reason });
        }
        self.reached.get_or_init(|| ModelId { dimension: expected, ..self.unreached.clone() });
        vectors.iter_mut().for_each(|vector| to_unit_length(vector));
        Ok(vectors)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("config", &self.config).field("id", self.id()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Embedder for Endpoint {
    fn id(&self) -> &ModelId {
        self.reached.get().unwrap_or(&self.unreached)
    }

    async fn ready(&self) -> Result<&ModelId, EmbedError> {
        if self.reached.get().is_none() {
            self.batch(&[PROBE.to_owned()], Purpose::Passage).await?;
        }
        Ok(self.id())
    }

    async fn embed(&self, texts: &[String], purpose: Purpose) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(self.config.batch.max(1)) {
            let batch: Vec<String> = batch.iter().map(|text| self.config.prefixed(text, purpose)).collect();
            vectors.extend(self.batch(&batch, purpose).await?);
        }
        Ok(vectors)
    }
}

fn bearer(key: &str, address: &str) -> Result<HeaderValue, EmbedError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| EmbedError::Refused {
        address: address.to_owned(),
        reason: "the key holds characters that no key has".to_owned(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests;
