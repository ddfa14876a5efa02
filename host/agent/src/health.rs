//! How the receiving side of a channel does: told by the channel, kept by the store, shown by `doctor` and `/usage`.

use jiff::Timestamp;

/// The state of a channel's receiving side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// The last successful receive, be it of nothing.
    pub last_ok: Option<Timestamp>,
    /// What went wrong last, in words that name the remedy; kept after it is over.
    pub last_error: Option<String>,
    /// Since when nothing was received without error; `None` while all is well.
    pub failing_since: Option<Timestamp>,
    /// How many times a connection that died in silence was replaced.
    pub renewed: u32,
}
