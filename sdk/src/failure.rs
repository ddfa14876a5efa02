//! Making failures: by hand with a constructor for each case, or from other errors by `?`.

use std::io;

use crate::Failure;

impl Failure {
    /// The arguments do not fit. Say which one, and what would.
    pub fn invalid(text: impl Into<String>) -> Self {
        Self::Invalid(text.into())
    }

    /// The one who asks may not do this.
    pub fn denied(text: impl Into<String>) -> Self {
        Self::Denied(text.into())
    }

    /// The thing named does not exist.
    pub fn not_found(text: impl Into<String>) -> Self {
        Self::NotFound(text.into())
    }

    /// It cannot be done now; trying later may help.
    pub fn unavailable(text: impl Into<String>) -> Self {
        Self::Unavailable(text.into())
    }

    /// Anything else that went wrong.
    pub fn failed(text: impl Into<String>) -> Self {
        Self::Failed(text.into())
    }

    /// What the model reads.
    pub fn text(&self) -> &str {
        match self {
            Self::Invalid(text)
            | Self::Denied(text)
            | Self::NotFound(text)
            | Self::Unavailable(text)
            | Self::Failed(text) => text,
        }
    }

    /// The same case with another text, made from the old one.
    #[must_use]
    pub fn map_text(self, change: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Invalid(text) => Self::Invalid(change(text)),
            Self::Denied(text) => Self::Denied(change(text)),
            Self::NotFound(text) => Self::NotFound(change(text)),
            Self::Unavailable(text) => Self::Unavailable(change(text)),
            Self::Failed(text) => Self::Failed(change(text)),
        }
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self::Failed(text)
    }
}

impl From<&str> for Failure {
    fn from(text: &str) -> Self {
        Self::Failed(text.to_owned())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Failed(format!("the JSON could not be read or written: {error}"))
    }
}

impl From<std::fmt::Error> for Failure {
    fn from(error: std::fmt::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<std::string::FromUtf8Error> for Failure {
    fn from(error: std::string::FromUtf8Error) -> Self {
        Self::Failed(format!("the data is not UTF-8 text: {error}"))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let text = error.to_string();
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound(text),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::Denied(text),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidFilename => Self::Invalid(text),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::ResourceBusy => {
                Self::Unavailable(text)
            }
            _ => Self::Failed(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<u32, Failure> {
        Ok(serde_json::from_str(text)?)
    }

    fn open(path: &str) -> Result<std::fs::File, Failure> {
        Ok(std::fs::File::open(path)?)
    }

    #[test]
    fn common_errors_become_failures() {
        assert!(matches!(parse("x").unwrap_err(), Failure::Failed(text) if text.contains("JSON")));
        assert!(matches!(open("/nowhere/at/all").unwrap_err(), Failure::NotFound(_)));
        assert_eq!(Failure::from("no"), Failure::failed("no"));
    }

    #[test]
    fn a_changed_text_keeps_the_case() {
        let failure = Failure::denied("not there").map_text(|text| format!("a.txt: {text}"));
        assert_eq!(failure, Failure::denied("a.txt: not there"));
        assert_eq!(failure.text(), "a.txt: not there");
    }
}
