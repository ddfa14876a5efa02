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
    /// Clones a git repository into a new folder.
    git_clone: write, requires ["process"] => clone;

    /// Shows branch and changed files of a repository. `folder` is the repository, for all git tools; the workspace
    /// itself if left out.
    git_status: read, requires ["process"] => status;

    /// Shows changes as a patch: uncommitted, or between two commits.
    git_diff: read, requires ["process"] => diff;

    /// Lists commits, newest first.
    git_log: read, requires ["process"] => log;

    /// Commits all changes, or those of the named paths.
    git_commit: write, requires ["process"] => commit;

    /// Pushes a branch, never overwriting. Over https with the secret GITHUB_TOKEN or GITLAB_TOKEN, if bound to that
    /// host.
    git_push: send, requires ["process"] => push;

    /// Opens a merge request (GitHub: pull request) for a pushed branch, with the same secret.
    git_merge_request: send, requires ["process", "http", "secrets"] => merge_request;
}
