//! `[telegram]` and its variables: the bot, its owners, and where Telegram is.

use std::time::Duration;

use anyhow::bail;
use serde::Deserialize;
use url::Url;

use super::environment::{self, Environment};

/// The bot.
#[derive(Clone, Debug)]
pub struct Telegram {
    /// From @BotFather. Never shown.
    pub token: String,
    /// Telegram's ids of the owners.
    pub owners: Vec<i64>,
    /// Base address of the Bot API server; `None` is Telegram's.
    pub api_url: Option<Url>,
    /// How long one poll waits for messages.
    pub poll_timeout: Duration,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TelegramFile {
    /// The bot's token from @BotFather.
    ///
    /// Environment: `TG_BOT_TOKEN`
    /// Default: none (Telegram is off)
    pub(super) token: Option<String>,
    /// The owners' Telegram ids; in the environment also `1,2`.
    ///
    /// Environment: `TG_OWNER_IDS` or `TG_USER_ID`
    pub(super) owners: Vec<i64>,
    /// Base address of the Bot API server.
    ///
    /// Environment: `TG_API_URL`
    /// Values: an address
    /// Default: Telegram's
    pub(super) api_url: Option<String>,
    /// How long one poll waits for messages.
    ///
    /// Values: seconds, 1 to 50
    /// Default: `50`
    pub(super) poll_seconds: Option<u64>,
}

impl TelegramFile {
    pub(super) fn checked(self, environment: &Environment) -> anyhow::Result<Option<Telegram>> {
        let owners = match environment.first(&["TG_OWNER_IDS", "TG_USER_ID"]) {
            Some((key, text)) => ids(key, text)?,
            None => self.owners,
        };
        let api_url = environment.get("TG_API_URL").map(str::to_owned).or(self.api_url);
        let api_url = api_url.map(|address| environment::url("TG_API_URL", &address)).transpose()?;
        let Some(token) = environment.get("TG_BOT_TOKEN").map(str::to_owned).or(self.token) else {
            return Ok(None);
        };
        let well_formed =
            token.split_once(':').is_some_and(|(id, secret)| id.parse::<u64>().is_ok() && !secret.is_empty());
        if !well_formed {
            bail!("TG_BOT_TOKEN: this is not a bot's token. It looks like 123456:ABC-DEF and comes from @BotFather.");
        }
        let poll_timeout = Duration::from_secs(self.poll_seconds.unwrap_or(50).clamp(1, 50));
        Ok(Some(Telegram { token, owners, api_url, poll_timeout }))
    }
}

/// Telegram ids from `[1, 2]` or `1, 2`.
fn ids(key: &str, text: &str) -> anyhow::Result<Vec<i64>> {
    let list = text.trim().trim_start_matches('[').trim_end_matches(']');
    let parts = list.split(',').map(|part| part.trim().trim_matches('"')).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            part.parse().ok().filter(|id| *id > 0).ok_or_else(|| {
                anyhow::anyhow!(
                    "{key}: “{part}” is not a Telegram id. Write numbers, such as 123456789 or [123, 456]; @userinfobot \
                     tells you yours."
                )
            })
        })
        .collect()
}
