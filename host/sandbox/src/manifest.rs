//! `plugin.toml`: what a plugin is called, what it was granted, and within which limits. The manifest grants; it
//! cannot widen what the imports ask for or what the host allows.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::capability::Capability;
use crate::component::{Import, unversioned};
use crate::error::LoadError;
use crate::grant::{Access, CapabilitySet, Grant};
use crate::limits::Limits;
use crate::plugin::Effect;
use crate::short::in_full;

/// A manifest as it was read and checked.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) description: String,
    pub(crate) grant: Grant,
    /// What the component does not say of its tools itself.
    pub(crate) tools: Vec<ToolEntry>,
    /// Tools whose answers are foreign text whatever they were made with.
    pub(crate) foreign: Vec<String>,
    /// Imported and deliberately not granted.
    pub(crate) declined: CapabilitySet,
    limits: RawLimits,
}

/// What the manifest says of one tool of a component that was not written for us: all of it may be left out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToolEntry {
    /// The exported function this is about: `divide`, or `acme:calc/ops#divide` where several have that name.
    pub(crate) export: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    /// JSON Schema of a program's arguments, as a table.
    pub(crate) schema: Option<serde_json::Value>,
    pub(crate) effect: Option<Effect>,
    pub(crate) requires: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawManifest {
    name: String,
    version: String,
    description: String,
    #[serde(default)]
    capabilities: BTreeMap<String, toml::Value>,
    #[serde(default)]
    tools: Vec<ToolEntry>,
    #[serde(default)]
    foreign: Vec<String>,
    #[serde(default)]
    limits: RawLimits,
    /// How it is built from its sources: nothing that concerns the one who runs it.
    #[serde(default, rename = "build")]
    _build: toml::Table,
}

/// What the plugin wants to be held to; the host's limits hold beside.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLimits {
    memory_mb: Option<u32>,
    time_seconds: Option<u32>,
    output_kb: Option<u32>,
    /// To files.
    write_mb: Option<u32>,
}

impl Manifest {
    /// # Errors
    /// What is wrong in it, naming the key and what would be right.
    pub(crate) fn parse(text: &str) -> Result<Self, LoadError> {
        let raw: RawManifest = toml::from_str(text).map_err(|error| LoadError::Manifest(error.to_string()))?;
        if !is_name(&raw.name) {
            let wanted = "use small letters, digits and `-`, at most 64";
            return Err(LoadError::Manifest(format!("name: `{}` is not a name for a plugin: {wanted}", raw.name)));
        }
        let (mut grant, mut declined) = (Grant::default(), CapabilitySet::EMPTY);
        for (name, scope) in raw.capabilities {
            let problem = |problem: String| LoadError::Manifest(format!("capabilities.{problem}"));
            let (capability, scope) = in_full(&name, &scope).map_err(problem)?;
            if scope == toml::Value::Boolean(false) {
                declined = declined.union(capability.set(Access::Write));
                continue;
            }
            add(&mut grant, capability, scope).map_err(problem)?;
        }
        let (version, description) = (raw.version, raw.description);
        let (tools, foreign, limits) = (raw.tools, raw.foreign, raw.limits);
        Ok(Self { name: raw.name, version, description, grant, tools, foreign, declined, limits })
    }

    /// The host's limits, narrowed to what the manifest asks for.
    pub(crate) fn limits(&self, host: &Limits) -> Limits {
        let asked = self.limits;
        let bytes = |asked: Option<u32>, unit: usize, most: usize| {
            asked.map_or(most, |number| (number as usize).saturating_mul(unit).min(most))
        };
        let time = asked.time_seconds.map_or(host.time, |seconds| Duration::from_secs(seconds.into()).min(host.time));
        Limits {
            memory: bytes(asked.memory_mb, 1 << 20, host.memory),
            output: bytes(asked.output_kb, 1 << 10, host.output),
            write: asked.write_mb.map_or(host.write, |number| (u64::from(number) << 20).min(host.write)),
            time,
            ..*host
        }
    }

    /// The limits the manifest sets, by their key.
    pub(crate) fn asked_limits(&self) -> BTreeMap<String, u64> {
        let limits = serde_json::to_value(self.limits).unwrap_or_default();
        let limits = limits.as_object().into_iter().flatten();
        limits.filter_map(|(key, limit)| Some((key.clone(), limit.as_u64()?))).collect()
    }

    /// # Errors
    /// [`LoadError::NotCovered`] for the first import that no grant covers.
    pub(crate) fn covers<'a>(&self, mut imports: impl Iterator<Item = &'a str>) -> Result<(), LoadError> {
        let covered = self.grant.capabilities.union(self.declined);
        let missing = imports.find_map(|name| match Import::of(name) {
            Import::Capability(one) if !covered.holds(one) => Some((name, one)),
            _ => None,
        });
        let Some((name, capability)) = missing else { return Ok(()) };
        let line = format!("{} = {}", capability.name, capability.scope.example);
        let without = format!("{} = false", capability.name);
        Err(LoadError::NotCovered { interface: unversioned(name).to_owned(), line, without })
    }
}

/// Checks the text of a plugin.toml by itself.
///
/// # Errors
/// What is wrong in it.
pub fn check_manifest(text: &str) -> Result<(), LoadError> {
    Manifest::parse(text).map(drop)
}

/// Adds one line of `[capabilities]`, in full, to a grant.
fn add(grant: &mut Grant, capability: &Capability, line: toml::Value) -> Result<(), String> {
    let access = (capability.scope.read)(line, &mut grant.scopes);
    let access = access.map_err(|error| format!("{}: {error}", capability.name))?;
    grant.capabilities = grant.capabilities.union(capability.set(access));
    Ok(())
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=64).contains(&name.len()) && name.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::HttpGrant;

    fn manifest(rest: &str) -> Result<Manifest, LoadError> {
        Manifest::parse(&format!("name = \"notes\"\nversion = \"1\"\ndescription = \"d\"\n{rest}"))
    }

    fn problem(rest: &str) -> String {
        manifest(rest).unwrap_err().to_string()
    }

    #[test]
    fn a_manifest_grants_with_its_scope() {
        let text = "[capabilities]\nfiles = { access = \"read\" }\nhttp = { hosts = [\"example.org\"] }\n";
        let read = manifest(text).unwrap();
        assert_eq!(read.grant.capabilities.access("files"), Access::Read);
        assert_eq!(read.grant.capabilities.access("http"), Access::Write);
        assert_eq!(read.grant.scope::<HttpGrant>().hosts, ["example.org"]);
        assert_eq!(read.grant.scope::<HttpGrant>().methods, ["GET", "HEAD"]);
    }

    #[test]
    fn an_unknown_key_is_named() {
        assert!(problem("colour = 1").contains("colour"));
        assert!(problem("[capabilities]\nteleport = {}").contains("capabilities.teleport: there is no such"));
        assert!(problem("[capabilities]\nfiles = { access = \"all\" }").contains("all"));
        assert!(problem("[capabilities]\nfiles = { acces = \"read\" }").contains("acces"));
        assert!(problem("[capabilities]\nhttp = { hosts = [] }").contains("hosts"));
        assert!(problem("[capabilities]\nsecrets = { names = [] }").contains("`names` is empty"));
        assert!(problem("[capabilities]\nsecrets = { names = [\"token\"] }").contains("`token` is not a name"));
        assert!(problem("[capabilities]\nmodel = { calls = 100 }").contains("model: `calls` may be 1 to 16"));
        assert!(problem("[capabilities]\ntools = { calls = 0 }").contains("tools: `calls` may be 1 to 200"));
        assert!(problem("[limits]\nmemory = 1").contains("memory"));
    }

    #[test]
    fn an_import_without_grant_is_named_with_the_line_to_add() {
        let error = manifest("").unwrap().covers(["wasi:io/poll@0.2.6", "wasi:filesystem/preopens@0.2.6"].into_iter());
        let text = error.unwrap_err().to_string();
        assert!(text.contains("wasi:filesystem/preopens"), "{text}");
        assert!(text.contains("files = { access = \"read\" }"), "{text}");
        for line in ["files = { access = \"read\" }", "files = false"] {
            let covering = manifest(&format!("[capabilities]\n{line}")).unwrap();
            assert!(covering.covers(["wasi:filesystem/preopens@0.2.6"].into_iter()).is_ok(), "{line}");
        }
        let declining = manifest("[capabilities]\nfiles = false").unwrap();
        assert_eq!(declining.grant.capabilities, CapabilitySet::EMPTY);
        assert!(problem("[capabilities]\nteleport = false").contains("no such capability"));
    }

    #[test]
    fn limits_are_never_wider_than_the_host_s() {
        let limits = manifest("[limits]\nmemory_mb = 8\ntime_seconds = 99999\noutput_kb = 1").unwrap();
        let limits = limits.limits(&Limits::default());
        assert_eq!((limits.memory, limits.output), (8 << 20, 1 << 10));
        assert_eq!(limits.time, Limits::default().time);
    }
}
