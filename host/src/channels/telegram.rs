//! The row of Telegram. Its settings are in `config/telegram.rs`.

use std::sync::Arc;

use futures::FutureExt as _;
use steward_agent::Address;
use steward_channel::{Channel, MenuEntry, Telegram, TelegramConfig};
use steward_store::Seat;

use super::ChannelKind;
use crate::config::Config;
use crate::finding::Finding;

pub(super) static KIND: ChannelKind = ChannelKind {
    name: Telegram::NAME,
    title: "Telegram",
    owners: |config| {
        let seat = |id: &i64| {
            let id = id.to_string();
            Seat { address: Address { channel: Telegram::NAME.to_owned(), chat: id.clone() }, id }
        };
        Some(config.telegram.as_ref()?.owners.iter().map(seat).collect())
    },
    lets_in: |access, id| id.parse().is_ok_and(|id: i64| access.allow.contains(&id)),
    make: |config, menu| make(config, menu).boxed(),
    banner: |config| match &config.telegram {
        None => "off: set TG_BOT_TOKEN and TG_OWNER_IDS".to_owned(),
        Some(telegram) if telegram.owners.is_empty() => {
            "on, but nobody owns it: set TG_OWNER_IDS, or run `steward pair --owner`".to_owned()
        }
        Some(telegram) => format!("on, {} owner(s)", telegram.owners.len()),
    },
    check: |config| check(config).boxed(),
};

fn built(config: &Config) -> Option<TelegramConfig> {
    let telegram = config.telegram.as_ref()?;
    let mut built = TelegramConfig::new(telegram.token.clone());
    built.api_url = telegram.api_url.clone();
    built.proxy = config.http_proxy.as_ref().map(|url| url.to_string());
    built.poll_timeout = telegram.poll_timeout;
    Some(built)
}

async fn make(config: &Config, menu: Vec<MenuEntry>) -> anyhow::Result<Option<Arc<dyn Channel>>> {
    let Some(built) = built(config) else { return Ok(None) };
    let config = TelegramConfig { menu, ..built };
    // Reads the system's certificates.
    Ok(Some(Arc::new(tokio::task::spawn_blocking(move || Telegram::new(config)).await??)))
}

async fn check(config: &Config) -> Vec<Finding> {
    let (Some(telegram), Some(built)) = (&config.telegram, built(config)) else {
        return vec![Finding::Note("off; set TG_BOT_TOKEN (from @BotFather) and TG_OWNER_IDS to switch it on".into())];
    };
    let mut findings = Vec::new();
    if telegram.owners.is_empty() {
        findings.push(Finding::bad("nobody owns the bot", "set TG_OWNER_IDS, or run `steward pair --owner`"));
    }
    let checked = match Telegram::new(built) {
        Ok(telegram) => telegram.check().await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    findings.push(match checked {
        Ok(name) => Finding::Good(format!("the bot is @{name}")),
        Err(error) => Finding::bad(error, "check TG_BOT_TOKEN, TG_API_URL and the network"),
    });
    findings
}
