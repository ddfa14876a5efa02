//! What DeepSeek's tokens frame: a name, and its arguments as JSON, in a fence or bare. Some servers and small models write
//! the tokens with the `|` and `_` of ASCII.

use super::{Dialect, Offered, value};
use crate::calls::PartialCall;

pub(super) static DEEPSEEK: Dialect = Dialect {
    name: "DeepSeek",
    marks: &[
        ("<｜tool▁calls▁begin｜>", &["<｜tool▁calls▁end｜>"]),
        ("<｜tool▁call▁begin｜>", &["<｜tool▁call▁end｜>"]),
        ("<|tool▁calls▁begin|>", &["<|tool▁calls▁end|>"]),
        ("<|tool▁call▁begin|>", &["<|tool▁call▁end|>"]),
        ("<|tool_calls_begin|>", &["<|tool_calls_end|>"]),
    ],
    plausible: |_, _| true,
    read,
    tokens: true,
    begins_line: false,
    thinks_aloud: false,
};

fn read(body: &str, _: &Offered<'_>) -> Vec<PartialCall> {
    let body = canonical(body);
    let mut calls = Vec::new();
    for part in body.split("<｜tool▁call▁begin｜>").filter(|part| !part.trim().is_empty()) {
        let part = part.split("<｜tool▁call▁end｜>").next().unwrap_or(part);
        let Some((head, rest)) = part.split_once("<｜tool▁sep｜>") else { return Vec::new() };
        // Until version 3.1 the kind stood first, and the name on the line behind it.
        let (name, arguments) = match head.trim() {
            "function" => rest.split_once('\n').unwrap_or((rest, "")),
            name => (name, rest),
        };
        calls.push(value::call(name, arguments.trim()));
    }
    calls
}

/// The tokens in DeepSeek's own letters, whatever they are written with; nothing else is changed.
fn canonical(body: &str) -> String {
    let tokens = ["<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>", "<｜tool▁sep｜>"];
    tokens.iter().fold(body.to_owned(), |body, token| {
        let bars = token.replace('｜', "|");
        body.replace(&bars.replace('▁', "_"), token).replace(&bars, token)
    })
}
