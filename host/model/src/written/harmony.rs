//! What gpt-oss writes where its server leaves its channels in the text:
//! `<|channel|>commentary to=functions.list <|constrain|>json<|message|>{"path": "."}<|call|>`.

use super::{Dialect, Offered, value};
use crate::calls::PartialCall;

/// Begun by whoever reads the channel's header, which stands at the beginning.
pub(crate) static HARMONY: Dialect = Dialect {
    name: "gpt-oss",
    marks: &[("<|channel|>", &["<|call|>", "<|end|>", "<|return|>"])],
    plausible: |_, _| true,
    read,
    tokens: true,
    begins_line: false,
    thinks_aloud: false,
};

fn read(body: &str, _: &Offered<'_>) -> Vec<PartialCall> {
    let Some((header, arguments)) = body.split_once("<|message|>") else { return Vec::new() };
    let Some((_, to)) = header.split_once("to=") else { return Vec::new() };
    let name = to.split([' ', '<', '\n']).next().unwrap_or_default();
    let name = name.strip_prefix("functions.").unwrap_or(name);
    if name.is_empty() { Vec::new() } else { vec![value::call(name, arguments.trim())] }
}
