//! What Kimi's tokens frame: `functions.list:0`, which also is the call's id, and its arguments.

use super::{Dialect, Offered};
use crate::calls::PartialCall;

pub(super) static KIMI: Dialect = Dialect {
    name: "Kimi",
    marks: &[
        ("<|tool_calls_section_begin|>", &["<|tool_calls_section_end|>"]),
        ("<|tool_call_begin|>", &["<|tool_call_end|>"]),
    ],
    plausible: |_, _| true,
    read,
    tokens: true,
    begins_line: false,
    thinks_aloud: false,
};

fn read(body: &str, offered: &Offered<'_>) -> Vec<PartialCall> {
    let mut calls = Vec::new();
    for part in body.split("<|tool_call_begin|>").filter(|part| !part.trim().is_empty()) {
        let part = part.split("<|tool_call_end|>").next().unwrap_or(part);
        let Some((id, arguments)) = part.split_once("<|tool_call_argument_begin|>") else { return Vec::new() };
        let id = id.trim();
        let name = offered.resolve(id).unwrap_or_else(|| id.to_owned());
        calls.push(PartialCall { id: id.to_owned(), name, arguments: arguments.trim().to_owned() });
    }
    calls
}
