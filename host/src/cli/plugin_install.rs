//! `steward plugin install`, `remove`, `enable` and `disable`: the owner at this machine decides. What they agree to is
//! computed by the sandbox from the binary and kept with the plugin, which is held to it whenever it is loaded.

use std::borrow::Cow;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;
use steward_agent::visible;
use steward_sandbox::{Before, Catalogue, Consent, Plugin, PluginSource, Request, SecretGrant};
use steward_store::{InstalledPlugin, NewPlugin, Store};

use super::agreement::agrees;
use super::output::say;
use super::plugin;
use super::plugin_file::PluginFile;
use crate::app;
use crate::config::Config;
use crate::installed::{self, files};
use crate::texts;

#[derive(Args)]
pub(super) struct Install {
    /// A packed .wasm file, or the folder of a project that is built
    file: PathBuf,
    /// Its plugin.toml, instead of the one that is packed into the file
    #[arg(long, value_name = "PLUGIN.TOML")]
    manifest: Option<PathBuf>,
    /// Agree to what it asks for, without being asked
    #[arg(long, short)]
    yes: bool,
    /// Take it also if it is signed by somebody else than the installed version, or no longer signed
    #[arg(long)]
    new_author: bool,
}

#[derive(Args)]
pub(super) struct Remove {
    name: String,
    /// Leave the data it kept for itself, for another plugin of that name
    #[arg(long)]
    keep_data: bool,
}

#[derive(Args)]
pub(super) struct Named {
    name: String,
}

/// A plugin that could be installed, and what the owner knows of it.
struct Candidate {
    wasm: Vec<u8>,
    manifest: String,
    plugin: std::sync::Arc<Plugin>,
    /// The key that signed it.
    author: Option<String>,
    before: Option<InstalledPlugin>,
}

/// The store and the plugins there are, of an installation that may be running.
struct Place {
    config: Config,
    store: Store,
    catalogue: Catalogue,
}

impl Place {
    async fn open(config: Config) -> anyhow::Result<Self> {
        let database = config.database();
        // Makes the data folder, for the owner alone.
        let store = tokio::task::spawn_blocking(move || Store::open(&database)).await??;
        std::fs::create_dir_all(config.data.join("compiled"))
            .with_context(|| format!("cannot make the folder {}", config.data.display()))?;
        let catalogue = app::open_catalogue(&config, store.clone()).await?;
        Ok(Self { config, store, catalogue })
    }

    async fn close(self) {
        self.catalogue.close().await;
        self.store.close().await;
    }

    /// Another process on the same data takes notice by itself.
    fn take_notice(&self) -> anyhow::Result<()> {
        if app::is_running(&self.config.data) {
            self.tell(
                "The running Steward picks this up with the next message.",
                "Работающий Steward узнает об этом со следующим сообщением.",
            )?;
        }
        Ok(())
    }

    /// Says something in the owner's language.
    fn tell(&self, en: impl Into<String>, ru: impl Into<String>) -> anyhow::Result<()> {
        say(&texts::say(self.config.language, en, ru))
    }

    /// What ships is neither taken away nor switched off.
    async fn not_built_in(&self, name: &str) -> anyhow::Result<()> {
        let ships = steward_builtin::PLUGINS.iter().any(|plugin| plugin.name == name);
        if ships && self.row(name).await?.is_none() {
            bail!(
                "{name} is built in and cannot be removed, enabled or disabled: [plugins.{name}] in steward.toml takes \
                 its rights away"
            );
        }
        Ok(())
    }

    async fn row(&self, name: &str) -> anyhow::Result<Option<InstalledPlugin>> {
        Ok(self.store.plugins().await?.into_iter().find(|row| row.plugin.name == name))
    }

    /// Takes the file of a plugin away unless another one is the same. That it stays does no harm.
    async fn forget(&self, hash: &str) {
        let used = self.store.plugins().await.map(|rows| rows.iter().any(|row| row.plugin.hash == hash));
        if used == Ok(false)
            && let Err(error) = files::forget(&files::folder(&self.config.data), hash)
        {
            tracing::warn!(%error, "the file of the plugin stays");
        }
    }
}

/// Installs a plugin, or an update of one. The owner is asked before the first time, and again about what is wider.
///
/// # Errors
/// It cannot be installed; then nothing has changed.
pub(super) async fn install(install: Install, config: Config) -> anyhow::Result<ExitCode> {
    let file = PluginFile::read(&install.file)?;
    let Some(manifest) = plugin::manifest(&install.manifest)?.or(file.manifest) else {
        let path = install.file.display();
        bail!("{path} holds no manifest: give its plugin.toml with --manifest, or pack it with `steward plugin pack`");
    };
    let place = Place::open(config).await?;
    let done = async {
        let source = PluginSource { name: file.name, wasm: Cow::Owned(file.wasm), manifest };
        let candidate = candidate(&place, source)
            .await
            .with_context(|| format!("{} cannot be installed", install.file.display()))?;
        put(&place, candidate, &install).await
    };
    let done = done.await;
    place.close().await;
    done
}

async fn candidate(place: &Place, source: PluginSource) -> anyhow::Result<Candidate> {
    let (wasm, manifest) = (source.wasm.to_vec(), source.manifest.clone());
    let plugin = place.catalogue.look_at(source).await?;
    let before = place.row(&plugin.name).await?;
    let author = match &before {
        // The same file with another manifest of the owner's: its author is who it was.
        Some(row) if row.plugin.hash == plugin.hash => row.plugin.author.clone(),
        _ => steward_sandbox::signer(&wasm, &manifest, &plugin.request)?,
    };
    Ok(Candidate { wasm, manifest, plugin, author, before })
}

async fn put(place: &Place, candidate: Candidate, install: &Install) -> anyhow::Result<ExitCode> {
    let Candidate { wasm, manifest, plugin, author, before } = candidate;
    // What can no longer be read is asked about as a whole.
    let approved = before.as_ref().and_then(approved);
    let consent = Consent::new(plugin.request.clone(), author.clone(), compared(&approved, before.as_ref()));
    let title = format!("{} {}", plugin.name, visible(&plugin.version, 40));
    if let Some(row) = &before
        && row.plugin.hash == plugin.hash
        && row.plugin.manifest == manifest
        && !consent.is_needed()
    {
        keep(place, &plugin.hash, wasm).await?;
        already(place, &title, row)?;
        return Ok(ExitCode::SUCCESS);
    }
    if !agreed(place, &consent, &plugin, install).await? {
        place.tell("Nothing was changed.", "Ничего не изменено.")?;
        return Ok(ExitCode::FAILURE);
    }
    keep(place, &plugin.hash, wasm).await?;
    let new = NewPlugin {
        name: plugin.name.to_string(),
        version: plugin.version.clone(),
        hash: plugin.hash.clone(),
        manifest,
        approved: plugin.request.kept()?,
        author,
    };
    place.store.install_plugin(new, before.as_ref().map(|row| row.id), Timestamp::now()).await?;
    if let Some(row) = before.filter(|row| row.plugin.hash != plugin.hash) {
        place.forget(&row.plugin.hash).await;
    }
    place.tell(format!("{title} is installed."), format!("{title} установлен."))?;
    missing_secrets(place, &plugin).await?;
    place.take_notice()?;
    Ok(ExitCode::SUCCESS)
}

/// What the owner approved, if it can still be read.
pub(super) fn approved(row: &InstalledPlugin) -> Option<Request> {
    Request::read(&row.plugin.approved).ok()
}

/// What a plugin is compared with.
pub(super) fn compared<'a>(approved: &'a Option<Request>, row: Option<&'a InstalledPlugin>) -> Option<Before<'a>> {
    let request = approved.as_ref()?;
    Some(Before { request, author: row.and_then(|row| row.plugin.author.as_deref()) })
}

/// Shows what is asked for and asks the owner, if there is something to ask.
async fn agreed(place: &Place, consent: &Consent, plugin: &Plugin, install: &Install) -> anyhow::Result<bool> {
    let language = place.config.language;
    if !consent.is_needed() {
        say(consent.changes_text(language).trim_end())?;
        return Ok(true);
    }
    say(consent.text(language, &plugin.limits).trim_end())?;
    if consent.is_by_another() && !install.new_author {
        bail!(
            "nothing was changed, for {} would get another author. If you know that author and want this, \
             repeat the command with --new-author",
            plugin.name
        );
    }
    Ok(install.yes || agrees(&texts::say(language, "Install it? [y/N] ", "Установить? [y/N] ")).await?)
}

fn already(place: &Place, title: &str, row: &InstalledPlugin) -> anyhow::Result<()> {
    let enable = format!("steward plugin enable {}", row.plugin.name);
    match row.enabled {
        true => place.tell(format!("{title} is installed already."), format!("{title} уже установлен.")),
        false => place.tell(
            format!("{title} is installed already and disabled: {enable}"),
            format!("{title} уже установлен и выключен: {enable}"),
        ),
    }
}

async fn keep(place: &Place, hash: &str, wasm: Vec<u8>) -> anyhow::Result<()> {
    let (folder, hash) = (files::folder(&place.config.data), hash.to_owned());
    let shown = folder.display().to_string();
    tokio::task::spawn_blocking(move || files::keep(&folder, &hash, &wasm))
        .await?
        .with_context(|| format!("nothing was installed, for the file cannot be kept in {shown}"))
}

/// Says which secrets it was granted are not there yet.
async fn missing_secrets(place: &Place, plugin: &Plugin) -> anyhow::Result<()> {
    let there: Vec<_> = place.store.secrets().await?.into_iter().map(|secret| secret.name).collect();
    for name in plugin.grant.scope::<SecretGrant>().names.iter().filter(|name| !there.contains(name)) {
        let set = format!("steward secret set {name} --host HOST");
        place.tell(
            format!("It uses the secret {name}, which is not set yet: {set}"),
            format!("Ему нужен секрет {name}, который ещё не задан: {set}"),
        )?;
    }
    Ok(())
}

/// # Errors
/// None of that name is installed.
pub(super) async fn remove(remove: Remove, config: Config) -> anyhow::Result<()> {
    let place = Place::open(config).await?;
    let done = async {
        place.not_built_in(&remove.name).await?;
        let row = place.row(&remove.name).await?;
        let entries = place.store.remove_plugin(&remove.name, remove.keep_data).await?;
        if let Some(row) = row {
            place.forget(&row.plugin.hash).await;
        }
        let name = &remove.name;
        match entries {
            0 => place.tell(format!("{name} is removed."), format!("{name} удалён.")),
            _ => place.tell(
                format!("{name} is removed, with the data it kept ({entries})."),
                format!("{name} удалён вместе со своими данными ({entries})."),
            ),
        }?;
        place.take_notice()
    };
    let done = done.await;
    place.close().await;
    done
}

/// # Errors
/// None of that name is installed, or it cannot be loaded beside the others.
pub(super) async fn enable(named: Named, enabled: bool, config: Config) -> anyhow::Result<()> {
    let place = Place::open(config).await?;
    let done = async {
        place.not_built_in(&named.name).await?;
        if enabled {
            loads(&place, &named.name).await?;
        }
        place.store.enable_plugin(&named.name, enabled).await?;
        let name = &named.name;
        match enabled {
            true => place.tell(format!("{name} is enabled."), format!("{name} включён.")),
            false => place.tell(format!("{name} is disabled."), format!("{name} выключен.")),
        }?;
        place.take_notice()
    };
    let done = done.await;
    place.close().await;
    done
}

/// Tries whether a plugin can be loaded beside those that are enabled.
async fn loads(place: &Place, name: &str) -> anyhow::Result<()> {
    let mut rows = place.store.plugins().await?;
    // Last, so that what is in its way is found in it and not in the others.
    rows.sort_by_key(|row| row.plugin.name == name);
    for row in rows.iter_mut().filter(|row| row.plugin.name == name) {
        row.enabled = true;
    }
    let catalogue = installed::beside(&place.catalogue, &rows, &place.config.data).await;
    match catalogue.refused().iter().find(|(refused, _)| refused == name) {
        Some((_, error)) => bail!("{name} stays disabled: {error}"),
        None => Ok(()),
    }
}
