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
    /// Runs a command line with the shell, in the workspace or a folder of it, and gives what it printed and its exit
    /// code. Use it for what the other tools cannot do: to build, to test, to convert files. The owner is asked first
    /// and sees the command, so give one that does the whole job and can be read at a glance. There is nobody to answer
    /// a question the command asks, and nothing goes on in the background after it. Example: `{"command": "pdftotext
    /// letter.pdf - | head -50", "folder": "uploads"}`
    shell: destructive, requires ["process"] => shell;
}

/// A command line.
#[derive(Deserialize, JsonSchema)]
pub struct Shell {
    /// The command line, as it would be typed into a terminal.
    command: String,
    /// The folder of the workspace to run it in, such as `projects/site`; the workspace itself if left out.
    folder: Option<String>,
    /// The most seconds it may take; 60 if left out.
    timeout: Option<u32>,
    /// Whether it needs the network, which the owner has to have allowed; false if left out.
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
