//! Taking the rights of group and others away from what is there already.

use std::path::{Path, PathBuf};

use rustix::fs::Mode;

use crate::folder::Folder;
use crate::metadata::Kind;

impl Folder {
    /// Leaves this folder, and with `below` all plain files and folders below it, to their owner alone. `below` is asked
    /// about each folder whether it is entered. Gives what others could open until now. What cannot be changed, such as
    /// another user's, stays as it is; no link is followed.
    pub fn close_to_others(&self, below: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
        let mut closed = Vec::new();
        self.close(Path::new(""), below, &mut closed);
        closed
    }

    fn close(&self, path: &Path, below: &dyn Fn(&Path) -> bool, closed: &mut Vec<PathBuf>) {
        if self.close_itself() {
            closed.push(self.root().to_owned());
        }
        if !below(path) {
            return;
        }
        for entry in self.entries().unwrap_or_default() {
            let own = entry.metadata.mode & 0o700;
            match entry.metadata.kind {
                Kind::Folder => {
                    if let Ok(inner) = self.clone().strict().folder(entry.path()) {
                        inner.close(&path.join(&entry.name), below, closed);
                    }
                }
                Kind::File if own != entry.metadata.mode && self.set_mode(entry.path(), own).is_ok() => {
                    closed.push(self.root().join(&entry.name));
                }
                _ => {}
            }
        }
    }

    /// Whether others could open it, and no longer can.
    fn close_itself(&self) -> bool {
        let Ok(stat) = rustix::fs::fstat(self.handle()) else { return false };
        let mode = Mode::from_raw_mode(stat.st_mode);
        let own = mode & Mode::RWXU;
        mode.intersects(Mode::RWXG | Mode::RWXO) && rustix::fs::fchmod(self.handle(), own).is_ok()
    }
}
