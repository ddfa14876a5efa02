//! What each role may use, and what the origin of a run leaves of it. The table follows from the list of capabilities and
//! is written nowhere else.

mod origins;

use std::collections::BTreeMap;

use steward_agent::{Origin, Role};

use crate::capability::{CAPABILITIES, Capability};
use crate::grant::{Access, CapabilitySet};

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
        let theirs = CAPABILITIES.iter().filter(|one| !one.for_roles);
        let trusted = theirs.fold(outsiders, |set, one| set.at_most(one.name, Access::None));
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

    /// The table of the reference, as people read it: capability, owner, group, external.
    fn table() -> Vec<(String, [Access; 3])> {
        let page = include_str!("../../../docs/reference/capabilities.md");
        let rows = page.lines().skip_while(|line| !line.starts_with("| --- |")).skip(1);
        let rows = rows.take_while(|line| line.starts_with("| `")).map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let access = |at: usize| match cells[at] {
                "no" => Access::None,
                "read" => Access::Read,
                "yes" => Access::Write,
                other => panic!("{other}"),
            };
            (cells[1].trim_matches('`').to_owned(), [access(3), access(4), access(5)])
        });
        rows.collect()
    }

    #[test]
    fn the_roles_are_the_table_of_the_design() {
        let (roles, table) = (Roles::default(), table());
        assert_eq!(CAPABILITIES.len(), table.len());
        for (name, row) in table {
            for origin in Origin::ALL {
                let access = |role| roles.set(&role, origin).access(&name);
                assert_eq!([Role::Owner, Role::Group, Role::External].map(access), row, "{name}");
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
}
