//! Plugins the owner installed, as well as those that belong to the program. Each is held to what was approved when it
//! was installed: its file by its hash, its manifest and its tools by what they ask for.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use futures::future::join_all;

use super::{Catalogue, Loaded};
use crate::backing::Backing;
use crate::consent::Request;
use crate::error::LoadError;
use crate::plugin::{self, Plugin, PluginSource, Tool};

/// An installed plugin to be loaded.
#[derive(Clone, Debug)]
pub struct Installed {
    pub name: String,
    /// Its .wasm file.
    pub file: PathBuf,
    /// The text of plugin.toml as it was approved.
    pub manifest: String,
    /// What was approved, as [`Request::kept`] gives it.
    pub approved: String,
}

impl Catalogue {
    /// A catalogue that shares everything with this one and holds these installed plugins in place of the ones it has.
    /// One that is not as it was approved, or cannot be loaded, is left out and named by [`Catalogue::refused`].
    pub async fn with_installed(&self, installed: Vec<Installed>) -> Self {
        let mut catalogue = self.with_own();
        catalogue.take_in(join_all(installed.into_iter().map(|one| self.load_installed(one))).await);
        catalogue
    }

    /// Loads a plugin that is not approved yet, as it would be loaded once installed, in place of an installed one of its
    /// name. Nothing of it can be called, and nothing is kept but its compiled code.
    ///
    /// # Errors
    /// Why it could not be installed.
    pub async fn look_at(&self, source: PluginSource) -> Result<Arc<Plugin>, LoadError> {
        let (plugin, tools) = plugin::load(&self.cache, &self.engine, &self.limits, source, None).await?;
        let mut beside = self.with_own();
        if beside.refused.iter().any(|(name, _)| **name == *plugin.name) {
            // One that belongs to the program keeps its name also while it cannot be loaded.
            return Err(LoadError::NameTaken(plugin.name.to_string()));
        }
        for other in self.plugins.iter().filter(|other| other.installed && other.name != plugin.name) {
            beside.add(Arc::clone(other), self.tools_of(other))?;
        }
        beside.add(Arc::clone(&plugin), tools)?;
        Ok(plugin)
    }

    async fn load_installed(&self, installed: Installed) -> Loaded {
        let Installed { name, file, manifest, approved } = installed;
        let approved = match Request::read(&approved) {
            Ok(approved) => approved,
            Err(error) => return (name, Err(error)),
        };
        let size = approved.size;
        let read = tokio::task::spawn_blocking(move || read(&file, size)).await;
        match read.unwrap_or_else(|_| Err(LoadError::Gone("the program is ending".to_owned()))) {
            Ok(wasm) => {
                let source = PluginSource { name, wasm: Cow::Owned(wasm), manifest };
                self.load_one(source, Some(&approved)).await
            }
            Err(error) => (name, Err(error)),
        }
    }

    /// The same catalogue without the installed plugins.
    pub(super) fn with_own(&self) -> Self {
        let own = self.plugins.iter().filter(|plugin| !plugin.installed).cloned().collect();
        let mut catalogue = self.beside(own, Arc::clone(&self.backing));
        catalogue.refused = self.refused[..self.own_refused].to_vec();
        catalogue.own_refused = self.own_refused;
        catalogue
    }

    /// A catalogue that shares everything with this one and holds some of its plugins.
    pub(super) fn beside(&self, plugins: Vec<Arc<Plugin>>, backing: Arc<Backing>) -> Self {
        Self {
            tools: plugins.iter().flat_map(|plugin| self.tools_of(plugin)).collect(),
            plugins,
            refused: Vec::new(),
            own_refused: 0,
            roles: self.roles.clone(),
            engine: Arc::clone(&self.engine),
            cache: Arc::clone(&self.cache),
            limits: self.limits,
            backing,
            calls: Arc::clone(&self.calls),
            callers: Arc::clone(&self.callers),
            audit: self.audit.clone(),
            record: self.record.clone(),
            offers: Mutex::new(HashMap::new()),
        }
    }

    fn tools_of(&self, plugin: &Plugin) -> Vec<Tool> {
        self.tools.iter().filter(|tool| tool.plugin.name == plugin.name).cloned().collect()
    }
}

/// Reads the file if it has the size that was approved, so that nothing huge is read in its place.
fn read(file: &Path, size: usize) -> Result<Vec<u8>, LoadError> {
    let gone = |error: std::io::Error| LoadError::Gone(format!("{}: {error}", file.display()));
    let found = fs::metadata(file).map_err(gone)?.len();
    if found != size as u64 {
        return Err(LoadError::Altered);
    }
    fs::read(file).map_err(gone)
}
