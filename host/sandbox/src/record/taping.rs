//! Which calls get a border, and what each is linked with. A call that is not recorded is linked as if there were no
//! recordings.

use std::borrow::Cow;
use std::sync::Arc;

use super::recordable::{Recordable, RelayPre};
use super::tape::{Recorder, Tape};
use super::{RecordPolicy, Recorded};
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

    /// Makes a plugin ready for being recorded, if it is one of those.
    pub(crate) async fn prepare(&self, cache: &Arc<Cache>, plugin: &Plugin, wasm: Cow<'static, [u8]>) {
        if !self.covers(&plugin.name) {
            return;
        }
        match Recordable::of(cache, plugin.kind, plugin.component(), wasm.into()).await {
            Ok(recordable) => drop(plugin.recordable.set(recordable)),
            Err(why) => tracing::warn!("calls of {} cannot be recorded: {why}", plugin.name),
        }
    }

    /// What a call is linked with.
    ///
    /// # Errors
    /// It cannot be linked, or it is to be rehearsed and cannot be.
    pub(crate) fn taping(&self, plugin: &Plugin, set: CapabilitySet, arguments: &str) -> wasmtime::Result<Taping> {
        let Some(recordable) = plugin.recordable.get() else {
            if self.held.is_some() {
                return Err(wasmtime::Error::msg("what it calls cannot be held back, so there is no dry run of it"));
            }
            return Ok(Taping { linked: plugin.linked(set)?, tape: None, relay: None });
        };
        let recorder = Recorder::new(arguments.to_owned(), self.limit, self.held.clone());
        let (linked, relay) = (Arc::clone(&recordable.linked), Some(recordable.relay(set)?));
        Ok(Taping { linked, tape: Some(Box::new(Tape::Recording(recorder))), relay })
    }
}
