//! Secrets by name. A plugin never sees a value: it writes [`placeholder`] where the value belongs in a request, and
//! the host puts it in on the way to the hosts the owner bound it to. Needs the grant `secrets`.
//!
//! ```no_run
//! use steward_sdk::{Failure, http, secrets};
//!
//! fn issues() -> Result<String, Failure> {
//!     let known = secrets::list()?;
//!     if !known.iter().any(|secret| secret.name == "EXAMPLE_TOKEN" && secret.is_set) {
//!         secrets::ask("EXAMPLE_TOKEN", "To read your issues.")?;
//!         return Err(Failure::unavailable("the owner was asked for EXAMPLE_TOKEN: try again when it is set"));
//!     }
//!     let answer = http::get("https://api.example.org/issues").bearer("EXAMPLE_TOKEN").send()?;
//!     Ok(answer.successful()?.text())
//! }
//! ```

use crate::Failure;
use crate::bindings::steward::plugin::secrets as host;

pub use host::Secret;

/// The word that stands for a secret in a header's value, an address or a small text body: `{{secret:NAME}}`.
pub fn placeholder(name: &str) -> String {
    format!("{{{{secret:{name}}}}}")
}

/// The secrets this plugin was granted, set or not.
///
/// # Errors
/// The host cannot tell now.
pub fn list() -> Result<Vec<Secret>, Failure> {
    host::list()
}

/// Asks the owner to set a secret that this plugin was granted; `reason` tells them what for, in a sentence.
///
/// # Errors
/// It was not granted or is set already, or the owner cannot be reached.
pub fn ask(name: &str, reason: &str) -> Result<(), Failure> {
    host::ask(name, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_is_what_the_host_looks_for() {
        assert_eq!(placeholder("GITHUB_TOKEN"), "{{secret:GITHUB_TOKEN}}");
    }
}
