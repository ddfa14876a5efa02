//! The files of installed plugins, named by what is in them. A file is there before its row in the store and goes after
//! it, so that a crash leaves at worst a file of no plugin, which the next start clears away.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Younger files of no plugin stay: their row may be about to be written by another process.
const YOUNG: Duration = Duration::from_secs(10 * 60);

const DRAFT: &str = ".part";

/// Where they are.
pub(crate) fn folder(data: &Path) -> PathBuf {
    data.join("plugins")
}

pub(crate) fn path(folder: &Path, hash: &str) -> PathBuf {
    folder.join(format!("{hash}.wasm"))
}

/// Puts a file there, whole or not at all, also when the process ends or the disk is full. What is there already under
/// that name is put right.
pub(crate) fn keep(folder: &Path, hash: &str, wasm: &[u8]) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut draft = tempfile::Builder::new().prefix(hash).suffix(DRAFT).tempfile_in(folder)?;
    draft.write_all(wasm)?;
    draft.as_file().sync_all()?;
    draft.persist(path(folder, hash)).map_err(|error| error.error)?;
    // Until the folder is on disk the new name is not.
    fs::File::open(folder)?.sync_all()
}

/// Takes a file away that belongs to no plugin any more.
pub(crate) fn forget(folder: &Path, hash: &str) -> io::Result<()> {
    match fs::remove_file(path(folder, hash)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Clears away what a crash left: drafts, and files of plugins with none of these hashes. Other files are not touched.
pub(crate) fn sweep(folder: &Path, hashes: &HashSet<String>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let of_none = name.strip_suffix(".wasm").is_some_and(|hash| is_hash(hash) && !hashes.contains(hash));
        let draft = name.ends_with(DRAFT) && name.get(..64).is_some_and(is_hash);
        let age = SystemTime::now().duration_since(entry.metadata()?.modified()?).unwrap_or_default();
        if (of_none || draft) && age > YOUNG {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_there_whole_for_the_owner_alone_and_is_put_right() {
        use std::os::unix::fs::PermissionsExt as _;
        let data = tempfile::tempdir().unwrap();
        let (folder, hash) = (folder(data.path()), "a".repeat(64));
        keep(&folder, &hash, b"plugin").unwrap();
        fs::write(path(&folder, &hash), b"something else").unwrap();
        keep(&folder, &hash, b"plugin").unwrap();
        assert_eq!(fs::read(path(&folder, &hash)).unwrap(), b"plugin");
        assert_eq!(names(&folder).len(), 1, "no draft is left");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&path(&folder, &hash))), (0o700, 0o600));
        forget(&folder, &hash).unwrap();
        forget(&folder, &hash).unwrap();
        assert!(names(&folder).is_empty());
    }

    #[test]
    fn what_a_crash_left_is_cleared_away_and_nothing_else() {
        let data = tempfile::tempdir().unwrap();
        let folder = folder(data.path());
        sweep(&folder, &HashSet::new()).unwrap();
        fs::create_dir(&folder).unwrap();
        let hash = |letter: &str| letter.repeat(64);
        let make = |name: &str, age| {
            let file = fs::File::create(folder.join(name)).unwrap();
            file.set_modified(SystemTime::now() - age).unwrap();
        };
        let old = 2 * YOUNG;
        make(&format!("{}.wasm", hash("a")), old);
        make(&format!("{}.wasm", hash("b")), old);
        make(&format!("{}.wasm", hash("c")), Duration::ZERO);
        make(&format!("{}x1{DRAFT}", hash("a")), old);
        make(&format!("{}x2{DRAFT}", hash("a")), Duration::ZERO);
        make("mine.wasm", old);
        sweep(&folder, &HashSet::from([hash("a")])).unwrap();
        let left = [
            format!("{}.wasm", hash("a")),
            format!("{}x2{DRAFT}", hash("a")),
            format!("{}.wasm", hash("c")),
            "mine.wasm".to_owned(),
        ];
        assert_eq!(names(&folder), left);
    }
}
