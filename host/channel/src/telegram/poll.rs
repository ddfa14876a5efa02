//! The receiving loop: asks for updates, gives each message to the inbox, and only then confirms it.
//!
//! It never gives up: every failure is shown in the health and retried after a pause. A poll on which nothing is heard
//! for longer than the server may wait is taken for a dead connection, and all connections are renewed.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use steward_agent::Envelope;
use teloxide::payloads::GetMe;

use super::ask::confirm;
use super::client::{CallError, Client};
use super::receive::{Reading, read, update_id};
use super::{TelegramConfig, commands, part};
use crate::Inbox;
use crate::health::Pulse;

/// The most updates in one answer, as many as Telegram gives.
const BATCH: u8 = 100;

const WRONG_TOKEN: &str = "TG_BOT_TOKEN is wrong: get one from @BotFather and start Steward again";
const OR_SERVER: &str = ". If the token is right, TG_API_URL is not the address of a Bot API server";
const CONFLICT: &str = "another program uses this bot's token: stop it, or get a second bot from @BotFather";
const WEBHOOK: &str = "the bot has a webhook, so nothing can be received here: delete it (deleteWebhook of the Bot \
                       API), or get a second bot from @BotFather";

/// What one round of receiving may end with, besides success.
enum Failure {
    Call(CallError),
    /// The inbox did not take a message.
    Inbox(String),
    /// The answer held updates without numbers.
    Nameless,
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

#[derive(Serialize)]
struct GetUpdates {
    offset: Option<i64>,
    limit: u8,
    /// Seconds.
    timeout: u64,
    allowed_updates: [&'static str; 2],
}

#[derive(Deserialize)]
pub(super) struct Me {
    #[serde(default)]
    pub(super) username: String,
}

pub(super) struct Poller<'a> {
    client: &'a Client,
    config: &'a TelegramConfig,
    pulse: &'a Pulse,
    inbox: &'a dyn Inbox,
    bot: String,
    /// The first update not confirmed yet.
    offset: Option<i64>,
    limit: u8,
    /// An update that could not be read the last time it came alone.
    hopeless: Option<i64>,
    pause: Duration,
}

impl<'a> Poller<'a> {
    pub(super) fn new(client: &'a Client, config: &'a TelegramConfig, pulse: &'a Pulse, inbox: &'a dyn Inbox) -> Self {
        let pause = config.retry;
        let (bot, offset, hopeless) = (String::new(), None, None);
        Self { client, config, pulse, inbox, bot, offset, limit: BATCH, hopeless, pause }
    }

    /// Receives until it is dropped.
    pub(super) async fn run(mut self) {
        self.introduce().await;
        commands::publish(self.client, &self.config.menu).await;
        loop {
            match self.round().await {
                Ok(()) => self.recovered(),
                Err(failure) => self.failed(failure).await,
            }
        }
    }

    /// Learns who we are, however long that takes.
    async fn introduce(&mut self) {
        loop {
            match self.client.call::<_, Me>(&GetMe::new()).await {
                Ok(me) => {
                    tracing::info!(bot = %me.username, "connected to Telegram");
                    self.bot = me.username;
                    self.pause = self.config.retry;
                    return;
                }
                Err(error) => self.failed(error.into()).await,
            }
        }
    }

    async fn round(&mut self) -> Result<(), Failure> {
        let timeout = self.config.poll_timeout.as_secs();
        let allowed_updates = ["message", "callback_query"];
        let request = GetUpdates { offset: self.offset, limit: self.limit, timeout, allowed_updates };
        let patience = self.config.poll_timeout + self.config.silence;
        let updates: Vec<Value> = self.client.method("getUpdates", &request, patience).await?;
        let before = self.offset;
        for (at, update) in updates.iter().enumerate() {
            self.take(update, updates.get(at + 1)).await?;
        }
        if !updates.is_empty() && self.offset == before {
            return Err(Failure::Nameless);
        }
        Ok(())
    }

    /// Brings one update to where it is safe, then moves the offset past it. `next` is the one that came behind it.
    async fn take(&mut self, update: &Value, next: Option<&Value>) -> Result<(), Failure> {
        let Some(id) = update_id(update) else { return Ok(()) };
        match read(update, &self.bot) {
            Reading::Message(envelope) => {
                let part = part::of(update, next);
                self.accept(Envelope { part, ..*envelope }).await?;
            }
            Reading::Press(press) => {
                self.accept(*press.envelope).await?;
                confirm(self.client, press.query).await;
            }
            Reading::Ignored(why) => tracing::debug!(update = id, why, "an update is ignored"),
            Reading::Unreadable => {
                tracing::warn!(update = id, "an update cannot be read and is skipped");
                tracing::debug!(update = id, text = %shortened(update), "the update that cannot be read");
            }
        }
        self.offset = Some(id.saturating_add(1));
        Ok(())
    }

    async fn accept(&self, envelope: Envelope) -> Result<(), Failure> {
        self.inbox.accept(envelope).await.map_err(|error| Failure::Inbox(error.to_string()))
    }

    fn recovered(&mut self) {
        if self.pulse.read().failing_since.is_some() {
            tracing::info!("receiving from Telegram works again");
        }
        self.pulse.received();
        self.pause = self.config.retry;
        self.limit = BATCH;
        self.hopeless = None;
    }

    /// Shows the failure, mends what can be mended, and waits.
    async fn failed(&mut self, failure: Failure) {
        let mut words = told(&failure);
        if let Failure::Call(error) = &failure
            && error.code() == Some(404)
            && self.client.is_own_server()
        {
            words.push_str(OR_SERVER);
        }
        tracing::warn!(error = %words, "receiving from Telegram failed");
        self.pulse.failed(words);
        let pause = match &failure {
            Failure::Call(CallError::Silent) => {
                self.client.renew();
                self.pulse.renewed();
                self.next_pause()
            }
            Failure::Call(CallError::Unreadable { body, .. }) => {
                self.isolate(body);
                self.next_pause()
            }
            Failure::Call(error) if is_wrong_token(error) => self.config.retry_max,
            Failure::Call(error) => error.retry_after().unwrap_or(Duration::ZERO).max(self.next_pause()),
            Failure::Inbox(_) | Failure::Nameless => self.next_pause(),
        };
        tokio::time::sleep(pause).await;
    }

    fn next_pause(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(self.config.retry_max);
        pause
    }

    /// An answer that is no JSON holds at least one update that is not: they are asked for one by one, and one that
    /// comes unreadable twice is skipped, for it would block all others for ever.
    fn isolate(&mut self, body: &[u8]) {
        if self.limit > 1 {
            self.limit = 1;
            return;
        }
        let Some(id) = find_update_id(body).filter(|id| self.offset.is_none_or(|offset| *id >= offset)) else {
            return;
        };
        if self.hopeless.replace(id) == Some(id) {
            tracing::warn!(update = id, bytes = body.len(), "an update that is not JSON is skipped");
            self.offset = Some(id.saturating_add(1));
        }
    }
}

fn told(failure: &Failure) -> String {
    match failure {
        Failure::Call(error) if is_wrong_token(error) => WRONG_TOKEN.to_owned(),
        Failure::Call(error) if error.code() == Some(409) && error.says("webhook") => WEBHOOK.to_owned(),
        Failure::Call(error) if error.code() == Some(409) => CONFLICT.to_owned(),
        Failure::Call(error) => error.to_string(),
        Failure::Inbox(reason) => format!("what arrives cannot be kept, so it waits at Telegram: {reason}"),
        Failure::Nameless => "the Telegram server sent updates without numbers: see TG_API_URL".to_owned(),
    }
}

fn is_wrong_token(error: &CallError) -> bool {
    matches!(error.code(), Some(401 | 404))
}

fn shortened(update: &Value) -> String {
    update.to_string().chars().take(500).collect()
}

/// The number behind `"update_id":` in what is no JSON.
fn find_update_id(body: &[u8]) -> Option<i64> {
    let text = String::from_utf8_lossy(body);
    let (_, rest) = text.split_once("\"update_id\"")?;
    let digits: String = rest.trim_start_matches([' ', ':']).chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
