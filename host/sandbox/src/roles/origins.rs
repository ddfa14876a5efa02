//! What the configuration leaves to runs of an origin, whoever they act for. It only takes away, and a mistyped name is an
//! error, for it would take nothing away and nobody would know.

use std::collections::BTreeMap;

use steward_agent::Origin;

use super::{RoleError, Roles};
use crate::capability::{CAPABILITIES, Capability};
use crate::grant::{Access, CapabilitySet};

impl Roles {
    /// The same table with the rows of the configuration for origins: origin → capability → what is left of it. What a
    /// row does not name is not limited by it.
    ///
    /// # Errors
    /// The name of an origin or a capability that does not exist, or read access to a capability without levels.
    pub fn limited(mut self, rows: &BTreeMap<String, BTreeMap<String, Access>>) -> Result<Self, RoleError> {
        for (name, row) in rows {
            let origin = Origin::from_name(name).ok_or_else(|| RoleError::Origin {
                name: name.clone(),
                known: Origin::ALL.map(Origin::as_str).join(", "),
            })?;
            let mut left = CapabilitySet::ALL;
            for (name, access) in row {
                let origin = origin.as_str();
                let capability = Capability::named(name).ok_or_else(|| RoleError::UnknownAt {
                    origin,
                    name: name.clone(),
                    known: Capability::names(),
                })?;
                if *access == Access::Read && !capability.levels {
                    return Err(RoleError::NoLevelsAt { origin, name: name.clone() });
                }
                left = left.at_most(name, *access);
            }
            self.origins.insert(origin, left);
        }
        Ok(self)
    }

    /// What an origin takes away, of those that take anything: the capabilities and what is left of each.
    pub fn limits(&self) -> impl Iterator<Item = (Origin, Vec<(&'static str, Access)>)> {
        self.origins.iter().map(|(origin, left)| {
            let taken = CAPABILITIES.iter().filter(|one| left.access(one.name) != Access::Write);
            (*origin, taken.map(|one| (one.name, left.access(one.name))).collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use steward_agent::Role;

    use super::*;

    #[test]
    fn an_origin_of_the_configuration_takes_away_what_it_names_and_nothing_else() {
        let rows = |origin: &str, name: &str, access| {
            BTreeMap::from([(origin.to_owned(), BTreeMap::from([(name.to_owned(), access)]))])
        };
        let roles = Roles::default().limited(&rows("trigger", "process", Access::None)).unwrap();
        let (chat, trigger) = (roles.set(&Role::Owner, Origin::Chat), roles.set(&Role::Owner, Origin::Trigger));
        assert_eq!((chat.access("process"), trigger.access("process")), (Access::Write, Access::None));
        assert_eq!(chat, trigger.with("process", Access::Write));
        assert_eq!(roles.limits().collect::<Vec<_>>(), [(Origin::Trigger, vec![("process", Access::None)])]);
        let roles = Roles::default().limited(&rows("schedule", "files", Access::Read)).unwrap();
        assert_eq!(roles.set(&Role::Owner, Origin::Schedule).access("files"), Access::Read);
        assert_eq!(roles.set(&Role::External, Origin::Schedule).access("files"), Access::None, "nothing is added");
        assert_eq!(roles.limits().collect::<Vec<_>>(), [(Origin::Schedule, vec![("files", Access::Read)])]);
        for (origin, name, access, told) in [
            ("triger", "process", Access::None, "use one of chat, schedule"),
            ("trigger", "procces", Access::None, "no capability `procces`"),
            ("trigger", "memory", Access::Read, "no read-only form"),
        ] {
            let error = Roles::default().limited(&rows(origin, name, access)).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
