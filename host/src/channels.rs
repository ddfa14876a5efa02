//! The channels there are, one row each in [`CHANNELS`], and those that are open. Everything that a channel is in this
//! program is in its row and its settings; how it speaks to the other side is in `steward-channel`.

mod telegram;
mod terminal;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::{BoxFuture, join_all};
use steward_channel::{Channel, ChannelError, MenuEntry};
use steward_store::Seat;

use crate::config::{Admission, Config};
use crate::finding::Finding;

/// All channels. The first owner of each is the same person.
static CHANNELS: [&ChannelKind; 2] = [&terminal::KIND, &telegram::KIND];

/// Makes a channel that is configured.
type Make = fn(&Config, Vec<MenuEntry>) -> BoxFuture<'_, anyhow::Result<Option<Arc<dyn Channel>>>>;

/// One way to reach people, as far as the configuration and the owner see it.
struct ChannelKind {
    /// As in `Address::channel`.
    name: &'static str,
    /// For people.
    title: &'static str,
    /// Where the configuration says it is on: the ids of its owners there, and a chat with each.
    owners: fn(&Config) -> Option<Vec<Seat>>,
    /// Whether the configuration lets this id in although it is no owner's.
    lets_in: fn(&Admission, &str) -> bool,
    /// Makes it where it is on, with these commands in its menu. Nobody is reached before it is opened.
    make: Make,
    /// What a person should know of it when Steward has started.
    banner: fn(&Config) -> String,
    /// What `steward doctor` looks at.
    check: fn(&Config) -> BoxFuture<'_, Vec<Finding>>,
}

/// The owners of the configuration, the first one first.
pub(crate) fn seats(config: &Config) -> Vec<Seat> {
    CHANNELS.iter().filter_map(|kind| (kind.owners)(config)).flatten().collect()
}

/// The channels whose owners the configuration names; those of one that is off are named again when it is on.
pub(crate) fn named(config: &Config) -> Vec<String> {
    CHANNELS.iter().filter(|kind| (kind.owners)(config).is_some()).map(|kind| kind.name.to_owned()).collect()
}

/// What the configuration says of an owner's identity.
pub(crate) enum Standing {
    Named,
    NotNamed,
    /// The channel of that title is off.
    Off(&'static str),
}

pub(crate) fn standing(config: &Config, channel: &str, id: &str) -> Standing {
    let Some(kind) = CHANNELS.iter().find(|kind| kind.name == channel) else { return Standing::NotNamed };
    match (kind.owners)(config) {
        None => Standing::Off(kind.title),
        Some(seats) if seats.iter().any(|seat| seat.id == id) => Standing::Named,
        Some(_) => Standing::NotNamed,
    }
}

/// Whether `access.allow` names somebody.
pub(crate) fn lets_in(access: &Admission, channel: &str, id: &str) -> bool {
    CHANNELS.iter().any(|kind| kind.name == channel && (kind.lets_in)(access, id))
}

/// A line for each channel.
pub(crate) fn banner(config: &Config) -> impl Iterator<Item = String> {
    CHANNELS.iter().map(|kind| format!("  {:<10} {}", kind.name, (kind.banner)(config)))
}

/// Looks at every channel.
pub(crate) async fn check(config: &Config) -> Vec<(&'static str, Finding)> {
    let mut findings = Vec::new();
    for kind in CHANNELS {
        findings.extend((kind.check)(config).await.into_iter().map(|finding| (kind.name, finding)));
    }
    findings
}

/// The channels that are on, by name.
#[derive(Clone, Default)]
pub(crate) struct Channels(BTreeMap<&'static str, Arc<dyn Channel>>);

impl Channels {
    /// Makes those that are on, with these commands in their menus; nobody is reached before [`Channels::open`].
    ///
    /// # Errors
    /// One of them cannot be made; the text says what to do.
    pub(crate) async fn make(config: &Config, menu: &[MenuEntry]) -> anyhow::Result<Self> {
        let made = join_all(CHANNELS.iter().map(|kind| (kind.make)(config, menu.to_vec()))).await;
        let made: Vec<_> = made.into_iter().collect::<anyhow::Result<_>>()?;
        Ok(Self(made.into_iter().flatten().map(|channel| (channel.name(), channel)).collect()))
    }

    /// From now on people can come.
    ///
    /// # Errors
    /// One of them cannot be reached.
    pub(crate) async fn open(&self) -> Result<(), ChannelError> {
        for channel in self.iter() {
            channel.open().await?;
        }
        Ok(())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Arc<dyn Channel>> {
        self.0.get(name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<dyn Channel>> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Environment;

    fn config(pairs: &[(&str, &str)]) -> Config {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::parse("", &pairs.collect::<Environment>()).unwrap()
    }

    #[test]
    fn the_owner_at_this_machine_comes_first_and_a_channel_that_is_off_names_nobody() {
        let ids = |config: &Config| seats(config).into_iter().map(|seat| seat.id).collect::<Vec<_>>();
        let off = config(&[("TG_OWNER_IDS", "7,8")]);
        assert_eq!((ids(&off), named(&off)), (vec!["owner".to_owned()], vec!["terminal".to_owned()]));
        assert!(matches!(standing(&off, "telegram", "7"), Standing::Off("Telegram")));
        let on = config(&[("TG_BOT_TOKEN", "1:a"), ("TG_OWNER_IDS", "7,8")]);
        assert_eq!(ids(&on), ["owner", "7", "8"]);
        assert!(matches!(standing(&on, "telegram", "7"), Standing::Named));
        assert!(matches!(standing(&on, "telegram", "9"), Standing::NotNamed));
    }

    #[test]
    fn an_id_is_let_in_on_its_own_channel_alone() {
        let access = Admission { allow: vec![7], ..Admission::default() };
        assert!(lets_in(&access, "telegram", "7"));
        assert!(!lets_in(&access, "telegram", "8") && !lets_in(&access, "terminal", "7"));
    }
}
