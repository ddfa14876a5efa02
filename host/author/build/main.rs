//! Embeds what a new plugin project is made of: the templates, the SDKs and the contract, as they are in this
//! repository.

mod tree;
mod vendored;

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use tree::Tree;

/// SDKs that a project gets as they are, in addition to the Rust one, and what of WASI they use: folders of `sdk`.
const AS_THEY_ARE: &[&str] = &["c", "javascript", "python", "wit"];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the templates could not be embedded: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let root = here.ancestors().nth(2).ok_or("this crate is outside of the workspace")?;
    for input in ["sdk", "wit", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", root.join(input).display());
    }
    println!("cargo::rerun-if-changed=build");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let trees = collect(root, &out)?;
    fs::write(out.join("embedded.rs"), listing(&trees)?)?;
    Ok(())
}

fn collect(root: &Path, out: &Path) -> Result<Vec<Tree>, Box<dyn Error>> {
    let sdk = root.join("sdk");
    let mut trees = vec![Tree::read("wit", &root.join("wit"))?];
    trees.extend([vendored::rust_sdk(root, out)?, vendored::rust_lock(root, out)?]);
    for name in AS_THEY_ARE.iter().filter(|name| sdk.join(name).is_dir()) {
        trees.push(Tree::read(&format!("sdk/{name}"), &sdk.join(name))?);
    }
    for entry in fs::read_dir(sdk.join("templates"))? {
        let folder = entry?.path();
        if let Some(language) = folder.file_name().and_then(|name| name.to_str()).filter(|_| folder.is_dir()) {
            trees.push(Tree::read(&format!("templates/{language}"), &folder)?);
        }
    }
    trees.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(trees)
}

fn listing(trees: &[Tree]) -> Result<String, Box<dyn Error>> {
    let mut list = String::from("/// Every folder that is embedded, by name.\npub(crate) static TREES: &[Tree] = &[\n");
    for tree in trees {
        writeln!(list, "    Tree {{ name: {:?}, files: &[", tree.name)?;
        for (path, source) in &tree.files {
            writeln!(list, "        File {{ path: {path:?}, text: include_str!({source:?}) }},")?;
        }
        writeln!(list, "    ] }},")?;
    }
    list.push_str("];\n");
    Ok(list)
}
