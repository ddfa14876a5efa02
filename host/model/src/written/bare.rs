//! An answer that is a call and nothing else: JSON as Llama 3 and small models write it, or Python as Llama 4 does,
//! `[list(path="."), read(path="a")]`.

use serde_json::{Map, Value};

use super::{Dialect, Offered, value};
use crate::calls::PartialCall;
use crate::literal;

pub(crate) static BARE: Dialect = Dialect {
    name: "bare",
    marks: &[("", &[])],
    plausible,
    read,
    tokens: false,
    begins_line: true,
    thinks_aloud: false,
};

fn plausible(body: &str, offered: &Offered<'_>) -> bool {
    let body = body.trim_start();
    if let Some(inner) = body.strip_prefix('[') {
        let inner = inner.trim_start();
        let name: String = inner.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let called = inner[name.len()..].chars().next().is_none_or(|c| c == '(');
        if !name.is_empty() {
            return called && offered.begins(&name);
        }
    }
    value::begins_as_call(body)
}

fn read(body: &str, offered: &Offered<'_>) -> Vec<PartialCall> {
    let body = without_tokens(body);
    let python = body.strip_prefix('[').is_some_and(|inner| inner.trim_start().starts_with(char::is_alphabetic));
    if python { pythonic(body, offered).unwrap_or_default() } else { value::whole_calls(body) }
}

/// The body without the tokens of a template at its end.
pub(super) fn without_tokens(body: &str) -> &str {
    let mut body = body.trim();
    while let Some(at) = body.strip_suffix("|>").and_then(|body| body.rfind("<|")) {
        body = body[..at].trim_end();
    }
    body
}

fn pythonic(body: &str, offered: &Offered<'_>) -> Option<Vec<PartialCall>> {
    let mut rest = body.strip_prefix('[')?.trim_start();
    let mut calls = Vec::new();
    loop {
        let (name, inner) = rest.split_once('(')?;
        offered.resolve(name)?;
        let (fields, after) = keywords(inner)?;
        calls.push(value::call(name, Value::Object(fields).to_string()));
        rest = after.trim_start();
        match rest.strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None => return (rest == "]").then_some(calls),
        }
    }
}

/// `path=".", all=True)` and what stands behind it.
pub(super) fn keywords(text: &str) -> Option<(Map<String, Value>, &str)> {
    let (mut fields, mut rest) = (Map::new(), text.trim_start());
    loop {
        if let Some(after) = rest.strip_prefix(')') {
            return Some((fields, after));
        }
        let (name, value) = rest.split_once('=')?;
        let name = name.trim();
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return None;
        }
        let (value, end) = literal::read(value).map(|(found, end)| (found, &value[end..]))?;
        fields.insert(name.to_owned(), value);
        rest = end.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
}
