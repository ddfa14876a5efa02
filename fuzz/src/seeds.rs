//! The seeds of a target: files below `fuzz/seeds/<target>/`, in the order of their names.

use std::path::PathBuf;

use anyhow::Context as _;

/// Where the seeds of a target are.
pub fn folder(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target)
}

/// The seeds of a target, each with its path.
///
/// # Errors
/// There are none, or they cannot be read.
pub fn seeds(target: &str) -> anyhow::Result<Vec<(PathBuf, Vec<u8>)>> {
    let folder = folder(target);
    let cannot = || format!("cannot read the seeds in {}", folder.display());
    let entries = std::fs::read_dir(&folder).with_context(cannot)?;
    let mut paths: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    paths.sort();
    anyhow::ensure!(!paths.is_empty(), "there is no seed in {}", folder.display());
    let read = |path: PathBuf| {
        let data = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok((path, data))
    };
    paths.into_iter().map(read).collect()
}
