//! Whether a call that was written as text stands in what the model was given to read: then it is repeated, not made.
//! Values are compared, not bytes, for whoever repeats a call may write it in another way.

use serde_json::{Map, Value};

use super::{Offered, bare, value};
use crate::calls::PartialCall;
use crate::literal;

/// How far before bare arguments the name of their tool may stand, in characters.
const NEAR: usize = 200;
/// The most bytes behind a mark that are read as a call.
const BODY_BYTES: usize = 20_000;
/// The same mark occurs no more often within a call.
const NESTED: usize = 8;

/// The name of a tool and its arguments.
type Known = (String, Value);

/// Whether one of these calls was given to the model.
pub(super) fn was_given(calls: &[PartialCall], offered: &Offered<'_>) -> bool {
    let wanted: Vec<Known> = calls.iter().map(|call| known(call, offered)).collect();
    offered.given().any(|text| {
        let mut named = wanted.iter().filter(|(name, _)| text.contains(name.as_str())).peekable();
        if named.peek().is_none() {
            return false;
        }
        let plain = unescaped(text);
        named.any(|call| holds(text, call, offered) || plain.as_ref().is_some_and(|text| holds(text, call, offered)))
    })
}

fn known(call: &PartialCall, offered: &Offered<'_>) -> Known {
    let name = offered.resolve(&call.name).unwrap_or_else(|| call.name.clone());
    let call = PartialCall { name, ..call.clone() }.finish();
    (call.name, call.input)
}

/// The text as it was before it was put into JSON or HTML.
fn unescaped(text: &str) -> Option<String> {
    let signs =
        [("\\n", "\n"), ("\\\"", "\""), ("&quot;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    let escaped = signs.iter().any(|(sign, _)| text.contains(sign));
    escaped.then(|| signs.iter().fold(text.to_owned(), |text, (sign, letter)| text.replace(sign, letter)))
}

fn holds(text: &str, call: &Known, offered: &Offered<'_>) -> bool {
    in_objects(text, call, offered) || in_python(text, call) || behind_marks(text, call, offered)
}

/// As JSON, or as arguments of JSON behind the name.
fn in_objects(text: &str, call: &Known, offered: &Offered<'_>) -> bool {
    text.match_indices('{').any(|(at, _)| {
        let Some(found) = value_at(&text[at..]) else { return false };
        let calls = value::of_value(&found).unwrap_or_default();
        let bare = found == call.1 && found.as_object().is_some_and(|fields| !fields.is_empty());
        calls.iter().any(|found| known(found, offered) == *call) || (bare && ends_near(&text[..at], &call.0))
    })
}

fn value_at(text: &str) -> Option<Value> {
    let json = serde_json::Deserializer::from_str(text).into_iter::<Value>().next();
    json.and_then(Result::ok).or_else(|| literal::read(text).map(|(value, _)| value))
}

fn ends_near(before: &str, name: &str) -> bool {
    let from = before.char_indices().rev().nth(NEAR).map_or(0, |(at, _)| at);
    before[from..].contains(name)
}

/// As a call of Python.
fn in_python(text: &str, (name, input): &Known) -> bool {
    let is = |fields: Map<String, Value>| Value::Object(fields) == *input;
    text.match_indices(name.as_str()).any(|(at, _)| {
        let inner = text[at + name.len()..].trim_start().strip_prefix('(');
        inner.and_then(bare::keywords).is_some_and(|(fields, _)| is(fields))
    })
}

/// In any dialect with marks, up to the next mark that may end it.
fn behind_marks(text: &str, call: &Known, offered: &Offered<'_>) -> bool {
    let lower = text.to_ascii_lowercase();
    super::marks().any(|(mark, _)| {
        let closes: Vec<&str> = super::closes_of(mark).collect();
        let bodies = lower.match_indices(mark).map(|(at, _)| {
            let from = at + mark.len();
            let most = most(&lower, from, mark);
            let end = closes.iter().filter_map(|close| lower[from..most].find(close)).min();
            &text[from..end.map_or(most, |end| from + end)]
        });
        let mut named = bodies.filter(|body| body.contains(call.0.as_str()));
        named.any(|body| super::read(mark, body, offered).iter().any(|found| known(found, offered) == *call))
    })
}

/// Where what stands behind a mark ends at the latest, so that a text full of marks does not take long.
fn most(lower: &str, from: usize, mark: &str) -> usize {
    let most = (from..=lower.len().min(from + BODY_BYTES)).rev().find(|to| lower.is_char_boundary(*to)).unwrap_or(from);
    lower[from..most].match_indices(mark).nth(NESTED).map_or(most, |(at, _)| from + at)
}
