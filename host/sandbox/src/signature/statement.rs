//! The statement an author signs: a few lines of text that say which component, which manifest and which grants belong
//! together. Values that the author chose are JSON strings, so that none can make a line.

use std::collections::BTreeSet;
use std::fmt;

use crate::consent::{AskedCapability, Extent, Request};
use crate::grant::Access;

/// The first line. A statement of another sort begins differently.
const HEAD: &str = "steward plugin statement 1";

/// BLAKE3 sums are of whole texts, in hexadecimal.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Statement {
    name: String,
    version: String,
    component: String,
    manifest: String,
    grants: BTreeSet<String>,
}

impl Statement {
    pub(super) fn new(component: &[u8], manifest: &str, request: &Request) -> Self {
        Self {
            name: request.name.clone(),
            version: request.version.clone(),
            component: sum(component),
            manifest: sum(manifest.as_bytes()),
            grants: request.capabilities.iter().map(grant).collect(),
        }
    }

    /// # Errors
    /// It is not a statement this Steward knows.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let unknown = || "it is about something else than a plugin, or was made by a newer Steward".to_owned();
        let mut lines = text.lines();
        if lines.next() != Some(HEAD) {
            return Err(unknown());
        }
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned);
        let text = |json: Option<String>| json.and_then(|json| serde_json::from_str::<String>(&json).ok());
        let (name, version) = (text(field("name")), text(field("version")));
        let (component, manifest) = (field("component"), field("manifest"));
        let grants = lines.map(|line| line.strip_prefix("grant: ").map(str::to_owned)).collect::<Option<_>>();
        match (name, version, component, manifest, grants) {
            (Some(name), Some(version), Some(component), Some(manifest), Some(grants)) => {
                Ok(Self { name, version, component, manifest, grants })
            }
            _ => Err(unknown()),
        }
    }

    /// # Errors
    /// The component or the manifest is another one.
    pub(super) fn is_about(&self, component: &[u8], manifest: &str) -> Result<(), String> {
        match () {
            () if self.component != sum(component) => Err("it is for another component".to_owned()),
            () if self.manifest != sum(manifest.as_bytes()) => Err("it is for another manifest".to_owned()),
            () => Ok(()),
        }
    }

    /// # Errors
    /// The plugin is called otherwise, or asks for something that the author did not sign.
    pub(super) fn covers(&self, request: &Request) -> Result<(), String> {
        if (&self.name, &self.version) != (&request.name, &request.version) {
            return Err("it is for another name or version".to_owned());
        }
        let beyond = request.capabilities.iter().find(|one| !self.grants.contains(&grant(one)));
        beyond.map_or(Ok(()), |one| Err(format!("it does not cover what the plugin asks for by `{}`", one.name)))
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, version, component, manifest, grants } = self;
        writeln!(f, "{HEAD}\nname: {}\nversion: {}", json(name), json(version))?;
        writeln!(f, "component: {component}\nmanifest: {manifest}")?;
        grants.iter().try_for_each(|grant| writeln!(f, "grant: {grant}"))
    }
}

/// One capability with its scopes, in one line.
fn grant(asked: &AskedCapability) -> String {
    let access = match asked.access {
        Access::None => "none",
        Access::Read => "read",
        Access::Write => "write",
    };
    let scopes = asked.scopes.iter().map(|(key, extent)| match extent {
        Extent::Amount(amount) => format!(" {key}={amount}"),
        Extent::Items(items) => {
            let items: Vec<_> = items.iter().map(|item| json(item)).collect();
            format!(" {key}=[{}]", items.join(","))
        }
    });
    format!("{} {access}{}", asked.name, scopes.collect::<String>())
}

/// A JSON string, which has no line breaks.
fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn sum(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}
