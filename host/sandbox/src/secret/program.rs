//! Secrets in the environment of a program, by a separate grant: towards which hosts the program sends them is out
//! of sight, so it takes more than the grant of a name.

use super::placeholder;
use super::vault::Known;
use crate::grant::GrantedIn;

/// A value of a variable with secrets put in.
///
/// # Errors
/// The secret was not granted to programs, is not set or cannot be opened.
pub(crate) fn filled(known: &Known, granted: &[String], granted_in: &GrantedIn, value: &str) -> Result<String, String> {
    placeholder::replace(value, |name| {
        if !granted.iter().any(|one| one == name) {
            return Err(format!(
                "the secret {name} may not be given to a program: the owner can add it to {}",
                granted_in.place("process.secrets")
            ));
        }
        let value = known.value(name).map(str::to_owned);
        value.ok_or_else(|| format!("the secret {name} is not set. The owner sets it with `steward secret set {name}`"))
    })
}
