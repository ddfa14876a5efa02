//! What a repository of the workspace brings along.

use steward_sandbox::fuzzing;

use super::Check;

/// A `.git/config`.
pub(super) fn prepare_git_settings() -> anyhow::Result<Check> {
    Ok(Box::new(fuzzing::git_settings))
}
