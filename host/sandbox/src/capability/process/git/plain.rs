//! Git as a program like any other. It takes its settings from the repository it works in, and those name programs: for a
//! plugin whose grant lists git, that would be every program there is.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::bindings::Failure;
use crate::capability::process::program;

/// What is granted by its name alone.
pub(in crate::capability::process) const GIT: &str = "git";

/// Whether this is the name or the path of git, or of a part of it that can be started by itself, such as
/// `git-upload-pack`.
pub(in crate::capability::process) fn is_name_of_git(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    file == GIT || file.starts_with("git-")
}

/// Refuses to start git under whatever name, for a plugin that may start listed programs alone. Where any program may be
/// started, keeping this one back would hold nothing.
///
/// # Errors
/// `denied`, with what to use instead.
pub(in crate::capability::process) fn refuse(named: &str, file: &Path, workspace: &Path) -> Result<(), Failure> {
    if !is_name_of_git(named) && !is_git(file, workspace) {
        return Ok(());
    }
    Err(Failure::Denied(format!(
        "`{}` is git, which would run the programs that a repository's settings name: use `run-git` or `clone-git`, \
         where it runs none",
        named.escape_debug()
    )))
}

/// By way of a link, or as another name of the very file.
fn is_git(file: &Path, workspace: &Path) -> bool {
    let real = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let is_named = |path: &Path| path.to_str().is_some_and(is_name_of_git);
    let number = |path: &Path| fs::metadata(path).ok().map(|file| (file.dev(), file.ino()));
    let same = || program::find(GIT, workspace).is_ok_and(|git| number(&git) == number(file) && number(file).is_some());
    is_named(file) || is_named(&real) || same()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn git_is_known_by_every_name_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("workspace");
        let git = program::find(GIT, &workspace).unwrap();
        let (linked, copied) = (folder.path().join("vcs"), folder.path().join("git"));
        symlink(&git, &linked).unwrap();
        fs::write(&copied, "").unwrap();
        let named = |path: &Path| path.to_str().unwrap().to_owned();
        for (name, file) in [
            ("git".to_owned(), git.clone()),
            (named(&git), git.clone()),
            ("vcs".to_owned(), linked.clone()),
            (named(&linked), linked),
            ("vcs".to_owned(), copied),
            ("git-lfs".to_owned(), "/usr/bin/git-lfs".into()),
            ("/usr/lib/git-core/git-status".to_owned(), git),
        ] {
            let refused = refuse(&name, &file, &workspace);
            assert!(matches!(refused, Err(Failure::Denied(text)) if text.contains("`run-git`")), "{name}");
        }
        for other in ["rg", "gitk", "digit", "sh"] {
            assert!(refuse(other, &Path::new("/usr/bin").join(other), &workspace).is_ok(), "{other}");
        }
    }
}
