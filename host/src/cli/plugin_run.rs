//! `steward plugin run`: tries a plugin under the grants named on the command line. Everything else is denied, also
//! what its plugin.toml or the configuration would allow; `--granted` takes what plugin.toml asks for instead.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;
use serde_json::Value;
use steward_agent::{Origin, Principal, Role, Sender, SessionId, visible, visible_json, visible_lines};
use steward_channel::TerminalServer;
use steward_sandbox::{
    Access, Answer, CAPABILITIES, Call, Catalogue, Outcome, PluginSource, Requirement, Roles, SandboxConfig, Tool,
    ToolPort, Trial,
};
use steward_store::Store;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::output::{say, say_aside};
use super::plugin_file::PluginFile;
use crate::app;
use crate::config::Config;
use crate::models::Models;
use crate::questions::Questions;

#[derive(Args)]
pub(super) struct Run {
    /// A plugin, a component with functions of its own, a WASI program, or the folder of a project that was built
    file: PathBuf,
    /// The tool to call; without it the tools are listed
    tool: Option<String>,
    /// Its arguments, a JSON object; `-` reads them from standard input
    #[arg(default_value = "{}")]
    json: String,
    /// Let it use a capability: memory, schedule, files, files:write …
    #[arg(long = "grant", value_name = "CAPABILITY[:write]")]
    grants: Vec<String>,
    /// Let it send requests to this host, such as example.org or *.example.org; HOST:PORT also where that is private
    #[arg(long = "http", value_name = "HOST")]
    hosts: Vec<String>,
    /// Let it use this secret, kept with `steward secret set`, towards the hosts the secret is bound to
    #[arg(long = "secret", value_name = "NAME")]
    secrets: Vec<String>,
    /// Let it use all that its own plugin.toml asks for
    #[arg(long, conflicts_with_all = ["grants", "hosts", "secrets"])]
    granted: bool,
    /// Let it use the files of this folder, which it sees as /workspace
    #[arg(long, value_name = "PATH[:write]")]
    dir: Option<String>,
}

/// Lists the tools, or calls one and prints its answer.
///
/// # Errors
/// The file or a grant cannot be used.
pub(super) async fn run(run: Run, config: Config) -> anyhow::Result<ExitCode> {
    let file = PluginFile::read(&run.file)?;
    let (trial, folder) = trial(&run)?;
    std::fs::create_dir_all(config.data.join("compiled"))
        .with_context(|| format!("cannot make the folder {}", config.data.display()))?;
    let store = Store::open(&config.database())?;
    let sandbox = surroundings(&config, store.clone(), &trial, folder)?;
    let catalogue = Catalogue::load(sandbox, vec![source(file, &trial, run.granted)?]).await?;
    app::connect_processes(&catalogue, &config);
    connect(&catalogue, &config, &store, &trial, run.granted).await?;
    let code = match (catalogue.refused(), &run.tool) {
        ([(_, error), ..], _) => Err(anyhow::anyhow!("{} cannot be used: {error}", run.file.display())),
        ([], None) => list(&catalogue),
        ([], Some(tool)) => call(&catalogue, &store, &config, tool, &run).await,
    };
    catalogue.close().await;
    store.close().await;
    code
}

/// The plugin with the manifest it is tried under.
fn source(file: PluginFile, trial: &Trial, granted: bool) -> anyhow::Result<PluginSource> {
    let PluginFile { path, name, wasm, manifest } = file;
    let source = match manifest {
        Some(manifest) if granted => PluginSource { name, wasm: wasm.into(), manifest },
        None if granted => bail!(
            "{} holds no manifest that could ask for anything: name the grants, or pack it with `steward plugin pack`",
            path.display()
        ),
        Some(manifest) => trial.source_with(&name, wasm, &manifest)?,
        None => trial.source(&name, wasm),
    };
    Ok(source)
}

/// What the command line grants, and the folder of files if it names one.
fn trial(run: &Run) -> anyhow::Result<(Trial, Option<PathBuf>)> {
    let mut grants: Vec<_> = run.grants.iter().map(|text| grant(text)).collect::<Result<_, _>>()?;
    let (hosts, secrets) = (run.hosts.clone(), run.secrets.clone());
    let Some(dir) = &run.dir else { return Ok((Trial { grants, hosts, secrets }, None)) };
    if let Some(other) = grants.iter().find(|one| one.capability.in_folder) {
        bail!("--dir and --grant {other} both say which folder is used: keep one of them");
    }
    let (path, access) = dir.strip_suffix(":write").map_or((dir.as_str(), Access::Read), |path| (path, Access::Write));
    let folder = Path::new(path).canonicalize().with_context(|| format!("--dir {path}"))?;
    if !folder.is_dir() {
        bail!("--dir {path} is not a folder");
    }
    let of_files = CAPABILITIES.iter().filter(|one| one.in_folder && one.levels);
    grants.extend(of_files.map(|capability| Requirement { capability, access }));
    Ok((Trial { grants, hosts, secrets }, Some(folder)))
}

fn grant(text: &str) -> anyhow::Result<Requirement> {
    let Some(grant) = Requirement::parse(text) else {
        let names = CAPABILITIES.iter().filter(|one| one.trial_needs.is_none()).map(|one| one.name);
        let names = names.collect::<Vec<_>>().join(", ");
        bail!("--grant {text}: there is no such capability; use one of {names}, or --http HOST, or --secret NAME");
    };
    match grant.capability.trial_needs {
        Some(needs) => bail!("--grant {}: {needs}", grant.capability.name),
        None => Ok(grant),
    }
}

/// The configured surroundings, with the one who calls held back by nothing but the trial's grants.
fn surroundings(
    config: &Config,
    store: Store,
    trial: &Trial,
    folder: Option<PathBuf>,
) -> anyhow::Result<SandboxConfig> {
    let mut sandbox = app::sandbox(config, store)?;
    let everything = CAPABILITIES.iter().map(|one| (one.name.to_owned(), Access::Write)).collect();
    sandbox.roles = Roles::with([(Role::Owner.as_str().to_owned(), everything)].into())?;
    sandbox.workspace = folder.unwrap_or(sandbox.workspace);
    let with_port = |host: &&String| host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let opened = trial.hosts.iter().filter(with_port).filter(|host| !host.starts_with('*'));
    sandbox.http.allow_private.extend(opened.cloned());
    Ok(sandbox)
}

/// Connects what a grant is of no use without.
async fn connect(
    catalogue: &Catalogue,
    config: &Config,
    store: &Store,
    trial: &Trial,
    granted: bool,
) -> anyhow::Result<()> {
    let vault = app::open_vault(config, store).await;
    if granted || trial.grants.iter().any(|one| one.capability.name == "model") {
        let models = Models::new(config.models.clone(), config.http_proxy.clone()).await?;
        let models = Arc::new(models.guarding(Arc::clone(&vault)));
        catalogue.connect_model(Arc::new(Questions { models, store: store.clone(), prices: Arc::default() }));
    }
    catalogue.connect_vault(vault);
    Ok(())
}

fn list(catalogue: &Catalogue) -> anyhow::Result<ExitCode> {
    for Tool { name, description, schema, .. } in catalogue.tools() {
        // Its author's words, which are not to steer the terminal.
        let description = visible_lines(description).replace('\n', "\n  ");
        say(&format!("{name}\n  {description}\n  {}", visible_json(&schema.to_string())))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn call(
    catalogue: &Catalogue,
    store: &Store,
    config: &Config,
    tool: &str,
    run: &Run,
) -> anyhow::Result<ExitCode> {
    let mut text = run.json.clone();
    if text == "-" {
        text.clear();
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
    }
    let (progress, mut lines) = mpsc::channel(16);
    let call = Call {
        principal: owner(store).await?,
        language: config.language,
        run: None,
        name: tool.to_owned(),
        // As from a model: text that is no JSON is answered by the sandbox.
        input: Value::String(text),
        key: format!("trial/{}", Timestamp::now()),
        replayed: false,
        time_limit: Duration::from_secs(config.limits.tool_seconds),
        cancel: CancellationToken::new(),
        progress: Some(progress),
        owner: None,
        tools: ToolPort::Absent,
        sight: Default::default(),
    };
    let shown = async {
        while let Some(line) = lines.recv().await {
            say_aside(&line);
        }
    };
    let (answer, ()) = tokio::join!(catalogue.call(call), shown);
    print(&answer, run.granted)
}

/// The owner; before the first start there is none yet.
pub(super) async fn owner(store: &Store) -> anyhow::Result<Principal> {
    let owner = match store.owners().await?.into_iter().next() {
        Some(owner) => owner,
        None => {
            let address = TerminalServer::owner();
            let id = address.chat.clone();
            let sender = Sender { name: id.clone(), id, username: None, language: None };
            store.meet(TerminalServer::NAME, &sender, Some(Role::Owner), &address, Timestamp::now()).await?
        }
    };
    let session = SessionId("trial".to_owned());
    Ok(Principal { person: owner.id, name: owner.name, role: Role::Owner, session, origin: Origin::Chat })
}

/// The answer on standard output; what is said about it beside.
fn print(answer: &Answer, granted: bool) -> anyhow::Result<ExitCode> {
    for file in &answer.attachments {
        let (name, mime) = (visible(&file.name, usize::MAX), visible(&file.mime, usize::MAX));
        say_aside(&format!("attachment: {name} ({mime}, {} bytes)", file.data.len()));
    }
    if answer.failed() {
        say_aside(&format!("{}: {}", answer.outcome, answer.text));
        if answer.outcome == Outcome::Denied && !granted {
            say_aside("In a trial all is denied that --grant, --http, --secret and --dir do not name.");
        }
        return Ok(ExitCode::FAILURE);
    }
    say(&answer.text)?;
    Ok(ExitCode::SUCCESS)
}
