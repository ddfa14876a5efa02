//! `steward plugin new`, `build`, `pack` and `toolchain`: from nothing to a plugin in one file. Programs are started
//! only here, as the developer who sits at this machine.

use std::fs;
use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use clap::builder::PossibleValuesParser;
use steward_author::{LANGUAGES, Language, Project, Show, Toolchains};
use tokio::signal::unix::{SignalKind, signal};

use super::author_test;
use super::plugin_file::PluginFile;
use super::say;
use crate::config::Config;

#[derive(Args)]
pub(super) struct New {
    /// What it is called: small letters, digits and `-`; also the name of its folder, made here
    name: String,
    /// What it is written in
    #[arg(long, value_name = "LANGUAGE", value_parser = languages())]
    lang: String,
}

#[derive(Args)]
pub(super) struct Build {
    /// The folder of the project
    #[arg(default_value = ".")]
    folder: PathBuf,
    #[command(flatten)]
    tools: Tools,
}

#[derive(Args)]
pub(super) struct Pack {
    /// The folder of the project
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// The file to write [default: build/NAME-VERSION.wasm in the project]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    tools: Tools,
}

/// What a build may do to the machine.
#[derive(Args)]
pub(super) struct Tools {
    /// Fetch what is missing for building, at the versions Steward knows to work
    #[arg(long)]
    install: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
pub(super) struct Place {
    /// Where downloaded compilers are kept [default: `toolchains` in the data folder]
    #[arg(long, value_name = "FOLDER", env = "STEWARD_TOOLCHAINS")]
    toolchains: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct Toolchain {
    /// The language whose compiler to fetch
    #[arg(value_name = "LANGUAGE", value_parser = languages())]
    language: String,
    #[command(flatten)]
    place: Place,
}

fn languages() -> PossibleValuesParser {
    PossibleValuesParser::new(LANGUAGES.iter().map(|language| language.name))
}

impl Place {
    fn open(&self, config: &Config) -> Toolchains {
        let folder = self.toolchains.clone().unwrap_or_else(|| config.data.join("toolchains"));
        let show = if std::io::stderr().is_terminal() { Show::Live } else { Show::OnFailure };
        Toolchains::new(folder, show)
    }
}

impl Tools {
    /// Builds the project, unless the person stops it.
    pub(super) async fn build(&self, project: &Project, config: &Config) -> anyhow::Result<PathBuf> {
        let toolchains = self.place.open(config);
        unless_stopped(async { Ok(steward_author::build(project, &toolchains, self.install).await?) }).await
    }
}

/// Makes a project in the current folder and says how to go on.
///
/// # Errors
/// It cannot be made.
pub(super) fn new(new: &New) -> anyhow::Result<()> {
    let language = Language::named(&new.lang)?;
    let folder = steward_author::create(Path::new(""), &new.name, language)?;
    let name = folder.display();
    say(&format!(
        "{name} is a plugin in {}. Its tool `greet` answers after these two lines:\n\n  \
         steward plugin build {name} --install\n  \
         steward plugin run {name} greet '{{\"name\": \"Ann\"}}'\n\n\
         {name}/README.md says how to go on.",
        language.title
    ))
}

/// # Errors
/// It cannot be built.
pub(super) async fn build(build: Build, config: Config) -> anyhow::Result<()> {
    let project = Project::open(&build.folder)?;
    let built = build.tools.build(&project, &config).await?;
    let size = fs::metadata(&built)?.len();
    say(&format!("{} is built: {} ({})", project.name, built.display(), crate::cost::bytes(size)))
}

/// Builds the project, loads it as a plugin is loaded, and writes it as one file.
///
/// # Errors
/// It cannot be built or would not be loaded.
pub(super) async fn pack(pack: Pack, config: Config) -> anyhow::Result<()> {
    let project = Project::open(&pack.folder)?;
    pack.tools.build(&project, &config).await?;
    let file = PluginFile::of_project(&project)?;
    let packed = steward_sandbox::pack(&file.wasm, &project.manifest)?;
    author_test::check(&project, &packed, &config).await?;
    let path = pack.output.unwrap_or_else(|| project.packed());
    write_whole(&path, &packed)?;
    let size = crate::cost::bytes(packed.len() as u64);
    say(&format!("{} {} is packed: {} ({size})", project.name, project.version, path.display()))
}

/// Fetches what a language is built with.
///
/// # Errors
/// It cannot be fetched.
pub(super) async fn toolchain(toolchain: Toolchain, config: Config) -> anyhow::Result<()> {
    let language = Language::named(&toolchain.language)?;
    let toolchains = toolchain.place.open(&config);
    let here = std::env::current_dir().context("the current folder is gone")?;
    unless_stopped(async { Ok(toolchains.require(language, &here, true).await?) }).await?;
    say(&format!("All that {} is built with is there.", language.title))
}

/// Dropping the work ends the programs it has started.
async fn unless_stopped<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        done = work => done,
        _ = interrupt.recv() => anyhow::bail!("stopped"),
        _ = terminate.recv() => anyhow::bail!("stopped"),
    }
}

/// So that nobody finds half a file.
/// Writes a file whole or not at all.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Readable as any file the person makes.
    let readable = fs::Permissions::from_mode(0o666);
    let mut draft = tempfile::Builder::new().permissions(readable).tempfile_in(folder).with_context(cannot)?;
    draft.write_all(bytes).with_context(cannot)?;
    draft.persist(path).with_context(cannot)?;
    Ok(())
}
