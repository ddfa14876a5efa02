//! Where people talk to Steward: Telegram and the terminal.
//!
//! A channel carries messages in and out and knows nothing of sessions, models or permissions. What comes in is given
//! to an [`Inbox`] before its receipt is confirmed to the other side; what goes out lies in the outbox, whose keeper
//! calls [`Channel::send`] until it succeeds. Read `telegram.rs` and `terminal.rs` next.

#![warn(missing_docs)]

mod error;
mod health;
mod literal;
pub mod telegram;
pub mod terminal;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use steward_agent::{Address, Attachment, Draft, Envelope, Outgoing, Question};
use tokio::io::AsyncWrite;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub use error::{ChannelError, FetchError, SendError};
pub use literal::literal;
pub use steward_agent::Health;
pub use telegram::{MenuEntry, Telegram, TelegramConfig};
pub use terminal::{ChatOptions, TerminalServer, chat};

/// Takes what came in.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Keeps the message; returns when it is on disk. A message whose channel and external id are known already is
    /// a repeated delivery: it is ignored and that is no error.
    ///
    /// # Errors
    /// [`ChannelError::Inbox`] when it could not be kept; the channel offers the message again later.
    async fn accept(&self, envelope: Envelope) -> Result<(), ChannelError>;

    /// Whether messages to there still wait to be sent or are on their way.
    async fn is_behind(&self, _to: &Address) -> bool {
        false
    }
}

/// One way to reach people.
#[async_trait]
pub trait Channel: Send + Sync {
    /// As in [`Address::channel`].
    fn name(&self) -> &'static str;

    /// From now on people can reach it; what they send waits for [`Channel::run`].
    ///
    /// # Errors
    /// Nobody can reach it; the text says what to do.
    async fn open(&self) -> Result<(), ChannelError> {
        Ok(())
    }

    /// Receives until stopped. It mends what retrying can mend by itself.
    ///
    /// # Errors
    /// Only what retrying cannot mend; the text says what to do.
    async fn run(&self, inbox: Arc<dyn Inbox>, stop: CancellationToken) -> Result<(), ChannelError>;

    /// Sends the final message; it may become several on the wire. Called again with the same message after a
    /// failure, it goes on where it stopped.
    async fn send(&self, message: &Outgoing) -> Result<(), SendError>;

    /// From now on messages to there go before all others, where messages wait for each other.
    fn prefer(&self, _to: &Address) {}

    /// Shows that an answer is being written. Best effort.
    async fn typing(&self, to: &Address);

    /// Shows the answer as it has grown so far: makes the message the first time and returns its id, changes it
    /// later. It throttles itself, so it may do nothing and return the draft it was given. `text` is Markdown.
    async fn draft(&self, to: &Address, draft: Option<&Draft>, text: &str) -> Result<Option<Draft>, SendError>;

    /// How long an answer is being written before it is worth showing unfinished: where each message is dear, what is
    /// complete within this time comes as one.
    fn draft_after(&self) -> Duration {
        Duration::ZERO
    }

    /// Shows a question that waits for a decision, and gives the channel's own id of it. `shown` is what an earlier
    /// call gave, also one before a restart. The answer comes in as a message: the command of the choice.
    async fn ask(&self, question: &Question, shown: Option<&Draft>) -> Result<Draft, SendError>;

    /// Shows how the question was decided; it can no longer be answered. `verdict` is Markdown.
    async fn settle(&self, question: &Question, shown: &Draft, verdict: &str) -> Result<(), SendError>;

    /// Whether the channel has a place for lines about tool calls.
    fn shows_tools(&self) -> bool {
        true
    }

    /// Shows one line about a tool call, where the channel has a place for it.
    async fn tool_started(&self, to: &Address, line: &str);

    /// Copies the file into `into` and returns its bytes. After an error, what was written so far is worthless.
    async fn fetch(
        &self,
        attachment: &Attachment,
        into: &mut (dyn AsyncWrite + Send + Unpin),
    ) -> Result<u64, FetchError>;

    /// Notified when sending became possible again after [`SendError::Offline`].
    fn ready(&self) -> &Notify;

    /// How receiving goes.
    fn health(&self) -> Health;
}
