//! Tells from what a server answered why it failed, and whether asking again may help.

use std::time::Duration;

use serde_json::Value;
use steward_agent::ModelError;

use crate::wording::shorten;

/// Characters of a server's own words that are kept.
const REASON_CHARS: usize = 300;

/// What servers call a request that does not fit the model's window, in lower case: OpenAI, Anthropic, vLLM,
/// LM Studio, llama.cpp, Ollama, OpenRouter and Gemini.
const TOO_LONG: [&str; 18] = [
    "context_length_exceeded",
    "exceed_context_size",
    "model_max_prompt_tokens_exceeded",
    "maximum context length",
    "maximum number of tokens allowed",
    "prompt is too long",
    "prompt too long",
    "input is too long",
    "input length exceeds",
    "input length and",
    "exceed context limit",
    "exceeds the context",
    "exceeds context",
    "exceeds the available context",
    "exceeds the model's context",
    "greater than the context length",
    "context the overflows",
    "context length of only",
];

/// What servers say where the account has no money left, in lower case; waiting does not help.
const NO_CREDIT: [&str; 4] = ["insufficient_quota", "credit balance", "insufficient credits", "billing_hard_limit"];

/// Whether asking again may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    Never,
    /// After a pause of our own choice.
    Soon,
    /// After the pause the server asked for.
    After(Duration),
}

/// Why one attempt gave no answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) error: ModelError,
    pub(crate) again: Again,
}

/// What a server answered instead of an answer.
pub(crate) struct Complaint<'a> {
    /// Host and port, for people.
    pub(crate) address: &'a str,
    pub(crate) model: &'a str,
    /// The HTTP status, or the one that fits an error inside of a stream.
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    /// JSON or text.
    pub(crate) body: &'a str,
    /// The key, so that it can be taken out where the server repeats it.
    pub(crate) key: Option<&'a str>,
}

impl Failure {
    /// The server cannot be reached, or fell silent.
    pub(crate) fn unreachable(address: &str, reason: impl Into<String>) -> Self {
        let error = ModelError::Unreachable { address: address.to_owned(), reason: reason.into() };
        Self { error, again: Again::Soon }
    }

    /// The server answered what cannot be understood.
    pub(crate) fn garbled(address: &str, reason: impl Into<String>) -> Self {
        let error = ModelError::Invalid { address: address.to_owned(), reason: reason.into() };
        Self { error, again: Again::Soon }
    }

    /// Nothing that asking again would change.
    pub(crate) fn invalid(address: &str, reason: impl Into<String>) -> Self {
        Self { again: Again::Never, ..Self::garbled(address, reason) }
    }
}

impl Complaint<'_> {
    pub(crate) fn into_failure(self) -> Failure {
        let lower = self.body.to_lowercase();
        let has = |phrases: &[&str]| phrases.iter().any(|phrase| lower.contains(phrase));
        let (address, reason) = (self.address.to_owned(), self.reason());
        if self.status == 413 || (self.status != 429 && has(&TOO_LONG)) {
            let error = ModelError::TooLong { model: self.model.to_owned(), reason };
            return Failure { error, again: Again::Never };
        }
        if has(&NO_CREDIT) || matches!(self.status, 401..=403) {
            return Failure { error: ModelError::Refused { address, reason }, again: Again::Never };
        }
        let again = self.retry_after.map_or(Again::Soon, Again::After);
        match self.status {
            429 | 503 | 529 => {
                Failure { error: ModelError::Overloaded { address, reason, retry_after: self.retry_after }, again }
            }
            408 | 502 | 504 | 520..=524 => Failure { error: ModelError::Unreachable { address, reason }, again },
            409 | 500.. => Failure { error: ModelError::Invalid { address, reason }, again },
            _ => Failure { error: ModelError::Invalid { address, reason }, again: Again::Never },
        }
    }

    /// The server's own words, or the bare status where it had none.
    fn reason(&self) -> String {
        let mut words = message_of(self.body).unwrap_or_else(|| self.body.to_owned());
        if let Some(key) = self.key.filter(|key| !key.is_empty()) {
            words = words.replace(key, "…");
        }
        let words = shorten(&words, REASON_CHARS);
        if words.is_empty() { format!("HTTP {}", self.status) } else { format!("{words} (HTTP {})", self.status) }
    }
}

/// The message in an error's JSON, in any of the shapes servers use.
fn message_of(body: &str) -> Option<String> {
    let json: Value = serde_json::from_str(body).ok()?;
    let error = json.get("error").unwrap_or(&json);
    let found = ["message", "detail", "error"].iter().find_map(|field| error.get(field)?.as_str());
    let message = error.as_str().or(found)?;
    let raw = error.pointer("/metadata/raw").and_then(Value::as_str);
    Some(raw.map_or_else(|| message.to_owned(), |raw| format!("{message}: {raw}")))
}

/// The status that fits an error named inside of a stream, by number or by either provider's words for it.
pub(crate) fn status_of(error: &Value) -> u16 {
    let names = ["code", "type", "status"].iter().filter_map(|field| error.get(field));
    names.filter_map(status_of_name).next().unwrap_or(500)
}

fn status_of_name(name: &Value) -> Option<u16> {
    if let Some(number) = name.as_u64() {
        return u16::try_from(number).ok().filter(|status| (400..600).contains(status));
    }
    match name.as_str()? {
        "overloaded_error" => Some(529),
        "rate_limit_error" | "rate_limit_exceeded" | "insufficient_quota" => Some(429),
        "timeout_error" => Some(504),
        "authentication_error" | "invalid_api_key" => Some(401),
        "permission_error" => Some(403),
        "request_too_large" => Some(413),
        "not_found_error" | "model_not_found" => Some(404),
        "invalid_request_error" | "context_length_exceeded" => Some(400),
        "api_error" | "server_error" => Some(500),
        number => number.parse().ok().filter(|status| (400..600).contains(status)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn failure(status: u16, body: &str) -> Failure {
        let (retry_after, key) = (None, Some("sk-1"));
        Complaint { address: "api.test", model: "m", status, retry_after, body, key }.into_failure()
    }

    #[test]
    fn every_server_s_words_for_too_long_are_known() {
        let bodies = [
            r#"{"error":{"message":"Your input exceeds the limit.","code":"context_length_exceeded"}}"#,
            r#"{"type":"error","error":{"message":"prompt is too long: 210000 tokens > 200000 maximum"}}"#,
            r#"{"error":{"message":"input length and `max_tokens` exceed context limit: 199000 + 4096"}}"#,
            r#"{"error":"Trying to keep the first 5123 tokens when context the overflows."}"#,
            r#"{"error":"The model is loaded with context length of only 4096 tokens"}"#,
            r#"{"error":"The number of tokens to keep from the initial prompt is greater than the context length."}"#,
            r#"{"error":{"message":"the request is too large","type":"exceed_context_size_error"}}"#,
            r#"{"error":{"message":"the request exceeds the available context size"}}"#,
            r#"{"error":"the input length exceeds the context length"}"#,
            r#"{"object":"error","message":"This model's maximum context length is 4096 tokens."}"#,
        ];
        for body in bodies {
            let failure = failure(400, body);
            assert!(matches!(failure.error, ModelError::TooLong { .. }), "{body}: {failure:?}");
            assert_eq!(failure.again, Again::Never);
        }
        assert!(matches!(failure(413, "").error, ModelError::TooLong { .. }));
    }

    #[test]
    fn the_status_decides_whether_to_ask_again() {
        for status in [408, 409, 429, 500, 502, 503, 504, 529] {
            assert_eq!(failure(status, "busy").again, Again::Soon, "{status}");
        }
        for status in [400, 401, 403, 404, 413, 422] {
            assert_eq!(failure(status, "no").again, Again::Never, "{status}");
        }
        assert!(matches!(failure(401, "").error, ModelError::Refused { .. }));
        assert!(matches!(failure(529, "").error, ModelError::Overloaded { .. }));
        let broke = failure(429, r#"{"error":{"message":"You exceeded your quota","code":"insufficient_quota"}}"#);
        assert_eq!(broke.again, Again::Never);
    }

    #[test]
    fn the_reason_is_the_server_s_and_never_holds_the_key() {
        let told = failure(401, r#"{"error":{"message":"Incorrect API key provided: sk-1.\nTry another."}}"#);
        let expected = "the model at api.test refused the key: Incorrect API key provided: …. Try another. (HTTP 401)";
        assert_eq!(told.error.to_string(), expected);
        assert!(failure(500, &"x".repeat(5000)).error.to_string().len() < 400);
        assert!(failure(404, "").error.to_string().ends_with("HTTP 404"));
    }

    #[test]
    fn errors_inside_of_a_stream_have_a_status_too() {
        assert_eq!(status_of(&json!({"type": "overloaded_error"})), 529);
        assert_eq!(status_of(&json!({"code": 502})), 502);
        assert_eq!(status_of(&json!({"code": "429"})), 429);
        assert_eq!(status_of(&json!({"code": null, "type": "rate_limit_error"})), 429);
        assert_eq!(status_of(&json!({"message": "?"})), 500);
    }
}
