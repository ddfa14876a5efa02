//! What `cargo xtask tidy` checks, one file each. A check reports findings, which are always wrong, and counts, which are
//! compared with xtask/allowed.toml.

mod capability_names;
mod documented;
mod image;
mod map;
mod pages;
mod sizes;
mod test_places;
pub(crate) mod words;

use crate::finding::Report;
use crate::sources::Sources;
use crate::{circles, documents};

type Check = fn(&Sources) -> anyhow::Result<Report>;

/// All checks.
const CHECKS: &[Check] = &[
    circles::check,
    map::check,
    image::check,
    pages::check,
    words::check,
    sizes::check,
    capability_names::check,
    test_places::check,
    documented::check,
    documents::check,
];

/// # Errors
/// The repository is not in a state that could be checked: a file of a module is missing, a Cargo.toml cannot be read.
pub(crate) fn run(sources: &Sources) -> anyhow::Result<Report> {
    let mut report = Report::default();
    for check in CHECKS {
        report.add(check(sources)?);
    }
    Ok(report)
}
