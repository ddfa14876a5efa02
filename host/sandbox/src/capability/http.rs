//! `http`: requests to the hosts a plugin was granted, by plain `wasi:http`. No request leaves without the policy's
//! word on its host, and none to an address that is not public.
//!
//! Read `policy` for what is decided before a name is looked up, `resolver` for what is decided after.

mod address;
mod asked;
mod body;
mod client;
mod denial;
mod fault;
mod noted;
mod policy;
mod public_name;
mod rehearsal;
mod resolver;
mod scope;
mod stand_in;

use std::sync::Arc;

use serde_json::{Value, json};
use steward_agent::Source;
use url::Url;
use wasmtime::component::Linker;
use wasmtime_wasi_http::p2::bindings::http::types;
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttp, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use crate::backing::Backing;
use crate::capability::{Brings, Capability, Reaches, secrets};
use crate::failure;
use crate::foreign::{Lowering, Matter, shown_host};
use crate::grant::{Access, GrantedIn, HttpGrant};
use crate::part::{Beginning, Part, Parts};
use crate::plugin::Effect;
use crate::scope::{ScopeKind, problem};
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
    owner: Access::Write,
    brings: Brings::Foreign,
    words: &["wasi:http/types"],
    reaches: Reaches::Others,
    scope: SCOPE,
    trial_needs: Some("say which host it may reach, with --http HOST"),
    link,
    begin: Some(|call| {
        let grant = &call.plugin.grant;
        let hooks = Hooks::new(Arc::clone(&call.backing.http), grant.scope::<HttpGrant>())
            .counting(Arc::clone(call.spent))
            .granted_in(grant.granted_in.clone())
            .with_secrets(secrets_of(call))
            .lowered_by(call.lowering.clone());
        Ok(Box::new(Requests { hooks, ctx: WasiHttpCtx::new() }))
    }),
    // A request can be written where none can be sent, so that the refusal is the error which guests are made for.
    link_words: Some(|linker| {
        types::add_to_linker::<_, WasiHttp>(linker, &types::LinkOptions::default(), CallState::http)
    }),
    ..Capability::PLAIN
};

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)
}

const SCOPE: ScopeKind = ScopeKind {
    read: |line, scopes| {
        let http: HttpGrant = line.try_into().map_err(problem)?;
        check_grant(&http)?;
        scopes.set(http);
        Ok(Access::Write)
    },
    short: |line| line.is_array().then_some("hosts"),
    forms: "write hosts such as [\"example.org\"], or { hosts = [\"example.org\"], methods = [\"GET\"] }",
    example: "{ hosts = [\"example.org\"] }",
    rows: asked::ROWS,
    trial: |trial, _| (!trial.hosts.is_empty()).then(|| asked::of_trial(&trial.hosts)),
    strongest: |scopes, _| {
        let reads = |method: &String| matches!(method.as_str(), "GET" | "HEAD");
        if scopes.get::<HttpGrant>().methods.iter().all(reads) { Effect::Read } else { Effect::Write }
    },
};

/// Checks what a manifest grants.
///
/// # Errors
/// What cannot be understood, with what to write instead.
fn check_grant(grant: &HttpGrant) -> Result<(), String> {
    HttpScope::try_from(grant).map(|_| ())
}

/// The longest address, in bytes.
const ADDRESS_LIMIT: usize = 8 << 10;

/// The way out of one call.
pub(crate) struct Hooks {
    /// What comes of others, and what is asked about because of it; none where no run stands behind a call.
    lowering: Option<Lowering>,
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
        Self {
            client,
            grant: grant.into(),
            scope: None,
            requests: 0,
            noted: Noted::default(),
            secrets: None,
            granted_in: GrantedIn::default(),
            lowering: None,
        }
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

    pub(crate) fn lowered_by(self, lowering: Lowering) -> Self {
        Self { lowering: Some(lowering), ..self }
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
        let is_granted = self.scope.as_ref().is_some_and(|scope| scope.names(&approved.to.host));
        let lowering = self.lowering.clone();
        Box::new(async move {
            let from = shown_host(&approved.to.host, approved.to.port);
            if let Some(lowering) = lowering.as_ref().filter(|_| !is_granted) {
                let shown = json!({ "request": format!("{} {}", approved.request.method(), approved.url) });
                ask_about_host(lowering, &approved.to, shown, &noted).await?;
            }
            if let Some(held) = client.policy.held.as_ref().filter(|_| !rehearsal::is_sent(approved.request.method())) {
                return Err(rehearsal::hold(held, approved, client.policy.request_limit, &noted).await);
            }
            let sent = match secrets {
                Some(secrets) => Some(secrets.prepare(&mut approved, &noted).await?),
                None => None,
            };
            let response = client.send(approved, noted.clone()).await?;
            if let Some(lowering) = lowering {
                // Its headers are somebody's words already.
                lowering.receive(Source::Page(from));
            }
            let response = match sent {
                Some(sent) => sent.clean(response, &noted)?,
                None => response,
            };
            // The connection is driven by the client, so there is no work left beside reading the body.
            Ok((response, Box::new(std::future::ready(Ok(()))) as Worker))
        })
    }
}

/// Asks before a run that has read foreign text reaches a host that the person has not named. What the call itself has
/// read does not count: where a page sends it on to is not the model's choice.
async fn ask_about_host(lowering: &Lowering, to: &Destination, shown: Value, noted: &Noted) -> Result<(), Error> {
    if !lowering.was_lowered() || lowering.knows(&to.host, to.port) {
        return Ok(());
    }
    match lowering.ask(Matter::Host, &shown_host(&to.host, to.port), shown).await {
        Ok(_) => Ok(()),
        Err(refused) => {
            noted.note(Denial::Foreign(failure::text(refused)));
            Err(Error::HttpRequestDenied)
        }
    }
}

/// What the call's requests may do with secrets.
fn secrets_of(call: &Beginning<'_>) -> Option<Edge> {
    let vault = call.backing.connected.vault.get().filter(|_| call.set.holds(&CAPABILITY))?;
    let grant = &call.plugin.grant;
    let granted = call.set.holds(&secrets::CAPABILITY).then(|| grant.scope());
    Some(Edge { vault: Arc::clone(vault), granted, granted_in: grant.granted_in.clone() })
}

/// The requests of one call.
pub(crate) struct Requests {
    pub(crate) hooks: Hooks,
    ctx: WasiHttpCtx,
}

impl Part for Requests {
    fn refusal(&self, _: &str, _: &GrantedIn) -> Option<String> {
        self.hooks.denied()
    }
}

impl Requests {
    /// The requests of a call; where nothing began them, none may be sent.
    pub(crate) fn of<'a>(parts: &'a mut Parts, backing: &Backing) -> &'a mut Self {
        parts.of_or(|| Self {
            hooks: Hooks::new(Arc::clone(&backing.http), Arc::<HttpGrant>::default()),
            ctx: WasiHttpCtx::new(),
        })
    }
}

impl WasiHttpView for CallState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let requests = Requests::of(&mut self.parts, &self.backing);
        WasiHttpCtxView { hooks: &mut requests.hooks, table: &mut self.table, ctx: &mut requests.ctx }
    }
}

#[cfg(test)]
mod tests;
