//! The tool `git_clone`.

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::process::GitClone;
use steward_sdk::{Failure, Output};

use crate::check;
use crate::git::{REMOTE, Repository, named, succeeded};
use crate::remote::Remote;

/// What to clone, and where to.
#[derive(Deserialize, JsonSchema)]
pub struct Clone {
    /// `https://…` or a folder of the workspace.
    url: String,
    folder: Option<String>,
    /// Branch or tag.
    branch: Option<String>,
    /// Only so many of the newest commits.
    depth: Option<u32>,
}

/// Clones a repository, without its submodules.
pub fn clone(arguments: Clone) -> Result<Output, Failure> {
    let remote = Remote::read(&arguments.url)?;
    remote.check_reached()?;
    let folder = check::new_folder(arguments.folder.as_deref().unwrap_or_else(|| remote.name()))?;
    let branch = arguments.branch.as_deref().map(|branch| check::branch("branch", branch)).transpose()?;
    let depth = arguments.depth.filter(|depth| *depth > 0);
    let (address, seconds) = (remote.url().to_owned(), Some(REMOTE));
    succeeded(GitClone { address, folder: folder.clone(), branch, depth, seconds }.run()?)?;
    let note = left_out(&folder).unwrap_or_default();
    Ok(format!("Cloned {} into `{folder}`.{note}", remote.url()).into())
}

/// What a clone by others would have more of.
fn left_out(folder: &str) -> Option<String> {
    let repository = Repository::open(Some(folder)).ok()?;
    let listed = repository.command("ls-files").arguments(["-z", "--stage"]).run().ok()?.output;
    let files = listed.data.split(|&byte| byte == 0).filter_map(|line| {
        let tab = line.iter().position(|&byte| byte == b'\t')?;
        Some((line.starts_with(b"160000 "), &line[tab + 1..]))
    });
    let (modules, files): (Vec<_>, Vec<_>) = files.partition(|(is_module, _)| *is_module);
    let all: Vec<u8> = files.iter().flat_map(|(_, name)| name.iter().copied().chain([0])).collect();
    let filtered = repository.filtered(all).ok()?;
    let mut note = String::new();
    if !filtered.is_empty() {
        note += &format!(
            "\nNot the real content, but what stands for it in the repository, is in {}: programs that files pass through \
             are not run. Have the person fetch it, with `git lfs pull` if it is Git LFS.",
            named(&filtered)
        );
    }
    if !modules.is_empty() {
        let names: Vec<_> = modules.iter().take(5).map(|(_, name)| String::from_utf8_lossy(name)).collect();
        note += &format!("\nSubmodules were not cloned: {}.", names.join(", "));
    }
    Some(note)
}
