//! A call in a fence at the end of an answer: JSON that is nothing but a call, another dialect's tags, or a call of Python
//! with keyword arguments that are plain values, as Gemma writes it in a fence called `tool_code`.

use serde_json::Value;

use super::{Dialect, Offered, bare, functions, invoke, tagged, value};
use crate::calls::PartialCall;

/// What a fence that holds a call may be called.
const KINDS: [&str; 12] = [
    "",
    "json",
    "json5",
    "tool",
    "tool_call",
    "tool_calls",
    "tool_code",
    "xml",
    "function",
    "function_call",
    "action",
    "plaintext",
];

/// The kind of a fence with code that calls, and what some write around the call.
const CODE: &str = "tool_code";
const PRINT: &str = "print(";

pub(super) static FENCED: Dialect = Dialect {
    name: "JSON in a fence",
    marks: &[("```", &["\n```"])],
    plausible,
    read,
    tokens: false,
    begins_line: true,
    thinks_aloud: false,
};

fn plausible(body: &str, offered: &Offered<'_>) -> bool {
    let Some((kind, content)) = body.split_once('\n') else {
        let kind = body.trim().to_lowercase();
        return KINDS.iter().any(|known| known.starts_with(&kind));
    };
    let content = content.trim_start();
    let tags = ["<tool_call>", "<function=", "<function_call>", "<function_calls>", "<invoke name="];
    let tag = tags.iter().any(|tag| content.starts_with(tag) || tag.starts_with(content));
    let kind = kind.trim().to_lowercase();
    let code = kind == CODE && begins_as_python(content, offered);
    KINDS.contains(&kind.as_str()) && (tag || code || value::begins_as_call(content))
}

/// Whether a line of code begins with the name of a tool.
fn begins_as_python(content: &str, offered: &Offered<'_>) -> bool {
    let content = content.strip_prefix(PRINT).unwrap_or(content);
    let name = content.split('(').next().unwrap_or_default().trim_end();
    let begun = !content.contains('(') && [PRINT, "default_api."].iter().any(|before| before.starts_with(name));
    begun || offered.resolve(name).is_some() || (!content.contains('(') && offered.begins(bare_name(name)))
}

fn bare_name(name: &str) -> &str {
    name.strip_prefix("default_api.").unwrap_or(name)
}

/// Calls of Python, one behind the other; none where anything else stands among them.
fn python(content: &str, offered: &Offered<'_>) -> Option<Vec<PartialCall>> {
    let (mut calls, mut rest) = (Vec::new(), content.trim());
    while !rest.is_empty() {
        let printed = rest.strip_prefix(PRINT);
        let (name, inner) = printed.unwrap_or(rest).split_once('(')?;
        let name = offered.resolve(name)?;
        let (fields, mut after) = bare::keywords(inner)?;
        if printed.is_some() {
            after = after.trim_start().strip_prefix(')')?;
        }
        calls.push(value::call(&name, Value::Object(fields).to_string()));
        rest = after.trim_start_matches(';').trim();
    }
    Some(calls)
}

fn read(body: &str, offered: &Offered<'_>) -> Vec<PartialCall> {
    let Some((kind, content)) = body.split_once('\n') else { return Vec::new() };
    let content = content.trim().trim_end_matches("```").trim();
    if kind.trim().eq_ignore_ascii_case(CODE) && content.starts_with(char::is_alphabetic) {
        return python(content, offered).unwrap_or_default();
    }
    if content.starts_with(['{', '[']) {
        return value::whole_calls(content);
    }
    for dialect in [&tagged::TAGGED, &functions::FUNCTIONS, &invoke::INVOKE] {
        for (open, closes) in dialect.marks {
            let Some(inner) = content.strip_prefix(open) else { continue };
            let inner = closes.iter().find_map(|close| inner.trim_end().strip_suffix(close)).unwrap_or(inner);
            let calls = super::read(open, inner, offered);
            if !calls.is_empty() {
                return calls;
            }
        }
    }
    Vec::new()
}
