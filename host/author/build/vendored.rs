//! The Rust SDK as a project outside of this workspace needs it: its sources, a Cargo.toml in which nothing is
//! inherited from the workspace, and a lock file with the very versions the SDK is tested with here.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::Path;

use toml::{Table, Value};

use crate::tree::Tree;

/// The name of the SDK's package.
const SDK: &str = "steward-sdk";

/// The SDK's package. What the contract is called from its folder, `../wit`, is so in a project too.
pub(crate) fn rust_sdk(root: &Path, out: &Path) -> Result<Tree, Box<dyn Error>> {
    let (workspace, own) = (table(&root.join("Cargo.toml"))?, table(&root.join("sdk/Cargo.toml"))?);
    let mut tree = Tree::read("sdk/rust", &root.join("sdk/src"))?;
    for (path, _) in &mut tree.files {
        path.insert_str(0, "src/");
    }
    let path = out.join("Cargo.toml");
    fs::write(&path, manifest(&workspace, own)?.to_string())?;
    tree.files.insert(0, ("Cargo.toml".to_owned(), path));
    Ok(tree)
}

/// The lock file of a project.
pub(crate) fn rust_lock(root: &Path, out: &Path) -> Result<Tree, Box<dyn Error>> {
    let path = out.join("Cargo.lock");
    fs::write(&path, lock(table(&root.join("Cargo.lock"))?)?.to_string())?;
    Ok(Tree { name: "sdk/rust-lock".to_owned(), files: vec![("Cargo.lock".to_owned(), path)] })
}

fn table(path: &Path) -> Result<Table, Box<dyn Error>> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(text.parse().map_err(|error| format!("{}: {error}", path.display()))?)
}

fn manifest(workspace: &Table, mut own: Table) -> Result<Table, Box<dyn Error>> {
    let shared = inner(workspace, "workspace")?;
    own.remove("lints");
    for section in ["package", "dependencies"] {
        let known = inner(shared, section)?;
        let entries = own.get_mut(section).and_then(Value::as_table_mut).ok_or("sdk/Cargo.toml lacks a table")?;
        for (name, value) in entries {
            if value.get("workspace").is_some() {
                *value = inherited(value, known.get(name).ok_or_else(|| format!("the workspace has no {name}"))?);
            }
        }
    }
    Ok(own)
}

/// The workspace's entry, with what the SDK's own adds to it.
fn inherited(own: &Value, shared: &Value) -> Value {
    let mut entry = match shared {
        Value::Table(table) => table.clone(),
        Value::String(version) if own.as_table().is_some_and(|own| own.len() > 1) => {
            Table::from_iter([("version".to_owned(), version.clone().into())])
        }
        plain => return plain.clone(),
    };
    for (key, value) in own.as_table().into_iter().flatten().filter(|(key, _)| *key != "workspace") {
        entry.insert(key.clone(), value.clone());
    }
    entry.into()
}

/// The part of the workspace's lock file that the SDK reaches. Cargo adds the project itself at its first build.
fn lock(mut whole: Table) -> Result<Table, Box<dyn Error>> {
    let packages = whole.get("package").and_then(Value::as_array).ok_or("Cargo.lock has no packages")?;
    let (mut wanted, mut left) = (BTreeSet::new(), vec![SDK.to_owned()]);
    while let Some(dependency) = left.pop() {
        // `name`, or `name version` where there are several.
        let fits = |package: &Value| {
            let word = |key: &str| package.get(key).and_then(Value::as_str).unwrap_or_default();
            let mut words = dependency.split(' ');
            words.next() == Some(word("name")) && words.next().is_none_or(|version| version == word("version"))
        };
        let at = packages.iter().position(fits).ok_or_else(|| format!("Cargo.lock has no {dependency}"))?;
        if wanted.insert(at) {
            let further = packages[at].get("dependencies").and_then(Value::as_array);
            left.extend(further.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
        }
    }
    let kept: Vec<Value> = wanted.into_iter().map(|at| packages[at].clone()).collect();
    whole.insert("package".to_owned(), kept.into());
    Ok(whole)
}

fn inner<'a>(table: &'a Table, name: &str) -> Result<&'a Table, String> {
    table.get(name).and_then(Value::as_table).ok_or_else(|| format!("there is no table {name}"))
}
