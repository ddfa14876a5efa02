//! Functions with a tag for each parameter, as Qwen's coder writes them, or with JSON within, as Llama 3.1 does:
//! `<function=list><parameter=path>.</parameter></function>`, `<function=list>{"path": "."}</function>`.

use serde_json::{Map, Value};

use super::{Dialect, Offered, value};
use crate::calls::PartialCall;

pub(super) static FUNCTIONS: Dialect = Dialect {
    name: "functions in tags",
    marks: &[("<function=", &["</function>"]), ("<tool_call>", &["</tool_call>"])],
    plausible,
    read,
    tokens: false,
    begins_line: false,
    thinks_aloud: false,
};

fn plausible(body: &str, offered: &Offered<'_>) -> bool {
    let name: String = body
        .trim_start_matches(['"', '\''])
        .chars()
        .take_while(|c| c.is_alphanumeric() || "_-.".contains(*c))
        .collect();
    body.trim().is_empty() || (!name.is_empty() && offered.begins(&name))
}

fn read(body: &str, offered: &Offered<'_>) -> Vec<PartialCall> {
    let mut calls = Vec::new();
    // The mark of the first one was taken off, unless it stands within another tag.
    let body = body.trim_start();
    let body = body.strip_prefix("<function=").unwrap_or(body);
    if body.starts_with(['{', '[', '<']) {
        return calls;
    }
    for part in body.split("<function=") {
        let Some((name, rest)) = part.split_once('>') else { return Vec::new() };
        let name = name.trim().trim_matches(['"', '\'']);
        let rest = rest.split("</function>").next().unwrap_or(rest).trim();
        if name.contains(['<', '\n']) {
            return Vec::new();
        }
        let arguments =
            if rest.starts_with('{') { rest.to_owned() } else { parameters(rest, name, offered).to_string() };
        calls.push(value::call(name, arguments));
    }
    calls
}

fn parameters(text: &str, tool: &str, offered: &Offered<'_>) -> Value {
    let mut fields = Map::new();
    for part in text.split("<parameter=").skip(1) {
        let Some((name, rest)) = part.split_once('>') else { continue };
        let value = rest.rsplit_once("</parameter>").map_or(rest, |(value, _)| value);
        let value = value.strip_prefix('\n').unwrap_or(value);
        let value = value.strip_suffix('\n').unwrap_or(value);
        let name = name.trim().trim_matches(['"', '\'']);
        fields.insert(name.to_owned(), offered.typed(tool, name, value));
    }
    Value::Object(fields)
}
