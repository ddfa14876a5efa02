//! Puts the program together: the one file that knows every crate. It opens what must be open, starts each task and
//! waits for all of them at the end.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use steward_beneath::Place;
use steward_channel::Channel;
use steward_memory::Memory;
use steward_sandbox::{Binary, Catalogue, Compiler, HttpPolicy, Limits, Roles, SandboxConfig, ShippedPlugin, Vault};
use steward_store::Store;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::approval::{self, Approvals};
use crate::channels::{self, Channels};
use crate::config::{Config, OpenTo, Prices, plugins};
use crate::distilling::Distilling;
use crate::documents::{self, Documents};
use crate::inbox::StoredInbox;
use crate::installed::{self, Plugins};
use crate::lanes::Lanes;
use crate::listener::{self, Figures, Vitals};
use crate::memory::{self, Ports, embedders};
use crate::models::Models;
use crate::questions::Questions;
use crate::recall::Offer;
use crate::rights::{self, Rights};
use crate::router::Router;
use crate::seats::{self, Owners};
use crate::sent::SentLog;
use crate::transcripts::Transcripts;
use crate::{
    commands, delivery, digest, distilling, folders, footprint, notes, space, transcripts, upkeep, uploads, waking,
};

/// What every task works with.
pub(crate) struct Host {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) plugins: Arc<Plugins>,
    pub(crate) models: Arc<Models>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) channels: Channels,
    pub(crate) owners: Owners,
    pub(crate) approvals: Approvals,
    /// Tells of rights that changed.
    pub(crate) rights: Rights,
    /// What is found in memory for a message.
    pub(crate) offers: Arc<dyn Offer>,
    pub(crate) memory: Arc<Memory>,
    /// What makes the vectors of memory.
    pub(crate) embedders: Arc<embedders::Models>,
    pub(crate) distilling: Distilling,
    /// Whom this installation was made open to, where the configuration says nothing.
    pub(crate) made_open_to: OpenTo,
    /// What the channels have taken.
    pub(crate) sent: Arc<SentLog>,
    /// How much outsiders do at once.
    pub(crate) lanes: Lanes,
    /// What the models cost.
    pub(crate) prices: Arc<Prices>,
    pub(crate) transcripts: Arc<Transcripts>,
    /// Nothing new is begun; what is being sent is finished.
    pub(crate) stop: CancellationToken,
    /// The channels close; later than `stop`, so that they can carry the last messages.
    pub(crate) hang_up: CancellationToken,
}

/// A running host. Dropping it without [`App::end`] is like a crash: nothing is lost, but nothing is tidied.
pub struct App {
    host: Arc<Host>,
    work: JoinSet<()>,
    lines: JoinSet<()>,
    /// Where the HTTP listener is, if there is one.
    http: Option<String>,
    _lock: std::fs::File,
}

/// Long enough for a final message to go out and for the database to close.
const ENDING: Duration = Duration::from_secs(10);
const SAVE_HEALTH_EVERY: Duration = Duration::from_secs(15);

impl App {
    /// Opens everything and starts working.
    ///
    /// # Errors
    /// Only for what a person must mend: folders that cannot be written, a second instance, a database that is broken.
    /// A missing model, key or network is no error.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        let preparing = config.clone();
        tokio::task::spawn_blocking(move || folders::prepare_all(&preparing)).await??;
        let lock = lock(&config.data)?;
        let database = config.database();
        let (data, workspace) = (config.data.clone(), config.workspace.clone());
        let opened = tokio::task::spawn_blocking(move || {
            uploads::tidy(&data, &workspace);
            documents::tidy(&data);
            Store::open(&database)
        });
        let store = opened.await??;
        store.limit_people(config.admission.limits.allowances(config.time_zone.clone()));
        let made_open_to = OpenTo::named(&store.open_to().await?);
        let sent = Arc::new(SentLog::open(&config.data, &store, Timestamp::now()).await?);
        let owners = seats::take(&config, &store).await?;
        let menu = commands::menu();
        let (plugins, models, channels, embedders) = tokio::join!(
            Plugins::open(&config, store.clone()),
            Models::new(config.models.clone(), config.http_proxy.clone()),
            Channels::make(&config, &menu),
            embedders::open(&config)
        );
        let plugins = Arc::new(plugins?);
        let documents = Arc::new(Documents::new(Arc::clone(&plugins), store.clone(), &config.data));
        let catalogue = plugins.catalogue();
        let channels = channels?;
        // Before anything says that Steward is ready, for then people connect.
        channels.open().await?;
        let (stop, hang_up) = (CancellationToken::new(), CancellationToken::new());
        let vault = open_vault(&config, &store).await;
        let (models, approvals) = (Arc::new(models?.guarding(Arc::clone(&vault))), Approvals::default());
        catalogue.connect_vault(Arc::clone(&vault));
        let prices = Arc::new(config.models.prices());
        let questions = Questions { models: Arc::clone(&models), store: store.clone(), prices: Arc::clone(&prices) };
        catalogue.connect_model(Arc::new(questions));
        let embedders = embedders?;
        let memory = Arc::new(memory::open(&config, &store, &embedders, Some(documents))?);
        let transcripts = Arc::new(Transcripts::default());
        let ports = Arc::new(Ports {
            memory: Arc::clone(&memory),
            transcripts: Arc::clone(&transcripts),
            zone: config.time_zone.clone(),
            marks: catalogue.marks().clone(),
            workspace: config.workspace.clone(),
            data: config.data.clone(),
        });
        catalogue.connect_memory(Arc::clone(&ports) as Arc<_>);
        let lanes = Lanes::new(config.admission.limits.runs_at_once);
        let host = Arc::new(Host {
            config,
            store,
            plugins,
            models,
            vault,
            channels,
            owners,
            approvals,
            rights: Rights::default(),
            offers: ports,
            memory,
            embedders,
            distilling: Distilling::default(),
            made_open_to,
            sent,
            lanes,
            prices,
            transcripts,
            stop,
            hang_up,
        });
        let mut app = Self { host, work: JoinSet::new(), lines: JoinSet::new(), http: None, _lock: lock };
        app.listen().await?;
        app.spawn_tasks();
        Ok(app)
    }

    /// Opens the HTTP listener, if it is configured.
    async fn listen(&mut self) -> anyhow::Result<()> {
        let Host { config, store, channels, models, prices, stop, .. } = &*self.host;
        let Some(settings) = &config.serve else { return Ok(()) };
        let vitals = Vitals { store: store.clone(), channels: channels.clone() };
        let figures = Figures::new(store.clone(), channels.clone(), Arc::clone(models), Arc::clone(prices));
        let (listener, line) = listener::open(settings, vitals, figures).await?;
        self.work.spawn(listener.run(stop.clone()));
        self.http = Some(line);
        Ok(())
    }

    fn spawn_tasks(&mut self) {
        let host = &self.host;
        self.work.spawn(Router::new(Arc::clone(host)).run());
        self.work.spawn(delivery::run(Arc::clone(host)));
        self.work.spawn(digest::run(Arc::clone(host)));
        let marks = host.plugins.catalogue().marks().clone();
        self.work.spawn(waking::run(host.config.clone(), host.store.clone(), marks, host.stop.clone()));
        self.work.spawn(upkeep::run(Arc::clone(host)));
        self.work.spawn(rights::run(Arc::clone(host)));
        self.work.spawn(approval::settle(Arc::clone(host)));
        self.work.spawn(transcripts::run(Arc::clone(host)));
        self.work.spawn(distilling::run(Arc::clone(host)));
        self.work.spawn(memory::run(Arc::clone(host)));
        self.work.spawn(Arc::clone(&host.embedders).keep(host.stop.clone()));
        self.work.spawn(footprint::settle(host.stop.clone()));
        for channel in host.channels.iter() {
            self.lines.spawn(receive(Arc::clone(host), Arc::clone(channel)));
            self.lines.spawn(delivery::watch_ready(Arc::clone(host), Arc::clone(channel)));
            self.lines.spawn(save_health(Arc::clone(host), Arc::clone(channel)));
        }
    }

    /// What a person should know now that it runs, a line each; the first begins with `Ready`.
    pub fn banner(&self) -> Vec<String> {
        let host = &self.host;
        let models: Vec<_> = host.models.describe().into_iter().map(|model| model.label).collect();
        let catalogue = host.plugins.catalogue();
        let mut lines = vec![
            format!("Ready. Model: {}", models.join(", then ")),
            format!("  tools      {} from {} plugins", catalogue.tools().count(), catalogue.plugins().len()),
        ];
        lines.extend(channels::banner(&host.config));
        lines.push(match host.embedders.describe() {
            Ok(model) => format!("  memory     searched by words and by meaning: {model}"),
            Err(reason) => format!("  memory     searched by words alone; {reason}"),
        });
        lines.extend(self.http.iter().map(|line| format!("  http       {line}")));
        if host.models.rehearsing() {
            lines.push(format!("  {}", crate::texts::connect_a_model(host.config.language)));
        }
        lines
    }

    /// Stops everything and waits for it. What is under way is taken up at the next start.
    pub async fn end(mut self) {
        self.host.stop.cancel();
        self.host.plugins.give_up();
        wait_for(&mut self.work).await;
        self.host.hang_up.cancel();
        wait_for(&mut self.lines).await;
        self.host.plugins.catalogue().close().await;
        self.host.store.close().await;
    }
}

async fn wait_for(tasks: &mut JoinSet<()>) {
    let ended = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(ENDING, ended).await.is_err() {
        tracing::warn!("not everything ended in time; the rest is taken up at the next start");
        tasks.shutdown().await;
    }
}

/// One process works on a data folder.
fn lock(data: &Path) -> anyhow::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let path = data.join("steward.lock");
    let opened = std::fs::File::options().create(true).append(true).mode(0o600).open(&path);
    let file = opened.with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => {
            bail!("Steward is already running on {}. Talk to it with `steward chat`, or end it first.", data.display())
        }
        Err(std::fs::TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

/// Whether a host is running on this data folder.
pub(crate) fn is_running(data: &Path) -> bool {
    let Ok(file) = std::fs::File::open(data.join("steward.lock")) else { return false };
    matches!(file.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock))
}

/// The secrets. That they cannot be read is no reason not to start: what needs one says so.
pub(crate) async fn open_vault(config: &Config, store: &Store) -> Arc<Vault> {
    let vault = Arc::new(Vault::new(store.clone(), config.secret_key.clone()));
    if let Err(error) = vault.refresh().await {
        tracing::error!(%error, "the secrets cannot be read; tools that need one will say so");
    }
    vault
}

/// The built-in plugins and the installed ones that are enabled.
pub(crate) async fn open_catalogue(config: &Config, store: Store) -> anyhow::Result<Catalogue> {
    let catalogue = Catalogue::load_shipped(sandbox(config, store.clone())?, built_in(config)?).await?;
    plugins::check_used(&config.plugins, &catalogue)?;
    connect_processes(&catalogue, config);
    let rows = store.plugins().await?;
    Ok(if rows.is_empty() { catalogue } else { installed::beside(&catalogue, &rows, &config.data).await })
}

/// The plugins that ship, with what the configuration says of them.
fn built_in(config: &Config) -> anyhow::Result<Vec<ShippedPlugin>> {
    plugins::check(&config.plugins, steward_builtin::PLUGINS.iter().map(|plugin| plugin.name))?;
    let sources = steward_builtin::PLUGINS.iter().map(|plugin| {
        let manifest = plugins::adjusted(plugin.manifest, plugin.name, &config.plugins)?;
        let hash = plugin.hash.parse().with_context(|| format!("the hash of {}", plugin.name))?;
        let binary = Binary::packed(hash, plugin.size, || plugin.wasm());
        Ok(ShippedPlugin { name: plugin.name.to_owned(), manifest, binary, tools: plugin.tools })
    });
    sources.collect()
}

/// Says how programs are run, and keeps the configuration, which may hold keys, out of their sight.
pub(crate) fn connect_processes(catalogue: &Catalogue, config: &Config) {
    let hidden = config.file.iter().filter_map(|path| std::path::absolute(path).ok());
    catalogue.connect_processes(config.process.namespace, hidden.collect());
}

/// The sandbox as it is configured.
pub(crate) fn sandbox(config: &Config, store: Store) -> anyhow::Result<SandboxConfig> {
    Ok(SandboxConfig {
        compiled: config.data.join("compiled"),
        compiler: compiler()?,
        workspace: std::path::absolute(&config.workspace)?,
        people: std::path::absolute(config.data.join(space::PEOPLE))?,
        events: Some(Arc::new(waking::Kinds(store.clone()))),
        store,
        time_zone: config.time_zone.clone(),
        roles: roles(config)?,
        http: HttpPolicy {
            allow_private: config.http.allow_private.clone(),
            proxy: config.http_proxy.clone(),
            held: config.audit.record.held.clone(),
            ..HttpPolicy::default()
        },
        record: config.audit.record.clone(),
        limits: limits(config),
    })
}

/// Components are compiled by this very program in a process of its own.
pub(crate) fn compiler() -> anyhow::Result<Compiler> {
    let program = std::env::current_exe().context("the program file of Steward itself cannot be found")?;
    Ok(Compiler::Child(program))
}

/// Who may use what, and what each origin of a run leaves of it.
pub(crate) fn roles(config: &Config) -> anyhow::Result<Roles> {
    let roles = Roles::with(config.roles.clone()).context("steward.toml: roles")?;
    roles.limited(&config.origins).context("steward.toml: origins")
}

/// What no tool call exceeds.
pub(crate) fn limits(config: &Config) -> Limits {
    Limits {
        memory: config.limits.tool_memory_mb as usize * (1 << 20),
        write: u64::from(config.limits.tool_write_mb) << 20,
        time: Duration::from_secs(config.limits.tool_seconds),
        ..Limits::default()
    }
}

async fn receive(host: Arc<Host>, channel: Arc<dyn Channel>) {
    let inbox = Arc::new(StoredInbox { store: host.store.clone() });
    if let Err(error) = channel.run(inbox, host.hang_up.clone()).await {
        tracing::error!(channel = channel.name(), %error, "this channel has stopped");
    }
}

/// So that `steward doctor`, another process, can tell how receiving goes.
async fn save_health(host: Arc<Host>, channel: Arc<dyn Channel>) {
    let mut saved = None;
    loop {
        let health = channel.health();
        if saved.as_ref() != Some(&health) {
            match host.store.set_health(channel.name(), health.clone()).await {
                Ok(()) => saved = Some(health),
                Err(error) => tracing::warn!(%error, "the channel's health was not written down"),
            }
        }
        tokio::select! {
            () = tokio::time::sleep(SAVE_HEALTH_EVERY) => {}
            () = host.hang_up.cancelled() => return,
        }
    }
}

/// MEMORY.md, where there is one; why it cannot be read, so that the assistant can say it.
pub(crate) async fn read_memory(workspace: &Path) -> Option<String> {
    let place = Place::of(workspace);
    let read = tokio::task::spawn_blocking(move || notes::read(&place, "MEMORY.md")).await;
    read.unwrap_or_else(|error| Err(error.into())).unwrap_or_else(|error| {
        tracing::warn!(%error, "MEMORY.md is in no prompt until it can be read");
        Some(format!("(MEMORY.md cannot be read, tell the owner: {error})"))
    })
}
