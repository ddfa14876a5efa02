//! The shell plugin: commands of the machine, run in the workspace.
//!
//! What a command can see and how long it may go on is the host's doing. The tool counts as one that cannot be undone,
//! so that the owner is asked and sees the very command.

pub mod report;

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::process::{self, Finished};
use steward_sdk::{Failure, Output};

steward_sdk::plugin! {
    /// Runs a shell command line in the workspace; gives output and exit code. For what no other tool does: build,
    /// test, convert. The owner is asked first: make it readable. No input, nothing left in the background.
    shell: destructive, requires ["process"] => shell;
}

/// A command line.
#[derive(Deserialize, JsonSchema)]
pub struct Shell {
    command: String,
    folder: Option<String>,
    /// Seconds; else 60.
    timeout: Option<u32>,
    /// It needs the network.
    network: Option<bool>,
}

/// Seconds a command may take if nothing else is said.
const TIMEOUT: u32 = 60;

fn shell(arguments: Shell) -> Result<Output, Failure> {
    if arguments.command.trim().is_empty() {
        return Err(Failure::invalid("`command` is empty: write the command line to run"));
    }
    let finished = match run("bash", &arguments) {
        Err(Failure::NotFound(text)) if text.contains("`bash`") => run("sh", &arguments)?,
        other => other?,
    };
    Ok(report::report(&finished))
}

fn run(program: &str, arguments: &Shell) -> Result<Finished, Failure> {
    let timeout = arguments.timeout.unwrap_or(TIMEOUT);
    let mut command = process::program(program).argument("-c").argument(&arguments.command).seconds(timeout);
    command.folder.clone_from(&arguments.folder);
    command.network = arguments.network.unwrap_or(false);
    command.run()
}
