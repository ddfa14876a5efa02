//! Compiles every plugin under `plugins/` to a component with one nested cargo build, and writes the list of them.
//!
//! The nested build has its own target folder, so it never waits for the lock of the build it is part of.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
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

/// A plugin's folder and what cargo makes of it.
struct Plugin {
    name: String,
    folder: PathBuf,
}

impl Plugin {
    fn package(&self) -> String {
        format!("plugin-{}", self.name)
    }

    fn artifact(&self) -> String {
        format!("plugin_{}.wasm", self.name.replace('-', "_"))
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the built-in plugins could not be compiled: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(variable("OUT_DIR")?);
    let manifest_folder = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let root = manifest_folder.ancestors().nth(2).ok_or("this crate lies outside of the workspace")?.to_owned();
    for input in ["plugins", "sdk", "wit", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", root.join(input).display());
    }

    let plugins = find(&root.join("plugins"))?;
    ensure_target()?;
    let target_folder = target_folder(&out)?.join("plugins");
    compile(&root, &target_folder, &plugins)?;
    embed(&plugins, &target_folder.join(TARGET).join("plugin"), &out)
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|error| format!("cargo should have set {name}: {error}"))
}

/// Every folder that holds a `plugin.toml`, by name.
fn find(folder: &Path) -> Result<Vec<Plugin>, Box<dyn Error>> {
    let mut plugins = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let folder = entry?.path();
        if folder.join("plugin.toml").is_file()
            && let Some(name) = folder.file_name().and_then(|name| name.to_str())
        {
            plugins.push(Plugin { name: name.to_owned(), folder });
        }
    }
    plugins.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(plugins)
}

/// Installs the standard library for the guests' target where rustup can and it is missing.
fn ensure_target() -> Result<(), Box<dyn Error>> {
    let installed = program(&variable("RUSTC")?).args(["--print", "target-libdir", "--target", TARGET]).output()?;
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

fn compile(root: &Path, target_folder: &Path, plugins: &[Plugin]) -> Result<(), Box<dyn Error>> {
    let mut cargo = program(&variable("CARGO")?);
    // The outer build has just brought the lock file up to date, so this one may always insist on it.
    cargo.current_dir(root).args(["build", "--locked", "--profile", "plugin", "--target", TARGET]);
    cargo.arg("--target-dir").arg(target_folder);
    for plugin in plugins {
        cargo.args(["--package", &plugin.package()]);
    }
    for name in OUTER_ONLY {
        cargo.env_remove(name);
    }
    let status = cargo.status()?;
    if status.success() { Ok(()) } else { Err(format!("cargo ended with {status}; what is wrong stands above").into()) }
}

/// Copies the components beside the generated list, so that no later build changes them under this one.
fn embed(plugins: &[Plugin], artifacts: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    let mut list = String::from("/// Every plugin that ships, by name.\npub static PLUGINS: &[BuiltinPlugin] = &[\n");
    for plugin in plugins {
        let (from, to) = (artifacts.join(plugin.artifact()), out.join(plugin.artifact()));
        fs::copy(&from, &to).map_err(|error| format!("{}: {error}", from.display()))?;
        let manifest = plugin.folder.join("plugin.toml");
        let name = &plugin.name;
        writeln!(
            list,
            "    BuiltinPlugin {{ name: {name:?}, wasm: include_bytes!({to:?}), manifest: include_str!({manifest:?}) }},"
        )?;
    }
    list.push_str("];\n");
    fs::write(out.join("plugins.rs"), list)?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a build script runs outside of Steward")]
fn program(name: &str) -> Command {
    Command::new(name)
}
