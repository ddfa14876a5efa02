//! Compiles every plugin under `plugins/` to a component, packs it, and writes the list of them.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use steward_guest_build::{compile, workspace};

/// A plugin's folder.
struct Plugin {
    name: String,
    folder: PathBuf,
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
    let folder = workspace()?.join("plugins");
    println!("cargo::rerun-if-changed={}", folder.display());
    let plugins = find(&folder)?;
    let packages: Vec<_> = plugins.iter().map(|plugin| format!("plugin-{}", plugin.name)).collect();
    let components = compile(&packages)?;
    embed(&plugins, &components)
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

fn embed(plugins: &[Plugin], components: &[PathBuf]) -> Result<(), Box<dyn Error>> {
    let mut list = String::from("/// Every plugin that ships, by name.\npub static PLUGINS: &[BuiltinPlugin] = &[\n");
    for (plugin, component) in plugins.iter().zip(components) {
        let (name, manifest) = (&plugin.name, plugin.folder.join("plugin.toml"));
        let (wasm, packed) = (fs::read(component)?, component.with_extension("zlib"));
        let mut packing = ZlibEncoder::new(fs::File::create(&packed)?, Compression::best());
        packing.write_all(&wasm)?;
        packing.finish()?;
        writeln!(list, "    BuiltinPlugin {{")?;
        writeln!(list, "        name: {name:?}, packed: include_bytes!({packed:?}), size: {},", wasm.len())?;
        writeln!(list, "        hash: {:?},", blake3::hash(&wasm).to_hex().as_str())?;
        writeln!(list, "        manifest: include_str!({manifest:?}),")?;
        let tools = plugin.folder.join("tools.json");
        match tools.is_file() {
            true => writeln!(list, "        tools: Some(include_str!({tools:?})),")?,
            false => writeln!(list, "        tools: None,")?,
        }
        writeln!(list, "    }},")?;
    }
    list.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("plugins.rs"), list)?;
    Ok(())
}
