//! Servers that speak OpenAI's chat completions: LM Studio, Ollama, vLLM, llama.cpp, OpenRouter, OpenAI itself.

mod request;
mod stream;

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response};
use steward_agent::{ModelError, ModelReply, ModelRequest};
use url::Url;

use crate::config::{ModelDescription, Secret};
use crate::discover;
use crate::fault::Failure;
use crate::http::{self, Server};
use crate::provider::Provider;
use crate::reading::{self, Assembly, Progress};
use crate::sink::Sink;

use request::Dialect;
pub(crate) use stream::Answer;

/// The window of a model that was set up without one; local servers load most models with less than they could bear.
const CONTEXT: u32 = 32_768;
/// The most bytes of an answer that came in one piece.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// One such server and the model asked there.
pub(crate) struct OpenAi {
    server: Server,
    /// As configured.
    named: Option<String>,
    context: u32,
    learnt: Mutex<Learnt>,
}

/// What the server taught us.
#[derive(Clone, Debug, Default)]
struct Learnt {
    dialect: Dialect,
    /// The first chat model it lists, where none was configured.
    model: Option<String>,
}

impl OpenAi {
    pub(crate) fn new(
        client: Client,
        base: &Url,
        key: Option<Secret>,
        model: Option<String>,
        context: Option<u32>,
        idle: std::time::Duration,
    ) -> Result<Self, ModelError> {
        let bearer = key.as_ref().map(|key| format!("Bearer {}", key.reveal()));
        let mut server = Server::new(client, base, key, idle);
        if let Some(bearer) = bearer {
            server = server.with_header("authorization", &bearer)?;
        }
        let completion_tokens = base.host_str() == Some("api.openai.com");
        let dialect = Dialect { completion_tokens, no_stream_options: false };
        let learnt = Mutex::new(Learnt { dialect, model: None });
        Ok(Self { server, named: model, context: context.unwrap_or(CONTEXT), learnt })
    }

    fn learnt(&self) -> Learnt {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn learn(&self, change: impl FnOnce(&mut Learnt)) {
        change(&mut self.learnt.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The model to ask: the one named, the configured one, or the first the server lists.
    async fn choose(&self, asked: Option<&str>) -> Result<String, Failure> {
        if let Some(model) = asked.map(str::to_owned).or_else(|| self.model()) {
            return Ok(model);
        }
        let listed = discover::chat_models(&self.server.get("models", "").await?);
        let Some(first) = listed.into_iter().next() else {
            return Err(Failure::invalid(&self.server.address, "it has no model: load one, or name it in MODEL"));
        };
        self.learn(|learnt| learnt.model = Some(first.id.clone()));
        Ok(first.id)
    }

    /// Posts the request, in the server's own dialect where it complains of ours.
    async fn post(&self, request: &ModelRequest, model: &str) -> Result<Response, Failure> {
        loop {
            let dialect = self.learnt().dialect;
            let body = request::body(request, model, dialect)
                .map_err(|error| Failure::invalid(&self.server.address, error.to_string()))?;
            let failure = match self.server.post("chat/completions", body, model).await {
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            match another_dialect(&failure.error, dialect) {
                Some(other) => self.learn(|learnt| learnt.dialect = other),
                None => return Err(failure),
            }
        }
    }

    async fn read(&self, response: Response, model: &str, sink: &mut Sink<'_>) -> Result<ModelReply, Failure> {
        let mut answer = Answer::new(&self.server, model);
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("application/json") {
            let text = self.server.text(response, MOST_BYTES).await;
            let text = text.map_err(|reason| Failure::unreachable(&self.server.address, reason))?;
            sink.show(answer.take(&text)?).await;
            if answer.progress() == Progress::Going {
                return Err(Failure::garbled(&self.server.address, "its answer is not one of chat completions"));
            }
        } else {
            let bytes = http::body(response, self.server.idle);
            reading::read(bytes, &mut answer, &self.server.address, sink).await?;
        }
        let (reply, rest) = answer.finish();
        sink.show(rest).await;
        Ok(reply)
    }
}

/// What to say otherwise after a complaint about our words; `None` if it was about something else, or we tried.
fn another_dialect(error: &ModelError, dialect: Dialect) -> Option<Dialect> {
    let ModelError::Invalid { reason, .. } = error else { return None };
    if reason.contains("stream_options") && !dialect.no_stream_options {
        return Some(Dialect { no_stream_options: true, ..dialect });
    }
    let wants_new = reason.contains("max_completion_tokens") && reason.contains("'max_tokens'");
    (wants_new && !dialect.completion_tokens).then_some(Dialect { completion_tokens: true, ..dialect })
}

#[async_trait]
impl Provider for OpenAi {
    fn describe(&self) -> ModelDescription {
        let address = &self.server.address;
        let label = self.model().map_or_else(|| address.clone(), |model| format!("{model} at {address}"));
        ModelDescription { label, address: self.server.shown(), rehearsal: false, context: self.context }
    }

    fn model(&self) -> Option<String> {
        self.named.clone().or_else(|| self.learnt().model)
    }

    async fn ask(
        &self,
        request: &ModelRequest,
        model: Option<&str>,
        sink: &mut Sink<'_>,
    ) -> Result<ModelReply, Failure> {
        let model = self.choose(model).await?;
        let asked = async { self.read(self.post(request, &model).await?, &model, sink).await };
        let answer = asked.await;
        if answer.is_err() {
            // The server may have been given another model meanwhile.
            self.learn(|learnt| learnt.model = None);
        }
        answer
    }

    async fn check(&self) -> Result<String, ModelError> {
        let list = match self.server.get("models", "").await {
            Ok(list) => discover::chat_models(&list),
            Err(failure) => return self.without_list(failure.error),
        };
        let ids: Vec<&str> = list.iter().map(|listed| listed.id.as_str()).collect();
        let reason = match (&self.named, ids.first()) {
            (Some(named), _) if ids.is_empty() || ids.contains(&named.as_str()) => return Ok(named.clone()),
            (None, Some(first)) => return Ok((*first).to_owned()),
            (None, None) => "it has no model: load one, or name it in MODEL".to_owned(),
            (Some(named), _) => {
                let some = ids.iter().take(8).copied().collect::<Vec<_>>().join(", ");
                format!("it has no model {named}; it has {some}")
            }
        };
        Err(ModelError::Invalid { address: self.server.address.clone(), reason })
    }
}

impl OpenAi {
    /// A server without a list of models is fine as long as the model is named.
    fn without_list(&self, error: ModelError) -> Result<String, ModelError> {
        match (&self.named, &error) {
            (Some(named), ModelError::Invalid { reason, .. }) if reason.contains("HTTP 404") => Ok(named.clone()),
            _ => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invalid(reason: &str) -> ModelError {
        ModelError::Invalid { address: "a".into(), reason: reason.into() }
    }

    #[test]
    fn a_complaint_about_our_words_changes_them_once() {
        let plain = Dialect::default();
        let newer = "Unsupported parameter: 'max_tokens' is not supported with this model. \
                     Use 'max_completion_tokens' instead.";
        let learnt = another_dialect(&invalid(newer), plain).unwrap();
        assert!(learnt.completion_tokens && !learnt.no_stream_options);
        assert_eq!(another_dialect(&invalid(newer), learnt), None);
        let learnt = another_dialect(&invalid("extra field: stream_options"), plain).unwrap();
        assert!(learnt.no_stream_options);
        assert_eq!(another_dialect(&invalid("no such model"), plain), None);
    }
}
