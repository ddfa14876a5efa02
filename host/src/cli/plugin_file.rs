//! What a path on the command line means where a plugin is wanted: the folder of a project, or a .wasm file that may
//! carry its manifest.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use steward_agent::bytes;
use steward_author::Project;

/// The largest file that is taken for a plugin, in bytes.
const MOST: u64 = 256 << 20;

/// A plugin as it lies on the disk. Nothing of it is checked.
pub(super) struct PluginFile {
    /// The .wasm file itself.
    pub(super) path: PathBuf,
    /// What to call it where it has no manifest.
    pub(super) name: String,
    pub(super) wasm: Vec<u8>,
    /// The plugin.toml of the project, or the one in the file.
    pub(super) manifest: Option<String>,
}

impl PluginFile {
    /// # Errors
    /// There is no such file, it is not a .wasm file, or the project in that folder is not built.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        if path.is_dir() {
            let project = Project::open(path)?;
            return Self::of_project(&project).with_context(|| {
                format!("{} is not built yet; build it with: steward plugin build {}", project.name, path.display())
            });
        }
        let wasm = component(path)?;
        let packed = steward_sandbox::packed_manifest(&wasm).with_context(|| path.display().to_string())?;
        let manifest = packed.map(str::to_owned);
        let name = path.file_stem().map_or_else(|| "trial".into(), |stem| stem.to_string_lossy()).into_owned();
        Ok(Self { path: path.to_owned(), name, wasm, manifest })
    }

    /// The last build of a project, with the plugin.toml it has now.
    pub(super) fn of_project(project: &Project) -> anyhow::Result<Self> {
        let path = project.component();
        let wasm = component(&path)?;
        Ok(Self { path, name: project.name.clone(), wasm, manifest: Some(project.manifest.clone()) })
    }
}

fn component(path: &Path) -> anyhow::Result<Vec<u8>> {
    let cannot = || format!("cannot read {}", path.display());
    let size = fs::metadata(path).with_context(cannot)?.len();
    if size > MOST {
        bail!("{} has {}: a plugin has at most {}", path.display(), bytes(size), bytes(MOST));
    }
    fs::read(path).with_context(cannot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_its_project_and_a_file_is_itself() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("plugin.toml"), "name = \"a\"\nversion = \"1\"").unwrap();
        let unbuilt = PluginFile::read(folder.path()).err().unwrap();
        assert!(format!("{unbuilt:#}").contains("steward plugin build"), "{unbuilt:#}");
        let wasm = b"\0asm\x0d\0\x01\0".as_slice();
        fs::create_dir(folder.path().join("build")).unwrap();
        fs::write(folder.path().join("build/a.wasm"), wasm).unwrap();
        let built = PluginFile::read(folder.path()).unwrap();
        assert_eq!((built.name.as_str(), built.wasm.as_slice()), ("a", wasm));
        assert!(built.manifest.unwrap().contains("version"));
        let packed = folder.path().join("b.wasm");
        fs::write(&packed, steward_sandbox::pack(wasm, "name = \"b\"").unwrap()).unwrap();
        let read = PluginFile::read(&packed).unwrap();
        assert_eq!((read.name.as_str(), read.manifest.as_deref()), ("b", Some("name = \"b\"")));
        assert!(PluginFile::read(&folder.path().join("c.wasm")).is_err());
    }
}
