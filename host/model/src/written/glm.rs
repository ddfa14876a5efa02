//! Keys and values in tags behind a name, as GLM writes them:
//! `<tool_call>list\n<arg_key>path</arg_key>\n<arg_value>.</arg_value>\n</tool_call>`.

use serde_json::{Map, Value};

use super::{Dialect, Offered, value};
use crate::calls::PartialCall;

pub(super) static GLM: Dialect = Dialect {
    name: "keys and values in tags",
    marks: &[("<tool_call>", &["</tool_call>"])],
    plausible: |_, _| true,
    read,
    tokens: false,
    begins_line: false,
    thinks_aloud: false,
};

fn read(body: &str, offered: &Offered<'_>) -> Vec<PartialCall> {
    let body = body.trim();
    let (name, rest) = body.split_at(body.find(['<', '\n', '{']).unwrap_or(body.len()));
    let Some(name) = offered.resolve(name) else { return Vec::new() };
    let rest = rest.trim();
    if rest.starts_with('{') {
        return vec![value::call(&name, rest)];
    }
    let mut fields = Map::new();
    for part in rest.split("<arg_key>").skip(1) {
        let Some((key, rest)) = part.split_once("</arg_key>") else { return Vec::new() };
        let Some((_, rest)) = rest.split_once("<arg_value>") else { return Vec::new() };
        let Some((text, _)) = rest.rsplit_once("</arg_value>") else { return Vec::new() };
        fields.insert(key.trim().to_owned(), offered.typed(&name, key.trim(), text));
    }
    if fields.is_empty() && !rest.is_empty() {
        return Vec::new();
    }
    vec![value::call(&name, Value::Object(fields).to_string())]
}
