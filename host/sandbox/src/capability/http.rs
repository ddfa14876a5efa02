//! `http`: requests to the hosts a plugin was granted, by plain `wasi:http`. No request leaves without the policy's
//! word on its host, and none to an address that is not public.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::Linker;
use wasmtime_wasi_http::{WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use crate::capability::Capability;
use crate::error::SandboxError;
use crate::grant::{Access, HttpGrant};
use crate::state::CallState;

pub(crate) const CAPABILITY: Capability = Capability {
    name: "http",
    summary: (
        "Send requests to the listed hosts on the internet.",
        "Отправлять запросы на перечисленные адреса в интернете.",
    ),
    interfaces: &["wasi:http/outgoing-handler", "wasi:http/types"],
    levels: false,
    owner: Access::Write,
    group: Access::None,
    external: Access::None,
    link,
};

/// What holds for the requests of every plugin.
#[derive(Clone, Debug)]
pub struct HttpPolicy {
    /// The proxy all requests go through.
    pub proxy: Option<url::Url>,
    /// `host:port` of addresses that are reachable although they are not public.
    pub allow_private: Vec<String>,
    pub connect_timeout: Duration,
    /// The longest response, in bytes.
    pub response_limit: u64,
}

impl Default for HttpPolicy {
    fn default() -> Self {
        Self {
            proxy: None,
            allow_private: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            response_limit: 10 << 20,
        }
    }
}

/// The way out that all calls share.
pub(crate) struct Client {
    policy: HttpPolicy,
}

impl Client {
    pub(crate) fn new(policy: HttpPolicy) -> Result<Self, SandboxError> {
        Ok(Self { policy })
    }
}

/// The way out of one call.
pub(crate) struct Hooks {
    client: Arc<Client>,
    grant: HttpGrant,
    /// Why a request was refused, for the answer: it names the host and the remedy.
    pub(crate) denied: Option<String>,
}

impl Hooks {
    pub(crate) fn new(client: Arc<Client>, grant: HttpGrant) -> Self {
        Self { client, grant, denied: None }
    }
}

impl WasiHttpHooks for Hooks {}

impl WasiHttpView for CallState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.http_hooks, table: &mut self.table, ctx: &mut self.http_ctx }
    }
}

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)
}
