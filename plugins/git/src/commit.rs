//! The tool `git_commit`.

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::{Failure, Output, run};

use crate::check;
use crate::git::{Repository, named, succeeded};

/// What to commit.
#[derive(Deserialize, JsonSchema)]
pub struct Commit {
    folder: Option<String>,
    message: String,
    /// Else all changes.
    #[serde(default)]
    paths: Vec<String>,
    /// Commit onto a new branch.
    branch: Option<String>,
}

/// Who commits if neither the repository nor anybody else says.
const ADDRESS: &str = "steward@localhost";

/// Commits, without hooks and signatures.
pub fn commit(arguments: Commit) -> Result<Output, Failure> {
    let message = arguments.message.trim();
    if message.is_empty() {
        return Err(Failure::invalid("`message` is empty: say what the commit does"));
    }
    let paths: Vec<String> = arguments.paths.iter().map(|path| check::path("paths", path)).collect::<Result<_, _>>()?;
    let branch = arguments.branch.as_deref().map(|branch| check::branch("branch", branch)).transpose()?;
    let repository = Repository::open(arguments.folder.as_deref())?;
    let paths = if paths.is_empty() { vec![".".to_owned()] } else { paths };
    let changed = changed(&repository, &paths)?;
    refuse_filtered(&repository, changed.clone())?;
    if let Some(branch) = &branch {
        repository.ask(["switch", "--quiet", "--create", branch])?;
    }
    if !changed.is_empty() {
        // By name: of what has not changed git would look into submodules, and it is not let do that.
        let add = repository.command("add").arguments(["--all", "--pathspec-from-file=-", "--pathspec-file-nul"]);
        succeeded(add.input(changed).run()?)?;
    }
    if repository.ask(["diff", "--cached", "--name-only", "--no-ext-diff", "--no-textconv"])?.is_empty() {
        return Err(Failure::invalid("nothing has changed there: there is nothing to commit"));
    }
    let command = repository.command("commit").arguments(["--quiet", "--no-verify", "--no-gpg-sign", "--file=-"]);
    let (name, address) = author(&repository);
    succeeded(command.author(name, address).input(message).run()?)?;
    let shown = repository.ask([
        "log",
        "--max-count=1",
        "--no-show-signature",
        "--stat",
        "--no-ext-diff",
        "--no-textconv",
        "--format=%h %s",
    ])?;
    Ok(format!("Committed on {}: {}", repository.branch()?, shown.trim_end()).into())
}

/// The names of what has changed below these paths, each with a NUL behind it.
///
/// # Errors
/// There is nothing of such a name, or there is too much.
fn changed(repository: &Repository, paths: &[String]) -> Result<Vec<u8>, Failure> {
    let list = |arguments: &[&str]| {
        let command = repository.command("ls-files").arguments(arguments.iter().copied()).argument("--");
        let listed = command.arguments(paths.iter().cloned()).run()?.output;
        if listed.left_out > 0 {
            return Err(Failure::invalid("too many files have changed to commit them at once: name some with `paths`"));
        }
        Ok(listed.data)
    };
    let mut files = list(&["-z", "--modified"])?;
    files.extend(list(&["-z", "--others", "--exclude-standard"])?);
    Ok(files)
}

/// Files that pass through a program, such as those of Git LFS, would be committed raw.
///
/// # Errors
/// There are some among what would be committed.
fn refuse_filtered(repository: &Repository, files: Vec<u8>) -> Result<(), Failure> {
    let filtered = repository.filtered(files)?;
    match filtered.is_empty() {
        true => Ok(()),
        false => Err(Failure::invalid(format!(
            "{} would be committed as they are, for programs that files pass through are not run here: commit the others \
             with `paths`, and have the person commit these with git itself",
            named(&filtered)
        ))),
    }
}

/// As the repository says, else the one who asked.
fn author(repository: &Repository) -> (String, String) {
    let setting = |key: &str| repository.settings.get(key).filter(|value| !value.trim().is_empty()).map(str::to_owned);
    let name = setting("user.name").unwrap_or_else(|| run::caller().name);
    (name, setting("user.email").unwrap_or_else(|| ADDRESS.to_owned()))
}
