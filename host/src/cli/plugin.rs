//! `steward plugin list` and `inspect`: what there is, what it could reach and what it asks for.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use comfy_table::Table;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use steward_agent::{Language, Origin, Role, visible_lines};
use steward_sandbox::{Access, Catalogue, Consent, Inspection, Limits, Requirement, Tool};
use steward_store::{InstalledPlugin, Store};

use super::plugin_file::PluginFile;
use super::plugin_install;
use super::say;
use crate::app;
use crate::config::Config;
use crate::cost;
use crate::texts;

#[derive(Args)]
pub(super) struct Inspect {
    /// A .wasm file, or the folder of a project that is built
    file: PathBuf,
    /// The plugin.toml to look at it with, instead of the one that is packed into the file
    #[arg(long, value_name = "PLUGIN.TOML")]
    manifest: Option<PathBuf>,
}

/// Says what a binary is and could reach; with a manifest, what it asks for and what of that is new. A configuration that
/// cannot be read is no hindrance.
///
/// # Errors
/// It cannot be read, or its manifest does not fit it.
pub(super) async fn inspect(inspect: Inspect, config: anyhow::Result<Config>) -> anyhow::Result<ExitCode> {
    let config = config.ok();
    let language = config.as_ref().map_or(Language::En, |config| config.language);
    let limits = config.as_ref().map_or_else(Limits::default, app::limits);
    let file = PluginFile::read(&inspect.file)?;
    let manifest = manifest(&inspect.manifest)?.or(file.manifest);
    let wasm = file.wasm.clone();
    let text = manifest.clone().unwrap_or_default();
    let compiler = app::compiler()?;
    let mut inspection: Inspection = match manifest {
        Some(manifest) => steward_sandbox::inspect_with(&compiler, file.wasm, &manifest, &limits).await?,
        None => steward_sandbox::inspect(&compiler, file.wasm).await?,
    };
    match inspection.request.take() {
        None => say(&format!("{}{}", inspection.text(language), limits.text(language)))?,
        Some(Ok((request, limits))) => {
            let author = steward_sandbox::signer(&wasm, &text, &request)
                .with_context(|| format!("{} cannot be installed", inspect.file.display()))?;
            let row = installed(config.as_ref(), &request.name).await?;
            let approved = row.as_ref().and_then(plugin_install::approved);
            let consent = Consent::new(request, author, plugin_install::compared(&approved, row.as_ref()));
            say(&format!("{}{}", consent.text(language, &limits), inspection.surroundings(language)))?;
        }
        Some(Err(error)) => {
            say(&inspection.text(language))?;
            return Err(error).with_context(|| format!("{} cannot be installed", inspect.file.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The text of a plugin.toml that is named on the command line.
pub(super) fn manifest(path: &Option<PathBuf>) -> anyhow::Result<Option<String>> {
    const MOST: u64 = 64 << 10;
    let Some(path) = path else { return Ok(None) };
    let cannot = || format!("cannot read {}", path.display());
    let size = std::fs::metadata(path).with_context(cannot)?.len();
    anyhow::ensure!(size <= MOST, "{} is longer than {}: it is not a plugin.toml", path.display(), cost::bytes(MOST));
    std::fs::read_to_string(path).map(Some).with_context(cannot)
}

/// The installed plugin of that name. Nothing is made where there is no database yet.
async fn installed(config: Option<&Config>, name: &str) -> anyhow::Result<Option<InstalledPlugin>> {
    let Some(database) = config.map(Config::database).filter(|path| path.exists()) else { return Ok(None) };
    let store = tokio::task::spawn_blocking(move || Store::open(&database)).await??;
    let rows = store.plugins().await;
    store.close().await;
    Ok(rows?.into_iter().find(|row| row.plugin.name == name))
}

pub(super) async fn list(config: Config, roles: bool) -> anyhow::Result<()> {
    // Makes the data folder, for the owner alone.
    let store = Store::open(&config.database())?;
    steward_beneath::Folder::make(&config.data.join("compiled"))?;
    let catalogue = app::open_catalogue(&config, store.clone()).await?;
    let installed = store.plugins().await?;
    say(&if roles { table_of_roles(&catalogue, &config) } else { table_of_plugins(&catalogue) }.to_string())?;
    if roles {
        limits_of_origins(&catalogue).into_iter().try_for_each(|line| say(&line))?;
    }
    if !roles && !installed.is_empty() {
        say(&format!("Installed:\n{}", table_of_installed(&installed, &catalogue, &config)))?;
    }
    for (name, error) in catalogue.refused() {
        say(&visible_lines(&format!("refused: {name}: {error}")))?;
    }
    catalogue.close().await;
    store.close().await;
    Ok(())
}

/// What runs of some origins may not use, and which tools they lose by it.
fn limits_of_origins(catalogue: &Catalogue) -> Vec<String> {
    let limit = |(origin, taken): (Origin, Vec<(&str, Access)>)| {
        let words: Vec<_> = taken
            .iter()
            .map(
                |(name, left)| {
                    if *left == Access::Read { format!("{name} (only reading)") } else { (*name).to_owned() }
                },
            )
            .collect();
        let lacks = |tool: &&Tool| {
            let beyond =
                |one: &Requirement| taken.iter().any(|(name, left)| one.capability.name == *name && one.access > *left);
            tool.requires.iter().any(beyond)
        };
        let lost: Vec<_> = catalogue.tools().filter(lacks).map(|tool| tool.name.as_str()).collect();
        let lost = if lost.is_empty() { "none".to_owned() } else { lost.join(", ") };
        format!("Runs of origin {} lack {}; tools they lose: {lost}", origin.as_str(), words.join(", "))
    };
    catalogue.roles().limits().map(limit).collect()
}

/// One row for each installed plugin, with its state.
fn table_of_installed(installed: &[InstalledPlugin], catalogue: &Catalogue, config: &Config) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY).set_header(["plugin", "BLAKE3", "signed with", "installed", "state"]);
    for row in installed {
        let plugin = &row.plugin;
        let loaded = catalogue.plugins().iter().any(|one| one.installed && *one.name == plugin.name);
        let state = match (row.enabled, loaded) {
            (false, _) => "disabled",
            (true, true) => "enabled",
            (true, false) => "refused, see below",
        };
        let name = format!("{} {}", plugin.name, steward_agent::visible(&plugin.version, 40));
        let when = texts::wall_clock(row.installed_at, &config.time_zone);
        let author = plugin.author.as_deref().unwrap_or("not signed").to_owned();
        table.add_row([name, plugin.hash.clone(), author, when, state.to_owned()]);
    }
    table
}

fn table_of_plugins(catalogue: &Catalogue) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY).set_header(["plugin", "tools", "may reach", "limits of a call", "size"]);
    for plugin in catalogue.plugins() {
        let tools = catalogue.tools().filter(|tool| tool.plugin.name == plugin.name);
        let tools: Vec<_> = tools.map(|tool| tool.name.clone()).collect();
        let size = cost::bytes(plugin.size as u64);
        let name = format!("{} {}", plugin.name, steward_agent::visible(&plugin.version, 40));
        table.add_row([name, tools.join("\n"), plugin.grant.capabilities.to_string(), limits(&plugin.limits), size]);
    }
    table
}

/// What a call is held to: the manifest's limits within the host's.
fn limits(limits: &Limits) -> String {
    format!(
        "{} memory\n{} s\n{} answer\n{} files",
        cost::bytes(limits.memory as u64),
        limits.time.as_secs(),
        cost::bytes(limits.output as u64),
        cost::bytes(limits.attachments as u64)
    )
}

/// One row for each tool, one column for each role, from what the catalogue would offer.
fn table_of_roles(catalogue: &Catalogue, config: &Config) -> Table {
    let roles: Vec<Role> = [Role::Owner, Role::Group, Role::External]
        .into_iter()
        .chain(config.roles.keys().cloned().map(Role::Named))
        .collect();
    let offered: Vec<Vec<String>> = roles
        .iter()
        .map(|role| catalogue.tools_for(role, Origin::Chat).iter().map(|tool| tool.name.clone()).collect())
        .collect();
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    table.set_header(["tool", "requires"].into_iter().chain(roles.iter().map(Role::as_str)));
    for tool in catalogue.tools() {
        let requires: Vec<_> = tool.requires.iter().map(ToString::to_string).collect();
        let cells = offered.iter().map(|names| if names.contains(&tool.name) { "yes" } else { "no" }.to_owned());
        table.add_row([tool.name.clone(), requires.join(", ")].into_iter().chain(cells));
    }
    table
}
