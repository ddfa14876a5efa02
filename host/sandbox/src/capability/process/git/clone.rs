//! Cloning: git makes the whole clone in the private folder, where nobody can put a setting into it meanwhile, and it is
//! moved into the workspace at once.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::beneath::Folder;
use super::private::Private;
use super::{Other, Start, asked, blocking, restore, settings, shadow, succeeded, tell};
use crate::bindings::Failure;
use crate::bindings::wit::process::{Finished, GitClone};
use crate::state::CallState;

impl CallState {
    pub(in super::super) async fn git_clone(&mut self, what: GitClone) -> Result<Finished, Failure> {
        let GitClone { address, folder, branch, depth, seconds } = what;
        let mut arguments: Vec<String> =
            ["clone", "--no-recurse-submodules", "--no-hardlinks", "--no-local", "--template=", "--quiet"]
                .map(str::to_owned)
                .to_vec();
        if let Some(branch) = branch {
            if !settings::is_plain_name(&branch) {
                return Err(Failure::Invalid(format!("`{}` is not a branch", branch.escape_debug())));
            }
            arguments.push(format!("--branch={branch}"));
        }
        arguments.extend(depth.map(|depth| format!("--depth={depth}")));
        arguments.extend(["--".to_owned(), address.clone(), folder.clone()]);
        let plain = asked(arguments, None, None, seconds, Some(address.clone()));
        let mut place = self.git_place(&plain).await?;
        let private = Private::make(&self.backing.connected.processes)?;
        let known = self.backing.connected.refreshed().await?;
        let (root, to) = (place.workspace.clone(), PathBuf::from(&folder));
        blocking(move || free(&root, &to)).await?;
        let other = self.other(Some(address), Path::new(""), false, &place, &private, &known, &plain).await?;
        let (config, clone) = (private.0.join("config"), private.0.join("clone"));
        fs::write(&config, settings::without_repository(&other.settings())).map_err(shadow::unwritten)?;
        place.folder.clone_from(&private.0);
        let mut arguments = plain.arguments.clone();
        arguments.truncate(arguments.len() - 2);
        arguments.extend([other.address().unwrap_or_default(), clone.display().to_string()]);
        let start = Start {
            arguments,
            folder: private.0.clone(),
            variables: vec![("GIT_CONFIG_GLOBAL", config.display().to_string())],
            input: None,
            protocol: other.protocol(),
        };
        let began = Timestamp::now();
        let mut finished = self.start_git(start, &plain, &place, &private, &known).await?;
        tell(&mut finished, &other);
        if succeeded(&finished) {
            let (root, to) = (place.workspace, PathBuf::from(folder));
            let brought = blocking(move || bring_clone(&private, &other, &root, &to)).await;
            if self.lowering.lowers() {
                // What was moved into the workspace changed after git had ended.
                self.backing.marks.mark_since(began).await?;
            }
            brought?;
        }
        Ok(finished)
    }
}

/// # Errors
/// Something is at the place of a new folder already.
fn free(root: &Path, to: &Path) -> Result<(), Failure> {
    let (root, shown) = (Folder::open(root)?, to.display());
    let taken = || Failure::Invalid(format!("`{shown}` is there already and not empty: name another folder"));
    let Some(kind) = root.kind(to) else { return Ok(()) };
    if kind != rustix::fs::FileType::Directory {
        return Err(taken());
    }
    match root.inner(to)?.map(|folder| folder.entries()).transpose()? {
        Some(entries) if !entries.is_empty() => Err(taken()),
        _ => Ok(()),
    }
}

/// Gives the clone the address it was asked for, and puts it where it belongs, at once.
fn bring_clone(private: &Private, other: &Other, root: &Path, to: &Path) -> Result<(), Failure> {
    let clone = private.0.join("clone");
    let config = clone.join(".git/config");
    let text = fs::read_to_string(&config).map_err(shadow::unwritten)?;
    let quoted = format!("\"{}\"", other.shown().replace('\\', "\\\\").replace('"', "\\\""));
    fs::write(&config, text.replace(&other.address().unwrap_or_default(), &quoted)).map_err(shadow::unwritten)?;
    free(root, to)?;
    let (root, above) = (Folder::open(root)?, to.parent().unwrap_or(Path::new("")));
    let name = to.file_name().ok_or_else(|| Failure::Invalid("the new folder has no name".to_owned()))?;
    restore::bring(&root.made(above)?, &clone, name)
}
