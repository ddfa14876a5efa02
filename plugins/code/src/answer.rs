//! What the model is told of a script: its value, what it printed, and what went wrong with what had been done by then.

use serde_json::json;
use steward_sdk::{Failure, Output, serde_json};

use crate::evaluation::{Evaluation, Value};
use crate::text::Bounded;

/// The most characters of a value.
const CHARACTERS: usize = 30_000;
/// The most characters of an error.
const PROBLEM_CHARACTERS: usize = 4_000;

const RETURN_LESS: &str = "give back only what you need";
const PRINT_LESS: &str = "print less";

/// The answer to the call.
///
/// # Errors
/// The script failed; the text says how, and what had been done by then.
pub fn worded(evaluation: Evaluation) -> Result<Output, Failure> {
    let Evaluation { printed, called, ended, unseen } = evaluation;
    let mut parts = Vec::new();
    if !printed.is_empty() {
        parts.push(format!("Printed:\n{}", printed.shown(PRINT_LESS)));
    }
    for failure in unseen {
        parts.push(format!("Failed, and the script did not look: {}", problem(&failure)));
    }
    match ended {
        Ok(value) => {
            let structured = structured(value.as_ref(), called);
            parts.push(match value {
                None => "The script has ended without a value.".to_owned(),
                Some(value) if parts.is_empty() => shown(&value.text),
                Some(value) => format!("Value:\n{}", shown(&value.text)),
            });
            let output = Output::text(parts.join("\n\n"));
            Ok(structured.map_or_else(|| output.clone(), |value| output.clone().structured(value)))
        }
        Err(error) => {
            parts.insert(0, problem(&error));
            if called > 0 {
                parts.push(format!("Before that {called} tool calls were made: do not repeat what they have done."));
            }
            Err(Failure::failed(parts.join("\n\n")))
        }
    }
}

fn shown(text: &str) -> String {
    Bounded::of(text, CHARACTERS).shown(RETURN_LESS)
}

fn problem(text: &str) -> String {
    Bounded::of(text, PROBLEM_CHARACTERS).shown("the error is too long")
}

/// The same for programs; nothing where the value is too long to be told whole.
fn structured(value: Option<&Value>, called: usize) -> Option<serde_json::Value> {
    let value = match value {
        None => serde_json::Value::Null,
        Some(value) if !Bounded::of(&value.text, CHARACTERS).is_whole() => return None,
        Some(value) if value.json => serde_json::from_str(&value.text).ok()?,
        Some(value) => json!(value.text),
    };
    Some(json!({ "value": value, "tool_calls": called }))
}
