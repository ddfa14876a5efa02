//! The terminal: a chat over a Unix socket of this machine.
//!
//! The daemon's side is `server` (the channel) with `clients` (who is connected, who has seen what); the side of the
//! person is `chat`, which speaks over a `link` and is `interactive` or `piped`. Both sides share `protocol`. Only the
//! user the daemon runs as, and root, may connect.

mod clients;
mod interactive;
mod link;
mod piped;
mod protocol;
mod questions;
mod screen;
mod server;
mod socket;
mod style;
#[cfg(test)]
mod tests;
mod words;

use std::path::{Path, PathBuf};
use std::time::Duration;

use steward_agent::Language;

use crate::ChannelError;
use link::Link;

pub use server::TerminalServer;

/// How a chat in the terminal behaves.
#[derive(Clone, Debug)]
pub struct ChatOptions {
    /// Of the interface; the assistant answers in the language it is spoken to.
    pub language: Language,
    /// Shown at the start of an interactive chat, a line each.
    pub greeting: Vec<String>,
    /// A person sits at a terminal; otherwise standard input is read to its end, line by line.
    pub interactive: bool,
    /// Where the lines typed before are kept.
    pub history: Option<PathBuf>,
    /// How long one answer may take when nobody sits there to interrupt.
    pub patience: Duration,
}

impl ChatOptions {
    /// Without greeting and history, with ten minutes' patience.
    pub fn new(language: Language, interactive: bool) -> Self {
        Self { language, greeting: Vec::new(), interactive, history: None, patience: Duration::from_secs(600) }
    }
}

/// Chats over the socket of a running Steward until the person or the input ends it. It survives a restart of Steward
/// and sends again what was not accepted before.
///
/// # Errors
/// Nobody listens on the socket, it speaks another version, or the terminal fails; when reading from a pipe, also
/// an answer that does not come.
pub async fn chat(socket: &Path, options: ChatOptions) -> Result<(), ChannelError> {
    let link = Link::connect(socket, options.language).await?;
    if options.interactive { interactive::run(link, options).await } else { piped::run(link, options).await }
}
