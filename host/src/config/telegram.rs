//! `[telegram]` and its variables: the bot, its owners, and where Telegram is.

use std::time::Duration;

use anyhow::bail;
use serde::Deserialize;
use url::Url;

use super::environment::{self, Environment};

#[derive(Clone, Debug)]
pub struct Telegram {
    pub token: String,
    /// Telegram's ids of the owners.
    pub owners: Vec<i64>,
    pub api_url: Option<Url>,
    pub poll_timeout: Duration,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TelegramFile {
    token: Option<String>,
    owners: Vec<i64>,
    api_url: Option<String>,
    poll_seconds: Option<u64>,
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
