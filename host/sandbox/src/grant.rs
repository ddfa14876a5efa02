//! Sets of capabilities: what a plugin was granted, what a role may use, and what both together leave.
//!
//! The table of roles follows from the list of capabilities and is written nowhere else.

mod origins;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use steward_agent::{Origin, Role};

use crate::capability::process::ProcessGrant;
use crate::capability::tools::ToolsGrant;
use crate::capability::{CAPABILITIES, Capability};

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
        CapabilitySet::EMPTY.with(self.capability.name, self.access)
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
    pub files: Arc<FilesGrant>,
    pub http: Arc<HttpGrant>,
    pub secrets: Arc<SecretGrant>,
    pub model: ModelGrant,
    pub process: Arc<ProcessGrant>,
    pub tools: ToolsGrant,
    pub granted_in: GrantedIn,
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

/// The folders of the workspace a plugin may use; none listed means all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilesGrant {
    pub folders: Vec<FolderGrant>,
}

/// One folder a plugin may use, with everything beneath it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderGrant {
    /// Within the workspace, its parts divided by `/`: `notes/2026`.
    pub path: String,
    /// No more than the grant of `files` itself.
    pub access: Access,
}

/// The secrets a plugin may use, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretGrant {
    pub names: Vec<String>,
}

/// How often and how much a plugin may ask the model in one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelGrant {
    pub calls: u32,
    /// The most tokens of one answer.
    pub tokens: u32,
}

impl ModelGrant {
    /// The most any plugin can be granted.
    const MOST: Self = Self { calls: 16, tokens: 8_000 };

    /// # Errors
    /// A figure that cannot be granted, with what can.
    pub(crate) fn check(self) -> Result<(), String> {
        let Self { calls, tokens } = Self::MOST;
        match () {
            () if !(1..=calls).contains(&self.calls) => Err(format!("`calls` may be 1 to {calls}")),
            () if !(1..=tokens).contains(&self.tokens) => Err(format!("`tokens` may be 1 to {tokens}")),
            () => Ok(()),
        }
    }
}

impl Default for ModelGrant {
    fn default() -> Self {
        Self { calls: 4, tokens: 1_000 }
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

/// What each role may use, and what each origin leaves of it.
#[derive(Clone, Debug)]
pub struct Roles {
    roles: BTreeMap<Role, CapabilitySet>,
    origins: BTreeMap<Origin, CapabilitySet>,
}

impl Default for Roles {
    /// The three roles everyone has, as the list of capabilities says. No origin takes anything away.
    fn default() -> Self {
        let column = |access: fn(&Capability) -> Access| {
            CAPABILITIES.iter().fold(CapabilitySet::EMPTY, |set, one| set.with(one.name, access(one)))
        };
        let roles = BTreeMap::from([
            (Role::Owner, column(|one| one.owner)),
            (Role::Group, column(|one| one.group)),
            (Role::External, column(|one| one.external)),
        ]);
        Self { roles, origins: BTreeMap::new() }
    }
}

impl Roles {
    /// The default table with rows from the configuration: role → capability → access. A row replaces the role's
    /// default one as a whole; one of a new role says what differs from outsiders, who may use the least.
    ///
    /// # Errors
    /// The name of a capability that does not exist, or read access to one that has no levels.
    pub fn with(rows: BTreeMap<String, BTreeMap<String, Access>>) -> Result<Self, RoleError> {
        let mut roles = Self::default();
        // Whoever was put into a role is not somebody to be warned and banned by the model.
        let outsiders = roles.roles.get(&Role::External).copied().unwrap_or_default();
        let trusted = outsiders.at_most("violation", Access::None);
        for (role, row) in rows {
            let known = roles.roles.contains_key(&Role::from(role.clone()));
            let mut set = if known { CapabilitySet::EMPTY } else { trusted };
            for (name, access) in row {
                let capability = Capability::named(&name).ok_or_else(|| RoleError::Unknown {
                    role: role.clone(),
                    name: name.clone(),
                    known: Capability::names(),
                })?;
                if access == Access::Read && !capability.levels {
                    return Err(RoleError::NoLevels { role, name });
                }
                set = set.at_most(&name, Access::None).with(&name, access);
            }
            roles.roles.insert(Role::from(role), set);
        }
        Ok(roles)
    }

    /// The same table with less for runs set going by `origin`.
    #[must_use]
    pub fn restrict(mut self, origin: Origin, left: CapabilitySet) -> Self {
        self.origins.insert(origin, left);
        self
    }

    /// What a run of that role and origin may use. A role nobody described may use nothing.
    pub fn set(&self, role: &Role, origin: Origin) -> CapabilitySet {
        let granted = self.roles.get(role).copied().unwrap_or_default();
        granted.intersection(self.origins.get(&origin).copied().unwrap_or(CapabilitySet::ALL))
    }

    /// Every role of the table.
    pub fn names(&self) -> impl Iterator<Item = &Role> {
        self.roles.keys()
    }
}

/// A row of the role table that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum RoleError {
    #[error("roles.{role}: there is no capability `{name}`; use one of {known}")]
    Unknown { role: String, name: String, known: String },
    #[error("roles.{role}: `{name}` has no read-only form; write \"write\" to grant it or \"none\"")]
    NoLevels { role: String, name: String },
    #[error("origins.{name}: there is no such origin of a run; use one of {known}")]
    Origin { name: String, known: String },
    #[error("origins.{origin}: there is no capability `{name}`; use one of {known}")]
    UnknownAt { origin: &'static str, name: String, known: String },
    #[error("origins.{origin}: `{name}` has no read-only form; write false to take it away")]
    NoLevelsAt { origin: &'static str, name: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the design: capability, owner, group, external.
    const TABLE: &[(&str, Access, Access, Access)] = &[
        ("files", Access::Write, Access::Read, Access::None),
        ("http", Access::Write, Access::None, Access::None),
        ("kv", Access::Write, Access::Write, Access::Write),
        ("memory", Access::Write, Access::None, Access::None),
        ("schedule", Access::Write, Access::None, Access::None),
        ("events", Access::Write, Access::None, Access::None),
        ("delegate", Access::Write, Access::None, Access::None),
        ("people", Access::Write, Access::None, Access::None),
        ("moderation", Access::Write, Access::None, Access::None),
        ("send", Access::Write, Access::None, Access::None),
        ("own-tasks", Access::Write, Access::None, Access::Write),
        ("owner-mail", Access::None, Access::None, Access::Write),
        ("violation", Access::None, Access::None, Access::Write),
        ("model", Access::Write, Access::None, Access::None),
        ("secrets", Access::Write, Access::None, Access::None),
        ("process", Access::Write, Access::None, Access::None),
        ("tools", Access::Write, Access::None, Access::None),
    ];

    #[test]
    fn the_roles_are_the_table_of_the_design() {
        let roles = Roles::default();
        assert_eq!(CAPABILITIES.len(), TABLE.len());
        for &(name, owner, group, external) in TABLE {
            for origin in Origin::ALL {
                let access = |role| roles.set(&role, origin).access(name);
                let row = (access(Role::Owner), access(Role::Group), access(Role::External));
                assert_eq!(row, (owner, group, external), "{name}");
            }
        }
        assert!(roles.set(&Role::Named("stranger".to_owned()), Origin::Chat).is_empty());
    }

    #[test]
    fn a_role_of_the_configuration_is_a_row_of_its_own() {
        let row = |access| BTreeMap::from([("files".to_owned(), access)]);
        let roles = Roles::with(BTreeMap::from([("colleague".to_owned(), row(Access::Read))])).unwrap();
        let colleague = roles.set(&Role::Named("colleague".to_owned()), Origin::Chat);
        assert_eq!(colleague.to_string(), "files kv own-tasks owner-mail", "what outsiders may, and what it names");
        let less = BTreeMap::from([("family".to_owned(), BTreeMap::from([("own-tasks".to_owned(), Access::None)]))]);
        let family = Roles::with(less).unwrap().set(&Role::Named("family".to_owned()), Origin::Chat);
        assert_eq!(family.to_string(), "kv owner-mail");
        let unknown = BTreeMap::from([("family".to_owned(), BTreeMap::from([("rockets".to_owned(), Access::Write)]))]);
        assert!(Roles::with(unknown).unwrap_err().to_string().contains("no capability `rockets`"));
        let half = BTreeMap::from([("family".to_owned(), BTreeMap::from([("memory".to_owned(), Access::Read)]))]);
        assert!(Roles::with(half).unwrap_err().to_string().contains("no read-only form"));
    }

    #[test]
    fn an_origin_can_only_take_away() {
        let left = CapabilitySet::ALL.intersection(CapabilitySet::EMPTY.with("files", Access::Read));
        let roles = Roles::default().restrict(Origin::Trigger, left);
        assert_eq!(roles.set(&Role::Owner, Origin::Trigger).to_string(), "files");
        assert!(roles.set(&Role::External, Origin::Trigger).is_empty());
        assert_eq!(roles.set(&Role::Owner, Origin::Chat).access("files"), Access::Write);
    }

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
