//! The channels that are open, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use steward_channel::Channel;

#[derive(Clone, Default)]
pub(crate) struct Channels(BTreeMap<&'static str, Arc<dyn Channel>>);

impl Channels {
    pub(crate) fn new(channels: Vec<Arc<dyn Channel>>) -> Self {
        Self(channels.into_iter().map(|channel| (channel.name(), channel)).collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Arc<dyn Channel>> {
        self.0.get(name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<dyn Channel>> {
        self.0.values()
    }
}
