//! The environment as configuration. Empty variables count as not set, as people leave them in compose files.

use std::collections::BTreeMap;

use anyhow::bail;
use url::Url;

/// A copy of the environment, so that tests need not change the process's own.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, String>);

/// The configuration file.
///
/// Default: `steward.toml` in the current folder
pub(super) const CONFIG: &str = "STEWARD_CONFIG";

/// The key that seals the secrets (`openssl rand -hex 32`).
///
/// Values: 64 hexadecimal digits
/// Default: in `data/secret.key`
pub(super) const SECRET_KEY: &str = "STEWARD_SECRET_KEY";

/// What is logged. A value that would log nothing is an error.
///
/// Values: a level such as `debug`, or levels for parts: `warn,steward_sandbox=trace`
/// Default: `info`
pub(super) const LOG: &str = "STEWARD_LOG";

/// Folder for the compilers of plugins you write.
///
/// Default: `data/toolchains`
const TOOLCHAINS: &str = "STEWARD_TOOLCHAINS";

/// # Memory
///
/// A folder with embedding models in addition to `data/models`; the Docker image has one.
pub(super) const MODELS: &str = "STEWARD_MODELS";

/// # Memory
///
/// Where `steward models pull` downloads from.
///
/// Values: an address
/// Default: Hugging Face
#[expect(dead_code, reason = "it is read where models are downloaded, and belongs to the settings")]
const DOWNLOADS: &str = "HF_ENDPOINT";

/// All variables of Steward's own; a name such as these that is not among them is a mistake.
const OURS: [&str; 10] = [
    "STEWARD_DATA",
    "STEWARD_WORKSPACE",
    CONFIG,
    LOG,
    SECRET_KEY,
    "STEWARD_SERVE_ADDRESS",
    "STEWARD_SERVE_KEY",
    "STEWARD_SERVE_HOSTS",
    TOOLCHAINS,
    MODELS,
];

impl Environment {
    /// What this process was started with; what is not UTF-8 is left out.
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// The value of a variable, trimmed; nothing if it is empty.
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
