//! The tools that only look: `git_status`, `git_diff`, `git_log`.

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::{Failure, Output};

use crate::check;
use crate::git::{Repository, named, succeeded};

/// Which repository.
#[derive(Deserialize, JsonSchema)]
pub struct Status {
    folder: Option<String>,
}

/// Which changes.
#[derive(Deserialize, JsonSchema)]
pub struct Diff {
    folder: Option<String>,
    /// Commit or branch.
    from: Option<String>,
    /// Else the files as they are.
    to: Option<String>,
    #[serde(default)]
    paths: Vec<String>,
    /// Only names and line counts.
    summary: Option<bool>,
}

/// Which commits.
#[derive(Deserialize, JsonSchema)]
pub struct Log {
    folder: Option<String>,
    /// Commit or branch.
    from: Option<String>,
    limit: Option<u32>,
    #[serde(default)]
    paths: Vec<String>,
}

const COMMITS: u32 = 20;
const MOST_COMMITS: u32 = 200;

/// The tool `git_status`.
pub fn status(arguments: Status) -> Result<Output, Failure> {
    let repository = Repository::open(arguments.folder.as_deref())?;
    let text = repository.ask(["status", "--branch", "--porcelain=v1", "--ignore-submodules=dirty"])?;
    let branch = standing(text.lines().find_map(|line| line.strip_prefix("## ")).unwrap_or("no branch"));
    let files: Vec<_> = text.lines().filter(|line| !line.starts_with("##")).collect();
    let changed = match files.len() {
        0 => return Ok(format!("On {branch}; nothing has changed.").into()),
        1 => "1 file changed".to_owned(),
        count => format!("{count} files changed"),
    };
    Ok(format!(
        "On {branch}; {changed} (first two letters: in the index, in the folder):\n{}{}",
        files.join("\n"),
        unfiltered(&repository)?
    )
    .into())
}

/// What is checked out, from how git writes it above the files.
fn standing(printed: &str) -> String {
    match printed.strip_prefix("No commits yet on ") {
        Some(branch) => format!("{branch}, no commits yet"),
        None => printed.to_owned(),
    }
}

/// A note where files that pass through a program differ: they are compared as they are.
fn unfiltered(repository: &Repository) -> Result<String, Failure> {
    let modified = repository.command("ls-files").arguments(["-z", "--modified"]).run()?.output;
    let filtered = if modified.left_out > 0 { Vec::new() } else { repository.filtered(modified.data)? };
    Ok(match filtered.is_empty() {
        true => String::new(),
        false => format!(
            "\n{} may be unchanged: they pass through programs, which are not run here, and are compared as they are.",
            named(&filtered)
        ),
    })
}

/// What is told where there is no commit to compare with.
const NO_COMMITS: &str = "There are no commits yet.";

/// The tool `git_diff`.
pub fn diff(arguments: Diff) -> Result<Output, Failure> {
    let repository = Repository::open(arguments.folder.as_deref())?;
    let mut revisions = vec![check::revision("from", arguments.from.as_deref().unwrap_or("HEAD"))?];
    let paths = paths(&arguments.paths)?;
    if arguments.from.is_none() && !repository.has_commits()? {
        return Ok(format!("{NO_COMMITS} git_status shows the files.").into());
    }
    if let Some(to) = &arguments.to {
        revisions.push(check::revision("to", to)?);
    }
    let mut command =
        repository.command("diff").arguments(["--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty"]);
    if arguments.summary.unwrap_or(false) {
        command = command.argument("--stat");
    }
    let text = succeeded(command.arguments(revisions).argument("--").arguments(paths).run()?)?;
    let note = unfiltered(&repository)?;
    Ok(if text.trim().is_empty() { "Nothing differs.".into() } else { format!("{text}{note}").into() })
}

/// The tool `git_log`.
pub fn log(arguments: Log) -> Result<Output, Failure> {
    let repository = Repository::open(arguments.folder.as_deref())?;
    let from = check::revision("from", arguments.from.as_deref().unwrap_or("HEAD"))?;
    let paths = paths(&arguments.paths)?;
    if arguments.from.is_none() && !repository.has_commits()? {
        return Ok(NO_COMMITS.into());
    }
    let limit = arguments.limit.unwrap_or(COMMITS).clamp(1, MOST_COMMITS);
    let command =
        repository.command("log").arguments(["--no-show-signature", "--date=iso-strict-local", "--no-ext-diff"]);
    let command = command.argument(format!("--max-count={limit}")).argument("--format=%h %ad %an: %s%d");
    let text = succeeded(command.argument(from).argument("--").arguments(paths).run()?)?;
    Ok(if text.trim().is_empty() { "There is no such commit.".into() } else { text.into() })
}

fn paths(paths: &[String]) -> Result<Vec<String>, Failure> {
    paths.iter().map(|path| check::path("paths", path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_without_commits_is_named_first() {
        assert_eq!(standing("No commits yet on master"), "master, no commits yet");
        assert_eq!(standing("main...origin/main [ahead 1]"), "main...origin/main [ahead 1]");
    }
}
