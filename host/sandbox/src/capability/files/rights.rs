//! The rights of a file that is replaced. WASI knows none, so a guest that writes a whole file next to the old one and
//! renames it would take the mark of a program from a script, and open to others what was closed to them.

use steward_beneath::{Folder, Result};

/// Gives a file that is about to be renamed the rights of the file that bears its new name; nothing where none does.
///
/// # Errors
/// Neither may be changed; the renaming will tell.
pub(super) fn keep(from: &Folder, old: &str, to: &Folder, new: &str) -> Result<()> {
    let (draft, there) = (from.link_metadata(old)?, to.link_metadata(new)?);
    if !draft.is_file() || !there.is_file() || draft.mode == there.mode || draft.number == there.number {
        return Ok(());
    }
    from.set_mode(old, there.mode)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_file_takes_the_rights_of_the_one_it_replaces_and_of_nothing_else() {
        let scene = tempfile::tempdir().unwrap();
        let place = |name: &str| scene.path().join(name);
        let folder = Folder::open(scene.path()).unwrap().strict();
        let mode = |name: &str| fs::metadata(place(name)).unwrap().permissions().mode() & 0o777;
        for (name, rights) in [("run.sh", 0o755), ("key", 0o600), ("draft", 0o640)] {
            fs::write(place(name), name).unwrap();
            fs::set_permissions(place(name), Permissions::from_mode(rights)).unwrap();
        }
        symlink("run.sh", place("link")).unwrap();
        for (name, rights) in [("run.sh", 0o755), ("key", 0o600), ("link", 0o600), ("missing", 0o600)] {
            let _ = keep(&folder, "draft", &folder, name);
            assert_eq!(mode("draft"), rights, "{name}");
        }
        let _ = keep(&folder, "link", &folder, "key");
        assert_eq!(mode("run.sh"), 0o755);
    }
}
