//! Tells from what a server answered why it gave no vectors, and whether asking again may help.

use std::time::Duration;

use serde_json::Value;

use crate::EmbedError;
use crate::retry::{Again, Failure};

/// Characters of a server's own words that are kept.
const REASON_CHARS: usize = 300;

/// The server cannot be reached, or fell silent.
pub(super) fn unreachable(address: &str, reason: String) -> Failure {
    Failure { error: EmbedError::Unreachable { address: address.to_owned(), reason }, again: Again::Soon }
}

/// The server answered what cannot be understood.
pub(super) fn garbled(address: &str, reason: String) -> Failure {
    Failure { error: EmbedError::Invalid { address: address.to_owned(), reason }, again: Again::Soon }
}

/// What a server answered instead of vectors.
pub(super) struct Complaint<'a> {
    pub(super) address: &'a str,
    pub(super) status: u16,
    /// Where it sends us on to.
    pub(super) redirect: Option<&'a str>,
    pub(super) retry_after: Option<Duration>,
    /// JSON or text.
    pub(super) body: &'a str,
    /// So that it can be taken out where the server repeats it.
    pub(super) key: Option<&'a str>,
}

impl Complaint<'_> {
    pub(super) fn into_failure(self) -> Failure {
        let (address, reason) = (self.address.to_owned(), self.reason());
        let again = self.retry_after.map_or(Again::Soon, Again::After);
        match self.status {
            401..=403 => Failure { error: EmbedError::Refused { address, reason }, again: Again::Never },
            429 | 503 | 529 => Failure { error: EmbedError::Overloaded { address, reason }, again },
            408 | 502 | 504 | 520..=524 => Failure { error: EmbedError::Unreachable { address, reason }, again },
            409 | 500.. => Failure { error: EmbedError::Invalid { address, reason }, again },
            _ => Failure { error: EmbedError::Invalid { address, reason }, again: Again::Never },
        }
    }

    /// The server's own words, without the key, or the bare status where it had none.
    fn reason(&self) -> String {
        if let Some(to) = self.redirect {
            return format!("it sends us on to {to}: correct the address in the configuration");
        }
        let mut words = message_of(self.body).unwrap_or_else(|| self.body.to_owned());
        if let Some(key) = self.key.filter(|key| !key.is_empty()) {
            words = words.replace(key, "…");
        }
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let words: String = words.chars().take(REASON_CHARS).collect();
        let remedy = if self.status == 404 { "; check the address and the model's name" } else { "" };
        if words.is_empty() {
            format!("HTTP {}{remedy}", self.status)
        } else {
            format!("{words} (HTTP {}){remedy}", self.status)
        }
    }
}

/// The message in an error's JSON, in any of the shapes servers use.
fn message_of(body: &str) -> Option<String> {
    let json: Value = serde_json::from_str(body).ok()?;
    let error = json.get("error").unwrap_or(&json);
    let found = ["message", "detail", "error"].iter().find_map(|field| error.get(field)?.as_str());
    error.as_str().or(found).map(str::to_owned)
}
