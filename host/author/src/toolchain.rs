//! What compiling needs in addition to Steward: programs of the machine, which are looked for, and packages of the
//! registries, which are fetched at pinned versions into a separate folder. Nothing is installed without being asked for.

mod install;
mod pinned;

use std::path::{Path, PathBuf};

use crate::error::AuthorError;
use crate::language::Language;
use crate::program::{self, Show};

pub use pinned::{GO, JAVASCRIPT, PYTHON, RUST_TARGET, RUST_WASM, TYPESCRIPT, ZIG};

/// Something a language is built with.
pub struct Toolchain {
    /// What it is, for messages: `componentize-py 0.25.0`.
    pub what: &'static str,
    /// Where it comes from.
    pub kind: Kind,
}

/// Where it comes from.
pub enum Kind {
    /// A program of the machine, found in PATH.
    Program {
        /// As it is called in PATH.
        name: &'static str,
        /// How to get it: an address or a line to run.
        remedy: &'static str,
    },
    /// Packages of PyPI, each `name==version`, in a virtual environment. Needs python3.
    Pypi {
        /// Below the folder of toolchains.
        folder: &'static str,
        /// All of them, each pinned.
        packages: &'static [&'static str],
    },
    /// Packages of npm, each `name@version`. Needs npm.
    Npm {
        /// Below the folder of toolchains.
        folder: &'static str,
        /// All of them, each pinned.
        packages: &'static [&'static str],
    },
    /// A target of the Rust compiler that cargo uses. Needs cargo, and rustup to be fetched.
    RustTarget(&'static str),
}

/// The folder of what was fetched.
#[derive(Clone, Debug)]
pub struct Toolchains {
    pub(crate) folder: PathBuf,
    pub(crate) show: Show,
}

impl Toolchains {
    /// Those in a folder, which need not exist yet. `show` tells what is being done meanwhile.
    pub fn new(folder: PathBuf, show: Show) -> Self {
        // Programs are run in other folders.
        Self { folder: std::path::absolute(&folder).unwrap_or(folder), show }
    }

    /// A program that came with PyPI or npm packages.
    pub fn program(&self, toolchain: &Toolchain, name: &str) -> PathBuf {
        match toolchain.kind {
            Kind::Pypi { folder, .. } => self.folder.join(folder).join("bin").join(name),
            Kind::Npm { folder, .. } => self.folder.join(folder).join("node_modules/.bin").join(name),
            Kind::Program { .. } | Kind::RustTarget(_) => name.into(),
        }
    }

    /// A folder for what a compiler keeps from one project to the next.
    pub(crate) fn cache(&self, name: &str) -> PathBuf {
        self.folder.join("cache").join(name)
    }

    /// Sees to it that all is there that the language needs; fetches what is missing if it may. `project` is where the
    /// compiler is going to run: it may choose its own compiler.
    ///
    /// # Errors
    /// Something is missing, with the line that gets it; or it cannot be fetched.
    pub async fn require(&self, language: &Language, project: &Path, install: bool) -> Result<(), AuthorError> {
        for toolchain in language.toolchains {
            toolchain.look_for_programs()?;
            if self.has(toolchain, project).await? {
                continue;
            }
            if !install {
                let (what, language) = (toolchain.what.to_owned(), language.name.to_owned());
                return Err(AuthorError::MissingToolchain { what, language });
            }
            self.install(toolchain, project).await?;
        }
        Ok(())
    }

    /// Whether it is there, whole and at the pinned version.
    async fn has(&self, toolchain: &Toolchain, project: &Path) -> Result<bool, AuthorError> {
        match &toolchain.kind {
            Kind::Program { .. } => Ok(true),
            Kind::Pypi { folder, packages } | Kind::Npm { folder, packages } => {
                Ok(install::is_whole(&self.folder.join(folder), packages))
            }
            Kind::RustTarget(target) => {
                let mut rustc = program::command(Path::new("rustc"), project);
                rustc.args(["--print", "target-libdir", "--target", target]);
                let library = program::run(rustc, Show::OnFailure).await?;
                Ok(Path::new(String::from_utf8_lossy(&library).trim()).is_dir())
            }
        }
    }
}

impl Toolchain {
    /// # Errors
    /// A program of the machine is not in PATH, and how to get it.
    fn look_for_programs(&self) -> Result<(), AuthorError> {
        let needed: &[(&str, &str)] = match self.kind {
            Kind::Program { name, remedy } => &[(name, remedy)],
            Kind::Pypi { .. } => &[("python3", "install Python 3.10 or newer, with its venv module")],
            Kind::Npm { .. } => &[("npm", "install Node.js 20.15 or newer from https://nodejs.org")],
            Kind::RustTarget(_) => &[("cargo", pinned::GET_RUST), ("rustc", pinned::GET_RUST)],
        };
        let missing = needed.iter().find(|(program, _)| !in_path(program));
        missing.map_or(Ok(()), |(program, remedy)| {
            let (program, what, remedy) = ((*program).to_owned(), self.what.to_owned(), (*remedy).to_owned());
            Err(AuthorError::MissingProgram { program, what, remedy })
        })
    }
}

fn in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
