//! Secrets in the environment of a program, by a grant of their own: towards which hosts the program sends them is out
//! of sight, so it takes more than the grant of a name.

use super::placeholder;
use super::vault::Known;

/// A value of a variable with secrets put in.
///
/// # Errors
/// The secret was not granted to programs, is not set or cannot be opened.
pub(crate) fn filled(known: &Known, granted: &[String], value: &str) -> Result<String, String> {
    placeholder::replace(value, |name| {
        if !granted.iter().any(|one| one == name) {
            return Err(format!(
                "the secret {name} may not be given to a program: it is not in `process.secrets` of the plugin.toml"
            ));
        }
        let value = known.value(name).map(str::to_owned);
        value.ok_or_else(|| format!("the secret {name} is not set. The owner sets it with `steward secret set {name}`"))
    })
}
