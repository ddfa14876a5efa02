//! What is asked of a tool and what comes of it. Whatever happens within a call, its answer is text that the one who
//! asked can act on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use steward_agent::{Language, Principal, Source};
use steward_store::RunId;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::capability::tools::ToolPort;
use crate::foreign::{Leave, Matter, Sight};

/// One call of one tool.
#[derive(Clone, Debug)]
pub struct Call {
    pub principal: Principal,
    /// Of the person, for texts the host writes itself.
    pub language: Language,
    pub run: Option<RunId>,
    /// The tool.
    pub name: String,
    /// An object; text that was not JSON comes as a JSON string.
    pub input: Value,
    /// The same when this call is made again after a crash, and no other call's.
    pub key: String,
    /// The call may have been made before a crash.
    pub replayed: bool,
    pub time_limit: Duration,
    pub cancel: CancellationToken,
    /// Lines that show the person that something is going on.
    pub progress: Option<mpsc::Sender<String>>,
    /// How an owner is asked in the middle of it.
    pub owner: Option<Arc<dyn AskOwner>>,
    /// The way to the other tools of the run.
    pub tools: ToolPort,
    /// What the run has before it that others wrote.
    pub sight: Sight,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// For the model.
    pub text: String,
    /// The same for programs.
    pub structured: Option<Value>,
    pub attachments: Vec<OutputFile>,
    pub outcome: Outcome,
    /// Where the foreign text in it came from; none if there is none.
    pub foreign: Vec<Source>,
    pub elapsed: Duration,
    /// The most memory the instance had, in bytes.
    pub peak_memory: usize,
}

/// A file a tool hands out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// As the plugin named it: not to be trusted.
    pub name: String,
    pub mime: String,
    pub data: Vec<u8>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    Ok,
    /// The arguments do not fit.
    Invalid,
    /// The one who asked may not.
    Denied,
    /// What was named does not exist.
    NotFound,
    /// It cannot be done now.
    Unavailable,
    /// The tool says that it failed.
    Failed,
    /// The guest broke down.
    Trapped,
    TimedOut,
    OutOfMemory,
    OutputTooLarge,
    Cancelled,
    /// There is no such tool.
    UnknownTool,
}

impl Outcome {
    pub fn failed(self) -> bool {
        self != Self::Ok
    }

    /// The word for it in the audit.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Invalid => "invalid",
            Self::Denied => "denied",
            Self::NotFound => "not_found",
            Self::Unavailable => "unavailable",
            Self::Failed => "failed",
            Self::Trapped => "trapped",
            Self::TimedOut => "timed_out",
            Self::OutOfMemory => "out_of_memory",
            Self::OutputTooLarge => "output_too_large",
            Self::Cancelled => "cancelled",
            Self::UnknownTool => "unknown_tool",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Answer {
    pub fn failed(&self) -> bool {
        self.outcome.failed()
    }

    /// An answer of text alone; time and memory are filled in at the end of the call.
    pub(crate) fn of(outcome: Outcome, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            structured: None,
            attachments: Vec::new(),
            outcome,
            foreign: Vec::new(),
            elapsed: Duration::ZERO,
            peak_memory: 0,
        }
    }
}

/// How the host lets an owner be asked in the middle of a call.
#[async_trait]
pub trait AskOwner: fmt::Debug + Send + Sync {
    /// Asks whether `what`, the text of a JSON object, may be done. `key` is the same when the question is asked again
    /// after a crash.
    ///
    /// # Errors
    /// Why it is not done.
    async fn ask(&self, key: &str, what: &str) -> Result<(), Refusal>;

    /// The same about something that foreign text must not have done unasked, where nothing lets it pass. `read` is what
    /// was read.
    ///
    /// # Errors
    /// Why it is not done.
    async fn ask_foreign(&self, key: &str, matter: Matter, read: &[Source], what: &str) -> Result<Leave, Refusal> {
        let _ = (matter, read);
        self.ask(key, what).await.map(|()| Leave::Owner)
    }
}

/// Why a call that may be made is not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody agreed to it; the text is for the model.
    Denied(String),
    /// The run was stopped meanwhile.
    Stopped,
}

impl Refusal {
    pub(crate) fn answer(self, tool: &str) -> Answer {
        match self {
            Self::Denied(text) => Answer::of(Outcome::Denied, text),
            Self::Stopped => Answer::of(Outcome::Cancelled, format!("{tool} was stopped.")),
        }
    }
}

/// The arguments as a plugin gets them: the text of a JSON object.
pub(crate) fn arguments(tool: &str, input: &Value) -> Result<String, Answer> {
    let invalid = |problem: String| {
        Answer::of(
            Outcome::Invalid,
            format!("The arguments of {tool} {problem} Send one JSON object that fits the schema."),
        )
    };
    match input {
        Value::Object(_) => Ok(input.to_string()),
        Value::Null => Ok("{}".to_owned()),
        Value::String(text) if text.trim().is_empty() => Ok("{}".to_owned()),
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(object)) => Ok(Value::Object(object).to_string()),
            Ok(other) => Err(invalid(format!("are {}, not an object.", kind(&other)))),
            Err(error) => Err(invalid(format!("are not valid JSON: {error}."))),
        },
        other => Err(invalid(format!("are {}, not an object.", kind(other)))),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_that_are_no_object_are_named_as_what_they_are() {
        assert_eq!(arguments("t", &json!({"a": 1})).unwrap(), r#"{"a":1}"#);
        assert_eq!(arguments("t", &json!("")).unwrap(), "{}");
        let broken = arguments("remember", &json!("{\"content\": \"milk")).unwrap_err();
        assert_eq!(broken.outcome, Outcome::Invalid);
        assert!(broken.text.contains("remember are not valid JSON: EOF while parsing"), "{}", broken.text);
        assert!(arguments("t", &json!([1])).unwrap_err().text.contains("a list, not an object"));
    }
}
