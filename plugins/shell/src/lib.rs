//! The shell plugin: commands of the machine, run in the workspace.
