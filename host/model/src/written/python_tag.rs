//! What Llama 3 writes behind `<|python_tag|>`: JSON with `name` and `parameters`, several with `;` between them. Code behind
//! it is not run.

use super::{Dialect, value};

pub(super) static PYTHON_TAG: Dialect = Dialect {
    name: "Llama 3",
    marks: &[("<|python_tag|>", &["<|eom_id|>", "<|eot_id|>"])],
    plausible: |_, _| true,
    read: |body, _| value::calls(body),
    tokens: true,
    begins_line: false,
    thinks_aloud: false,
};
