//! Which file a command starts and where it works. A program is looked for where the system keeps its own and nowhere
//! else, so that no file of the workspace can pass for one.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::environment::PATH;
use super::scope::Commands;
use crate::bindings::Failure;
use crate::grant::GrantedIn;

/// Whether the grant lets this program be started; with `Ask` it still has to be asked about.
///
/// # Errors
/// `denied`, with what may be started.
pub(super) fn check(
    (commands, granted_in): (&Commands, &GrantedIn),
    plugin: &str,
    program: &str,
) -> Result<(), Failure> {
    match commands {
        Commands::Listed(names) if !names.iter().any(|name| name == program) => {
            let program = program.escape_debug();
            let listed = names.join(", ");
            Err(Failure::Denied(format!(
                "{plugin} may not run `{program}`, only {listed}: the owner can add it to {}",
                granted_in.place("process.commands")
            )))
        }
        _ => Ok(()),
    }
}

/// The file of a program.
///
/// # Errors
/// It is not there, or lies in the workspace.
pub(super) fn find(program: &str, workspace: &Path) -> Result<PathBuf, Failure> {
    let shown = program.escape_debug();
    let found = match program.as_bytes() {
        [] => return Err(Failure::Invalid("`program` is empty: say which one to run".to_owned())),
        [b'/', ..] => Some(PathBuf::from(program)).filter(|path| can_run(path)),
        _ if program.contains('/') => {
            let text = format!("`{shown}` is a path in the workspace: run such a file by its interpreter");
            return Err(Failure::Invalid(text));
        }
        _ => PATH.split(':').map(|folder| Path::new(folder).join(program)).find(|path| can_run(path)),
    };
    let Some(found) = found else {
        return Err(Failure::NotFound(format!("the program `{shown}` is not installed on this machine")));
    };
    // Also by way of a link: what a guest can write must not be run under the name of a system's program.
    if fs::canonicalize(&found).is_ok_and(|real| real.starts_with(workspace)) {
        return Err(Failure::Denied(format!("`{shown}` is in the workspace: run it by its interpreter")));
    }
    Ok(found)
}

fn can_run(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// The folder a command works in: the workspace, without links in its path, or one beneath it.
///
/// # Errors
/// It is none, or leads out.
pub(super) fn folder(workspace: &Path, asked: Option<&str>) -> Result<PathBuf, Failure> {
    let Some(asked) = asked.map(str::trim).filter(|asked| !asked.is_empty()) else {
        return Ok(workspace.to_owned());
    };
    let shown = asked.escape_debug();
    // As the tools for files call the workspace.
    let inner = match asked.strip_prefix("/workspace") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest.trim_start_matches('/'),
        _ => asked,
    };
    if inner.starts_with('/') || inner.contains('\0') {
        return Err(Failure::Invalid(format!(
            "`{shown}` is not a folder in the workspace: write it as `projects/site`"
        )));
    }
    let found = fs::canonicalize(workspace.join(inner));
    let found = found.map_err(|_| Failure::NotFound(format!("there is no folder `{shown}` in the workspace")))?;
    match () {
        () if !found.starts_with(workspace) => {
            Err(Failure::Denied(format!("`{shown}` leads out of the workspace, where commands do not work")))
        }
        () if !found.is_dir() => Err(Failure::Invalid(format!("`{shown}` is a file: name a folder"))),
        () => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn workspace() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("workspace");
        fs::create_dir_all(workspace.join("a/b")).unwrap();
        (folder, fs::canonicalize(workspace).unwrap())
    }

    #[test]
    fn programs_are_found_where_the_system_keeps_them_and_nowhere_else() {
        let (_folder, workspace) = workspace();
        let fake = workspace.join("sh");
        fs::write(&fake, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
        let found = find("sh", &workspace).unwrap();
        assert!(!found.starts_with(&workspace) && found.ends_with("sh"));
        assert!(matches!(find("./sh", &workspace), Err(Failure::Invalid(_))));
        assert!(matches!(find(fake.to_str().unwrap(), &workspace), Err(Failure::Denied(_))));
        assert!(matches!(find("no-such-program", &workspace), Err(Failure::NotFound(_))));
        assert!(matches!(find("/etc/passwd", &workspace), Err(Failure::NotFound(_))));
        assert!(matches!(find("", &workspace), Err(Failure::Invalid(_))));
    }

    #[test]
    fn a_list_is_taken_to_the_letter() {
        let (listed, at) = (Commands::Listed(vec!["git".to_owned()]), GrantedIn::Manifest);
        assert!(check((&listed, &at), "test", "git").is_ok() && check((&Commands::Full, &at), "test", "sh").is_ok());
        for other in ["sh", "/usr/bin/git", "git ", "./git", ""] {
            assert!(
                matches!(check((&listed, &at), "test", other), Err(Failure::Denied(text)) if text.contains("only git"))
            );
        }
    }

    #[test]
    fn no_folder_leads_out_of_the_workspace() {
        let (folder, workspace) = workspace();
        symlink(folder.path(), workspace.join("out")).unwrap();
        symlink(workspace.join("a"), workspace.join("in")).unwrap();
        fs::write(workspace.join("file"), "").unwrap();
        assert_eq!(super::folder(&workspace, None).unwrap(), workspace);
        for inside in ["a/b", "/workspace/a/b", "in/b", "a/../a/b"] {
            assert_eq!(super::folder(&workspace, Some(inside)).unwrap(), workspace.join("a/b"), "{inside}");
        }
        for outside in ["..", "out", "/etc", "a/../../", "file", "none", "/workspace/.."] {
            assert!(super::folder(&workspace, Some(outside)).is_err(), "{outside}");
        }
    }
}
