//! What can go wrong on a channel, in words that name the remedy. No text here ever carries a token.

use std::path::PathBuf;
use std::time::Duration;

/// Why a channel cannot work, or why the inbox did not take a message.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// The inbox could not keep the message.
    #[error("the message could not be kept: {0}")]
    Inbox(String),
    /// The configured proxy is none.
    #[error("the proxy for Telegram is not usable ({0}): set HTTP_PROXY to an address like http://host:port")]
    Proxy(String),
    /// The HTTP client could not be made.
    #[error("cannot prepare connections to Telegram: {0}")]
    Client(String),
    /// The address of the Bot API server is not a base address.
    #[error("the address of the Telegram server is wrong: {0} (TG_API_URL must look like https://host:port)")]
    ApiUrl(String),
    /// Another Steward listens on the socket.
    #[error("another Steward is already running here (it listens on {0}): stop it first")]
    AlreadyRunning(PathBuf),
    /// The socket for the terminal could not be made or read.
    #[error("the terminal's socket {path} cannot be used: {reason}")]
    Socket {
        /// Where it is.
        path: PathBuf,
        /// In words for people.
        reason: String,
    },
    /// Nobody listens on the socket.
    #[error("Steward is not running (nothing listens on {0}): start it with `steward run`")]
    NotRunning(PathBuf),
    /// The two sides of the terminal speak different versions.
    #[error(
        "this chat speaks version {ours} of the terminal's protocol, the running Steward version {theirs}: \
         restart Steward so that both are of the same version"
    )]
    Version {
        /// Of this program.
        ours: u32,
        /// Of the running Steward.
        theirs: u32,
    },
    /// A question of a script stayed without an answer.
    #[error("no answer came within {} seconds: see the log of Steward", .0.as_secs())]
    NoAnswer(Duration),
    /// The daemon did not take a message.
    #[error("Steward did not take the message: {0}")]
    NotTaken(String),
    /// Whoever read the answers of a script has left.
    #[error("nobody reads the answers any more")]
    NobodyReads,
    /// Standard input or output failed.
    #[error("the terminal cannot be used: {0}")]
    Terminal(String),
}

/// Why a message was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Try again, at the earliest `after` that time where the other side named one.
    #[error("not sent yet: {reason}")]
    Later {
        /// How long the other side wants to be left alone.
        after: Option<Duration>,
        /// In words for people.
        reason: String,
    },
    /// Nobody is connected: wait for [`crate::Channel::ready`].
    #[error("not sent yet: nobody is connected")]
    Offline,
    /// It will never be sent: the person blocked the bot, the chat does not exist.
    #[error("cannot be sent: {reason}")]
    Never {
        /// In words for people.
        reason: String,
    },
}

impl SendError {
    pub(crate) fn later(reason: impl Into<String>) -> Self {
        Self::Later { after: None, reason: reason.into() }
    }

    pub(crate) fn never(reason: impl Into<String>) -> Self {
        Self::Never { reason: reason.into() }
    }
}

/// Why a file could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// It is larger than `limit` bytes.
    #[error("the file is larger than {} MB, the most that can be received", .limit / 1_000_000)]
    TooLarge {
        /// In bytes.
        limit: u64,
    },
    /// The channel no longer has it.
    #[error("the file is no longer there: ask for it to be sent again")]
    Gone,
    /// It may work later.
    #[error("the file could not be received: {0}")]
    Later(String),
}
