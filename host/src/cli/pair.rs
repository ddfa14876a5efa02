//! `steward pair`: one-time codes.

use jiff::{SignedDuration, Timestamp};
use steward_agent::Role;
use steward_store::Store;

use super::{people, say};
use crate::config::Config;
use crate::texts;

/// # Errors
/// A role the configuration does not describe.
pub(super) async fn pair(config: &Config, owner: bool, role: Option<String>, minutes: i64) -> anyhow::Result<()> {
    let role = match role {
        Some(name) => people::role_named(config, &name)?,
        None if owner => Role::Owner,
        None => Role::External,
    };
    let owner = role == Role::Owner;
    let store = Store::open(&config.database())?;
    let now = Timestamp::now();
    let ttl = SignedDuration::from_mins(minutes);
    let named = role.clone();
    let code = store.create_pairing(role, now, ttl).await?;
    store.close().await;
    let until = texts::wall_clock(now + ttl, &config.time_zone);
    say(&code.to_string())?;
    say(&format!("Good once, until {until}. They send the bot: /pair {code}"))?;
    if owner {
        say("Whoever sends it becomes an owner with every right you have: give it to nobody else.")?;
    }
    if let Role::Named(name) = &named {
        say(&format!("Whoever sends it gets the role {name}: `steward plugin list --roles` shows what it may use."))?;
    }
    Ok(())
}
