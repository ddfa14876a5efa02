//! A component to be tried under grants named on the spot, without a manifest of its own: one is written for it that
//! declines whatever was not named.

use std::borrow::Cow;

use toml::{Table, Value};

use crate::capability::{CAPABILITIES, Capability};
use crate::error::LoadError;
use crate::grant::{Access, Requirement};
use crate::plugin::PluginSource;
use crate::typed::tool_name;

/// What a trial may use. The default is nothing.
#[derive(Clone, Debug, Default)]
pub struct Trial {
    pub grants: Vec<Requirement>,
    /// The hosts of `http`; with none it is not granted.
    pub hosts: Vec<String>,
    /// The names of `secrets`; with none it is not granted.
    pub secrets: Vec<String>,
}

impl Trial {
    /// The component with the manifest of the trial. `name` may be any text, such as the name of its file.
    pub fn source(&self, name: &str, wasm: Vec<u8>) -> PluginSource {
        let manifest = Table::from_iter([
            ("name".to_owned(), Value::from(plugin_name(name))),
            ("version".to_owned(), "0".into()),
            ("description".to_owned(), format!("Runs {}.", tool_name(name)).into()),
            ("capabilities".to_owned(), self.capabilities().into()),
        ]);
        PluginSource { name: name.to_owned(), wasm: Cow::Owned(wasm), manifest: manifest.to_string() }
    }

    /// The component with a manifest of its own, of which all is kept but what it asks for: that is the trial's.
    ///
    /// # Errors
    /// The manifest cannot be read.
    pub fn source_with(&self, name: &str, wasm: Vec<u8>, manifest: &str) -> Result<PluginSource, LoadError> {
        let mut own: Table =
            manifest.parse().map_err(|error: toml::de::Error| LoadError::Manifest(error.to_string()))?;
        own.insert("capabilities".to_owned(), self.capabilities().into());
        Ok(PluginSource { name: name.to_owned(), wasm: Cow::Owned(wasm), manifest: own.to_string() })
    }

    fn capabilities(&self) -> Table {
        CAPABILITIES.iter().map(|capability| (capability.name.to_owned(), self.scope(capability))).collect()
    }

    fn scope(&self, capability: &Capability) -> Value {
        let granted = self.grants.iter().filter(|one| one.capability.name == capability.name);
        let granted = granted.map(|one| one.access).max();
        if let Some(line) = (capability.scope.trial)(self, granted.is_some()) {
            return line;
        }
        match granted {
            None => false.into(),
            Some(_) if !capability.levels => Table::new().into(),
            Some(Access::Write) => Table::from_iter([("access".to_owned(), Value::from("write"))]).into(),
            Some(_) => Table::from_iter([("access".to_owned(), Value::from("read"))]).into(),
        }
    }
}

/// What a manifest takes as a name: `Word Count_2` → `word-count-2`.
fn plugin_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = name.chars().map(plain).take(64).collect();
    if name.is_empty() { "trial".to_owned() } else { name }
}
