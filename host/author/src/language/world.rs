//! The contract as the builders of Python and JavaScript read it: a folder of WIT files with a world of the project's
//! own, which imports what the project uses and nothing else. So the imports of the component stay its list of
//! permissions.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::embedded::{File, Tree};
use crate::error::AuthorError;

/// What the world is called.
pub(super) const WORLD: &str = "project";

/// The package of the contract in the names of interfaces.
const CONTRACT: &str = "steward:plugin";

/// As much of WASI as the SDKs use, by the folders it is in.
const WASI: &str = "sdk/wit";

/// The interface by which requests are sent.
pub(super) const HTTP: &str = "http/outgoing-handler";

/// The version the interfaces of WASI are imported at.
const WASI_VERSION: &str = "0.2.0";

/// The full name of an interface of the contract: `kv` → `steward:plugin/kv@0.1.0`.
pub(super) fn interface(name: &str) -> String {
    let version = contract().iter().find_map(|file| {
        let line = file.text.lines().find_map(|line| line.strip_prefix("package "))?;
        Some(line.split_once('@')?.1.trim_end_matches(';'))
    });
    format!("{CONTRACT}/{name}@{}", version.unwrap_or_default())
}

/// The full name of an interface of WASI: `http/types` → `wasi:http/types@0.2.0`.
pub(super) fn wasi(name: &str) -> String {
    format!("wasi:{name}@{WASI_VERSION}")
}

/// Every interface that source code can name, without its version and with it. Names without a version stay right when
/// the contract grows.
pub(super) fn names() -> impl Iterator<Item = (String, String)> {
    let own = contract().iter().filter_map(|file| file.path.strip_suffix(".wit")).map(interface);
    let all = own.chain(["random/random", "http/types", HTTP].map(wasi));
    all.filter_map(|full| Some((full.split_once('@')?.0.to_owned(), full)))
}

/// The interface by which a capability is used; nothing for one that needs none, such as files.
pub(super) fn of_capability(name: &str) -> Option<String> {
    if name == "http" {
        return Some(wasi(HTTP));
    }
    contract().iter().any(|file| file.path.strip_suffix(".wit") == Some(name)).then(|| interface(name))
}

/// Writes the folder again, with a world that imports these interfaces, by their full names, and exports the tools.
/// `change` is applied to the text of every file of WASI.
///
/// # Errors
/// It cannot be written.
pub(super) fn write(
    folder: &Path,
    imports: &BTreeSet<String>,
    change: impl Fn(&str) -> String,
) -> Result<PathBuf, AuthorError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(AuthorError::Io { path: folder.to_owned(), source: error });
        }
        _ => {}
    }
    let packages = folder.join("deps");
    for file in contract() {
        put(&packages.join("steward").join(file.path), file.text)?;
    }
    for file in files(WASI) {
        put(&packages.join(file.path), &change(file.text))?;
    }
    let imports: String = imports.iter().map(|name| format!("  import {name};\n")).collect();
    let tool = interface("tool");
    let text = format!("package project:plugin;\n\nworld {WORLD} {{\n{imports}  export {tool};\n}}\n");
    put(&folder.join("world.wit"), &text)?;
    Ok(folder.to_owned())
}

/// The folder of an SDK: the project's own copy in `own` or, where it has none, the one that came with this program,
/// put into `work`.
///
/// # Errors
/// It cannot be written.
pub(super) fn sdk(tree: &str, own: &Path, work: &Path) -> Result<PathBuf, AuthorError> {
    if files(tree).first().is_some_and(|file| own.join(file.path).is_file()) {
        return Ok(own.to_owned());
    }
    let folder = work.join("sdk");
    for file in files(tree) {
        put(&folder.join(file.path), file.text)?;
    }
    Ok(folder)
}

fn contract() -> &'static [File] {
    files("wit")
}

fn files(tree: &str) -> &'static [File] {
    Tree::named(tree).map_or(&[], |tree| tree.files)
}

fn put(path: &Path, text: &str) -> Result<(), AuthorError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(AuthorError::io(parent))?;
    }
    fs::write(path, text).map_err(AuthorError::io(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_have_their_full_names() {
        let kv = interface("kv");
        assert!(kv.starts_with("steward:plugin/kv@0.1."), "{kv}");
        assert_eq!(of_capability("own-tasks"), Some(interface("own-tasks")));
        assert_eq!(of_capability("http").as_deref(), Some("wasi:http/outgoing-handler@0.2.0"));
        assert_eq!(of_capability("files"), None);
        assert!(names().any(|name| name == ("steward:plugin/kv".to_owned(), kv.clone())));
    }

    #[test]
    fn the_world_imports_what_is_named_and_no_file_of_before_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wit");
        write(&path, &BTreeSet::from([interface("kv"), wasi("random/random")]), str::to_owned).unwrap();
        fs::write(path.join("old.wit"), "").unwrap();
        write(&path, &BTreeSet::from([interface("kv")]), |text| text.replace("wasi:", "host:")).unwrap();
        let world = fs::read_to_string(path.join("world.wit")).unwrap();
        assert!(
            world.contains(&format!("{{\n  import {};\n  export {};\n}}", interface("kv"), interface("tool"))),
            "{world}"
        );
        assert!(!path.join("old.wit").exists() && path.join("deps/steward/kv.wit").exists());
        assert!(fs::read_to_string(path.join("deps/wasi-io/io.wit")).unwrap().contains("package host:io@0.2.0"));
    }
}
