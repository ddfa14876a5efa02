//! Servers that speak OpenAI's chat completions: LM Studio, Ollama, vLLM, llama.cpp, OpenRouter, OpenAI itself.

mod listing;
mod request;
mod slots;
mod stream;

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use reqwest::header::CONTENT_TYPE;
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

pub(crate) use listing::{Listed, chat_models};
use request::Dialect;
pub(crate) use stream::Answer;

/// The window of a model that was set up without one; local servers load most models with less than they could bear.
const CONTEXT: u32 = 32_768;
/// The most bytes of an answer that came in one piece.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// This kind of model.
pub static OPENAI: ProviderKind = ProviderKind {
    name: "openai",
    server: Some(ServerKind {
        title: "OpenAI",
        address: "https://api.openai.com/v1",
        address_variable: "OPENAI_BASE_URL",
        key_variable: "OPENAI_API_KEY",
        model: "gpt-5.1",
        family: None,
        lists_models: true,
    }),
    make: |config, client, idle| {
        let base = config.address()?;
        Ok(Box::new(OpenAi::new(client, &base, config.key, config.model, config.context, idle)?))
    },
};

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
        let dialect = Dialect { completion_tokens, ..Dialect::default() };
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
        let listed = chat_models(&self.server.get("models", "").await?);
        let Some(first) = listed.into_iter().next() else {
            return Err(Failure::invalid(&self.server.address, "it has no model: load one, or name it in MODEL"));
        };
        self.learn(|learnt| learnt.model = Some(first.id.clone()));
        Ok(first.id)
    }

    /// Posts the request, in the server's own dialect where it complains of ours.
    async fn post(&self, request: &ModelRequest, model: &str, mark: &str) -> Result<Response, Failure> {
        loop {
            let mut dialect = self.learnt().dialect;
            dialect.short_ids |= self.is_mistral(model);
            let body = request::body(request, model, dialect, mark)
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

    /// Its models take ids of nine letters or digits only, wherever they run.
    fn is_mistral(&self, model: &str) -> bool {
        const FAMILIES: [&str; 7] =
            ["mistral", "mixtral", "ministral", "magistral", "codestral", "devstral", "pixtral"];
        self.server.address.ends_with("mistral.ai") || FAMILIES.contains(&owner::family(model).as_str())
    }

    async fn read(
        &self,
        response: Response,
        request: &ModelRequest,
        model: &str,
        mark: String,
        sink: &mut Sink<'_>,
    ) -> Result<ModelReply, Failure> {
        let mut answer = Answer::new(&self.server, model, request, mark);
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let address = &self.server.address;
        let read = if kind.starts_with("application/json") {
            let text = self.server.text(response, MOST_BYTES).await;
            let text = text.map_err(|reason| Failure::broke_off(address, reason))?;
            let read = reading::read_text(&text, &mut answer, address, sink).await;
            // It came whole, whatever is missing at its end.
            read.or_else(|failure| match failure.error {
                _ if failure.unmarked => Ok(()),
                ModelError::BrokeOff { .. } => {
                    Err(Failure::garbled(address, "its answer is not one of chat completions"))
                }
                _ => Err(failure),
            })
        } else {
            reading::read(http::body(response, self.server.idle), &mut answer, address, sink).await
        };
        let (reply, rest) = answer.finish();
        reading::settle(read, reply, rest, sink).await
    }
}

/// What to say otherwise after a complaint about our words; `None` if it was about something else, or we tried.
fn another_dialect(error: &ModelError, dialect: Dialect) -> Option<Dialect> {
    let (ModelError::Invalid { reason, .. } | ModelError::Rejected { reason, .. }) = error else { return None };
    let lower = reason.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let missing = has(&["missing", "must be passed", "must be provided", "required", "is expected"]);
    let mut other = dialect;
    if lower.contains("stream_options") {
        other.no_stream_options = true;
    } else if lower.contains("max_completion_tokens") && lower.contains("'max_tokens'") {
        other.completion_tokens = true;
    } else if has(&["length of 9", "length 9", "9 characters", "a-z, a-z, 0-9"]) && lower.contains("id") {
        other.short_ids = true;
    } else if has(&["thought_signature", "thought signature"]) {
        // One that is wrong is left out, and what stands for none goes in its place.
        other.no_state |= !missing;
        other.wants_signature = true;
    } else if has(&["reasoning_content", "reasoning content"]) && missing {
        // Where it was sent already there is nothing else to try: leaving it out would not help.
        other.wants_reasoning = true;
    } else if has(&["reasoning_", "extra_content", "thinking_blocks", "provider_specific_fields", "encrypted_content"])
    {
        other.no_state = true;
    }
    (other != dialect).then_some(other)
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
        let mark = owner::mark(&self.server.shown(), &model);
        let asked = async {
            let response = self.post(request, &model, &mark).await?;
            self.read(response, request, &model, mark, sink).await
        };
        let answer = asked.await;
        if answer.is_err() {
            // The server may have been given another model meanwhile.
            self.learn(|learnt| learnt.model = None);
        }
        answer
    }

    async fn check(&self) -> Result<String, ModelError> {
        let list = match self.server.get("models", "").await {
            Ok(list) => chat_models(&list),
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
    #[test]
    fn complaints_about_what_goes_back_are_learnt_from() {
        let rejected =
            |reason: &str| ModelError::Rejected { address: "a".into(), reason: reason.into(), summarised: false };
        let learns = |reason: &str| another_dialect(&rejected(reason), Dialect::default());
        let plain = Dialect::default();
        let cases = [
            (
                "Tool call id was call_1 but must be a-z, A-Z, 0-9, with a length of 9.",
                Dialect { short_ids: true, ..plain },
            ),
            (
                "The `reasoning_content` in the thinking mode must be passed back to the API.",
                Dialect { wants_reasoning: true, ..plain },
            ),
            (
                "thinking is enabled but reasoning_content is missing in assistant tool call message at index 2",
                Dialect { wants_reasoning: true, ..plain },
            ),
            ("property 'reasoning_content' is unsupported", Dialect { no_state: true, ..plain }),
            ("Unknown name \"extra_content\": Cannot find field.", Dialect { no_state: true, ..plain }),
            (
                "Function call is missing a thought_signature in functionCall parts.",
                Dialect { wants_signature: true, ..plain },
            ),
            ("Thought signature is not valid", Dialect { wants_signature: true, no_state: true, ..plain }),
        ];
        for (reason, expected) in cases {
            assert_eq!(learns(reason), Some(expected), "{reason}");
            assert_eq!(another_dialect(&rejected(reason), expected), None, "{reason}: once");
        }
        assert_eq!(learns("Bad Request"), None);
    }
}
