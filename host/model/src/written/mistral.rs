//! What Mistral's tokenizers write: `[TOOL_CALLS][{"name": "list", "arguments": {}}]`, and since version 11
//! `[TOOL_CALLS]list[ARGS]{}`, with `[CALL_ID]` in between or without `[ARGS]`.

use super::{Dialect, Offered, value};
use crate::calls::PartialCall;

pub(super) static MISTRAL: Dialect = Dialect {
    name: "Mistral",
    marks: &[("[tool_calls]", &["</s>"])],
    plausible: |body, offered| {
        let name: String =
            body.trim_start().chars().take_while(|c| c.is_alphanumeric() || "_-.".contains(*c)).collect();
        body.trim().is_empty()
            || body.trim_start().starts_with(['[', '{'])
            || (!name.is_empty() && offered.begins(&name))
    },
    read,
    tokens: false,
    begins_line: false,
    thinks_aloud: false,
};

fn read(body: &str, _: &Offered<'_>) -> Vec<PartialCall> {
    let body = body.trim();
    if body.starts_with(['[', '{']) {
        return value::calls(body);
    }
    let mut calls = Vec::new();
    for part in body.split("[TOOL_CALLS]") {
        let part = part.trim();
        let Some(at) = part.find(['[', '{']) else { return Vec::new() };
        let (name, rest) = part.split_at(at);
        let rest = rest.split_once("[ARGS]").map_or(rest, |(_, arguments)| arguments).trim();
        if !rest.starts_with('{') {
            return Vec::new();
        }
        calls.push(value::call(name, rest));
    }
    calls
}
