//! Copies of plugin projects, so that what a test builds is in a separate folder.

use std::path::Path;
use std::{fs, io};

/// What builds and interpreters leave behind in a project.
const MADE: [&str; 4] = ["build", "target", "vendor", "__pycache__"];

/// Copies a project without what was made in it.
///
/// # Errors
/// It cannot be read, or the copy not written.
pub fn copy_project(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else { continue };
        match path.is_dir() {
            true if MADE.iter().any(|made| name == *made) => {}
            true => copy_project(&path, &to.join(name))?,
            false => drop(fs::copy(&path, to.join(name))?),
        }
    }
    Ok(())
}
