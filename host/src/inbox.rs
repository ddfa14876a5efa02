//! Where channels put what came in: on disk, before they confirm its receipt to the other side.

use async_trait::async_trait;
use jiff::Timestamp;
use steward_agent::{Address, Envelope, Incoming};
use steward_channel::{ChannelError, Inbox};
use steward_store::{Received, Store};

pub(crate) struct StoredInbox {
    pub(crate) store: Store,
}

#[async_trait]
impl Inbox for StoredInbox {
    async fn accept(&self, envelope: Envelope) -> Result<(), ChannelError> {
        let (channel, id) = (envelope.address.channel.clone(), envelope.external_id.clone());
        match self.store.receive(&Incoming::Message(envelope), Timestamp::now()).await {
            Ok(Received::New(row)) => tracing::debug!(%row, channel, "message received"),
            Ok(Received::Duplicate) => tracing::debug!(channel, id, "message was received before"),
            Err(error) => return Err(ChannelError::Inbox(error.to_string())),
        }
        Ok(())
    }

    async fn is_behind(&self, to: &Address) -> bool {
        // What cannot be told is not worth keeping anybody waiting for.
        self.store.has_outgoing(to).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the outbox cannot be read");
            false
        })
    }
}
