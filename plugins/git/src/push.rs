//! The tool `git_push`.

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::{Failure, Output};

use crate::check;
use crate::git::{REMOTE, Repository, succeeded};
use crate::remote::Remote;
use crate::token;

/// What to push, and where to.
#[derive(Deserialize, JsonSchema)]
pub struct Push {
    folder: Option<String>,
    /// Else the one checked out.
    branch: Option<String>,
    /// Else `origin`.
    remote: Option<String>,
}

/// What receives on this machine, where the remote is a folder: a stranger's repository has hooks there too.
const RECEIVER: &str = "--receive-pack=git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c \
                        receive.denyCurrentBranch=refuse -c gc.auto=0 -c core.alternateRefsCommand=false receive-pack";

/// Pushes a branch under its own name.
pub fn push(arguments: Push) -> Result<Output, Failure> {
    let name = check::remote("remote", arguments.remote.as_deref().unwrap_or("origin"))?;
    let branch = arguments.branch.as_deref().map(|branch| check::branch("branch", branch)).transpose()?;
    let repository = Repository::open(arguments.folder.as_deref())?;
    let branch = match branch {
        Some(branch) => branch,
        None => check::branch("branch", &repository.branch()?)?,
    };
    // By its address: by its name git would follow what else is set about the remote, programs to run among it.
    let remote = Remote::read(&repository.remote(&name)?)?;
    let mut command = repository.command("push").network().seconds(REMOTE);
    if token::token_for(&remote)?.is_some() {
        repository.settings.check_for_token()?;
        command = token::given(command, &remote)?;
    }
    command = command.arguments(["--no-verify", "--no-recurse-submodules", "--porcelain"]);
    if remote.is_local() {
        command = command.argument(RECEIVER);
    }
    let reference = format!("refs/heads/{branch}:refs/heads/{branch}");
    let told = succeeded(command.argument("--").argument(remote.url()).argument(reference).run()?)?;
    let unchanged = told.lines().any(|line| line.starts_with('='));
    Ok(match unchanged {
        true => format!("{branch} was on {} already.", remote.url()).into(),
        false => format!("Pushed {branch} to {}.", remote.url()).into(),
    })
}
