//! What git would wait for. It opens files of a repository and of its working folder without looking at what they are,
//! and a pipe among them holds it until its time is over; so it is not even started. What each name stands for is read
//! with the names, so that very many of them cost little.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rustix::fs::FileType;

use super::super::beneath::Folder;
use super::link;
use crate::bindings::Failure;

/// Files that git reads wherever they are in a working folder, and those that make a folder a repository to it.
const READ: [&str; 6] = [".gitattributes", ".gitignore", ".gitmodules", ".mailmap", "HEAD", "commondir"];
/// The most names of a working folder that are looked at. Behind them git's own time limit has to do.
const NAMES: usize = 200_000;

/// # Errors
/// Among the objects of a folder is something that is neither a file nor a folder.
pub(super) fn refuse_among_objects(folder: &Folder, shown: &Path) -> Result<(), Failure> {
    for (name, kind) in folder.entries()? {
        if !matches!(kind, FileType::RegularFile | FileType::Directory) {
            return Err(link(&shown.join(name).to_string_lossy()));
        }
    }
    Ok(())
}

/// # Errors
/// A pipe stands where git reads a file of the working folder, or of a repository within it.
pub(super) fn refuse_among_files(files: &Folder) -> Result<(), Failure> {
    let (mut left, mut waiting) = (NAMES, VecDeque::from([(PathBuf::new(), false)]));
    while let Some((path, in_git)) = waiting.pop_front() {
        // What is gone, or may not be looked into, git does not read either.
        let Ok(Some(folder)) = files.inner(&path) else { continue };
        for (name, kind) in folder.entries().unwrap_or_default() {
            if left == 0 {
                return Ok(());
            }
            left -= 1;
            match kind {
                FileType::Directory if is_entered(&path, &name, in_git) => {
                    let in_git = in_git || name == ".git";
                    waiting.push_back((path.join(name), in_git));
                }
                FileType::Fifo if in_git || READ.iter().any(|read| name == *read) => {
                    return Err(pipe(&path.join(name)));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// The repository's own folder is shown to git as a copy, and of those within it reads no objects.
fn is_entered(above: &Path, name: &OsStr, in_git: bool) -> bool {
    let own = above.as_os_str().is_empty() && name == ".git";
    !(own || in_git && name == "objects")
}

fn pipe(path: &Path) -> Failure {
    Failure::Denied(format!("`{}` is a pipe, for which git would wait without end: remove it first", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;
    use std::time::{Duration, Instant};

    use rustix::fs::{CWD, Mode, mknodat};

    use super::super::super::place::Workspace;
    use super::super::{Shadow, lay};
    use super::*;

    fn make_pipe(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    }

    #[expect(clippy::disallowed_methods, reason = "a test makes its repository with git itself")]
    fn git(folder: &Path, arguments: &[&str]) {
        let names = ["-c", "user.name=Olga", "-c", "user.email=olga@example.com"];
        let ended = Command::new("git").current_dir(folder).args(names).args(arguments).output().unwrap();
        assert!(ended.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
    }

    /// A workspace with a repository that has a commit.
    fn repository() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let files = folder.path().join("workspace");
        fs::create_dir(&files).unwrap();
        git(&files, &["init", "--quiet"]);
        git(&files, &["commit", "--quiet", "--allow-empty", "--message=x"]);
        folder
    }

    fn laid(folder: &Path) -> Result<Shadow, Failure> {
        let path = folder.join("workspace");
        let root = Folder::open(&path)?;
        let workspace = Workspace { root: &root, path: &path };
        let to = tempfile::tempdir_in(folder).unwrap();
        lay(&workspace, workspace.repository(Path::new(""), false)?, &to.path().join("git"), "")
    }

    #[track_caller]
    fn refused(folder: &Path) -> String {
        match laid(folder) {
            Err(Failure::Denied(text)) => text,
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("git would be started"),
        }
    }

    #[test]
    fn git_is_not_started_where_it_would_wait_for_a_pipe() {
        for name in [
            ".gitignore",
            ".gitattributes",
            ".mailmap",
            "a/b/.gitignore",
            "inner/.git/HEAD",
            "inner/.git/commondir",
            "inner/.git/refs/heads/main",
            ".git/objects/ab/cdef",
            ".git/objects/pack/pack-1.idx",
            ".git/objects/pack/multi-pack-index.d/multi-pack-index-chain",
        ] {
            let folder = repository();
            assert!(laid(folder.path()).is_ok(), "before: {name}");
            make_pipe(&folder.path().join("workspace").join(name));
            let text = refused(folder.path());
            assert!(text.contains(&format!("`{name}` is a")) && text.contains("remove it first"), "{text}");
        }
    }

    #[test]
    fn pipes_that_git_does_not_read_and_links_in_the_working_folder_are_let_be() {
        let folder = repository();
        let files = folder.path().join("workspace");
        for name in ["pipe", "a/pipe", "inner/.git/objects/ab/pipe"] {
            make_pipe(&files.join(name));
        }
        std::os::unix::fs::symlink("rules", files.join(".gitignore")).unwrap();
        assert!(laid(folder.path()).is_ok());
        let objects = files.join(".git/objects/00");
        // Once in a while the repository has its own object there.
        let _ = fs::remove_dir_all(&objects);
        std::os::unix::fs::symlink("/etc/passwd", objects).unwrap();
        assert!(refused(folder.path()).contains(".git/objects/00"));
    }

    #[test]
    fn very_many_objects_and_files_are_looked_through_at_once() {
        let folder = repository();
        let files = folder.path().join("workspace");
        for number in 0..256 {
            let objects = files.join(format!(".git/objects/{number:02x}"));
            fs::create_dir_all(&objects).unwrap();
            for object in 0..800 {
                fs::File::create(objects.join(format!("{object:038x}"))).unwrap();
            }
        }
        let began = Instant::now();
        assert!(laid(folder.path()).is_ok());
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        make_pipe(&files.join(format!(".git/objects/ff/{:038x}", 800)));
        assert!(refused(folder.path()).contains(".git/objects/ff/"));
    }
}
