//! Tells from what a server answered why it failed, and whether asking again may help.

use std::time::Duration;

use serde_json::Value;
use steward_agent::{ModelError, ModelReply};

use crate::answer::Piece;
use crate::lenient;
use crate::wording::shorten;

/// Characters of a server's own words that are kept.
const REASON_CHARS: usize = 300;

/// What servers call a request that does not fit the model's window, in lower case. The list never ends: a long
/// conversation that is refused in other words is taken for too long as well, by whoever knows how long it is.
const TOO_LONG: [&str; 37] = [
    "context_length_exceeded",
    "context_window_exceeded",
    "exceed_context_size",
    "model_max_prompt_tokens_exceeded",
    "string_above_max_length",
    "maximum context length",
    "maximum prompt length",
    "maximum input length",
    "maximum number of tokens allowed",
    "maximum allowed input",
    "model token limit",
    "prompt is too long",
    "prompt too long",
    "input is too long",
    "input too long",
    "too many tokens",
    "too many input tokens",
    "too large for model",
    "input length exceeds",
    "input length and",
    "input token count",
    "range of input length",
    "exceed context limit",
    "exceeds the context",
    "exceeds context",
    "exceeds the available context",
    "exceeds the model's context",
    "exceeds the maximum context",
    "greater than the context length",
    "longer than the model's context",
    "longer than the maximum",
    "larger than the maximum context",
    "reduce the length of the messages",
    "reduce the length of your",
    "context window",
    "context the overflows",
    "context length of only",
];

/// What servers say of a model, or of themselves, that take no tools, in lower case: Ollama, vLLM, OpenRouter, llama.cpp,
/// OpenAI, Groq, LM Studio.
const NO_TOOLS: [&str; 14] = [
    "does not support tool",
    "doesn't support tool",
    "do not support tool",
    "does not support function",
    "doesn't support function",
    "support tool use",
    "tools is not supported",
    "`tools` is not supported",
    "tool calling is not supported",
    "tool use is not supported",
    "function calling is not supported",
    "function calling is not enabled",
    "enable-auto-tool-choice",
    "--jinja",
];

/// What servers say of a wrong key where the status says something else, in lower case.
const WRONG_KEY: [&str; 6] = [
    "api key not valid",
    "invalid api key",
    "invalid_api_key",
    "api_key_invalid",
    "incorrect api key",
    "invalid authentication",
];

/// What is surely not about length, in lower case.
const WRONG_MODEL: [&str; 7] = [
    "model_not_found",
    "model not found",
    "no such model",
    "unknown model",
    "invalid model",
    "not a valid model",
    "does not exist",
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
    /// The stream ended properly after it had said something, and only the mark of its end was missing.
    pub(crate) unmarked: bool,
    /// What it had said by then, and what of it was not shown yet.
    pub(crate) reply: Option<Box<(ModelReply, Vec<Piece>)>>,
}

/// What a server answered instead of an answer.
pub(crate) struct Complaint<'a> {
    /// Host and port, for people.
    pub(crate) address: &'a str,
    pub(crate) model: &'a str,
    /// The HTTP status, or the one that fits an error inside of a stream, if it says any.
    pub(crate) status: Option<u16>,
    pub(crate) retry_after: Option<Duration>,
    /// JSON or text.
    pub(crate) body: &'a str,
    /// The key, so that it can be taken out where the server repeats it.
    pub(crate) key: Option<&'a str>,
}

impl Failure {
    fn new(error: ModelError, again: Again) -> Self {
        Self { error, again, unmarked: false, reply: None }
    }

    /// The server cannot be reached.
    pub(crate) fn unreachable(address: &str, reason: impl Into<String>) -> Self {
        let error = ModelError::Unreachable { address: address.to_owned(), reason: reason.into() };
        Self::new(error, Again::Soon)
    }

    /// The server was reached, and the connection broke or fell silent.
    pub(crate) fn broke_off(address: &str, reason: impl Into<String>) -> Self {
        let error = ModelError::BrokeOff { address: address.to_owned(), reason: reason.into() };
        Self::new(error, Again::Soon)
    }

    /// The server answered what cannot be understood.
    pub(crate) fn garbled(address: &str, reason: impl Into<String>) -> Self {
        let error = ModelError::Invalid { address: address.to_owned(), reason: reason.into() };
        Self::new(error, Again::Soon)
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
        let (address, model, reason) = (self.address.to_owned(), self.model.to_owned(), self.reason());
        let status = self.status.unwrap_or(0);
        if has(&NO_TOOLS) {
            return Failure::new(ModelError::NoTools { address, model, reason }, Again::Never);
        }
        if status == 413 || (status != 429 && has(&TOO_LONG)) {
            return Failure::new(ModelError::TooLong { model, reason }, Again::Never);
        }
        if has(&NO_CREDIT) || has(&WRONG_KEY) || matches!(status, 401..=403) {
            return Failure::new(ModelError::Refused { address, reason }, Again::Never);
        }
        let again = self.retry_after.map_or(Again::Soon, Again::After);
        let rejected = |address, reason| ModelError::Rejected { address, reason, summarised: false };
        match status {
            429 | 503 | 529 => {
                Failure::new(ModelError::Overloaded { address, reason, retry_after: self.retry_after }, again)
            }
            408 | 502 | 504 | 520..=524 => Failure::new(ModelError::Unreachable { address, reason }, again),
            409 | 500.. => Failure::new(ModelError::Invalid { address, reason }, again),
            // Inside of a stream without any hint: it may pass, and it may be about the request.
            0 => Failure::new(rejected(address, reason), again),
            400 | 422 if !has(&WRONG_MODEL) => Failure::new(rejected(address, reason), Again::Never),
            _ => Failure::new(ModelError::Invalid { address, reason }, Again::Never),
        }
    }

    /// The server's own words, or the bare status where it had none.
    fn reason(&self) -> String {
        let mut words = message_of(self.body).unwrap_or_else(|| self.body.to_owned());
        if let Some(key) = self.key {
            words = without_key(&words, key);
        }
        let words = shorten(&words, REASON_CHARS);
        match self.status {
            None if words.is_empty() => "an error without words".to_owned(),
            None => words,
            Some(status) if words.is_empty() => format!("HTTP {status}"),
            Some(status) => format!("{words} (HTTP {status})"),
        }
    }
}

/// The words without the key. Local servers are given any word for a key, such as `ollama` or `x`: cut out of what they
/// say, nobody would understand it.
fn without_key(words: &str, key: &str) -> String {
    let digits = key.contains(|c: char| c.is_ascii_digit());
    let is_secret = key.len() >= 16 || (key.len() >= 8 && digits) || (key.len() > 3 && key.starts_with("sk-"));
    if !is_secret {
        return words.to_owned();
    }
    let (mut clean, mut rest) = (String::new(), words);
    while let Some(at) = rest.find(key) {
        let (before, found) = rest.split_at(at);
        let after = &found[key.len()..];
        let joined = before.ends_with(char::is_alphanumeric) || after.starts_with(char::is_alphanumeric);
        clean.push_str(before);
        clean.push_str(if joined && key.len() < 16 { key } else { "…" });
        rest = after;
    }
    clean + rest
}

/// The message in an error's JSON, in any of the shapes servers use.
fn message_of(body: &str) -> Option<String> {
    let json: Value = serde_json::from_str(body.trim()).ok()?;
    let raw = json.pointer("/error/metadata/raw").and_then(Value::as_str);
    let message = words_in(&json, 0)?;
    Some(raw.map_or_else(|| message.clone(), |raw| format!("{message}: {raw}")))
}

/// The first words found where servers put them.
fn words_in(value: &Value, depth: u8) -> Option<String> {
    const FIELDS: [&str; 15] = [
        "error",
        "message",
        "detail",
        "details",
        "msg",
        "error_msg",
        "error_message",
        "errorMessage",
        "status_msg",
        "base_resp",
        "errors",
        "reason",
        "title",
        "description",
        "code",
    ];
    match value {
        _ if depth > 4 => None,
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Array(items) => {
            let words: Vec<String> = items.iter().take(3).filter_map(|item| words_in(item, depth + 1)).collect();
            (!words.is_empty()).then(|| words.join("; "))
        }
        Value::Object(fields) => FIELDS.iter().find_map(|field| words_in(fields.get(*field)?, depth + 1)),
        _ => None,
    }
}

/// The values of an event's data; none where it is no JSON at all.
pub(crate) fn values(address: &str, data: &str) -> Result<Vec<Value>, Failure> {
    let data = data.trim();
    if !data.starts_with(['{', '[']) {
        return Ok(Vec::new());
    }
    let mut values = Vec::new();
    for value in serde_json::Deserializer::from_str(data).into_iter() {
        match value {
            Ok(Value::Array(items)) => values.extend(items),
            Ok(value) => values.push(value),
            Err(error) => {
                return Err(Failure::garbled(address, format!("a piece of the answer cannot be read: {error}")));
            }
        }
    }
    Ok(values)
}

/// Whether a piece of a stream tells of an error instead of an answer.
pub(crate) fn is_error(piece: &Value) -> bool {
    let says = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    };
    let named = |field: &str| piece.get(field).and_then(Value::as_str).is_some_and(|text| text == "error");
    let failed = lenient::count(piece.pointer("/base_resp/status_code")).is_some_and(|code| code != 0);
    let bare = ["choices", "usage", "id", "type"].iter().all(|field| piece.get(*field).is_none())
        && ["detail", "message", "msg", "error_msg", "errors"].iter().any(|field| piece.get(*field).is_some_and(says));
    piece.get("error").is_some_and(says) || named("object") || named("type") || failed || bare
}

/// The status that fits an error inside of a stream, by number or by any provider's words for it.
pub(crate) fn status_of(piece: &Value) -> Option<u16> {
    let error = piece.get("error").filter(|error| error.is_object()).unwrap_or(piece);
    let names = ["code", "type", "status", "http_status", "status_code"].iter();
    names.filter_map(|field| error.get(field).or_else(|| piece.get(field))).find_map(status_of_name)
}

fn status_of_name(name: &Value) -> Option<u16> {
    if let Some(number) = name.as_u64() {
        return u16::try_from(number).ok().filter(|status| (400..600).contains(status));
    }
    match name.as_str()?.to_lowercase().as_str() {
        "overloaded_error" => Some(529),
        "unavailable" | "server_overloaded" | "engine_overloaded_error" => Some(503),
        "rate_limit_error" | "rate_limit_exceeded" | "insufficient_quota" | "resource_exhausted" => Some(429),
        "timeout_error" | "deadline_exceeded" => Some(504),
        "authentication_error" | "invalid_api_key" | "unauthenticated" => Some(401),
        "permission_error" | "permission_denied" => Some(403),
        "request_too_large" => Some(413),
        "not_found_error" | "model_not_found" => Some(404),
        "invalid_request_error" | "context_length_exceeded" | "invalid_argument" | "badrequesterror" => Some(400),
        "api_error" | "server_error" | "internal_error" | "internal" | "internalservererror" => Some(500),
        number => number.parse().ok().filter(|status| (400..600).contains(status)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn failure(status: u16, body: &str) -> Failure {
        let (retry_after, key) = (None, Some("sk-1"));
        Complaint { address: "api.test", model: "m", status: Some(status), retry_after, body, key }.into_failure()
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
            r#"{"error":{"message":"Invalid request: Your request exceeded model token limit: 8192"}}"#,
            r#"{"error":"This model's maximum prompt length is 131072 but the request contains 131100 tokens."}"#,
            r#"{"code":"InvalidParameter","message":"Range of input length should be [1, 30720]"}"#,
            r#"{"detail":"The prompt (5000 tokens) is longer than the model's context length (4096 tokens)."}"#,
            r#"{"error":{"message":"Please reduce the length of the messages or completion."}}"#,
            r#"[{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum","status":"INVALID_ARGUMENT"}}]"#,
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
        assert_eq!(status_of(&json!({"type": "overloaded_error"})), Some(529));
        assert_eq!(status_of(&json!({"error": {"code": 502}})), Some(502));
        assert_eq!(status_of(&json!({"code": "429"})), Some(429));
        assert_eq!(status_of(&json!({"error": {"code": null, "type": "rate_limit_error"}})), Some(429));
        assert_eq!(status_of(&json!({"error": {"status": "UNAVAILABLE"}})), Some(503));
        assert_eq!(status_of(&json!({"message": "?"})), None);
    }

    #[test]
    fn an_error_is_found_in_every_shape() {
        let errors = [
            json!({"error": "x"}),
            json!({"error": {"message": "x"}}),
            json!({"error": {"message": {"detail": "x"}}}),
            json!({"detail": "x"}),
            json!({"detail": [{"loc": ["body"], "msg": "x", "type": "y"}]}),
            json!({"message": "x"}),
            json!({"msg": "x", "code": 1302}),
            json!({"object": "error", "message": "x", "id": "7"}),
            json!({"type": "error", "error": {"type": "t", "message": "x"}}),
            json!({"errors": [{"message": "x"}]}),
            json!({"base_resp": {"status_code": 1004, "status_msg": "x"}, "choices": null}),
        ];
        for error in errors {
            assert!(is_error(&error), "{error}");
            assert_eq!(message_of(&error.to_string()).as_deref(), Some("x"), "{error}");
        }
        let fine = [
            json!({"choices": [], "error": null}),
            json!({"choices": [], "error": ""}),
            json!({"choices": [], "error": {}}),
            json!({"choices": [], "base_resp": {"status_code": 0, "status_msg": ""}}),
            json!({"type": "ping"}),
            json!({"id": "x", "message": "m"}),
            json!({"usage": {}, "message": ""}),
        ];
        for piece in fine {
            assert!(!is_error(&piece), "{piece}");
        }
    }

    #[test]
    fn a_word_that_serves_as_a_key_is_not_cut_out_of_what_the_server_says() {
        let says = |key: &str, words: &str| without_key(words, key);
        for key in ["x", "ollama", "none", "lm-studio", "not-needed", "sk-"] {
            let words = format!("ollama cannot load llama-x: no {key} in the box of lm-studio");
            assert_eq!(says(key, &words), words, "{key}");
        }
        assert_eq!(says("sk-1", "key sk-1 is wrong, sk-12 is another"), "key … is wrong, sk-12 is another");
        assert_eq!(says("0123abcd", "key 0123abcd."), "key ….");
        assert_eq!(says("abcdefghijklmnopqrst", "xabcdefghijklmnopqrst"), "x…");
    }

    #[test]
    fn a_model_without_tools_is_told_apart() {
        let bodies = [
            (400, r#"{"error":{"message":"registry.ollama.ai/library/gemma:2b does not support tools"}}"#),
            (
                400,
                r#"{"object":"error","message":"\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set"}"#,
            ),
            (404, r#"{"error":{"message":"No endpoints found that support tool use.","code":404}}"#),
            (500, r#"{"error":{"code":500,"message":"tools param requires --jinja flag"}}"#),
            (400, r#"{"error":{"message":"`tools` is not supported with this model"}}"#),
        ];
        for (status, body) in bodies {
            let failure = failure(status, body);
            assert!(matches!(failure.error, ModelError::NoTools { .. }), "{failure:?}");
            assert_eq!(failure.again, Again::Never);
        }
    }

    #[test]
    fn what_may_be_too_long_in_other_words_is_told_apart_from_what_is_surely_not() {
        let rejected = |status, body: &str| matches!(failure(status, body).error, ModelError::Rejected { .. });
        assert!(rejected(400, "Bad Request") && rejected(422, r#"{"detail":"nope"}"#));
        let key = r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key."}}"#;
        assert!(matches!(failure(400, key).error, ModelError::Refused { .. }));
        assert!(!rejected(400, r#"{"error":"model not found"}"#) && !rejected(404, "x") && !rejected(500, "x"));
    }
}
