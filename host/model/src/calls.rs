//! Tool calls on their way between a provider's text and our values: arguments that are not JSON are kept as text,
//! and go back to the provider as an object that every server can read.

use std::borrow::Cow;

use serde_json::{Value, json};
use steward_agent::ToolCall;

use crate::arguments;

/// A call that is still arriving.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PartialCall {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Text of the arguments so far.
    pub(crate) arguments: String,
}

impl PartialCall {
    /// The whole call; an id is made up where the server gave none.
    pub(crate) fn finish(self) -> ToolCall {
        let id = if self.id.is_empty() { new_id() } else { self.id };
        let input = arguments::parse(&self.arguments, &self.name);
        ToolCall { id, name: self.name, input }
    }
}

/// What ids of calls that were written as text begin with, so that the history tells them from a server's own.
const WRITTEN: &str = "written_";

/// An id for a call that was written as text.
pub(crate) fn written_id() -> String {
    format!("{WRITTEN}{:016x}", rand::random::<u64>())
}

/// Whether the call with this id was, or may have been, written as text: Kimi's text gives the same ids as its servers.
pub(crate) fn was_written(id: &str) -> bool {
    id.starts_with(WRITTEN) || id.starts_with("functions.")
}

/// An id that occurs once in a conversation.
pub(crate) fn new_id() -> String {
    format!("call_{:016x}", rand::random::<u64>())
}

/// The arguments as an object, for history: servers parse them and refuse a conversation in which they cannot.
pub(crate) fn as_object(input: &Value) -> Cow<'_, Value> {
    match input {
        Value::Object(_) => Cow::Borrowed(input),
        Value::Null => Cow::Owned(json!({})),
        other => Cow::Owned(json!({ "_raw": other })),
    }
}

/// A tool's name with only the letters that providers allow, also where a model made up a name.
pub(crate) fn wire_name(name: &str) -> Cow<'_, str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match name {
        "" => Cow::Borrowed("unnamed"),
        _ if name.len() <= 64 && name.chars().all(fits) => Cow::Borrowed(name),
        _ => Cow::Owned(name.chars().take(64).map(|c| if fits(c) { c } else { '_' }).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_back_is_always_an_object() {
        assert_eq!(*as_object(&json!({"a": 1})), json!({"a": 1}));
        assert_eq!(*as_object(&json!("{\"a\":")), json!({"_raw": "{\"a\":"}));
        assert_eq!(*as_object(&Value::Null), json!({}));
    }

    #[test]
    fn a_missing_id_is_made_up_and_a_strange_name_made_harmless() {
        let (one, two) = (PartialCall::default().finish(), PartialCall::default().finish());
        assert!(one.id.starts_with("call_") && one.id != two.id);
        assert_eq!(wire_name("functions.read:0"), "functions_read_0");
        assert_eq!(wire_name(""), "unnamed");
    }
}
