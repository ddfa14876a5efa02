//! `[roles.NAME]`: what people in a role of the owner's own may use. `[origins.NAME]`: what a run that was set going by
//! something may not use, whoever it acts for; it only takes away.

use std::collections::BTreeMap;

use anyhow::bail;
use serde::Deserialize;
use steward_sandbox::{Access, Roles};

/// As they are written: role or origin → capability → how much of it.
pub(super) type Rows = BTreeMap<String, BTreeMap<String, Left>>;

/// `false` or `"none"`, `"read"`, `true` or `"write"`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "write false to take the capability away, \"read\" for reading only, or true for all of it"
)]
pub(super) enum Left {
    Whether(bool),
    Access(Access),
}

/// Roles of the owner's own.
pub(super) fn checked_roles(file: Rows) -> anyhow::Result<BTreeMap<String, BTreeMap<String, Access>>> {
    for name in file.keys() {
        if ["owner", "group", "external"].contains(&name.as_str()) {
            bail!("roles.{name}: this role is built in and cannot be changed. Choose another name, such as family.");
        }
    }
    Ok(read(file))
}

/// The rows, checked: a mistyped name would take nothing away, and nobody would be told.
pub(super) fn checked_origins(file: Rows) -> anyhow::Result<BTreeMap<String, BTreeMap<String, Access>>> {
    let rows = read(file);
    Roles::default().limited(&rows)?;
    Ok(rows)
}

fn read(file: Rows) -> BTreeMap<String, BTreeMap<String, Access>> {
    let access = |left| match left {
        Left::Whether(true) => Access::Write,
        Left::Whether(false) => Access::None,
        Left::Access(access) => access,
    };
    let row = |row: BTreeMap<String, Left>| row.into_iter().map(|(name, left)| (name, access(left))).collect();
    file.into_iter().map(|(name, of)| (name, row(of))).collect()
}
