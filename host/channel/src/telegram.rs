//! Telegram over the Bot API, by long polling.
//!
//! Receiving (`poll`, `receive`, `part`, `links`, `attachment`) and sending (`send`, `draft`, `ask`, `fetch`) share nothing but the `client`,
//! so calls that go out well never hide that nothing comes in. `render`, `table`, `rich` and `split` make messages
//! from Markdown. Who may speak to the assistant is decided elsewhere.

mod ask;
mod attachment;
mod client;
mod commands;
mod draft;
mod fetch;
#[doc(hidden)]
pub mod fuzzing;
mod links;
mod part;
mod places;
mod poll;
mod receive;
mod render;
mod rich;
mod send;
mod split;
mod table;
#[cfg(test)]
mod tests;
mod throttle;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use steward_agent::{Address, Attachment, Draft, Outgoing, Question};
use teloxide::payloads::{GetMe, SendChatAction};
use teloxide::types::{ChatAction, ChatId};
use tokio::io::AsyncWrite;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::health::Pulse;
use crate::{Channel, ChannelError, FetchError, Health, Inbox, SendError};
use client::Client;
pub use commands::MenuEntry;
use poll::{Me, Poller};
use send::{Progress, Sender, chat_id};
use throttle::Throttle;

/// The sign of writing fades after this, so a later one is of no use.
const TYPING: Duration = Duration::from_secs(5);

/// How to reach Telegram.
#[derive(Clone)]
pub struct TelegramConfig {
    /// From @BotFather.
    pub token: String,
    /// Base address of the Bot API server; `None` is Telegram's own.
    pub api_url: Option<Url>,
    /// `http://host:port`; `None` is what the environment says. A server on this machine is reached without one.
    pub proxy: Option<String>,
    /// How long the server may keep a poll open when nothing happens; whole seconds.
    pub poll_timeout: Duration,
    /// How much longer than `poll_timeout` a poll may stay silent before its connection counts as dead.
    pub silence: Duration,
    /// How long any other call may take.
    pub call_timeout: Duration,
    /// The first pause after a failure; it doubles up to `retry_max`.
    pub retry: Duration,
    /// The longest pause after a failure.
    pub retry_max: Duration,
    /// The shortest time between two edits of a growing message.
    pub edit_interval: Duration,
    /// An answer that is complete within this time of its first word is not shown growing.
    pub draft_after: Duration,
    /// The commands that the bot's menu offers.
    pub menu: Vec<MenuEntry>,
}

impl TelegramConfig {
    /// The settings for daily use.
    pub fn new(token: impl Into<String>) -> Self {
        Self {
            token: token.into(),
            api_url: None,
            proxy: None,
            poll_timeout: Duration::from_secs(50),
            silence: Duration::from_secs(10),
            call_timeout: Duration::from_secs(30),
            retry: Duration::from_secs(1),
            retry_max: Duration::from_secs(60),
            edit_interval: Duration::from_millis(1200),
            draft_after: Duration::from_millis(400),
            menu: Vec::new(),
        }
    }
}

/// What a chat shows of this Markdown, without its marks.
#[cfg(test)]
pub(crate) fn plain_text(markdown: &str) -> String {
    render::render(markdown).text
}

impl fmt::Debug for TelegramConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelegramConfig")
            .field("api_url", &self.api_url.as_ref().map(Url::as_str))
            .finish_non_exhaustive()
    }
}

/// The channel `telegram`. A chat's address is its number in decimal.
pub struct Telegram {
    config: TelegramConfig,
    client: Client,
    throttle: Throttle,
    progress: Progress,
    pulse: Pulse,
    ready: Notify,
}

impl Telegram {
    /// As in [`Address::channel`].
    pub const NAME: &'static str = "telegram";

    /// Prepares the channel; nothing is sent before [`Channel::run`]. The process must have a default crypto provider
    /// of rustls before this.
    ///
    /// # Errors
    /// The address of the server or of the proxy is none.
    pub fn new(config: TelegramConfig) -> Result<Self, ChannelError> {
        Ok(Self {
            client: Client::new(&config)?,
            throttle: Throttle::new(config.edit_interval),
            config,
            progress: Progress::default(),
            pulse: Pulse::default(),
            ready: Notify::new(),
        })
    }

    /// Asks Telegram who we are, once: the bot's username.
    ///
    /// # Errors
    /// What is wrong with the token or the way to the server.
    pub async fn check(&self) -> Result<String, ChannelError> {
        let asked = self.client.call::<_, Me>(&GetMe::new()).await;
        asked.map(|me| me.username).map_err(|error| ChannelError::Client(error.to_string()))
    }

    fn sender(&self) -> Sender<'_> {
        Sender { client: &self.client, throttle: &self.throttle }
    }
}

#[async_trait]
impl Channel for Telegram {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    async fn run(&self, inbox: Arc<dyn Inbox>, stop: CancellationToken) -> Result<(), ChannelError> {
        let poller = Poller::new(&self.client, &self.config, &self.pulse, inbox.as_ref());
        // What is cut off here was not confirmed, so it comes again at the next start.
        stop.run_until_cancelled(poller.run()).await;
        Ok(())
    }

    async fn send(&self, message: &Outgoing) -> Result<(), SendError> {
        self.sender().send(message, &self.progress).await
    }

    fn prefer(&self, to: &Address) {
        if let Ok(chat) = chat_id(to) {
            self.throttle.prefer(chat);
        }
    }

    async fn typing(&self, to: &Address) {
        let Ok(chat) = chat_id(to) else { return };
        if self.throttle.waiting(chat).is_some() || !self.throttle.pass_if_free(chat) {
            return;
        }
        let request = SendChatAction::new(ChatId(chat), ChatAction::Typing);
        match tokio::time::timeout(TYPING, self.client.call::<_, bool>(&request)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the sign of writing was not shown"),
            Err(_) => tracing::debug!("the sign of writing was not shown in time"),
        }
    }

    async fn draft(&self, to: &Address, draft: Option<&Draft>, text: &str) -> Result<Option<Draft>, SendError> {
        self.sender().grow(to, draft, text).await
    }

    fn draft_after(&self) -> Duration {
        self.config.draft_after
    }

    async fn ask(&self, question: &Question, shown: Option<&Draft>) -> Result<Draft, SendError> {
        self.sender().ask(question, shown).await
    }

    async fn settle(&self, question: &Question, shown: &Draft, verdict: &str) -> Result<(), SendError> {
        self.sender().settle(question, shown, verdict).await
    }

    fn shows_tools(&self) -> bool {
        false
    }

    async fn tool_started(&self, _to: &Address, _line: &str) {
        // A chat has no place for it: the sign of writing is all that is shown.
    }

    async fn fetch(
        &self,
        attachment: &Attachment,
        into: &mut (dyn AsyncWrite + Send + Unpin),
    ) -> Result<u64, FetchError> {
        fetch::fetch(&self.client, attachment, into).await
    }

    fn ready(&self) -> &Notify {
        &self.ready
    }

    fn health(&self) -> Health {
        self.pulse.read()
    }
}
