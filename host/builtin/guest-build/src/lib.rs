//! For build scripts: compiles packages of this workspace to components with one nested cargo build.
//!
//! The nested build has a target folder of its own, so it never waits for the lock of the build it is part of.

#![warn(missing_docs)]

use std::error::Error;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const TARGET: &str = "wasm32-wasip2";

/// What the outer build tells its own compiler and must not reach the compiler of the guests: flags for another target,
/// and wrappers such as clippy's.
const OUTER_ONLY: &[&str] = &[
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "CLIPPY_ARGS",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
];

/// The folder of the workspace.
///
/// # Errors
/// When this crate is not where it should be.
pub fn workspace() -> Result<PathBuf, Box<dyn Error>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(here.ancestors().nth(3).ok_or("this crate is outside of the workspace")?.to_owned())
}

/// Compiles the packages and copies their components into `OUT_DIR`, so that no later build changes them under the
/// crate that embeds them. Gives their paths in the order of the packages, and has the build script run again
/// when the SDK or the contract changes.
///
/// # Errors
/// When the target cannot be installed or a package does not compile.
pub fn compile(packages: &[String]) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let root = workspace()?;
    for input in ["sdk", "wit", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", root.join(input).display());
    }
    components(&root, packages)
}

/// The same for packages of another workspace, with its own lock file: what it builds depends on nothing outside of it.
///
/// # Errors
/// When the target cannot be installed or a package does not compile.
pub fn compile_workspace(workspace: &Path, packages: &[String]) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", workspace.display());
    components(workspace, packages)
}

fn components(workspace: &Path, packages: &[String]) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    ensure_target()?;
    let out = PathBuf::from(variable("OUT_DIR")?);
    let folder = target_folder(&out)?.join("plugins");
    build(workspace, &folder, packages)?;
    packages.iter().map(|package| keep(&folder.join(TARGET).join("plugin"), package, &out)).collect()
}

/// Installs the standard library for the guests' target where rustup can and it is missing.
fn ensure_target() -> Result<(), Box<dyn Error>> {
    let installed = program(variable("RUSTC")?).args(["--print", "target-libdir", "--target", TARGET]).output()?;
    let library = String::from_utf8(installed.stdout)?;
    if Path::new(library.trim()).is_dir() {
        return Ok(());
    }
    let added = program("rustup").args(["target", "add", TARGET]).status();
    if added.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    Err(format!("Rust's target {TARGET} is missing and could not be installed; run: rustup target add {TARGET}").into())
}

/// The folder all of this workspace's build goes to: cargo marks it with a file.
fn target_folder(out: &Path) -> Result<PathBuf, String> {
    let marked = out.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    let by_depth = || out.ancestors().nth(4);
    marked.or_else(by_depth).map(Path::to_owned).ok_or_else(|| format!("{} has no target folder", out.display()))
}

fn build(root: &Path, target_folder: &Path, packages: &[String]) -> Result<(), Box<dyn Error>> {
    let mut cargo = program(variable("CARGO")?);
    // The outer build has just brought the lock file up to date, so this one may always insist on it.
    cargo.current_dir(root).args(["build", "--locked", "--profile", "plugin", "--target", TARGET]);
    cargo.arg("--target-dir").arg(target_folder);
    for package in packages {
        cargo.args(["--package", package]);
    }
    for name in OUTER_ONLY {
        cargo.env_remove(name);
    }
    let status = cargo.status()?;
    if status.success() { Ok(()) } else { Err(format!("cargo ended with {status}; what is wrong stands above").into()) }
}

fn keep(artifacts: &Path, package: &str, out: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let name = format!("{}.wasm", package.replace('-', "_"));
    let (from, to) = (artifacts.join(&name), out.join(&name));
    fs::copy(&from, &to).map_err(|error| format!("{}: {error}", from.display()))?;
    Ok(to)
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|error| format!("cargo should have set {name}: {error}"))
}

#[expect(clippy::disallowed_methods, reason = "a build script runs outside of Steward")]
fn program(name: impl AsRef<OsStr>) -> Command {
    Command::new(name)
}
