//! A folder for one call, in the data folder, that nobody but Steward's user can look into and no program sees but git in
//! that call.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::Processes;
use super::shadow;
use crate::bindings::Failure;

/// Removed with all in it when the last owner drops it.
pub(super) struct Private(pub(super) PathBuf);

impl Private {
    pub(super) fn make(processes: &Processes) -> Result<Arc<Self>, Failure> {
        let above = processes.data.get().map_or_else(std::env::temp_dir, |data| data.join("git"));
        sweep(&above);
        fs::create_dir_all(&above).map_err(shadow::unwritten)?;
        let path = above.join(format!("steward-git.{}.{:032x}", std::process::id(), rand::random::<u128>()));
        fs::DirBuilder::new().mode(0o700).create(&path).map_err(shadow::unwritten)?;
        Ok(Arc::new(Self(fs::canonicalize(path).map_err(shadow::unwritten)?)))
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        // What cannot be removed now is removed at the next call of a later host.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Removes what calls of hosts left that were killed.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let host =
            name.to_str().and_then(|name| name.strip_prefix("steward-git.")?.split('.').next()?.parse::<u32>().ok());
        if host.is_some_and(|host| Path::new("/proc/self").exists() && !Path::new(&format!("/proc/{host}")).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
