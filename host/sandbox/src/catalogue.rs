//! The tools there are, who is offered which, and the one way to call them. What a principal may use follows from
//! its role and origin and the plugins' grants; no list of tools for a role exists anywhere.

use std::collections::HashMap;
use std::future::ready;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::join_all;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use steward_agent::{Origin, Principal, Role, ToolSpec};
use steward_store::Store;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::audit::{Audit, Record};
use crate::backing::Backing;
use crate::call::{Answer, Call, Outcome, Refusal};
use crate::capability::http::{Client, HttpPolicy};
use crate::capability::model::AskModel;
use crate::compile::{Cache, Compiler};
use crate::engine::{self, Engine};
use crate::error::{LoadError, SandboxError};
use crate::form::Arguments;
use crate::grant::{CapabilitySet, Roles};
use crate::instance::Prepared;
use crate::limits::Limits;
use crate::plugin::{self, Effect, Plugin, PluginSource, Tool};
use crate::secret::Vault;
use crate::spent::Spent;
use crate::suggest;

/// Everything the sandbox is made from.
pub struct SandboxConfig {
    /// The folder of compiled code; the key that signs it lies beside.
    pub compiled: PathBuf,
    pub compiler: Compiler,
    /// The folder with the owner's files and memory.
    pub workspace: PathBuf,
    pub store: Store,
    /// The zone in which wall-clock times are meant.
    pub time_zone: TimeZone,
    pub roles: Roles,
    pub http: HttpPolicy,
    /// What no call exceeds.
    pub limits: Limits,
}

/// Calls at the same time; instances are a few more, for plugins being loaded.
const CALLS: usize = engine::INSTANCES as usize - 16;

/// The loaded plugins and their tools.
pub struct Catalogue {
    plugins: Vec<Arc<Plugin>>,
    refused: Vec<(String, LoadError)>,
    /// By name.
    tools: Vec<Tool>,
    roles: Roles,
    engine: Arc<Engine>,
    backing: Arc<Backing>,
    calls: Semaphore,
    audit: Audit,
    offers: Mutex<HashMap<CapabilitySet, Arc<[ToolSpec]>>>,
}

impl Catalogue {
    /// Loads the plugins, all at once; code that was compiled before is used again. A broken plugin is left out and
    /// named by [`Catalogue::refused`].
    ///
    /// # Errors
    /// The sandbox itself cannot work: no engine, no folder for compiled code, an impossible setting.
    pub async fn load(config: SandboxConfig, sources: Vec<PluginSource>) -> Result<Self, SandboxError> {
        config.limits.check()?;
        let (compiled, compiler, workspace) = (config.compiled, config.compiler, config.workspace.clone());
        let opened = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&workspace).map_err(|error| SandboxError::io(&workspace, error))?;
            let engine = Arc::new(Engine::new()?);
            Cache::open(compiled, compiler, Arc::clone(&engine)).map(|cache| (engine, Arc::new(cache)))
        });
        let (engine, cache) = opened.await.map_err(|error| SandboxError::Engine(error.to_string()))??;
        let backing = Arc::new(Backing {
            store: config.store.clone(),
            workspace: config.workspace,
            time_zone: config.time_zone,
            http: Arc::new(Client::new(config.http)?),
            connected: Arc::default(),
            clock: Timestamp::now,
        });
        let loading = sources.into_iter().map(|source| {
            let (cache, engine, limits) = (&cache, &engine, &config.limits);
            async move { (source.name.clone(), plugin::load(cache, engine, limits, source).await) }
        });
        let mut catalogue = Self {
            plugins: Vec::new(),
            refused: Vec::new(),
            tools: Vec::new(),
            roles: config.roles,
            backing,
            calls: Semaphore::new(CALLS),
            audit: Audit::new(config.store),
            offers: Mutex::default(),
            engine: Arc::clone(&engine),
        };
        for (name, loaded) in join_all(loading).await {
            if let Err(error) = loaded.and_then(|(plugin, tools)| catalogue.add(plugin, tools)) {
                tracing::error!("plugin {name} is left out: {error}");
                catalogue.refused.push((name, error));
            }
        }
        catalogue.tools.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(catalogue)
    }

    fn add(&mut self, plugin: Arc<Plugin>, tools: Vec<Tool>) -> Result<(), LoadError> {
        if self.plugins.iter().any(|there| there.name == plugin.name) {
            return Err(LoadError::NameTaken(plugin.name.to_string()));
        }
        for (number, tool) in tools.iter().enumerate() {
            let mut others = self.tools.iter().chain(&tools[..number]);
            if let Some(other) = others.find(|other| other.name == tool.name) {
                let reason = format!("plugin `{}` has a tool of that name: give it another", other.plugin.name);
                return Err(LoadError::Tool { tool: tool.name.clone(), reason });
            }
        }
        self.plugins.push(plugin);
        self.tools.extend(tools);
        Ok(())
    }

    /// Gives the plugins the secrets of the installation, and keeps their values out of every answer. Done once, before
    /// the first call.
    pub fn connect_vault(&self, vault: Arc<Vault>) {
        if self.backing.connected.vault.set(vault).is_err() {
            tracing::error!("the secrets are connected already; the first ones stay");
        }
    }

    /// Lets plugins ask the model. Done once, before the first call.
    pub fn connect_model(&self, model: Arc<dyn AskModel>) {
        if self.backing.connected.model.set(model).is_err() {
            tracing::error!("a model is connected already; the first one stays");
        }
    }

    pub fn plugins(&self) -> &[Arc<Plugin>] {
        &self.plugins
    }

    /// The plugins that were left out, by the name of their source, and why.
    pub fn refused(&self) -> &[(String, LoadError)] {
        &self.refused
    }

    /// Every tool, by name.
    pub fn tools(&self) -> impl Iterator<Item = &Tool> {
        self.tools.iter()
    }

    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// The tools offered to a role when a run has this origin, by name.
    pub fn tools_for(&self, role: &Role, origin: Origin) -> Vec<ToolSpec> {
        let held = self.roles.set(role, origin);
        let mut offers = self.offers.lock().unwrap_or_else(PoisonError::into_inner);
        let offer = offers.entry(held).or_insert_with(|| self.offered(held).map(Tool::spec).collect());
        offer.to_vec()
    }

    fn offered(&self, held: CapabilitySet) -> impl Iterator<Item = &Tool> {
        self.tools.iter().filter(move |tool| tool.is_offered(held))
    }

    /// Calls a tool. Everything that goes wrong is an answer that says so; every call is in the audit.
    pub async fn call(&self, call: Call) -> Answer {
        self.call_if(call, |_, _| ready(Ok(()))).await
    }

    /// Calls a tool if `consent` agrees. It is asked only about calls that may be made at all, with the tool's effect
    /// and the arguments as the plugin would get them; its time is not the call's.
    pub async fn call_if<F>(&self, call: Call, consent: impl FnOnce(Effect, &str) -> F) -> Answer
    where
        F: Future<Output = Result<(), Refusal>>,
    {
        let mut started = Instant::now();
        let mut record = Record::new(&self.audit, &call);
        let mut answer = match self.admit(&call) {
            Ok(admitted) => {
                record.admitted(&admitted.tool.plugin, admitted.set, admitted.arguments.text.len());
                match consent(admitted.tool.effect, &admitted.arguments.text).await {
                    Ok(()) => {
                        started = Instant::now();
                        self.make(admitted, call, started, record.spent()).await
                    }
                    Err(refusal) => refusal.answer(&call.name),
                }
            }
            Err(refusal) => refusal,
        };
        self.backing.connected.known().redact_answer(&mut answer);
        answer.elapsed = started.elapsed();
        record.end(&answer).await;
        answer
    }

    /// Whether the call may be made at all. Nothing has been instantiated for one that may not.
    fn admit(&self, call: &Call) -> Result<Admitted<'_>, Answer> {
        let Principal { role, origin, .. } = &call.principal;
        let held = self.roles.set(role, *origin);
        let Ok(at) = self.tools.binary_search_by(|tool| tool.name.as_str().cmp(&call.name)) else {
            let near = suggest::nearest(&call.name, self.offered(held).map(|tool| tool.name.as_str()));
            return Err(Answer::of(Outcome::UnknownTool, unknown(&call.name, &near)));
        };
        let tool = &self.tools[at];
        if !tool.is_offered(held) {
            return Err(Answer::of(Outcome::Denied, denied(tool, held, &call.principal)));
        }
        let arguments = tool.entry.arguments(&tool.name, &call.input)?;
        Ok(Admitted { tool, set: tool.effective(held), arguments })
    }

    async fn make(&self, admitted: Admitted<'_>, call: Call, started: Instant, spent: &Arc<Spent>) -> Answer {
        let Admitted { tool, set, arguments } = admitted;
        let linked = match tool.plugin.linked(set) {
            Ok(linked) => linked,
            Err(error) => {
                tracing::error!("{} cannot be linked: {error:?}", tool.plugin.name);
                return Answer::of(Outcome::Unavailable, format!("{} cannot be started: {error:#}", tool.name));
            }
        };
        let deadline = started + call.time_limit.min(tool.plugin.limits.time);
        let turn = tokio::select! {
            biased;
            () = call.cancel.cancelled() => return Answer::of(Outcome::Cancelled, format!("{} was stopped.", tool.name)),
            turn = timeout_at(deadline, self.calls.acquire()) => turn,
        };
        if turn.is_err() {
            let text = format!("Too many tools are at work for {} to start: try again later.", tool.name);
            return Answer::of(Outcome::Unavailable, text);
        }
        let (engine, backing, plugin, entry) = (&*self.engine, &self.backing, &*tool.plugin, &tool.entry);
        Prepared { engine, backing, plugin, entry, linked: &linked, set, arguments, deadline, spent }.run(call).await
    }

    /// Returns when the audit of every call made so far is on disk.
    pub async fn close(&self) {
        self.audit.flush().await;
    }
}

/// A call that may be made.
struct Admitted<'a> {
    tool: &'a Tool,
    set: CapabilitySet,
    arguments: Arguments,
}

/// Names what a tool lacks and where the owner can grant it.
fn denied(tool: &Tool, held: CapabilitySet, principal: &Principal) -> String {
    let Principal { role, origin, .. } = principal;
    let (name, plugin, origin) = (&tool.name, &tool.plugin, origin.as_str());
    let Some(missing) = tool.requires.iter().find(|one| !tool.effective(held).contains(one.set())) else {
        return format!("{name} is not available to {role}.");
    };
    let remedy = if plugin.reach.contains(missing.set()) {
        "the roles of the configuration".to_owned()
    } else {
        format!("[capabilities] in the plugin.toml of {}", plugin.name)
    };
    format!(
        "{name} is not available to {role} in a run of origin {origin}: it requires `{missing}`. Do without it; only the \
         owner can allow it, by {remedy}."
    )
}

fn unknown(name: &str, near: &[&str]) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
    match near {
        [] => format!("There is no tool `{name}`. Use only the tools you were given."),
        near => format!("There is no tool `{name}`. Did you mean {}?", near.join(" or ")),
    }
}
