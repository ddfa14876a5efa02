//! What can go wrong when a plugin is made. Every text says what to do.

use std::path::{Path, PathBuf};

/// A project could not be made, opened or built.
#[derive(Debug, thiserror::Error)]
pub enum AuthorError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("`{0}` is not a name for a plugin: use small letters, digits and `-`, beginning with a letter, at most 64")]
    Name(String),
    #[error("{} is there already and is not empty: choose another name, or remove it first", .0.display())]
    Taken(PathBuf),
    #[error("there is no language `{0}`: use one of {known}", known = crate::language::names())]
    Language(String),
    #[error(
        "{} is not a plugin project, because it has no plugin.toml: make one with `steward plugin new NAME --lang \
         LANGUAGE`, or name the folder of one",
        .0.display()
    )]
    NoProject(PathBuf),
    #[error("{}: {problem}", path.display())]
    Manifest { path: PathBuf, problem: String },
    #[error("{}: {problem}", path.display())]
    Cases { path: PathBuf, problem: String },
    #[error(
        "{} does not say what it is written in: add `[build]` and below it `language = \"rust\"`; {known} are known",
        .0.display(), known = crate::language::names()
    )]
    NoLanguage(PathBuf),
    /// A program of the machine.
    #[error("{program} is missing, which {what} needs: {remedy}")]
    MissingProgram { program: String, what: String, remedy: String },
    /// Something that Steward can fetch.
    #[error("{what} is missing. Fetch it with: steward plugin toolchain {language}")]
    MissingToolchain { what: String, language: String },
    #[error("`{program}` could not be started: {source}")]
    Start { program: String, source: std::io::Error },
    #[error("`{program}` failed ({status}){said}")]
    Failed { program: String, status: std::process::ExitStatus, said: String },
    #[error("{0}")]
    Build(String),
}

impl AuthorError {
    pub(crate) fn io(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_owned();
        |source| Self::Io { path, source }
    }
}
