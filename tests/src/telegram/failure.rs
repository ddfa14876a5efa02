//! The ways in which a request can go wrong at the test's wish.

use crate::gate::Gate;

/// What happens to a request instead of, or around, what it asks for.
#[derive(Clone, Debug)]
pub enum Failure {
    /// 429: nothing is done, and the bot is to wait that many seconds.
    TooMany {
        /// Seconds.
        retry_after: u32,
    },
    /// 502 with a page of HTML, as the proxy before the server sends it.
    BadGateway,
    /// The connection is cut, nothing is done.
    Cut,
    /// What was asked is done, then the connection is cut before the answer.
    CutAfter,
    /// Nothing is done and no answer ever comes; the connection stays open.
    Hang,
    /// Nothing is done before the gate opens.
    HoldBefore(Gate),
    /// What was asked is done at once, but the answer waits for the gate.
    HoldAfter(Gate),
    /// An error in the server's form.
    Refuse {
        /// Such as 400.
        code: u16,
        /// Telegram's words.
        description: String,
    },
    /// 200 with these bytes.
    Garbage(String),
}
