//! Loading a plugin for the first time, which compiles it, and again, from the code that is kept: from a small one in
//! Rust to one that brings a whole Python along.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use steward_sandbox::{PluginSource, Recorded};
use steward_store::Store;
use tempfile::TempDir;

use crate::figures::{Samples, mebibytes, number, print, ratio, time};
use crate::guest;
use crate::sandbox;
use crate::steward::Home;

/// Loads of code that is kept, for each guest.
const AGAIN: usize = 20;
/// Worked examples in languages that bring an interpreter along.
const EXAMPLES: [(&str, &str); 2] = [("JavaScript", "javascript"), ("Python", "python")];
/// Where `make bench` and the tests have compilers fetched to.
const TOOLCHAINS: &str = "target/toolchains";

pub(crate) async fn take() -> anyhow::Result<()> {
    let built_in = steward_builtin::PLUGINS.iter().max_by_key(|plugin| plugin.size).context("no plugin ships")?;
    let built_in = PluginSource {
        name: built_in.name.to_owned(),
        wasm: built_in.wasm().into(),
        manifest: built_in.manifest.to_owned(),
    };
    let mut rows = vec![
        row("none: what the sandbox itself takes", None).await?,
        row("a small one in Rust", Some(guest::small())).await?,
        row("the largest that ships, in Rust", Some(built_in)).await?,
    ];
    let home = Home::new()?;
    for (title, language) in EXAMPLES {
        match example(&home, language).await {
            Ok(source) => rows.push(row(&format!("an example in {title}"), Some(source)).await?),
            Err(error) => println!(
                "{title} is left out: {error:#}\nFetch its compiler: target/release/steward plugin toolchain {language} \
                 --toolchains {TOOLCHAINS}\n"
            ),
        }
    }
    print(["plugin", "component", "code on disk", "first load", "loaded again", "ratio"], rows);
    Ok(())
}

async fn row(what: &str, source: Option<PluginSource>) -> anyhow::Result<[String; 6]> {
    let folder = TempDir::with_prefix("steward-bench-")?;
    let store = Store::open(&folder.path().join("steward.sqlite"))?;
    let size = source.as_ref().map_or(0, |source| source.wasm.len());
    let first = load(folder.path(), &store, source.as_ref()).await?;
    let mut times = Vec::with_capacity(AGAIN);
    for _ in 0..AGAIN {
        times.push(load(folder.path(), &store, source.as_ref()).await?);
    }
    let again = Samples::new(times)?.median();
    store.close().await;
    Ok([
        what.to_owned(),
        bytes(size as u64),
        bytes(code(&folder.path().join("compiled"))?),
        time(first),
        time(again),
        ratio(first.as_secs_f64(), again.as_secs_f64()),
    ])
}

async fn load(folder: &Path, store: &Store, source: Option<&PluginSource>) -> anyhow::Result<Duration> {
    let sources = source.cloned().into_iter().collect();
    let started = Instant::now();
    let catalogue = sandbox::load(folder, store, sources, Recorded::Nothing).await?;
    let took = started.elapsed();
    drop(catalogue);
    Ok(took)
}

/// The worked example in a language, built as its author would.
async fn example(home: &Home, language: &str) -> anyhow::Result<PluginSource> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let copy = TempDir::with_prefix("steward-bench-")?;
    let project = copy.path().join(language);
    fs::create_dir(&project)?;
    for entry in fs::read_dir(root.join("sdk/examples").join(language))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), project.join(entry.file_name()))?;
        }
    }
    home.build(&project, &root.join(TOOLCHAINS)).await?;
    let wasm = component(&project.join("build"))?;
    let manifest = fs::read_to_string(project.join("plugin.toml"))?;
    Ok(PluginSource { name: language.to_owned(), wasm: fs::read(wasm)?.into(), manifest })
}

fn component(folder: &Path) -> anyhow::Result<PathBuf> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            return Ok(path);
        }
    }
    anyhow::bail!("no component came of it")
}

/// Bytes of the compiled code in the folder.
fn code(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

fn bytes(bytes: u64) -> String {
    if bytes < 1 << 20 { format!("{} KiB", number(bytes as f64 / 1024.0)) } else { mebibytes(bytes >> 10) }
}
