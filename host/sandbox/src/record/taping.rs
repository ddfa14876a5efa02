//! Which calls get a border, and what each is linked with. A call that is not recorded is linked as if there were no
//! recordings.

use std::sync::Arc;

use super::recordable::{Recordable, RelayPre};
use super::tape::{Recorder, Tape};
use super::{RecordPolicy, Recorded};
use crate::binary::Binary;
use crate::compile::Cache;
use crate::form::Linked;
use crate::grant::CapabilitySet;
use crate::plugin::Plugin;

/// What one call is linked with.
pub(crate) struct Taping {
    pub(crate) linked: Arc<Linked>,
    pub(crate) tape: Option<Box<Tape>>,
    pub(crate) relay: Option<Arc<RelayPre>>,
}

impl RecordPolicy {
    pub(crate) fn is_on(&self) -> bool {
        self.held.is_some() || self.which != Recorded::Nothing
    }

    fn covers(&self, plugin: &str) -> bool {
        self.held.is_some()
            || match &self.which {
                Recorded::Nothing => false,
                Recorded::Everything => true,
                Recorded::Plugins(names) => names.iter().any(|name| name == plugin),
            }
    }

    /// Makes a plugin one whose calls are recorded, if it is one of those.
    pub(crate) fn prepare(&self, cache: &Arc<Cache>, plugin: &Plugin, binary: Binary) {
        if self.covers(&plugin.name) {
            // A plugin is loaded once.
            let _ = plugin.recordable.set(Recordable::new(Arc::clone(cache), binary));
        }
    }

    /// What a call is linked with, if it is recorded: the first one waits until its plugin is ready for that. A call
    /// that cannot be recorded is made all the same, unless it is to be rehearsed.
    ///
    /// # Errors
    /// It cannot be linked or rehearsed.
    pub(crate) async fn border(
        &self,
        plugin: &Plugin,
        set: CapabilitySet,
        arguments: &str,
    ) -> wasmtime::Result<Taping> {
        let made = match plugin.recordable.get() {
            Some(recordable) => recordable.made(plugin).await.as_ref(),
            None => return Taping::plain(plugin, set).await,
        };
        match made {
            Ok(made) => {
                let recorder = Recorder::new(arguments.to_owned(), self.limit, self.held.clone());
                let (linked, relay) = (Arc::clone(&made.linked), Some(made.relay(set)?));
                Ok(Taping { linked, tape: Some(Box::new(Tape::Recording(recorder))), relay })
            }
            Err(why) if self.held.is_some() => {
                Err(wasmtime::Error::msg(format!("what it calls cannot be held back, so there is no dry run: {why}")))
            }
            Err(_) => Taping::plain(plugin, set).await,
        }
    }
}

impl Taping {
    /// As always.
    ///
    /// # Errors
    /// It cannot be linked.
    pub(crate) async fn plain(plugin: &Plugin, set: CapabilitySet) -> wasmtime::Result<Self> {
        Ok(Self { linked: plugin.linked(set).await?, tape: None, relay: None })
    }
}
