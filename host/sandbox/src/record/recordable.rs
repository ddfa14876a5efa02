//! What it takes to record the calls of one plugin: its border, and its relay linked with each set of capabilities a
//! call had so far. Made when the plugin is loaded, and only where its calls are to be recorded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::component::{Component, ComponentExportIndex, InstancePre};

use super::border::{self, Border};
use super::relay::Relay;
use crate::command::module;
use crate::compile::Cache;
use crate::component::Kind;
use crate::form::Linked;
use crate::grant::CapabilitySet;
use crate::link;
use crate::state::CallState;

/// A relay linked with what a call may reach.
pub(crate) struct RelayPre {
    pub(super) pre: InstancePre<CallState>,
    /// Of each function of the border.
    pub(super) functions: Arc<[Option<ComponentExportIndex>]>,
}

pub(crate) struct Recordable {
    pub(crate) linked: Arc<Linked>,
    relay: Component,
    exports: Arc<[Option<ComponentExportIndex>]>,
    relays: Mutex<HashMap<CapabilitySet, Arc<RelayPre>>>,
}

impl Recordable {
    /// # Errors
    /// Why the calls of this component cannot be recorded.
    pub(crate) async fn of(
        cache: &Arc<Cache>,
        kind: Kind,
        component: &Component,
        wasm: Arc<[u8]>,
    ) -> Result<Self, String> {
        let made = tokio::task::spawn_blocking(move || {
            let wasm = module::component(&wasm).map_err(|error| error.to_string())?;
            Relay::of(&wasm)
        });
        let relay = made.await.map_err(|error| error.to_string())??;
        let compiled = cache.component(relay.wasm.clone().into()).await.map_err(|error| error.to_string())?;
        let told = |error: wasmtime::Error| format!("{error:#}");
        let Border { pre, functions } = border::link(component).map_err(told)?;
        let exports = relay.exports(&compiled);
        let exports = functions.iter().map(|path| exports.get(path).copied()).collect();
        let linked = Arc::new(Linked::new(kind, pre).map_err(told)?);
        Ok(Self { linked, relay: compiled, exports, relays: Mutex::default() })
    }

    /// The relay linked with a set of capabilities, made at the first call that has it.
    pub(crate) fn relay(&self, set: CapabilitySet) -> wasmtime::Result<Arc<RelayPre>> {
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
