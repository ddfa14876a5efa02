//! Native code that an earlier test has let the same program compile, so that not every test compiles all plugins.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::program;

/// The files of a data folder that hold compiled code and the key it is signed with.
const FOLDER: &str = "compiled";
const KEY: &str = "compiled.key";

/// Puts the kept code into a data folder, if there is any.
pub(super) fn give(data: &Path) {
    if let Some(kept) = kept_folder().filter(|kept| kept.is_dir())
        && let Err(error) = copy(&kept, data)
    {
        eprintln!("the compiled code could not be given to the host, it compiles again: {error}");
    }
}

/// Whether nobody has kept any code yet.
pub(super) fn is_wanted() -> bool {
    kept_folder().is_some_and(|kept| !kept.exists())
}

/// Keeps the code of a data folder, unless that was done before.
pub(super) fn keep(data: &Path) {
    let Some(kept) = kept_folder().filter(|kept| !kept.exists()) else { return };
    let part = kept.with_extension(std::process::id().to_string());
    // The rename fails when another test was faster; then its code is as good.
    if copy(data, &part).and_then(|()| fs::rename(&part, &kept)).is_err() {
        let _ = fs::remove_dir_all(&part);
    }
}

/// A folder next to the program, one for each build of it.
fn kept_folder() -> Option<PathBuf> {
    let program = program();
    let about = fs::metadata(&program).ok()?;
    let built = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(program.with_file_name(format!("steward-compiled-{}-{}", about.len(), built.as_nanos())))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to.join(FOLDER))?;
    for entry in fs::read_dir(from.join(FOLDER))? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(FOLDER).join(entry.file_name()))?;
    }
    fs::copy(from.join(KEY), to.join(KEY)).map(|_| ())
}
