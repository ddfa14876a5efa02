//! The tool `git_push`.

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::{Failure, Output};

use crate::check;
use crate::git::{REMOTE, Repository, succeeded};
use crate::remote::Remote;

/// What to push, and where to.
#[derive(Deserialize, JsonSchema)]
pub struct Push {
    folder: Option<String>,
    /// Else the one checked out.
    branch: Option<String>,
    /// Else `origin`.
    remote: Option<String>,
}

/// Pushes a branch under its own name.
pub fn push(arguments: Push) -> Result<Output, Failure> {
    let name = check::remote("remote", arguments.remote.as_deref().unwrap_or("origin"))?;
    let branch = arguments.branch.as_deref().map(|branch| check::branch("branch", branch)).transpose()?;
    let repository = Repository::open(arguments.folder.as_deref())?;
    let branch = match branch {
        Some(branch) => branch,
        None => check::branch("branch", &repository.branch()?)?,
    };
    // By its address, which the host hands to git in a form of its own: a name leads where the settings say.
    let remote = Remote::read(&repository.remote(&name)?)?;
    remote.check_reached()?;
    let command = repository.command("push").address(remote.url()).seconds(REMOTE);
    let command = command.arguments(["--no-verify", "--no-recurse-submodules", "--porcelain", "--", "{address}"]);
    let told = succeeded(command.argument(format!("refs/heads/{branch}:refs/heads/{branch}")).run()?)?;
    let unchanged = told.lines().any(|line| line.starts_with('='));
    Ok(match unchanged {
        true => format!("{branch} was on {} already.", remote.url()).into(),
        false => format!("Pushed {branch} to {}.", remote.url()).into(),
    })
}
