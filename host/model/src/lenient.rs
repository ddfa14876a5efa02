//! Values of a server's JSON read without insisting on their type: what nobody needs may be missing, null, a text instead
//! of a number, or anything else, and never fails an answer that was paid for.

use serde_json::{Map, Value};

/// Fields of a call or of a choice: an object with one of them is an item itself and holds none.
const OF_ONE: [&str; 5] = ["function", "name", "delta", "message", "finish_reason"];

/// A text that is not empty; numbers count as text.
pub(crate) fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A number of things, whatever type it came in; what is below nothing is nothing.
pub(crate) fn count(value: Option<&Value>) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` clamps, and less than 0 is 0")]
    let whole = |number: f64| (!number.is_nan()).then_some(number as u64);
    match value? {
        Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => whole(text.trim().parse().ok()?),
        _ => None,
    }
}

/// The first of these fields that holds a number.
pub(crate) fn count_of(fields: &Value, names: &[&str]) -> Option<u64> {
    names.iter().find_map(|name| count(fields.get(name)))
}

/// The items of a list; of one item where the list around it is missing; of an object of items.
pub(crate) fn items(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(object @ Value::Object(fields)) if OF_ONE.iter().any(|name| fields.contains_key(*name)) => vec![object],
        Some(Value::Object(fields)) => fields.values().filter(|value| value.is_object()).collect(),
        _ => Vec::new(),
    }
}

/// An object that holds something.
pub(crate) fn object(value: Option<&Value>) -> Option<&Map<String, Value>> {
    value?.as_object().filter(|fields| !fields.is_empty())
}

/// The text of a content: text, a part, or a list of parts. Parts with thoughts are left out.
pub(crate) fn content(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(content).collect(),
        Value::Object(part) => {
            let kind = part.get("type").and_then(Value::as_str).unwrap_or("text");
            let is_text = kind.contains("text") && part.get("thought") != Some(&Value::Bool(true));
            let of = |name: &str| part.get(name).filter(|_| is_text).map(content);
            of("text").or_else(|| of("parts")).or_else(|| of("content")).unwrap_or_default()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_may_come_in_any_type() {
        let cases = [
            (json!(7), Some(7)),
            (json!(7.9), Some(7)),
            (json!(-1), Some(0)),
            (json!("12"), Some(12)),
            (json!("1.5e1"), Some(15)),
            (json!(null), None),
            (json!("many"), None),
            (json!({}), None),
        ];
        for (value, expected) in cases {
            assert_eq!(count(Some(&value)), expected, "{value}");
        }
    }

    #[test]
    fn content_is_text_or_parts() {
        let parts = json!([{"type": "thinking", "thinking": "x"}, {"type": "text", "text": "a"}, "b", {"text": "c"},
                           {"text": "x", "thought": true}, {"type": "image_url", "text": "x"}, null]);
        assert_eq!(content(&parts), "abc");
        assert_eq!(content(&json!({"parts": [{"text": "d"}]})), "d");
    }
}
