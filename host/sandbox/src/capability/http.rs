//! `http`: requests to the hosts a plugin was granted, by plain `wasi:http`. No request leaves without the policy's
//! word on its host, and none to an address that is not public.
//!
//! Read `policy` for what is decided before a name is looked up, `resolver` for what is decided after.

mod address;
mod body;
mod client;
mod denial;
mod fault;
mod noted;
mod policy;
mod rehearsal;
mod resolver;
mod scope;
mod stand_in;

use std::sync::Arc;

use url::Url;
use wasmtime::component::Linker;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use crate::capability::Capability;
use crate::grant::{Access, GrantedIn, HttpGrant};
use crate::secret::edge::Edge;
use crate::spent::Spent;
use crate::state::CallState;

pub(crate) use self::client::{Amounts, Approved, Client};
pub(crate) use self::denial::Denial;
pub(crate) use self::noted::Noted;
pub use self::policy::HttpPolicy;
pub(crate) use self::policy::{Destination, Way, decide};
pub(crate) use self::scope::{HttpScope, host_shown};
pub use self::stand_in::{StandIn, StandIns};

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

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)
}

/// Checks what a manifest grants.
///
/// # Errors
/// What cannot be understood, with what to write instead.
pub(crate) fn check_grant(grant: &HttpGrant) -> Result<(), String> {
    HttpScope::try_from(grant).map(|_| ())
}

/// The longest address, in bytes.
const ADDRESS_LIMIT: usize = 8 << 10;

/// The way out of one call.
pub(crate) struct Hooks {
    client: Arc<Client>,
    grant: Arc<HttpGrant>,
    /// The grant as it is compared, made at the first request: most calls send none.
    scope: Option<HttpScope>,
    requests: u32,
    noted: Noted,
    secrets: Option<Edge>,
    granted_in: GrantedIn,
}

type Worker = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sending = Box<dyn Future<Output = Result<(http::Response<WasiBody>, Worker), Error>> + Send>;

impl Hooks {
    pub(crate) fn new(client: Arc<Client>, grant: impl Into<Arc<HttpGrant>>) -> Self {
        let (noted, granted_in) = (Noted::default(), GrantedIn::default());
        Self { client, grant: grant.into(), scope: None, requests: 0, noted, secrets: None, granted_in }
    }

    /// Counts the bytes of bodies there.
    pub(crate) fn counting(mut self, spent: Arc<Spent>) -> Self {
        self.noted = self.noted.counting(spent);
        self
    }

    /// Puts secrets into requests, and keeps their values from going anywhere else.
    pub(crate) fn with_secrets(self, secrets: Option<Edge>) -> Self {
        Self { secrets, ..self }
    }

    /// The secrets that the call's requests may use, by name.
    pub(crate) fn secret_names(&self) -> Vec<String> {
        let granted = self.secrets.as_ref().and_then(|edge| edge.granted.as_ref());
        granted.map(|granted| granted.names.clone()).unwrap_or_default()
    }

    /// Where the grant is written that these requests are held to.
    pub(crate) fn granted_in(self, granted_in: GrantedIn) -> Self {
        Self { granted_in, ..self }
    }

    /// Why the last refused request was refused, for the answer: it names the host and the remedy.
    pub(crate) fn denied(&self) -> Option<String> {
        self.noted.last().map(|denial| denial.text(&self.granted_in))
    }

    fn approve(&mut self, request: http::Request<WasiBody>, options: RequestOptions) -> Result<Approved, Denial> {
        let limit = self.client.policy.requests_per_call;
        if self.requests == limit {
            return Err(Denial::Requests { limit });
        }
        self.requests += 1;
        let url = Url::parse(&request.uri().to_string()).map_err(|_| Denial::Address)?;
        if url.as_str().len() > ADDRESS_LIMIT {
            return Err(Denial::AddressLength { limit: ADDRESS_LIMIT });
        }
        let scope = match &mut self.scope {
            Some(scope) => scope,
            none => none.insert(HttpScope::try_from(&*self.grant).map_err(Denial::Grant)?),
        };
        let (to, way) = decide(scope, &self.client.opened, request.method(), &url)?;
        Ok(Approved { request, url, to, way, options })
    }
}

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Worker,
    ) -> Sending {
        let noted = self.noted.clone();
        let mut approved = match self.approve(request, options.unwrap_or_default()) {
            Ok(approved) => approved,
            Err(denial) => {
                noted.note(denial);
                return Box::new(std::future::ready(Err(Error::HttpRequestDenied)));
            }
        };
        let (client, secrets) = (Arc::clone(&self.client), self.secrets.clone());
        Box::new(async move {
            if let Some(held) = client.policy.held.as_ref().filter(|_| !rehearsal::is_sent(approved.request.method())) {
                return Err(rehearsal::hold(held, approved, client.policy.request_limit, &noted).await);
            }
            let sent = match secrets {
                Some(secrets) => Some(secrets.prepare(&mut approved, &noted).await?),
                None => None,
            };
            let response = client.send(approved, noted.clone()).await?;
            let response = match sent {
                Some(sent) => sent.clean(response, &noted)?,
                None => response,
            };
            // The connection is driven by the client, so there is no work left beside reading the body.
            Ok((response, Box::new(std::future::ready(Ok(()))) as Worker))
        })
    }
}

impl WasiHttpView for CallState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.http_hooks, table: &mut self.table, ctx: &mut self.http_ctx }
    }
}

#[cfg(test)]
mod tests;
