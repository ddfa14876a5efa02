//! The tools there are and who is offered which; the one way to call them is `calling`. What a principal may use follows
//! from its role and origin and the plugins' grants; no list of tools for a role exists anywhere.

mod calling;
mod elsewhere;
mod installed;
mod shipped;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::join_all;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use steward_agent::{Origin, Role, ToolSpec, visible_lines};
use steward_store::Store;
use tokio::sync::Semaphore;

use crate::audit::Audit;
use crate::backing::Backing;
use crate::capability::events::EventKinds;
use crate::capability::http::{Client, HttpPolicy};
use crate::capability::memory::Recall;
use crate::capability::model::AskModel;
use crate::capability::process::Namespaces;
use crate::compile::{Cache, Compiler};
use crate::connected::Connected;
use crate::consent::Request;
use crate::engine::{self, Engine};
use crate::error::{LoadError, SandboxError};
use crate::foreign::ForeignMarks;
use crate::grant::CapabilitySet;
use crate::limits::Limits;
use crate::plugin::{self, Plugin, PluginSource, Tool};
use crate::record::RecordPolicy;
use crate::roles::Roles;
use crate::secret::Vault;

pub use calling::Wanted;
pub use installed::Installed;
pub use shipped::ShippedPlugin;

/// Everything the sandbox is made from.
pub struct SandboxConfig {
    /// The folder of compiled code; the key that signs it lies beside.
    pub compiled: PathBuf,
    pub compiler: Compiler,
    /// The folder with the owner's files and memory.
    pub workspace: PathBuf,
    /// The folder of everybody else's: each has one in it, named by the number of the person.
    pub people: PathBuf,
    pub store: Store,
    /// The zone in which wall-clock times are meant.
    pub time_zone: TimeZone,
    pub roles: Roles,
    /// What can be watched for, if anything watches.
    pub events: Option<Arc<dyn EventKinds>>,
    pub http: HttpPolicy,
    /// Which calls are recorded.
    pub record: RecordPolicy,
    /// What no call exceeds.
    pub limits: Limits,
}

/// Calls at the same time; instances are a few more, for plugins being loaded.
const CALLS: usize = engine::INSTANCES as usize - 16;
/// Of these, calls that wait for calls of their own; all others end by themselves, so there is always a place again.
const CALLERS: usize = 32;

/// A plugin by the name of its source, loaded or refused.
type Loaded = (String, Result<(Arc<Plugin>, Vec<Tool>), LoadError>);

/// The loaded plugins and their tools.
pub struct Catalogue {
    plugins: Vec<Arc<Plugin>>,
    refused: Vec<(String, Arc<LoadError>)>,
    /// So many of the refused ones belong to the program.
    own_refused: usize,
    /// By name.
    tools: Vec<Tool>,
    roles: Roles,
    engine: Arc<Engine>,
    backing: Arc<Backing>,
    cache: Arc<Cache>,
    /// What no call exceeds.
    limits: Limits,
    calls: Arc<Semaphore>,
    callers: Arc<Semaphore>,
    audit: Audit,
    record: RecordPolicy,
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
        // The key of the compiled code lies beside it, with the database and the other keys.
        let data = config.compiled.parent().and_then(|folder| std::path::absolute(folder).ok());
        let connected = Connected::default();
        let (compiled, compiler, workspace) = (config.compiled, config.compiler, config.workspace.clone());
        let opened = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&workspace).map_err(|error| SandboxError::io(&workspace, error))?;
            let engine = Arc::new(Engine::new()?);
            let cache = Cache::open(compiled, compiler, Arc::clone(&engine))?;
            Ok::<_, SandboxError>((engine, Arc::new(cache.within(config.limits.compile))))
        });
        let (engine, cache) = opened.await.map_err(|error| SandboxError::Engine(error.to_string()))??;
        if let Some(data) = data {
            connected.processes.hide(data);
        }
        let backing = Arc::new(Backing {
            marks: ForeignMarks::new(config.store.clone()),
            events: config.events,
            store: config.store.clone(),
            workspace: config.workspace,
            people: config.people,
            time_zone: config.time_zone,
            http: Arc::new(Client::new(config.http)?),
            connected: Arc::new(connected),
            clock: Timestamp::now,
        });
        let mut catalogue = Self {
            plugins: Vec::new(),
            refused: Vec::new(),
            tools: Vec::new(),
            roles: config.roles,
            backing,
            calls: Arc::new(Semaphore::new(CALLS)),
            callers: Arc::new(Semaphore::new(CALLERS)),
            audit: Audit::new(config.store),
            record: config.record,
            offers: Mutex::default(),
            engine,
            cache,
            limits: config.limits,
            own_refused: 0,
        };
        let loading = sources.into_iter().map(|source| catalogue.load_one(source, None));
        let loaded = join_all(loading).await;
        catalogue.take_in(loaded);
        catalogue.own_refused = catalogue.refused.len();
        Ok(catalogue)
    }

    /// Loads one plugin without taking it in.
    async fn load_one(&self, source: PluginSource, approved: Option<&Request>) -> Loaded {
        let (name, wasm) = (source.name.clone(), self.record.is_on().then(|| source.wasm.clone()));
        let loaded = plugin::load(&self.cache, &self.engine, &self.limits, source, approved).await;
        if let (Ok((plugin, _)), Some(wasm)) = (&loaded, wasm) {
            self.record.prepare(&self.cache, plugin, plugin::bytes(wasm).into());
        }
        (name, loaded)
    }

    fn take_in(&mut self, loaded: Vec<Loaded>) {
        for (name, loaded) in loaded {
            if let Err(error) = loaded.and_then(|(plugin, tools)| self.add(plugin, tools)) {
                tracing::error!("plugin {name} is left out: {}", visible_lines(&error.to_string()));
                self.refused.push((name, Arc::new(error)));
            }
        }
        self.tools.sort_by(|one, other| one.name.cmp(&other.name));
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

    /// Says how programs are run: what is wanted of namespaces, and what no program is shown in one. Done once, before
    /// the first call.
    pub fn connect_processes(&self, namespaces: Namespaces, hidden: Vec<PathBuf>) {
        self.backing.connected.processes.set(namespaces, hidden);
    }

    /// Lets plugins ask the model. Done once, before the first call.
    pub fn connect_model(&self, model: Arc<dyn AskModel>) {
        if self.backing.connected.model.set(model).is_err() {
            tracing::error!("a model is connected already; the first one stays");
        }
    }

    /// Lets plugins search memory and forget it. Done once, before the first call; not where nothing may change, such as
    /// in a dry run.
    pub fn connect_memory(&self, memory: Arc<dyn Recall>) {
        if self.backing.connected.memory.set(memory).is_err() {
            tracing::error!("memory is connected already; the first one stays");
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn backing(&self) -> &Arc<Backing> {
        &self.backing
    }

    pub fn plugins(&self) -> &[Arc<Plugin>] {
        &self.plugins
    }

    /// The plugins that were left out, by the name of their source, and why.
    pub fn refused(&self) -> &[(String, Arc<LoadError>)] {
        &self.refused
    }

    /// Every tool, by name.
    pub fn tools(&self) -> impl Iterator<Item = &Tool> {
        self.tools.iter()
    }

    /// What is kept and came from foreign text.
    pub fn marks(&self) -> &ForeignMarks {
        &self.backing.marks
    }

    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// The tools offered to a role when a run has this origin, by name.
    pub fn tools_for(&self, role: &Role, origin: Origin) -> Arc<[ToolSpec]> {
        let held = self.roles.set(role, origin);
        let mut offers = self.offers.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(offers.entry(held).or_insert_with(|| self.offered(held).map(Tool::spec).collect()))
    }

    /// The tools that a tool of such a run may call: those offered to it that call no others.
    pub fn tools_within(&self, role: &Role, origin: Origin) -> Vec<ToolSpec> {
        let held = self.roles.set(role, origin);
        self.offered(held).filter(|tool| !tool.calls_tools(held)).map(Tool::spec).collect()
    }

    fn offered(&self, held: CapabilitySet) -> impl Iterator<Item = &Tool> {
        self.tools.iter().filter(move |tool| tool.is_offered(held))
    }

    /// Returns when the audit of every call made so far is on disk.
    pub async fn close(&self) {
        self.audit.flush().await;
    }
}
