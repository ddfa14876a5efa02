//! `steward pair`: one-time codes.

use jiff::{SignedDuration, Timestamp};
use steward_agent::Role;
use steward_store::Store;

use crate::config::Config;
use crate::texts;

pub(super) async fn pair(config: &Config, owner: bool, minutes: i64) -> anyhow::Result<()> {
    let store = Store::open(&config.database())?;
    let role = if owner { Role::Owner } else { Role::External };
    let now = Timestamp::now();
    let ttl = SignedDuration::from_mins(minutes);
    let code = store.create_pairing(role, now, ttl).await?;
    store.close().await;
    let until = texts::wall_clock(now + ttl, &config.time_zone);
    println!("{code}");
    println!("Good once, until {until}. They send the bot: /pair {code}");
    if owner {
        println!("Whoever sends it becomes an owner with every right you have: give it to nobody else.");
    }
    Ok(())
}
