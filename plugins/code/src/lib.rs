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
    /// Runs JavaScript in a sandbox without network and files, and gives the value of the last expression (or what the
    /// script returns) and what it printed with `console.log`. Your other tools are functions in it:
    /// `const page = await tools.web_fetch({url})` gives `{text, data, files}`, where `text` is what you would read
    /// yourself, `data` the same as JSON (null if the tool gives none) and `files` the paths of files it made. A tool
    /// that fails throws an Error with a `kind`: invalid, denied, not-found, unavailable or failed. `listTools()` gives
    /// the name, description and schema of each tool.
    ///
    /// Use it where you would need many calls or a computation: loop over things, filter, add up, make calls at the
    /// same time with `Promise.all`, and give back only what matters, for all of it is one step.
    ///
    /// Example: `{"script": "const days = ['2026-11-18', '2026-11-19'];\nconst logs = await Promise.all(days.map(day =>
    /// tools.memory_read({path: `memory/${day}.md`})));\nlogs.map(log => log.text.split('\\n').length)"}`
    run_code: read, requires ["tools"] => run_code;
}

/// What to run.
#[derive(Deserialize, JsonSchema)]
pub struct RunCode {
    /// JavaScript (not TypeScript). `await` works everywhere in it; there is no `import`, `require` or `fetch`.
    script: String,
    /// Seconds the script may take for itself, without the time its tool calls take; as long as any tool if left out.
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
