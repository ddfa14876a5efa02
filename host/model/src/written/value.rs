//! Calls as JSON values, under the many names that models give to a call's name and arguments.

use serde_json::Value;

use crate::arguments;
use crate::calls::PartialCall;
use crate::literal;

const NAMES: [&str; 7] = ["name", "tool", "tool_name", "function_name", "function", "action", "recipient_name"];
const ARGUMENTS: [&str; 8] =
    ["arguments", "parameters", "args", "params", "input", "tool_input", "action_input", "kwargs"];
/// What may stand in a call next to its name and arguments.
const BESIDE: [&str; 6] = ["id", "type", "index", "tool_call_id", "call_id", "thought"];
/// Lists of calls.
const LISTS: [&str; 3] = ["tool_calls", "tool_uses", "calls"];

/// The calls that a text of JSON values holds. Where the text cannot be read, a call with its arguments as they are, if its
/// name can be found: the model is to learn what was wrong.
pub(super) fn calls(text: &str) -> Vec<PartialCall> {
    match values(text) {
        Some(values) => values.iter().map(of_value).collect::<Option<Vec<_>>>().unwrap_or_default().concat(),
        None => broken(text).into_iter().collect(),
    }
}

/// The same where all of it can be read.
pub(super) fn whole_calls(text: &str) -> Vec<PartialCall> {
    let calls = values(text).map(|values| values.iter().map(of_value).collect::<Option<Vec<_>>>());
    calls.flatten().unwrap_or_default().concat()
}

/// Whether arguments can be read.
pub(super) fn is_complete(text: &str, tool: &str) -> bool {
    arguments::parse(text, tool).is_object()
}

/// A call with these arguments.
pub(super) fn call(name: &str, arguments: impl Into<String>) -> PartialCall {
    PartialCall { id: String::new(), name: name.trim().to_owned(), arguments: arguments.into() }
}

/// Values one behind the other, also with `;` or `,` between them.
fn values(text: &str) -> Option<Vec<Value>> {
    let mut rest = unfenced(text.trim());
    let mut values = Vec::new();
    while !rest.is_empty() {
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let (value, end) = match stream.next() {
            Some(Ok(value)) => (value, stream.byte_offset()),
            _ => literal::read(rest)?,
        };
        values.push(value);
        rest = rest[end..].trim_start_matches([';', ',', ' ', '\n', '\r', '\t']).trim_start();
        // A brace too many at the end.
        if !values.is_empty() && rest.chars().all(|c| c == '}' || c == ']' || c.is_whitespace()) {
            rest = "";
        }
    }
    (!values.is_empty()).then_some(values)
}

fn unfenced(text: &str) -> &str {
    let Some(inner) = text.strip_prefix("```") else { return text };
    let body = inner.find(['\n', '{', '[']).map_or(inner, |at| &inner[at..]);
    body.trim().trim_end_matches('`').trim()
}

/// The calls of one value; `None` if it is something else.
pub(super) fn of_value(value: &Value) -> Option<Vec<PartialCall>> {
    match value {
        Value::Array(items) if !items.is_empty() => {
            Some(items.iter().map(of_value).collect::<Option<Vec<_>>>()?.concat())
        }
        Value::Object(fields) => {
            if let [(name, list @ Value::Array(_))] = fields.iter().collect::<Vec<_>>()[..]
                && LISTS.contains(&name.as_str())
            {
                return of_value(list);
            }
            if let Some(inner @ Value::Object(_)) = fields.get("function") {
                return of_value(inner);
            }
            let named = NAMES.iter().find_map(|field| Some((*field, fields.get(*field)?.as_str()?)))?;
            let given = ARGUMENTS.iter().find_map(|field| Some((*field, fields.get(*field)?)));
            let other = |field: &str| {
                field != named.0 && given.is_none_or(|given| field != given.0) && !BESIDE.contains(&field)
            };
            if fields.keys().any(|field| other(field)) {
                return None;
            }
            let arguments = match given {
                None => "{}".to_owned(),
                Some((_, Value::String(text))) => text.clone(),
                Some((_, value)) => value.to_string(),
            };
            Some(vec![call(named.1, arguments)])
        }
        _ => None,
    }
}

/// A call that cannot be read, by the name that stands in it.
fn broken(text: &str) -> Option<PartialCall> {
    let quoted = |text: &str| {
        let text = text.trim_start();
        let quote = text.chars().next().filter(|c| ['"', '\''].contains(c))?;
        text[1..].split(quote).next().map(str::to_owned)
    };
    let after = |key: &str| {
        let at = text.find(&format!("\"{key}\"")).or_else(|| text.find(&format!("'{key}'")))?;
        text[at + key.len() + 2..].trim_start().strip_prefix(':')
    };
    if !text.trim_start().starts_with(['{', '[', '`']) {
        return None;
    }
    let name = NAMES.iter().find_map(|key| quoted(after(key)?))?;
    let arguments = ARGUMENTS.iter().find_map(|key| after(key)).unwrap_or("");
    Some(call(&name, arguments.trim()))
}

/// Whether a text begins as a value that is a call: by its first key.
pub(super) fn begins_as_call(text: &str) -> bool {
    let text = text.trim_start_matches(['[', ' ', '\n', '\r', '\t']);
    let Some(inner) = text.strip_prefix('{') else { return text.is_empty() };
    let inner = inner.trim_start();
    let Some(quote) = inner.chars().next() else { return true };
    if quote != '"' && quote != '\'' {
        return false;
    }
    let key = &inner[1..];
    let known = || NAMES.iter().chain(&ARGUMENTS).chain(&BESIDE).chain(&LISTS);
    match key.split_once(quote) {
        Some((key, _)) => known().any(|known| *known == key),
        None => known().any(|known| known.starts_with(key)),
    }
}
