//! The arguments of a call as models and servers really send them: fenced, with a brace too many, twice, in single quotes,
//! as text within text. They are repaired where only one reading is possible. A text that ends too early is never
//! completed; what stays unreadable is kept as text, and the tool's answer says what is wrong with it.

use serde_json::{Map, Value};

use crate::literal;

/// What may stand behind complete arguments without meaning anything.
const REST: [char; 6] = ['}', ']', '`', ',', ';', '"'];
/// The fields in which a call within the arguments carries its own.
const WITHIN: [&str; 3] = ["arguments", "parameters", "input"];

/// The arguments of a call of that tool: an object, or the text that is none.
pub(crate) fn parse(text: &str, tool: &str) -> Value {
    let text = text.trim().trim_start_matches('\u{feff}').trim();
    let value =
        if text.is_empty() { Value::Null } else { read(text).unwrap_or_else(|| Value::String(text.to_owned())) };
    match value {
        Value::Null => Value::Object(Map::new()),
        Value::String(inner) if inner != text => match read(&inner) {
            Some(object @ Value::Object(_)) => unwrapped(object, tool),
            _ => Value::String(inner),
        },
        Value::Array(mut items) if items.len() == 1 && items[0].is_object() => unwrapped(items.remove(0), tool),
        value => unwrapped(value, tool),
    }
}

/// Whether the text ends in the middle of a value.
pub(crate) fn is_unfinished(text: &str) -> bool {
    !text.trim().is_empty() && serde_json::from_str::<Value>(text).is_err_and(|error| error.is_eof())
}

/// Whether the text is a whole object.
pub(crate) fn is_whole(text: &str) -> bool {
    matches!(serde_json::from_str(text), Ok(Value::Object(_)))
}

fn read(text: &str) -> Option<Value> {
    if let Ok(value) = serde_json::from_str(text) {
        return Some(value);
    }
    let text = unfenced(text);
    once(text).or_else(|| {
        let (value, end) = literal::read(text)?;
        (value.is_object() && is_rest(&text[end..])).then_some(value)
    })
}

/// The one object that a text of JSON values holds, once or several times; empty ones before it do not count.
fn once(text: &str) -> Option<Value> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let (mut found, mut end) = (None, 0);
    for value in &mut values {
        let Ok(value) = value else { break };
        let empty = value.as_object().is_some_and(Map::is_empty);
        match &found {
            Some(earlier) if *earlier != value && !empty => return None,
            Some(_) => {}
            None if empty => {}
            None => found = Some(value),
        }
        end = text.len();
    }
    if end == 0 {
        return None;
    }
    let rest = &text[values.byte_offset().min(text.len())..];
    is_rest(rest).then(|| found.unwrap_or_else(|| Value::Object(Map::new())))
}

/// Nothing but closing marks.
fn is_rest(text: &str) -> bool {
    let mut text = text.trim();
    while let Some(at) = text.find('<') {
        let Some(end) = text[at..].find('>') else { return false };
        if !text[..at].chars().all(|c| c.is_whitespace() || REST.contains(&c)) {
            return false;
        }
        text = &text[at + end + 1..];
    }
    text.chars().all(|c| c.is_whitespace() || REST.contains(&c))
}

/// The text within a fence, if all of it is fenced.
fn unfenced(text: &str) -> &str {
    let Some(inner) = text.strip_prefix("```") else { return text };
    let body = inner.find(['\n', '{']).map_or(inner, |at| &inner[at..]);
    body.trim().trim_end_matches('`').trim()
}

/// A whole call in place of its arguments: `{"name": "list", "arguments": {…}}` given to `list`.
fn unwrapped(value: Value, tool: &str) -> Value {
    let Value::Object(fields) = &value else { return value };
    let inner = WITHIN.iter().find_map(|field| fields.get(*field));
    match (fields.get("name").and_then(Value::as_str), inner) {
        (Some(name), Some(inner @ Value::Object(_))) if name == tool && fields.len() == 2 => inner.clone(),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_can_be_read_in_one_way_is_read() {
        let object = json!({"a": 1});
        let cases = [
            r#" {"a":1} "#,
            "\u{feff}{\"a\":1}",
            r#""{\"a\":1}""#,
            "```json\n{\"a\":1}\n```",
            "```\n{\"a\": 1}```",
            "```json {\"a\":1} ```",
            r#"{"a":1}}"#,
            r#"{"a":1}]"#,
            r#"{"a":1}</tool_call>"#,
            r#"{"a":1}<|im_end|>"#,
            r#"{"a":1}{"a":1}"#,
            "{\"a\":1}\n{\"a\":1}\n",
            r#"{}{"a":1}"#,
            r#"{"a":1}{}"#,
            "{'a': 1}",
            "{'a': 1}}",
            "{a: 1}",
            r#"{"a":1,}"#,
            r#"[{"a":1}]"#,
            r#"{"name":"list","arguments":{"a":1}}"#,
        ];
        for text in cases {
            assert_eq!(parse(text, "list"), object, "{text}");
        }
        for text in ["", "  ", "null", "{}", "{}{}", "\"\""] {
            let parsed = parse(text, "list");
            assert!(parsed == json!({}) || parsed == json!(""), "{text}: {parsed}");
        }
        assert_eq!(parse("{'all': True, 'x': None, 'n': [1,]}", "t"), json!({"all": true, "x": null, "n": [1]}));
        assert_eq!(parse("{\"text\": \"one\ntwo\"}", "t"), json!({"text": "one\ntwo"}));
    }

    #[test]
    fn what_cannot_is_kept_as_text() {
        let cases = [
            "{\"a\":",
            "{\"a\":1",
            "{\"a\":\"half",
            "{\"a\":1}{\"a\":2}",
            "{\"a\":1} and {\"b\":2}",
            "{'a': 'don't'}",
            "молоко",
            "<a>{\"a\":1}",
        ];
        for text in cases {
            assert_eq!(parse(text, "list"), json!(text), "{text}");
        }
        assert_eq!(parse(r#"{"name":"other","arguments":{"a":1}}"#, "list")["name"], "other");
        assert!(is_unfinished("{\"a\":") && !is_unfinished("{\"a\":1}") && !is_unfinished(""));
    }
}
