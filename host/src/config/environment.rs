//! The environment as configuration. Empty variables count as not set, as people leave them in compose files.

use std::collections::BTreeMap;

use anyhow::bail;
use url::Url;

/// A copy of the environment, so that tests need not change the process's own.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, String>);

const OURS: [&str; 10] = [
    "STEWARD_DATA",
    "STEWARD_WORKSPACE",
    "STEWARD_CONFIG",
    "STEWARD_LOG",
    "STEWARD_SECRET_KEY",
    "STEWARD_SERVE_ADDRESS",
    "STEWARD_SERVE_KEY",
    "STEWARD_SERVE_HOSTS",
    "STEWARD_TOOLCHAINS",
    "STEWARD_MODELS",
];

impl Environment {
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The first of these that is set, with its name.
    pub fn first<'a>(&'a self, names: &[&'static str]) -> Option<(&'static str, &'a str)> {
        names.iter().find_map(|name| Some((*name, self.get(name)?)))
    }

    /// Refuses a variable that is meant for Steward and that Steward does not know.
    pub fn check_names(&self) -> anyhow::Result<()> {
        for name in self.0.keys().filter(|name| name.starts_with("STEWARD_")) {
            if !OURS.contains(&name.as_str()) {
                bail!("{name}: there is no such setting. These exist: {}.", OURS.join(", "));
            }
        }
        Ok(())
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(pairs: T) -> Self {
        Self(pairs.into_iter().collect())
    }
}

pub(super) fn url(key: &str, address: &str) -> anyhow::Result<Url> {
    match Url::parse(address) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => bail!("{key}: “{address}” is not an address. It begins with http:// or https://, then a host."),
    }
}
