//! The git plugin: repositories of the workspace, and merge requests by the API of where they are kept.
//!
//! A repository is a stranger's: its hooks, its configuration and its attributes can name programs to run. None of
//! them is run: the host shows git a copy in which they do not stand, see `run-git` in `process.wit`.

pub mod check;
pub mod clone;
pub mod commit;
pub mod git;
pub mod look;
pub mod merge_request;
pub mod push;
pub mod remote;
pub mod service;
pub mod settings;

use crate::clone::clone;
use crate::commit::commit;
use crate::look::{diff, log, status};
use crate::merge_request::merge_request;
use crate::push::push;

steward_sdk::plugin! {
    /// Clones a git repository into a new folder of the workspace. Example:
    /// `{"url": "https://github.com/rust-lang/log", "depth": 1}`
    git_clone: write, requires ["process"] => clone;

    /// Shows the branch of a repository of the workspace and which files have changed.
    git_status: read, requires ["process"] => status;

    /// Shows changes in a repository of the workspace as a patch: those not committed yet, or between two commits.
    git_diff: read, requires ["process"] => diff;

    /// Lists commits of a repository of the workspace, newest first.
    git_log: read, requires ["process"] => log;

    /// Commits changes in a repository of the workspace: all of them, or those of the named paths. With `branch` the
    /// commit goes onto a new branch of that name.
    git_commit: write, requires ["process"] => commit;

    /// Pushes a branch of a repository of the workspace to its remote. Never overwrites what is there. Over https it
    /// uses the secret GITHUB_TOKEN or GITLAB_TOKEN if that is bound to the remote's host.
    git_push: send, requires ["process"] => push;

    /// Opens a merge request (on GitHub: a pull request) for a branch that was pushed. Uses the secret GITHUB_TOKEN or
    /// GITLAB_TOKEN.
    git_merge_request: send, requires ["process", "http", "secrets"] => merge_request;
}
