//! The scopes of a grant as they are asked about. What they are called and when one item covers another is said by each
//! capability; see `crate::scope`.

use std::collections::BTreeMap;

use super::Extent;
use crate::capability::Capability;
use crate::scope::{Row, Scopes, same};

/// The scopes of one capability in a grant.
pub(super) fn of(scopes: &Scopes, capability: &Capability) -> BTreeMap<String, Extent> {
    capability.scope.rows.iter().map(|row| (row.key.to_owned(), row.extent(scopes))).collect()
}

/// The rows of the capability of that name.
pub(super) fn all_of(capability: &str) -> &'static [Row] {
    Capability::named(capability).map_or(&[], |one| one.scope.rows)
}

/// When an approved item of a scope covers an asked one.
pub(super) fn covering(capability: &str, key: &str) -> fn(&str, &str) -> bool {
    all_of(capability).iter().find(|row| row.key == key).map_or(same, |row| row.covers)
}

#[cfg(test)]
mod tests {
    use crate::capability::CAPABILITIES;
    use crate::capability::files::FilesGrant;
    use crate::capability::model::ModelGrant;
    use crate::capability::process::ProcessGrant;
    use crate::capability::secrets::SecretGrant;
    use crate::capability::tools::ToolsGrant;
    use crate::grant::HttpGrant;

    /// Whoever adds a scope to a grant meets this line; the row of its capability is what makes it part of the question.
    #[test]
    fn every_scope_of_a_grant_is_asked_about() {
        let FilesGrant { folders: _ } = FilesGrant::default();
        let HttpGrant { hosts: _, methods: _, ports: _ } = HttpGrant::default();
        let SecretGrant { names: _ } = SecretGrant::default();
        let ModelGrant { calls: _, tokens: _ } = ModelGrant::default();
        let ToolsGrant { calls: _ } = ToolsGrant::default();
        #[rustfmt::skip]
        let ProcessGrant {
            commands: _, network: _, read: _, variables: _, secrets: _,
            time_seconds: _, output_kb: _, memory_mb: _, file_mb: _, processes: _,
        } = ProcessGrant::default();
        let rows: Vec<_> = CAPABILITIES.iter().flat_map(|one| one.scope.rows).collect();
        assert_eq!(rows.len(), 1 + 3 + 1 + 2 + 1 + 10);
        for row in rows {
            assert!(row.sentence.0.contains("{}") && row.sentence.1.contains("{}"), "{}", row.key);
        }
    }
}
