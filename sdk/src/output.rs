//! What a tool gives back: text for the model and, where it helps, JSON and files.

use serde_json::Value;

use crate::bindings::exports::steward::plugin::tool as export;

/// The answer of a tool.
///
/// ```
/// use steward_sdk::{Output, serde_json::json};
///
/// let table = "day,km\n2026-11-20,5\n";
/// let output = Output::text("You ran 5 km.").structured(json!({ "km": 5 })).attach("runs.csv", "text/csv", table);
/// assert_eq!(output.attachments[0].name, "runs.csv");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// What the model reads.
    pub text: String,
    /// The same for programs.
    pub structured: Option<Value>,
    pub attachments: Vec<Attachment>,
}

/// A file that goes with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The file's name without folders: `chart.png`.
    pub name: String,
    /// `image/png`.
    pub mime: String,
    pub data: Vec<u8>,
}

impl Output {
    /// An answer of text only.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Adds the same answer as JSON.
    #[must_use]
    pub fn structured(mut self, value: Value) -> Self {
        self.structured = Some(value);
        self
    }

    /// Adds a file.
    #[must_use]
    pub fn attach(mut self, name: impl Into<String>, mime: impl Into<String>, data: impl Into<Vec<u8>>) -> Self {
        self.attachments.push(Attachment { name: name.into(), mime: mime.into(), data: data.into() });
        self
    }
}

impl From<String> for Output {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<&str> for Output {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<Output> for export::Output {
    fn from(output: Output) -> Self {
        Self {
            text: output.text,
            structured: output.structured.map(|value| value.to_string()),
            attachments: output.attachments.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Attachment> for export::Attachment {
    fn from(attachment: Attachment) -> Self {
        Self { name: attachment.name, mime: attachment.mime, data: attachment.data }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_built_up_and_handed_over_whole() {
        let output = Output::from("two").structured(json!({"n": 2})).attach("a.txt", "text/plain", b"x".as_slice());
        let handed = export::Output::from(output);
        assert_eq!(handed.text, "two");
        assert_eq!(handed.structured.as_deref(), Some(r#"{"n":2}"#));
        assert_eq!((handed.attachments[0].name.as_str(), handed.attachments[0].data.as_slice()), ("a.txt", &b"x"[..]));
    }
}
