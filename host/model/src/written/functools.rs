//! A list of calls behind a word, as Phi 4 mini writes it: `functools[{"name": "list", "arguments": {"path": "."}}]`.

use super::{Dialect, bare, value};

pub(super) static FUNCTOOLS: Dialect = Dialect {
    name: "functools",
    marks: &[("functools", &[])],
    plausible: |body, _| {
        let inner = body.trim_start().strip_prefix('[');
        inner.map_or(body.trim().is_empty(), value::begins_as_call)
    },
    read: |body, _| value::whole_calls(bare::without_tokens(body)),
    tokens: false,
    begins_line: true,
    thinks_aloud: false,
};
