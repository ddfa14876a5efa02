//! The program as it ships, as a child process with folders and a separate environment.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use steward_tests::model::{KEY, MODEL};
use steward_tests::telegram::TOKEN;
use steward_tests::{ScriptedModel, Telegram};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// Nobody waits this long in a run that goes well.
const PATIENCE: Duration = Duration::from_secs(120);
/// What it logs when plugins had to be compiled and are.
const ALL_THERE: &str = "all plugins are compiled";
/// People may write as often as the benches let them.
const CONFIGURATION: &str = "[access]\nopen_to = \"everyone\"\nmessages_per_minute = 100000\n\
    [access.limits]\nmessages = 1000000\nmegabytes = 100000\ntokens = 1000000000\nruns_at_once = 64\n\
    [access.limits.together]\nmessages = 1000000\nmegabytes = 100000\ntokens = 10000000000\n";

/// Folders and settings, kept over several starts.
pub(crate) struct Home {
    folder: TempDir,
    environment: BTreeMap<&'static str, String>,
}

/// A running Steward. Dropping it kills it.
pub(crate) struct Steward {
    child: Child,
    process: u32,
    /// It must stay open: who prints into a closed pipe breaks down.
    _output: Lines<BufReader<ChildStdout>>,
    /// From the start of the process to the line that says it is ready.
    pub(crate) took: Duration,
}

impl Home {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("steward-bench-")?;
        std::fs::write(folder.path().join("steward.toml"), CONFIGURATION)?;
        Ok(Self { folder, environment: BTreeMap::from([("TZ", "UTC".to_owned())]) })
    }

    #[must_use]
    pub(crate) fn telegram(mut self, telegram: &Telegram) -> Self {
        self.environment.insert("TG_BOT_TOKEN", TOKEN.to_owned());
        self.environment.insert("TG_API_URL", telegram.url());
        self
    }

    #[must_use]
    pub(crate) fn model(mut self, model: &ScriptedModel) -> Self {
        self.environment.insert("OPENAI_BASE_URL", model.openai_url());
        self.environment.insert("OPENAI_API_KEY", KEY.to_owned());
        self.environment.insert("MODEL", MODEL.to_owned());
        self
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("data/steward.sock")
    }

    /// Throws the compiled plugins away.
    pub(crate) fn forget_compiled(&self) -> anyhow::Result<()> {
        Ok(std::fs::remove_dir_all(self.folder.path().join("data/compiled"))?)
    }

    /// Starts it and waits until it says that it is ready.
    pub(crate) async fn start(&self) -> anyhow::Result<Steward> {
        let log = self.log();
        let mut command = self.command(&["run"])?;
        command.stdout(Stdio::piped()).stderr(File::create(&log)?);
        let started = Instant::now();
        let mut child = command.spawn()?;
        let output = child.stdout.take().context("it has no output")?;
        let mut lines = BufReader::new(output).lines();
        let ready = async {
            while let Some(line) = lines.next_line().await? {
                if line.starts_with("Ready") {
                    return Ok(started.elapsed());
                }
            }
            bail!("it ended before it was ready:\n{}", std::fs::read_to_string(&log).unwrap_or_default())
        };
        let took = tokio::time::timeout(PATIENCE, ready).await.context("it does not get ready")??;
        let process = child.id().context("it has ended")?;
        Ok(Steward { child, process, _output: lines, took })
    }

    /// Starts it once until it has compiled every plugin, so that later starts find them, and says how long that took.
    pub(crate) async fn prepare(&self) -> anyhow::Result<Duration> {
        let started = Instant::now();
        let steward = self.start().await?;
        let compiled = async {
            while !std::fs::read_to_string(self.log())?.contains(ALL_THERE) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            anyhow::Ok(started.elapsed())
        };
        let took = tokio::time::timeout(PATIENCE, compiled).await.context("its plugins are never all there")??;
        steward.stop().await?;
        Ok(took)
    }

    /// How long `steward --version` takes.
    pub(crate) async fn version(&self) -> anyhow::Result<Duration> {
        let mut command = self.command(&["--version"])?;
        command.stdout(Stdio::null());
        let started = Instant::now();
        let status = command.status().await?;
        ensure!(status.success(), "`steward --version` ended with {status}");
        Ok(started.elapsed())
    }

    /// Builds a plugin's project as its author would, with compilers that were fetched before.
    pub(crate) async fn build(&self, project: &Path, toolchains: &Path) -> anyhow::Result<()> {
        let mut command = self.command(&["plugin", "build"])?;
        command
            .arg(project)
            .arg("--toolchains")
            .arg(toolchains)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let built = command.output().await?;
        ensure!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr).trim());
        Ok(())
    }

    /// Where it prints.
    fn log(&self) -> PathBuf {
        self.folder.path().join("errors.log")
    }

    fn command(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let folder = self.folder.path();
        let mut command = Command::new(program()?);
        command.args(arguments).current_dir(folder).env_clear().envs(&self.environment).env("HOME", folder);
        command.env("STEWARD_DATA", folder.join("data")).env("STEWARD_WORKSPACE", folder.join("workspace"));
        command.stdin(Stdio::null()).kill_on_drop(true);
        Ok(command)
    }
}

impl Steward {
    pub(crate) fn process(&self) -> u32 {
        self.process
    }

    /// Asks it to end and waits until it has.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let asked = Command::new("kill").args(["-TERM", &self.process.to_string()]).status().await?;
        ensure!(asked.success(), "it could not be asked to end");
        tokio::time::timeout(PATIENCE, self.child.wait()).await.context("it does not end")??;
        Ok(())
    }
}

/// The program, next to the one that runs here.
fn program() -> anyhow::Result<PathBuf> {
    let here = std::env::current_exe()?;
    let path = here.parent().unwrap_or(Path::new(".")).join("steward");
    let profile = if cfg!(debug_assertions) { "" } else { " --release" };
    ensure!(path.is_file(), "{} is not there. Build it first: cargo build{profile} -p steward", path.display());
    Ok(path)
}
