//! The folders Steward keeps its data in: made for its user alone, by whichever command comes first, and put right where
//! others could open what is there. The way into a workspace is closed; the rights of the files in it are their owner's.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use steward_beneath::Folder;

use crate::config::Config;

/// Below the data folder: public things that were fetched, with very many files. Their folder is closed.
const PUBLIC: [&str; 2] = ["toolchains", "models"];

/// Makes the data folder and puts right what is there already. Gives what others could open until now. Blocks.
///
/// # Errors
/// The folder cannot be made.
pub(crate) fn prepare(config: &Config) -> anyhow::Result<Vec<PathBuf>> {
    let data = Folder::make(&config.data).with_context(|| cannot(&config.data))?;
    let mut closed = data.close_to_others(&|below| !PUBLIC.iter().any(|public| below == Path::new(public)));
    if let Ok(workspace) = Folder::open(&config.workspace) {
        closed.extend(workspace.close_to_others(&|_| false));
    }
    Ok(closed)
}

/// The same for the running host, which needs all of them. Says once in the log what others could open.
///
/// # Errors
/// A folder cannot be made.
pub(crate) fn prepare_all(config: &Config) -> anyhow::Result<()> {
    for folder in [&config.data, &config.workspace, &config.data.join("compiled")] {
        Folder::make(folder).with_context(|| cannot(folder))?;
    }
    let closed = prepare(config)?;
    if let Some(first) = closed.first() {
        let (first, count) = (first.display(), closed.len());
        tracing::warn!(%first, count, "other users of this machine could open files of Steward; now they cannot");
    }
    Ok(())
}

fn cannot(folder: &Path) -> String {
    format!("cannot make the folder {}: check who owns its parent", folder.display())
}
