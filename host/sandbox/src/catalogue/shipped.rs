//! Plugins that belong to the program. What their tools are is known from the build, so none of them is compiled before
//! it is needed: a program that starts for the first time does not wait for the compiler.

use std::sync::Arc;

use futures::future::join_all;

use super::{Catalogue, Loaded, SandboxConfig};
use crate::binary::Binary;
use crate::error::{LoadError, SandboxError};
use crate::plugin::{self, Plugin, PluginSource};

/// A plugin that belongs to the program.
#[derive(Clone, Debug)]
pub struct ShippedPlugin {
    pub name: String,
    /// The text of its plugin.toml.
    pub manifest: String,
    /// Its component, with the hash it had when the program was built.
    pub binary: Binary,
    /// The text of its tools.json; one that has none is compiled and asked.
    pub tools: Option<&'static str>,
}

impl Catalogue {
    /// As [`Catalogue::load`], where plugins whose tools are known wait to be compiled until somebody calls them, or
    /// [`Catalogue::compile_ahead`] does.
    ///
    /// # Errors
    /// The sandbox itself cannot work.
    pub async fn load_shipped(config: SandboxConfig, plugins: Vec<ShippedPlugin>) -> Result<Self, SandboxError> {
        let mut catalogue = Self::load(config, Vec::new()).await?;
        let loaded = join_all(plugins.into_iter().map(|one| catalogue.load_one_shipped(one))).await;
        catalogue.take_in(loaded);
        catalogue.own_refused = catalogue.refused.len();
        Ok(catalogue)
    }

    async fn load_one_shipped(&self, ShippedPlugin { name, manifest, binary, tools }: ShippedPlugin) -> Loaded {
        let Some(tools) = tools else {
            return match binary.read() {
                Ok(wasm) => self.load_one(PluginSource { name, wasm: wasm.to_vec().into(), manifest }, None).await,
                Err(error) => (name, Err(error.into())),
            };
        };
        let loaded = plugin::load_shipped(&self.cache, &self.engine, &self.limits, &manifest, binary.clone(), tools);
        if let Ok((plugin, _)) = &loaded {
            self.record.prepare(&self.cache, plugin, binary);
        }
        (name, loaded)
    }

    /// Compiles what was never compiled for this machine, one plugin after the other and the smallest first, leaving the
    /// machine to others. `about_to` is told how many there are, where there are any. One that cannot be compiled says so
    /// when it is called. Gives whether there were any.
    pub async fn compile_ahead(&self, about_to: impl FnOnce(usize)) -> bool {
        let plugins = self.plugins.clone();
        let missing = tokio::task::spawn_blocking(move || {
            let mut missing: Vec<_> = plugins.into_iter().filter(|plugin| plugin.code().is_missing()).collect();
            missing.sort_by_key(|plugin| plugin.size);
            missing
        });
        let missing = missing.await.unwrap_or_default();
        if missing.is_empty() {
            return false;
        }
        about_to(missing.len());
        for plugin in missing {
            if let Err(error) = plugin.code().compile_ahead().await {
                tracing::error!("plugin {} was not compiled: {error}", plugin.name);
            }
        }
        true
    }

    /// Compiles and loads all plugins as a call would, and gives those that could not be called, with the reason.
    pub async fn check(&self) -> Vec<(String, Arc<LoadError>)> {
        let checks = self.plugins.iter().map(|plugin| async {
            let error = plugin.component().await.err()?;
            Some((plugin.name.to_string(), error))
        });
        join_all(checks).await.into_iter().flatten().collect()
    }

    /// Whether a call of a tool would have to wait until its plugin is compiled. There may be no such tool.
    pub fn is_to_be_compiled(&self, tool: &str) -> bool {
        self.plugin_of(tool).is_some_and(|plugin| plugin.code().is_missing())
    }

    /// Waits until a tool can be called at once, for callers whose own time is short. What is wrong with it a call says.
    pub async fn prepare(&self, tool: &str) {
        if let Some(plugin) = self.plugin_of(tool) {
            let _ = plugin.component().await;
        }
    }

    fn plugin_of(&self, tool: &str) -> Option<&Plugin> {
        self.tools.iter().find(|one| one.name == tool).map(|one| &*one.plugin)
    }
}
