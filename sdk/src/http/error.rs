//! Why a request brought no answer.

use crate::Failure;

/// Why a request brought no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    #[error("`{url}` is not an address that can be requested: {problem}")]
    Address { url: String, problem: String },
    #[error("the header `{name}` cannot be sent: its name or value is not allowed")]
    Header { name: String },
    /// The host refused it: no grant covers it, or the address is not public.
    #[error("{host} may not be reached from here: {reason}")]
    Denied { host: String, reason: String },
    #[error("there is no host {host}: check the spelling")]
    UnknownHost { host: String },
    #[error("{host} cannot be reached now: {reason}")]
    Unreachable { host: String, reason: String },
    #[error("{host} did not answer in time")]
    TimedOut { host: String },
    #[error("the connection to {host} is not secure: {reason}")]
    Insecure { host: String, reason: String },
    #[error("{host} redirected more than {limit} times, last to {url}")]
    TooManyRedirects { host: String, limit: u32, url: String },
    #[error("{host} answered with something that is not HTTP or broke off: {reason}")]
    Broken { host: String, reason: String },
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        let text = error.to_string();
        match error {
            HttpError::Address { .. } | HttpError::Header { .. } => Self::Invalid(text),
            HttpError::Denied { .. } => Self::Denied(text),
            HttpError::UnknownHost { .. } => Self::NotFound(text),
            HttpError::Unreachable { .. } | HttpError::TimedOut { .. } | HttpError::Broken { .. } => {
                Self::Unavailable(text)
            }
            HttpError::Insecure { .. } | HttpError::TooManyRedirects { .. } => Self::Failed(text),
        }
    }
}
