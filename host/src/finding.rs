//! What `steward doctor` found at one place.

/// How one check came out.
pub(crate) enum Finding {
    Good(String),
    /// Works, but the owner may want to know.
    Note(String),
    Bad {
        what: String,
        remedy: String,
    },
}

impl Finding {
    pub(crate) fn bad(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Bad { what: what.into(), remedy: remedy.into() }
    }
}
