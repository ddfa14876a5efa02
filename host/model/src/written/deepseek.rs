//! What DeepSeek's tokens frame: a name, and its arguments as JSON, in a fence or bare.

use super::{Dialect, Offered, value};
use crate::calls::PartialCall;

pub(super) static DEEPSEEK: Dialect = Dialect {
    name: "DeepSeek",
    marks: &[
        ("<｜tool▁calls▁begin｜>", &["<｜tool▁calls▁end｜>"]),
        ("<｜tool▁call▁begin｜>", &["<｜tool▁call▁end｜>"]),
    ],
    plausible: |_, _| true,
    read,
    tokens: true,
    begins_line: false,
    thinks_aloud: false,
};

fn read(body: &str, _: &Offered<'_>) -> Vec<PartialCall> {
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
