//! The languages plugins can be written in: one file here, one line in the list. What a new project looks like is in
//! `sdk/templates/LANGUAGE`, so that changing a template needs no code.

mod c;
mod go;
mod javascript;
mod python;
mod rust;
mod typescript;
mod world;
mod zig;

use std::path::{Path, PathBuf};

use futures::future::BoxFuture;

use crate::embedded::Tree;
use crate::error::AuthorError;
use crate::program::{self, Show};
use crate::project::Project;
use crate::toolchain::{Toolchain, Toolchains};

/// Every language, in the order in which they are offered.
pub static LANGUAGES: &[&Language] = &[
    &rust::LANGUAGE,
    &python::LANGUAGE,
    &javascript::LANGUAGE,
    &typescript::LANGUAGE,
    &go::LANGUAGE,
    &c::LANGUAGE,
    &zig::LANGUAGE,
];

/// A language a plugin can be written in.
pub struct Language {
    /// What `--lang`, `[build] language` and the folder of its template are called: `rust`.
    pub name: &'static str,
    /// What people call it: `Rust`.
    pub title: &'static str,
    /// What a new project gets in addition to the template of the language.
    pub parts: &'static [Part],
    /// What building needs; looked for, and where it can be fetched, in this order.
    pub toolchains: &'static [&'static Toolchain],
    /// Builds the project: when it returns, [`Job::output`] is a component or a WASI program.
    pub build: for<'a> fn(&'a Job<'a>) -> BoxFuture<'a, Result<(), AuthorError>>,
}

/// An embedded folder that a project gets a copy of.
pub struct Part {
    /// `sdk/python`, `wit`: what the build script calls it.
    pub tree: &'static str,
    /// The folder in the project; empty for the project's own.
    pub to: &'static str,
}

impl Language {
    /// The language of that name.
    ///
    /// # Errors
    /// There is none, and which there are.
    pub fn named(name: &str) -> Result<&'static Self, AuthorError> {
        let found = LANGUAGES.iter().find(|language| language.name == name);
        found.copied().ok_or_else(|| AuthorError::Language(name.to_owned()))
    }

    /// The embedded template.
    pub(crate) fn template(&self) -> Option<&'static Tree> {
        Tree::named(&format!("templates/{}", self.name))
    }
}

/// The names of all languages, for messages.
pub(crate) fn names() -> String {
    LANGUAGES.iter().map(|language| language.name).collect::<Vec<_>>().join(", ")
}

/// One build of one project, as the function of its language sees it. Everything it needs is installed.
pub struct Job<'a> {
    /// What is built.
    pub project: &'a Project,
    /// Where its compiler was fetched to.
    pub toolchains: &'a Toolchains,
    /// Where the result belongs; nothing is there yet.
    pub output: PathBuf,
    /// A folder for what is between source and result; kept from one build to the next.
    pub work: PathBuf,
}

impl Job<'_> {
    /// A program to be run in the project's folder, given by name (then found in PATH) or by path. Add arguments and
    /// variables, then [`Job::run`] it.
    pub fn command(&self, program: impl AsRef<Path>) -> tokio::process::Command {
        program::command(program.as_ref(), &self.project.folder)
    }

    /// Runs a program to its end and gives what it printed on standard output. It is ended if the build is.
    ///
    /// # Errors
    /// It cannot be started or fails; the error repeats what it said, unless the terminal has shown it.
    pub async fn run(&self, command: tokio::process::Command) -> Result<Vec<u8>, AuthorError> {
        program::run(command, self.show()).await
    }

    /// Whether the terminal is shown what programs say while they run.
    pub fn show(&self) -> Show {
        self.toolchains.show
    }
}
