//! What it takes to record the calls of one plugin: its border, and its relay linked with each set of capabilities a
//! call had so far. Made at the first call, and only where calls are to be recorded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::OnceCell;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre};

use super::border::{self, Border};
use super::relay::Relay;
use crate::binary::Binary;
use crate::command::module;
use crate::compile::Cache;
use crate::component::Kind;
use crate::form::Linked;
use crate::grant::CapabilitySet;
use crate::link;
use crate::plugin::Plugin;
use crate::state::CallState;

/// A relay linked with what a call may reach.
pub(crate) struct RelayPre {
    pub(super) pre: InstancePre<CallState>,
    /// Of each function of the border.
    pub(super) functions: Arc<[Option<ComponentExportIndex>]>,
}

pub(crate) struct Recordable {
    cache: Arc<Cache>,
    binary: Binary,
    /// Made at the first call, or why it cannot be.
    made: OnceCell<Result<Made, String>>,
}

/// A plugin that is ready for being recorded.
pub(crate) struct Made {
    pub(super) linked: Arc<Linked>,
    relay: Component,
    exports: Arc<[Option<ComponentExportIndex>]>,
    relays: Mutex<HashMap<CapabilitySet, Arc<RelayPre>>>,
}

impl Recordable {
    pub(super) fn new(cache: Arc<Cache>, binary: Binary) -> Self {
        Self { cache, binary, made: OnceCell::new() }
    }

    /// # Errors
    /// Why the calls of this plugin cannot be recorded.
    pub(super) async fn made(&self, plugin: &Plugin) -> &Result<Made, String> {
        let make = || async {
            let made = match plugin.component().await {
                Ok(component) => Made::of(&self.cache, plugin.kind, component, self.binary.clone()).await,
                Err(error) => Err(error.to_string()),
            };
            made.inspect_err(|why| tracing::warn!("calls of {} cannot be recorded: {why}", plugin.name))
        };
        self.made.get_or_init(make).await
    }
}

impl Made {
    async fn of(cache: &Arc<Cache>, kind: Kind, component: &Component, binary: Binary) -> Result<Self, String> {
        let made = tokio::task::spawn_blocking(move || {
            let wasm = binary.read().map_err(|error| error.to_string())?;
            let wasm = module::component(&wasm).map_err(|error| error.to_string())?;
            Relay::of(&wasm)
        });
        let relay = made.await.map_err(|error| error.to_string())??;
        let compiled =
            cache.component(Bytes::from(relay.wasm.clone()).into()).await.map_err(|error| error.to_string())?;
        let told = |error: wasmtime::Error| format!("{error:#}");
        let Border { pre, functions } = border::link(component).map_err(told)?;
        let exports = relay.exports(&compiled);
        let exports = functions.iter().map(|path| exports.get(path).copied()).collect();
        let linked = Arc::new(Linked::new(kind, pre).map_err(told)?);
        Ok(Self { linked, relay: compiled, exports, relays: Mutex::default() })
    }

    /// The relay linked with a set of capabilities, made at the first call that has it.
    pub(super) fn relay(&self, set: CapabilitySet) -> wasmtime::Result<Arc<RelayPre>> {
        let mut relays = self.relays.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(relay) = relays.get(&set) {
            return Ok(Arc::clone(relay));
        }
        let pre = link::with_capabilities(&self.relay, set)?;
        let made = Arc::new(RelayPre { pre, functions: Arc::clone(&self.exports) });
        relays.insert(set, Arc::clone(&made));
        Ok(made)
    }
}
