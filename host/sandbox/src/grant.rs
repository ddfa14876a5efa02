//! Sets of capabilities: what a plugin was granted, what a role may use, and what both together leave.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::capability::{CAPABILITIES, Capability};
use crate::scope::{Scope, Scopes};

/// How much of a capability is granted. Capabilities without levels are granted with `Write`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    #[default]
    None,
    Read,
    Write,
}

/// Capabilities with their access: two bits each, in the order of [`CAPABILITIES`]. `Write` has both bits, so that
/// "and" is the intersection and `Write` implies `Read`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct CapabilitySet(u64);

impl CapabilitySet {
    pub const EMPTY: Self = Self(0);
    /// Everything there is or will be.
    pub const ALL: Self = Self(u64::MAX);

    /// The set with one capability more; a name that is not in the list adds nothing.
    #[must_use]
    pub fn with(self, name: &str, access: Access) -> Self {
        let Some(at) = Capability::index(name) else { return self };
        let bits = match access {
            Access::None => 0b00,
            Access::Read => 0b01,
            Access::Write => 0b11,
        };
        Self(self.0 | bits << (2 * at))
    }

    /// The set with no more than that of one capability.
    #[must_use]
    pub fn at_most(self, name: &str, access: Access) -> Self {
        let Some(at) = Capability::index(name) else { return self };
        let rest = Self(self.0 & !(0b11 << (2 * at)));
        let left = Self::EMPTY.with(name, access).intersection(self);
        rest.union(left)
    }

    /// What is granted of the capability of that name.
    pub fn access(self, name: &str) -> Access {
        match Capability::index(name).map(|at| self.0 >> (2 * at) & 0b11) {
            Some(0b01) => Access::Read,
            Some(0b11) => Access::Write,
            _ => Access::None,
        }
    }

    /// Whether anything of a capability is granted.
    pub(crate) fn holds(self, capability: &Capability) -> bool {
        self.access(capability.name) != Access::None
    }

    pub fn contains(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The capabilities in it, in the order of the list.
    pub fn iter(self) -> impl Iterator<Item = (&'static Capability, Access)> {
        CAPABILITIES.iter().map(move |one| (one, self.access(one.name))).filter(|(_, access)| *access != Access::None)
    }
}

impl fmt::Display for CapabilitySet {
    /// `files:write memory schedule`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (capability, access)) in self.iter().enumerate() {
            if number > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{}", Requirement { capability, access })?;
        }
        Ok(())
    }
}

impl fmt::Debug for CapabilitySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

/// Something a tool cannot do without, such as `memory` or `files:write`.
#[derive(Clone, Copy)]
pub struct Requirement {
    pub capability: &'static Capability,
    pub access: Access,
}

impl Requirement {
    /// Reads `memory`, `files` (reading) or `files:write`; `None` for a capability or a level that does not exist.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, level) = text.split_once(':').map_or((text, None), |(name, level)| (name, Some(level)));
        let capability = Capability::named(name)?;
        let access = match (capability.levels, level) {
            (true, None | Some("read")) => Access::Read,
            (true, Some("write")) | (false, None) => Access::Write,
            _ => return None,
        };
        Some(Self { capability, access })
    }

    pub fn set(self) -> CapabilitySet {
        self.capability.set(self.access)
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = if self.capability.levels && self.access == Access::Write { ":write" } else { "" };
        write!(f, "{}{level}", self.capability.name)
    }
}

impl fmt::Debug for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// What a plugin was granted: the capabilities and, where one has a scope, the scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    pub capabilities: CapabilitySet,
    pub scopes: Scopes,
    pub granted_in: GrantedIn,
}

impl Grant {
    /// The scope of one capability, by its type.
    pub fn scope<T: Scope>(&self) -> Arc<T> {
        self.scopes.get()
    }
}

/// Where a plugin's grant is written, so that a refusal names what its reader can change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum GrantedIn {
    /// In the plugin.toml that its author works on.
    #[default]
    Manifest,
    /// It ships, under this name, and steward.toml may say otherwise.
    Program(String),
    /// In the plugin.toml that was approved when it was installed.
    Approval,
}

impl GrantedIn {
    /// A key of the grant and where it stands: `http.hosts` under [plugins.web] in steward.toml.
    pub(crate) fn place(&self, key: &str) -> String {
        match self {
            Self::Manifest => format!("`{key}` in its plugin.toml"),
            Self::Program(plugin) => format!("`{key}` under [plugins.{plugin}] in steward.toml"),
            Self::Approval => format!("`{key}` in its plugin.toml, and install it again with `steward plugin install`"),
        }
    }

    /// What to do about a limit of every call, by its keys in a manifest and in the configuration.
    pub(crate) fn raise_limit(&self, own: &str, host: &str) -> String {
        let host = format!("`limits.{host}` in steward.toml");
        match self {
            Self::Program(_) => format!("raise {host}"),
            Self::Manifest => format!("raise `{own}` under [limits] in its plugin.toml, as far as {host} allows"),
            Self::Approval => format!(
                "raise `{own}` under [limits] in its plugin.toml, as far as {host} allows, and install it again with \
                 `steward plugin install`"
            ),
        }
    }
}

/// Where `http` may reach. Empty, it reaches nothing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpGrant {
    /// `example.org`, `*.example.org` (not example.org itself) or `*`.
    pub hosts: Vec<String>,
    /// Request methods in capitals.
    #[serde(default = "HttpGrant::reading")]
    pub methods: Vec<String>,
    #[serde(default = "HttpGrant::usual_ports")]
    pub ports: Vec<u16>,
}

impl Scope for HttpGrant {}

impl HttpGrant {
    fn reading() -> Vec<String> {
        ["GET", "HEAD"].map(str::to_owned).to_vec()
    }

    fn usual_ports() -> Vec<u16> {
        vec![80, 443]
    }
}

impl Default for HttpGrant {
    fn default() -> Self {
        Self { hosts: Vec::new(), methods: Self::reading(), ports: Self::usual_ports() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn write_access_covers_read_access_and_not_the_other_way() {
        let set = |text| Requirement::parse(text).unwrap().set();
        assert!(set("files:write").contains(set("files")));
        assert!(!set("files").contains(set("files:write")));
        assert_eq!(set("files"), set("files:read"));
        for wrong in ["rockets", "memory:write", "files:all", ""] {
            assert!(Requirement::parse(wrong).is_none(), "{wrong}");
        }
    }
}
