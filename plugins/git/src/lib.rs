//! The git plugin: repositories of the workspace.
