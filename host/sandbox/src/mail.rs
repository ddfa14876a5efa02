//! Messages on their way to people. They wait in the outbox; whether one may be written at all, and to whom, is decided
//! by the capability that writes it.

use jiff::Timestamp;
use steward_agent::Outgoing;
use steward_store::Store;

use crate::bindings::Failure;

/// The outbox, to put messages into.
#[derive(Clone, Copy)]
pub(crate) struct Mail<'a>(pub(crate) &'a Store);

impl Mail<'_> {
    /// Puts messages on their way. Done once for each key, that of the host call that asks.
    pub(crate) async fn put(self, messages: Vec<Outgoing>, key: &str, now: Timestamp) -> Result<(), Failure> {
        self.0.enqueue(messages, Some(key), now).await?;
        Ok(())
    }
}
