//! Tells from what a server answered why it failed, and whether asking again may help.

mod words;

use std::time::Duration;

use serde_json::Value;
use steward_agent::{ModelError, ModelReply};

use crate::answer::Piece;
use crate::lenient;
use crate::wording::shorten;
use words::{ACCOUNT, NO_CREDIT, NO_TOOLS, RATES, TOO_LONG, WRONG_KEY, WRONG_MODEL};

/// Characters of a server's own words that are kept.
const REASON_CHARS: usize = 300;

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
    /// It came inside of a stream: the request as such was taken.
    pub(crate) streamed: bool,
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
        let (rates, account) = (has(&RATES), has(&ACCOUNT) || has(&NO_CREDIT) || has(&WRONG_KEY));
        let elsewhere = rates || account;
        if !elsewhere && (status == 413 || (status != 429 && has(&TOO_LONG))) {
            return Failure::new(ModelError::TooLong { model, reason }, Again::Never);
        }
        if has(&NO_CREDIT) || has(&WRONG_KEY) || matches!(status, 401..=403) {
            return Failure::new(ModelError::Refused { address, reason }, Again::Never);
        }
        let again = self.retry_after.map_or(Again::Soon, Again::After);
        let busy = matches!(status, 0 | 400 | 413 | 422) && rates && !account;
        match status {
            _ if busy || matches!(status, 429 | 503 | 529) => {
                Failure::new(ModelError::Overloaded { address, reason, retry_after: self.retry_after }, again)
            }
            408 | 502 | 504 | 520..=524 => Failure::new(ModelError::Unreachable { address, reason }, again),
            409 | 500.. => Failure::new(ModelError::Invalid { address, reason }, again),
            // Inside of a stream without any hint: it may pass.
            0 if !account => Failure::new(ModelError::Invalid { address, reason }, again),
            // In words that are not known, and so perhaps about the length. A stream began, so what it says is not.
            400 | 422 if !self.streamed && !elsewhere && !has(&WRONG_MODEL) => {
                Failure::new(ModelError::Rejected { address, reason, summarised: false }, Again::Never)
            }
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
mod tests;
