//! A folder to be embedded, with every file in it that belongs to the repository.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// What building in the folder leaves there.
const LEFT_OUT: &[&str] = &["target", "build", "node_modules", "vendor", "__pycache__", ".venv", "Cargo.lock"];

pub(crate) struct Tree {
    pub(crate) name: String,
    /// The path in the tree, with `/`, and where the file is; in order.
    pub(crate) files: Vec<(String, PathBuf)>,
}

impl Tree {
    pub(crate) fn read(name: &str, folder: &Path) -> Result<Self, Box<dyn Error>> {
        let mut tree = Self { name: name.to_owned(), files: Vec::new() };
        tree.add(folder, "")?;
        tree.files.sort();
        Ok(tree)
    }

    fn add(&mut self, folder: &Path, prefix: &str) -> Result<(), Box<dyn Error>> {
        for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).ok_or("a file name is not UTF-8")?;
            if LEFT_OUT.contains(&name) {
                continue;
            }
            let inside = format!("{prefix}{name}");
            if path.is_dir() {
                self.add(&path, &format!("{inside}/"))?;
            } else {
                self.files.push((inside, path));
            }
        }
        Ok(())
    }
}
