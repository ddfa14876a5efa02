//! Where fuzzing gets at the parsers of plugins and repositories. Nothing else calls this.
//!
//! Each function panics where something is broken that must hold. One file for each kind of input.

mod functions;
mod manifests;
mod sections;

pub use crate::capability::process::git_settings;
pub use functions::{Functions, Types};
pub use manifests::manifest;
pub use sections::section;
