//! Secrets of the owner: sealed on disk, known to the host alone, put into requests at the edge and taken out of what
//! comes back. No value reaches a guest or a model.
//!
//! Read `vault` first, then `edge` for what happens to a request.

pub(crate) mod edge;
mod finder;
mod passage;
mod placeholder;
pub(crate) mod program;
mod seal;
mod vault;

pub use seal::KeySource;
pub use vault::{Known, SecretInfo, Vault};

/// The longest name, in characters.
const NAME_LENGTH: usize = 64;
/// The shortest value, in bytes: a shorter one could not be told from ordinary words.
const SHORTEST: usize = 8;
/// The longest value, in bytes.
const LONGEST: usize = 4096;

/// What can go wrong with secrets outside of a call.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("`{0}` is not a name for a secret: use capitals, digits and `_`, at most {NAME_LENGTH}: GITHUB_TOKEN")]
    Name(String),
    #[error("the value {0}")]
    Value(String),
    #[error("a secret needs a host it may be sent to: add --host api.example.org")]
    NoHosts,
    #[error("`{0}` is not a host for a secret: write api.example.org, *.example.org or 192.168.1.5:8123")]
    Host(String),
    #[error("{0}")]
    Key(String),
    #[error("{name} cannot be opened with the key of this installation: set it again, or bring back {key}")]
    Sealed { name: String, key: String },
    #[error(transparent)]
    Store(#[from] steward_store::StoreError),
}

/// Whether a text can be the name of a secret.
pub(crate) fn is_name(text: &str) -> bool {
    let fits = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_';
    (1..=NAME_LENGTH).contains(&text.len()) && text.bytes().all(fits)
}

fn check_value(value: &str) -> Result<(), SecretError> {
    let wrong = |problem: String| Err(SecretError::Value(problem));
    match value.len() {
        0 => wrong("is empty: type it, or give it on standard input".to_owned()),
        short @ ..SHORTEST => wrong(format!(
            "has {short} characters, and fewer than {SHORTEST} cannot be told from ordinary words: use a longer one"
        )),
        long if long > LONGEST => wrong(format!("has {long} bytes and at most {LONGEST} are kept: use a shorter one")),
        _ if value.chars().any(char::is_control) => {
            wrong("has a line break or control character: a secret is one line".to_owned())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_environment_variables() {
        for name in ["GITHUB_TOKEN", "A", "KEY_2"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "token", "A B", "A}}", "Ä", &"A".repeat(65)] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn a_value_that_cannot_be_guarded_is_refused() {
        for (value, told) in [("", "is empty"), ("short", "5 characters"), ("two\nlines here", "line break")] {
            let error = check_value(value).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
        assert!(check_value(&"x".repeat(LONGEST)).is_ok() && check_value(&"x".repeat(LONGEST + 1)).is_err());
    }
}
