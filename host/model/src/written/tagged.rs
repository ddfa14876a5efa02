//! JSON between tags: Hermes, Qwen and Granite (`<tool_call>`), Nemotron, Phi, InternLM, Cohere, Jamba, Apertus and others
//! that differ only in the tags.

use super::{Dialect, Offered, value};
use crate::calls::PartialCall;

pub(super) static TAGGED: Dialect = Dialect {
    name: "tagged JSON",
    marks: &[
        ("<tool_call>", &["</tool_call>"]),
        ("<tool_calls>", &["</tool_calls>"]),
        ("<|tool_call|>", &["<|/tool_call|>", "<|end_tool_call|>"]),
        ("<|tool_calls|>", &["<|/tool_calls|>"]),
        ("<function_call>", &["</function_call>"]),
        ("<functioncall>", &["</functioncall>"]),
        ("<toolcall>", &["</toolcall>"]),
        ("<longcat_tool_call>", &["</longcat_tool_call>"]),
        ("<|action_start|><|plugin|>", &["<|action_end|>"]),
        ("<|start_action|>", &["<|end_action|>"]),
        ("<tool_code>", &["</tool_code>"]),
    ],
    plausible,
    read: |body, _| read(body),
    tokens: false,
    begins_line: false,
    thinks_aloud: false,
};

fn read(body: &str) -> Vec<PartialCall> {
    let body = body.trim();
    // Some open the same tag once more where they meant to close it.
    let body = ["<tool_call>", "</tool_call"].iter().fold(body, |body, tag| body.trim_end_matches(tag).trim_end());
    value::calls(body)
}

/// JSON, the functions of Qwen's coder, or a name as GLM writes it.
fn plausible(body: &str, offered: &Offered<'_>) -> bool {
    let body = body.trim_start();
    let name: String = body.chars().take_while(|c| c.is_alphanumeric() || "_-.".contains(*c)).collect();
    let tags = ["<function=", "<function ", "<invoke", "<arg_key>"];
    let tag = tags.iter().any(|tag| body.starts_with(tag) || tag.starts_with(body));
    body.is_empty() || body.starts_with(['{', '[', '`']) || tag || (!name.is_empty() && offered.begins(&name))
}
