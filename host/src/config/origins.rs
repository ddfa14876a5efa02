//! `[origins.NAME]`: what a run that was set going by something may not use, whoever it acts for. It only takes away.

use std::collections::BTreeMap;

use serde::Deserialize;
use steward_sandbox::{Access, Roles};

/// As it is written: origin → capability → what is left.
pub(super) type Origins = BTreeMap<String, BTreeMap<String, Left>>;

/// `false` or `"none"`, `"read"`, `true` or `"write"`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "write false to take the capability away, \"read\" for reading only, or true to leave it"
)]
pub(super) enum Left {
    Whether(bool),
    Access(Access),
}

/// The rows, checked: a mistyped name would take nothing away, and nobody would be told.
pub(super) fn checked_origins(file: Origins) -> anyhow::Result<BTreeMap<String, BTreeMap<String, Access>>> {
    let access = |left| match left {
        Left::Whether(true) => Access::Write,
        Left::Whether(false) => Access::None,
        Left::Access(access) => access,
    };
    let row = |row: BTreeMap<String, Left>| row.into_iter().map(|(name, left)| (name, access(left))).collect();
    let rows = file.into_iter().map(|(origin, of)| (origin, row(of))).collect();
    Roles::default().limited(&rows)?;
    Ok(rows)
}
