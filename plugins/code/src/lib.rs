//! The code plugin: runs JavaScript that a model wrote, in an interpreter that is itself inside the sandbox. A script
//! has no network and no files; it reaches the run's other tools, and the host decides whether each call is made.
//! Read `evaluation` first.

pub mod answer;
pub mod console;
pub mod evaluation;
pub mod jobs;
pub mod problem;
pub mod reach;
pub mod rejections;
pub mod script;
pub mod surroundings;
#[cfg(test)]
mod tests;
pub mod text;
pub mod timers;
pub mod tools;

use std::rc::Rc;

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::{Failure, Output, run};

use crate::reach::Run;

steward_sdk::plugin! {
    /// Runs JavaScript (top-level `await`; no network, files, `import` or `require`) and gives its last value, or what
    /// it returns, and what `console.log` printed. Your other tools are functions: `await tools.web_fetch({url})` gives
    /// `{text, data, files}`: the text, the same as JSON or null, paths of files made. A failing tool throws an Error
    /// with a `kind`. `listTools()` describes them. For many calls (`Promise.all`) or a computation; give
    /// back only what matters.
    run_code: read, requires ["tools"] => run_code;
}

/// What to run.
#[derive(Deserialize, JsonSchema)]
pub struct RunCode {
    script: String,
    /// Seconds, without its tool calls.
    #[schemars(range(min = 1, max = 600))]
    timeout: Option<u32>,
}

fn run_code(arguments: RunCode) -> Result<Output, Failure> {
    match arguments.timeout {
        None => {}
        Some(seconds @ 1..=600) => run::end_within(seconds * 1000),
        Some(_) => return Err(Failure::invalid("`timeout` is 1 to 600 seconds")),
    }
    answer::worded(evaluation::evaluate(&arguments.script, Rc::new(Run)))
}
