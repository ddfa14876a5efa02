//! The tool `git_clone`.

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::{Failure, Output};

use crate::check;
use crate::git::{outside, succeeded};
use crate::remote::Remote;
use crate::token;

/// What to clone, and where to.
#[derive(Deserialize, JsonSchema)]
pub struct Clone {
    /// `https://…`, `git@host:owner/name.git` or a folder of the workspace.
    url: String,
    folder: Option<String>,
    /// Branch or tag.
    branch: Option<String>,
    /// Only so many of the newest commits.
    depth: Option<u32>,
}

/// Clones a repository, without its submodules.
pub fn clone(arguments: Clone) -> Result<Output, Failure> {
    let remote = Remote::read(&arguments.url)?;
    let folder = check::new_folder(arguments.folder.as_deref().unwrap_or_else(|| remote.name()))?;
    let command = token::given(outside("clone"), &remote)?;
    let mut command = command.arguments(["--no-recurse-submodules", "--no-hardlinks", "--template=", "--quiet"]);
    if let Some(branch) = &arguments.branch {
        command = command.argument(format!("--branch={}", check::branch("branch", branch)?));
    }
    if let Some(depth) = arguments.depth.filter(|depth| *depth > 0) {
        command = command.argument(format!("--depth={depth}"));
    }
    succeeded(command.argument("--").argument(remote.url()).argument(&folder).run()?)?;
    Ok(format!("Cloned {} into `{folder}`.", remote.url()).into())
}
