//! What the host knows of one call: who is calling, with which grant, until when. It is made anew for every call and
//! dropped with the instance; a guest sees of it what the `run` interface tells.

use std::sync::Arc;

use jiff::Timestamp;
use steward_agent::{Language, Principal};
use steward_store::RunId;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::backing::Backing;
use crate::call::AskOwner;
use crate::capability::Capability;
use crate::capability::log::LineCount;
use crate::deadline::Deadline;
use crate::foreign::Lowering;
use crate::grant::Grant;
use crate::host_call::HostCall;
use crate::limits::Meter;
use crate::part::Parts;
use crate::record::Tape;
use crate::stub::Refuse;

pub(crate) struct CallState {
    pub(crate) backing: Arc<Backing>,
    pub(crate) principal: Principal,
    /// Of the person, for texts the host writes itself.
    pub(crate) language: Language,
    /// The plugin's name.
    pub(crate) plugin: Arc<str>,
    /// What the plugin was granted; what of it this call holds is linked.
    pub(crate) grant: Grant,
    pub(crate) run: Option<RunId>,
    pub(crate) cancel: CancellationToken,
    /// The same when a call is made again after a crash.
    pub(crate) key: String,
    /// The call may have been made before.
    pub(crate) replayed: bool,
    pub(crate) deadline: Deadline,
    pub(crate) progress: Option<mpsc::Sender<String>>,
    pub(crate) owner: Option<Arc<dyn AskOwner>>,
    pub(crate) lines: LineCount,
    pub(crate) meter: Meter,
    /// What its capabilities keep for it.
    pub(crate) parts: Parts,
    /// What a stub said when it refused, last.
    pub(crate) refused: Option<String>,
    pub(crate) wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    /// Host calls that were given a key.
    pub(crate) host_calls: u32,
    /// What the call receives of others, and what it asks about because of that.
    pub(crate) lowering: Lowering,
    /// Where the call is recorded or made again: what crosses the guest's border.
    pub(crate) tape: Option<Box<Tape>>,
}

impl CallState {
    /// The key of the next effect of this call. Made again after a crash, the call asks in the same order and gets
    /// the same keys, so the store recognises what is there already.
    pub(crate) fn next_key(&mut self) -> String {
        HostCall::of(self).key.to_string()
    }

    pub(crate) fn timestamp(&self) -> Timestamp {
        self.backing.now()
    }
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl Refuse for CallState {
    fn refuse(&mut self, interface: &str) -> String {
        let (plugin, role) = (&self.plugin, &self.principal.role);
        let text = match Capability::of_interface(interface) {
            Some(capability) => format!(
                "`{}` is not granted: {plugin} may not use it when it acts for {role} ({}). Do without it, or tell the \
                 person that the owner would have to allow it.",
                capability.name,
                self.principal.origin.as_str(),
            ),
            None => format!("{plugin} called {interface}, which no plugin is granted. Do without this tool."),
        };
        self.refused = Some(text.clone());
        text
    }
}
