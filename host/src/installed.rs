//! The plugins the owner installed, as well as the built-in ones: which of them are enabled is looked up whenever a run
//! begins, so that a running host follows what the command line does. What is approved is not decided here. After a first
//! start the built-in plugins are compiled behind everything else; no run waits for that.

pub(crate) mod files;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use steward_sandbox::{Catalogue, Installed};
use steward_store::{Installation, InstalledPlugin, Store, StoreError};
use tokio_util::task::AbortOnDropHandle;

use crate::app;
use crate::config::Config;

/// The first answers after a start have the machine to themselves; what they need is compiled for them alone.
const AHEAD_AFTER: Duration = Duration::from_secs(2);

/// The tools of the host, with those of the plugins that are enabled now.
pub(crate) struct Plugins {
    store: Store,
    data: PathBuf,
    current: Arc<RwLock<Current>>,
    /// Compiles what was never compiled for this machine.
    ahead: Option<AbortOnDropHandle<()>>,
}

#[derive(Clone)]
struct Current {
    /// What the catalogue was made from.
    enabled: Vec<Installation>,
    catalogue: Arc<Catalogue>,
}

impl Plugins {
    /// Loads the plugins and clears away files that belong to none. An installed plugin that cannot be loaded is left
    /// out.
    ///
    /// # Errors
    /// The sandbox itself cannot work.
    pub(crate) async fn open(config: &Config, store: Store) -> anyhow::Result<Self> {
        let data = config.data.clone();
        let rows = store.plugins().await?;
        // Before the plugins are loaded: one that is installed meanwhile is found at the next look.
        let enabled = ids(&rows);
        let hashes = rows.into_iter().map(|row| row.plugin.hash).collect();
        let folder = files::folder(&data);
        let swept = tokio::task::spawn_blocking(move || files::sweep(&folder, &hashes));
        let catalogue = Arc::new(app::open_catalogue(config, store.clone()).await?);
        if let Ok(Err(error)) = swept.await {
            tracing::warn!(%error, "files of plugins that are gone stay");
        }
        let ahead = Some(AbortOnDropHandle::new(tokio::spawn(compile_ahead(Arc::clone(&catalogue)))));
        let current = Arc::new(RwLock::new(Current { enabled, catalogue }));
        Ok(Self { store, data, current, ahead })
    }

    /// These plugins, with nothing compiled ahead.
    #[cfg(test)]
    pub(crate) fn of(catalogue: Catalogue, store: Store) -> Self {
        let current = Current { enabled: Vec::new(), catalogue: Arc::new(catalogue) };
        let (current, data) = (Arc::new(RwLock::new(current)), PathBuf::new());
        Self { store, data, current, ahead: None }
    }

    /// Nothing is compiled ahead any more.
    pub(crate) fn give_up(&self) {
        if let Some(ahead) = &self.ahead {
            ahead.abort();
        }
    }

    /// The plugins as they were at the last look.
    pub(crate) fn catalogue(&self) -> Arc<Catalogue> {
        self.current().catalogue
    }

    /// The plugins as the owner has them now. When that cannot be found out, they stay as they were.
    pub(crate) async fn refreshed(&self) -> Arc<Catalogue> {
        let before = self.current();
        match self.reloaded(&before).await {
            Ok(None) => before.catalogue,
            Ok(Some(now)) => {
                let catalogue = Arc::clone(&now.catalogue);
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = now;
                catalogue
            }
            Err(error) => {
                tracing::warn!(%error, "which plugins are installed cannot be read; they stay as they were");
                before.catalogue
            }
        }
    }

    async fn reloaded(&self, before: &Current) -> Result<Option<Current>, StoreError> {
        if self.store.enabled_plugins().await? == before.enabled {
            return Ok(None);
        }
        let rows = self.store.plugins().await?;
        let enabled = ids(&rows);
        let catalogue = Arc::new(beside(&before.catalogue, &rows, &self.data).await);
        let names = catalogue.plugins().iter().filter(|plugin| plugin.installed);
        let names: Vec<_> = names.map(|plugin| format!("{} {}", plugin.name, plugin.version)).collect();
        tracing::info!(
            "the installed plugins are now: {}",
            if names.is_empty() { "none".into() } else { names.join(", ") }
        );
        Ok(Some(Current { enabled, catalogue }))
    }

    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Compiles the built-in plugins that were never compiled for this machine.
async fn compile_ahead(catalogue: Arc<Catalogue>) {
    tokio::time::sleep(AHEAD_AFTER).await;
    let about_to = |count| tracing::info!("{count} plugins are compiled for this machine, this once");
    if catalogue.compile_ahead(about_to).await {
        tracing::info!("all plugins are compiled");
    }
}

/// The catalogue with the plugins that are enabled.
pub(crate) async fn beside(catalogue: &Catalogue, rows: &[InstalledPlugin], data: &Path) -> Catalogue {
    catalogue.with_installed(enabled(rows).map(|row| source(row, data)).collect()).await
}

fn enabled(rows: &[InstalledPlugin]) -> impl Iterator<Item = &InstalledPlugin> {
    rows.iter().filter(|row| row.enabled)
}

/// As [`Store::enabled_plugins`] gives them.
fn ids(rows: &[InstalledPlugin]) -> Vec<Installation> {
    let mut ids: Vec<_> = enabled(rows).map(|row| row.id).collect();
    ids.sort_unstable();
    ids
}

/// Where one is and what was approved of it.
fn source(row: &InstalledPlugin, data: &Path) -> Installed {
    let plugin = row.plugin.clone();
    let file = files::path(&files::folder(data), &plugin.hash);
    Installed { name: plugin.name, file, manifest: plugin.manifest, approved: plugin.approved }
}
