//! Invocations with a tag for each parameter, as Claude's prompts, MiniMax and DeepSeek's DSML write them:
//! `<function_calls><invoke name="list"><parameter name="path">.</parameter></invoke></function_calls>`.

use serde_json::{Map, Value};

use super::{Dialect, Offered, value};
use crate::calls::PartialCall;

pub(super) static INVOKE: Dialect = Dialect {
    name: "invocations in tags",
    marks: &[
        ("<function_calls>", &["</function_calls>"]),
        ("<minimax:tool_call>", &["</minimax:tool_call>"]),
        ("<｜dsml｜function_calls>", &["</｜dsml｜function_calls>"]),
        ("<|dsml|function_calls>", &["</|dsml|function_calls>"]),
        ("<invoke name=", &["</invoke>"]),
        ("<tool_call>", &["</tool_call>"]),
    ],
    plausible,
    read,
    tokens: false,
    begins_line: false,
    thinks_aloud: false,
};

fn plausible(body: &str, _: &Offered<'_>) -> bool {
    let body = body.trim_start();
    body.is_empty() || body.starts_with(['<', '"', '\'', '[', '{'])
}

fn read(body: &str, offered: &Offered<'_>) -> Vec<PartialCall> {
    let prefixes = ["antml:", "｜DSML｜", "｜dsml｜", "|DSML|", "|dsml|"];
    let body = prefixes.iter().fold(body.to_owned(), |body, prefix| body.replace(prefix, ""));
    let trimmed = body.trim();
    if trimmed.starts_with(['{', '[']) {
        return value::calls(trimmed);
    }
    let whole = if trimmed.starts_with(['"', '\'']) { format!("<invoke name={trimmed}") } else { trimmed.to_owned() };
    let mut calls = Vec::new();
    for part in whole.split("<invoke name=").skip(1) {
        let Some((name, rest)) = part.split_once('>') else { return Vec::new() };
        let name = quoted(name);
        let rest = rest.split("</invoke>").next().unwrap_or(rest);
        let mut fields = Map::new();
        for parameter in rest.split("<parameter name=").skip(1) {
            let Some((head, text)) = parameter.split_once('>') else { continue };
            let text = text.rsplit_once("</parameter>").map_or(text, |(text, _)| text);
            let field = quoted(head);
            fields.insert(field.to_owned(), offered.typed(name, field, text));
        }
        calls.push(value::call(name, Value::Object(fields).to_string()));
    }
    calls
}

/// The first word in quotes.
fn quoted(text: &str) -> &str {
    let text = text.trim();
    match text.chars().next() {
        Some(quote @ ('"' | '\'')) => text[1..].split(quote).next().unwrap_or_default(),
        _ => text,
    }
}
