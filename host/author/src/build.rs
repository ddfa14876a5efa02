//! From a project to its .wasm file. A build that fails leaves the result of the one before in its place.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::AuthorError;
use crate::language::Job;
use crate::program;
use crate::project::{Project, Recipe};
use crate::toolchain::Toolchains;

/// How every .wasm file begins.
const MAGIC: &[u8] = b"\0asm";

/// Builds the project and gives the path of the component or WASI program, which is [`Project::component`]. With
/// `install`, what is missing for it is fetched first.
///
/// # Errors
/// Something is missing, or the sources do not compile: then the error repeats the compiler.
pub async fn build(project: &Project, toolchains: &Toolchains, install: bool) -> Result<PathBuf, AuthorError> {
    let recipe = project.recipe.as_ref().ok_or_else(|| AuthorError::NoLanguage(project.folder.join("plugin.toml")))?;
    if let Recipe::Language(language) = recipe {
        toolchains.require(language, &project.folder, install).await?;
    }
    let work = project.work();
    tokio::fs::create_dir_all(&work).await.map_err(AuthorError::io(&work))?;
    let made = match recipe {
        Recipe::Language(language) => {
            let output = work.join(format!("{}.wasm", project.name));
            remove(&output)?;
            let job = Job { project, toolchains, output: output.clone(), work };
            (language.build)(&job).await?;
            output
        }
        Recipe::Command { command, output } => {
            let output = project.folder.join(output);
            remove(&output)?;
            let mut own = program::command(Path::new(&command[0]), &project.folder);
            own.args(&command[1..]);
            program::run(own, toolchains.show).await?;
            let kept = work.join(format!("{}.wasm", project.name));
            tokio::fs::copy(&output, &kept).await.map_err(AuthorError::io(&output))?;
            kept
        }
    };
    keep(&made, &project.component()).await
}

/// So that what an earlier build has left is not taken for this one's.
fn remove(path: &Path) -> Result<(), AuthorError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(AuthorError::Io { path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

/// Puts the result in its place, if it is one.
async fn keep(made: &Path, place: &Path) -> Result<PathBuf, AuthorError> {
    let bytes = tokio::fs::read(made).await.map_err(AuthorError::io(made))?;
    if !bytes.starts_with(MAGIC) {
        return Err(AuthorError::Build(format!("{} is not a .wasm file: see what the build makes", made.display())));
    }
    tokio::fs::rename(made, place).await.map_err(AuthorError::io(place))?;
    Ok(place.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Show;

    #[tokio::test]
    async fn a_build_of_its_own_is_kept_and_a_failing_one_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = |script: &str| {
            let text = format!(
                "name = \"a\"\nversion = \"1\"\n\
                 [build]\ncommand = [\"sh\", \"-c\", \"{script}\"]\noutput = \"a.wasm\"\n"
            );
            fs::write(folder.path().join("plugin.toml"), text).unwrap();
            Project::open(folder.path()).unwrap()
        };
        let toolchains = Toolchains::new(folder.path().join("toolchains"), Show::OnFailure);
        let project = manifest("printf '\\\\0asmx' > a.wasm");
        let made = build(&project, &toolchains, false).await.unwrap();
        assert_eq!((fs::read(&made).unwrap().as_slice(), made), (b"\0asmx".as_slice(), project.component()));
        for (script, told) in [("exit 1", "failed"), ("true", "a.wasm"), ("echo > a.wasm", "not a .wasm file")] {
            let error = build(&manifest(script), &toolchains, false).await.unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
            assert_eq!(fs::read(project.component()).unwrap(), b"\0asmx");
        }
    }
}
