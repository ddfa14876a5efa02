//! The plugins the owner installed, beside the built-in ones: which of them are enabled is looked up whenever a run
//! begins, so that a running host follows what the command line does. What is approved is not decided here. At the first
//! start the built-in plugins are compiled meanwhile, and the first run waits for them.

pub(crate) mod files;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use steward_sandbox::{Catalogue, Installed, PluginSource};
use steward_store::{Installation, InstalledPlugin, Store, StoreError};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::app;
use crate::config::Config;

/// The tools of the host, with those of the plugins that are enabled now.
pub(crate) struct Plugins {
    store: Store,
    data: PathBuf,
    current: Arc<RwLock<Current>>,
    /// Every built-in plugin is there.
    whole: watch::Receiver<bool>,
    late: Option<AbortOnDropHandle<()>>,
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
        let (catalogue, late) = app::open_compiled(config, store.clone()).await?;
        if let Ok(Err(error)) = swept.await {
            tracing::warn!(%error, "files of plugins that are gone stay");
        }
        let current = Arc::new(RwLock::new(Current { enabled, catalogue: Arc::new(catalogue) }));
        let (done, whole) = watch::channel(late.is_empty());
        let late = (!late.is_empty()).then(|| {
            let adding = add_late(Arc::clone(&current), late, done);
            AbortOnDropHandle::new(tokio::spawn(adding))
        });
        Ok(Self { store, data, current, whole, late })
    }

    /// These plugins, all of them compiled.
    #[cfg(test)]
    pub(crate) fn of(catalogue: Catalogue, store: Store) -> Self {
        let current = Current { enabled: Vec::new(), catalogue: Arc::new(catalogue) };
        let (current, data) = (Arc::new(RwLock::new(current)), PathBuf::new());
        Self { store, data, current, whole: watch::channel(true).1, late: None }
    }

    /// Whether every built-in plugin is there.
    pub(crate) fn is_whole(&self) -> bool {
        *self.whole.borrow()
    }

    /// Waits for the built-in plugins that are still being compiled.
    pub(crate) async fn complete(&self) {
        // It fails where the host ends meanwhile.
        let _ = self.whole.clone().wait_for(|whole| *whole).await;
    }

    /// Nobody waits for plugins any more.
    pub(crate) fn give_up(&self) {
        if let Some(late) = &self.late {
            late.abort();
        }
    }

    /// The plugins as they were at the last look.
    pub(crate) fn catalogue(&self) -> Arc<Catalogue> {
        self.current().catalogue
    }

    /// The plugins as the owner has them now. When that cannot be found out, they stay as they were. Waits for those that
    /// are still being compiled, so that every run has the same tools.
    pub(crate) async fn refreshed(&self) -> Arc<Catalogue> {
        self.complete().await;
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

/// Compiles and adds the plugins that were not compiled yet. The next look takes in the installed ones anew.
async fn add_late(current: Arc<RwLock<Current>>, late: Vec<PluginSource>, done: watch::Sender<bool>) {
    tracing::info!("{} plugins are compiled for this machine, this once", late.len());
    let early = Arc::clone(&current.read().unwrap_or_else(PoisonError::into_inner).catalogue);
    let catalogue = Arc::new(early.with_late(late).await);
    *current.write().unwrap_or_else(PoisonError::into_inner) = Current { enabled: Vec::new(), catalogue };
    tracing::info!("all plugins are there");
    done.send_replace(true);
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

/// Where one lies and what was approved of it.
fn source(row: &InstalledPlugin, data: &Path) -> Installed {
    let plugin = row.plugin.clone();
    let file = files::path(&files::folder(data), &plugin.hash);
    Installed { name: plugin.name, file, manifest: plugin.manifest, approved: plugin.approved }
}
