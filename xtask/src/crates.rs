//! The crates of the workspace, as the root's Cargo.toml and their own name them.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::Deserialize;

use crate::sources::Sources;

/// A member of the workspace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Member {
    /// Its folder, relative to the repository.
    pub(crate) folder: String,
    pub(crate) name: String,
}

impl Member {
    /// The files its library and its program begin with, where it has them.
    pub(crate) fn roots<'a>(&self, sources: &'a Sources) -> Vec<&'a str> {
        let names = ["lib.rs", "main.rs"].map(|name| format!("{}/src/{name}", self.folder));
        names.iter().filter_map(|path| sources.get(path)).map(|file| file.path.as_str()).collect()
    }
}

#[derive(Deserialize)]
struct Root {
    workspace: Workspace,
}

#[derive(Deserialize)]
struct Workspace {
    members: Vec<String>,
}

#[derive(Deserialize)]
struct Manifest {
    package: Option<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

/// # Errors
/// A Cargo.toml cannot be read.
pub(crate) fn members(sources: &Sources) -> anyhow::Result<Vec<Member>> {
    let root = sources.get("Cargo.toml").context("there is no Cargo.toml")?;
    let patterns = toml::from_str::<Root>(&root.text).context("Cargo.toml has no members")?.workspace.members;
    let mut members = BTreeMap::new();
    for file in sources.iter() {
        let Some(folder) = file.path.strip_suffix("/Cargo.toml") else { continue };
        if !patterns.iter().any(|pattern| fits(pattern, folder)) {
            continue;
        }
        let manifest =
            toml::from_str::<Manifest>(&file.text).with_context(|| format!("{} cannot be read", file.path))?;
        if let Some(package) = manifest.package {
            members.insert(folder.to_owned(), Member { folder: folder.to_owned(), name: package.name });
        }
    }
    Ok(members.into_values().collect())
}

/// Whether a folder is meant by a pattern such as `plugins/*`.
pub(crate) fn fits(pattern: &str, folder: &str) -> bool {
    match pattern.strip_suffix("/*") {
        Some(parent) => folder.rsplit_once('/').is_some_and(|(above, _)| above == parent),
        None => pattern == folder,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::made;

    #[test]
    fn members_are_found_by_name_and_by_pattern() {
        let package = |name: &str| format!("[package]\nname = \"{name}\"\n");
        let (one, two, other) = (package("one"), package("two"), package("other"));
        let sources = made(&[
            ("Cargo.toml", "[workspace]\nmembers = [\"host\", \"plugins/*\"]\n"),
            ("host/Cargo.toml", &one),
            ("plugins/two/Cargo.toml", &two),
            ("plugins/two/inner/Cargo.toml", &other),
            ("elsewhere/Cargo.toml", &other),
        ]);
        let found: Vec<_> = members(&sources).unwrap().into_iter().map(|one| (one.folder, one.name)).collect();
        let expected = [("host", "one"), ("plugins/two", "two")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(found, expected);
    }
}
