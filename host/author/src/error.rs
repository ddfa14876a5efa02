//! What can go wrong when a plugin is made. Every text says what to do.

use std::path::{Path, PathBuf};

/// A project could not be made, opened or built.
#[derive(Debug, thiserror::Error)]
pub enum AuthorError {
    /// A file or folder cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder it is about.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// No plugin can be called this.
    #[error("`{0}` is not a name for a plugin: use small letters, digits and `-`, beginning with a letter, at most 64")]
    Name(String),
    /// The folder of a new project has something in it.
    #[error("{} is there already and is not empty: choose another name, or remove it first", .0.display())]
    Taken(PathBuf),
    /// A language that is not in the list.
    #[error("there is no language `{0}`: use one of {known}", known = crate::language::names())]
    Language(String),
    /// The folder holds no project.
    #[error(
        "{} is not a plugin project, because it has no plugin.toml: make one with `steward plugin new NAME --lang \
         LANGUAGE`, or name the folder of one",
        .0.display()
    )]
    NoProject(PathBuf),
    /// plugin.toml is wrong.
    #[error("{}: {problem}", path.display())]
    Manifest {
        /// The file or folder it is about.
        path: PathBuf,
        /// What is wrong with it, with what would be right.
        problem: String,
    },
    /// tests.toml is wrong.
    #[error("{}: {problem}", path.display())]
    Cases {
        /// The file or folder it is about.
        path: PathBuf,
        /// What is wrong with it, with what would be right.
        problem: String,
    },
    /// plugin.toml does not say what the project is written in.
    #[error(
        "{} does not say what it is written in: add `[build]` and below it `language = \"rust\"`; {known} are known",
        .0.display(), known = crate::language::names()
    )]
    NoLanguage(PathBuf),
    /// A program of the machine.
    #[error("{program} is missing, which {what} needs: {remedy}")]
    MissingProgram {
        /// Its name.
        program: String,
        /// What is missing, or what needs it.
        what: String,
        /// How to get it.
        remedy: String,
    },
    /// Something that Steward can fetch.
    #[error("{what} is missing. Fetch it with: steward plugin toolchain {language}")]
    MissingToolchain {
        /// What is missing, or what needs it.
        what: String,
        /// The language that needs it.
        language: String,
    },
    /// A program could not be started.
    #[error("`{program}` could not be started: {source}")]
    Start {
        /// Its name.
        program: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A program ended with an error.
    #[error("`{program}` failed ({status}){said}")]
    Failed {
        /// Its name.
        program: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it printed, if it was not shown already.
        said: String,
    },
    /// A build made nothing that can be used.
    #[error("{0}")]
    Build(String),
}

impl AuthorError {
    pub(crate) fn io(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_owned();
        |source| Self::Io { path, source }
    }
}
