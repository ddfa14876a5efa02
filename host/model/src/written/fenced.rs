//! A call in a fence at the end of an answer: JSON that is nothing but a call, or another dialect's tags.

use super::{Dialect, Offered, functions, invoke, tagged, value};
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

pub(super) static FENCED: Dialect = Dialect {
    name: "JSON in a fence",
    marks: &[("```", &["\n```"])],
    plausible,
    read,
    tokens: false,
    begins_line: true,
    thinks_aloud: false,
};

fn plausible(body: &str, _: &Offered<'_>) -> bool {
    let Some((kind, content)) = body.split_once('\n') else {
        let kind = body.trim().to_lowercase();
        return KINDS.iter().any(|known| known.starts_with(&kind));
    };
    let content = content.trim_start();
    let tags = ["<tool_call>", "<function=", "<function_call>", "<function_calls>", "<invoke name="];
    let tag = tags.iter().any(|tag| content.starts_with(tag) || tag.starts_with(content));
    KINDS.contains(&kind.trim().to_lowercase().as_str()) && (tag || value::begins_as_call(content))
}

fn read(body: &str, offered: &Offered<'_>) -> Vec<PartialCall> {
    let Some((_, content)) = body.split_once('\n') else { return Vec::new() };
    let content = content.trim().trim_end_matches("```").trim();
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
