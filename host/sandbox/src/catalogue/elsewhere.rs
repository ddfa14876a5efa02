//! One plugin with another folder in place of the workspace, for what the host itself has done by a plugin: the files it
//! is shown are the ones laid there for it, whatever else the workspace holds.

use std::path::PathBuf;
use std::sync::Arc;

use super::Catalogue;

impl Catalogue {
    /// A catalogue that shares everything with this one and holds one plugin of the program, which is called in another
    /// workspace. Nothing is loaded for it. `None` if there is no such plugin.
    pub fn elsewhere(&self, plugin: &str, workspace: PathBuf) -> Option<Self> {
        let plugin = self.plugins.iter().find(|one| !one.installed && *one.name == *plugin)?;
        Some(self.beside(vec![Arc::clone(plugin)], Arc::new(self.backing.elsewhere(workspace))))
    }
}
