//! Thought, action and its input on their own lines, as ReAct's prompts taught models:
//! `Action: list\nAction Input: {"path": "."}`.

use super::{Dialect, Offered, value};
use crate::calls::PartialCall;

pub(super) static REACT: Dialect = Dialect {
    name: "ReAct",
    marks: &[("action:", &[])],
    plausible,
    read,
    tokens: false,
    begins_line: true,
    thinks_aloud: true,
};

fn plausible(body: &str, offered: &Offered<'_>) -> bool {
    let Some((name, rest)) = body.split_once('\n') else {
        return body.trim().is_empty() || offered.begins(body.trim());
    };
    let (rest, input) = (rest.trim_start().to_lowercase(), "action input:");
    offered.resolve(name).is_some() && (rest.starts_with(input) || input.starts_with(&rest))
}

fn read(body: &str, offered: &Offered<'_>) -> Vec<PartialCall> {
    let Some((name, rest)) = body.split_once('\n') else { return Vec::new() };
    let rest = rest.trim_start();
    let Some(input) = rest.get(..13).filter(|head| head.eq_ignore_ascii_case("action input:")).map(|_| &rest[13..])
    else {
        return Vec::new();
    };
    // Models continue with the answer they expect.
    let input = input.split("\nObservation:").next().unwrap_or(input).trim();
    let Some(name) = offered.resolve(name).filter(|name| value::is_complete(input, name)) else { return Vec::new() };
    vec![value::call(&name, input)]
}
