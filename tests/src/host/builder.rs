//! How the program is started: its environment holds what a test says and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::process::Command;

use super::{Host, program, warm};
use crate::aimock::Aimock;
use crate::model::{KEY, MODEL, ScriptedModel};
use crate::process::Lines;
use crate::telegram::{TOKEN, Telegram};

/// The settings of a host that is not started yet.
#[derive(Clone, Default)]
pub struct HostBuilder {
    environment: BTreeMap<String, String>,
    owners: Vec<String>,
    configuration: Option<String>,
    /// KiB that no file of it may grow over: writing more fails as on a full disk.
    pub(super) file_limit: Option<u64>,
    cold: bool,
    new_installation: bool,
}

impl HostBuilder {
    pub(super) fn new() -> Self {
        Self::default().variable("TZ", "Europe/Berlin").variable("RUST_BACKTRACE", "1")
    }

    /// Adds an owner by their Telegram id.
    #[must_use]
    pub fn owner(mut self, id: i64) -> Self {
        self.owners.push(id.to_string());
        let owners = self.owners.join(",");
        self.variable("TG_OWNER_IDS", &owners)
    }

    /// Connects it to this stand-in of Telegram.
    #[must_use]
    pub fn telegram(self, telegram: &Telegram) -> Self {
        self.variable("TG_BOT_TOKEN", TOKEN).variable("TG_API_URL", &telegram.url())
    }

    /// Lets it speak OpenAI's format with the scripted model.
    #[must_use]
    pub fn model(self, model: &ScriptedModel) -> Self {
        self.openai(&model.openai_url())
    }

    /// Lets it speak Anthropic's format with the scripted model.
    #[must_use]
    pub fn anthropic_model(self, model: &ScriptedModel) -> Self {
        self.anthropic(&model.anthropic_url())
    }

    /// Lets it speak OpenAI's format with aimock.
    #[must_use]
    pub fn aimock(self, aimock: &Aimock) -> Self {
        self.openai(&aimock.openai_url())
    }

    /// Lets it speak Anthropic's format with aimock.
    #[must_use]
    pub fn anthropic_aimock(self, aimock: &Aimock) -> Self {
        self.anthropic(&aimock.anthropic_url())
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Lets it build plugins as a developer does: with the machine's Rust and the compilers that were fetched for the
    /// tests. What was compiled for one test need not be compiled for the next.
    #[must_use]
    pub fn compilers(mut self) -> Self {
        let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
        for (name, usual) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            let set = std::env::var(name).unwrap_or_else(|_| home.join(usual).display().to_string());
            self = self.variable(name, &set);
        }
        // Which of the machine's compilers this project is built with.
        if let Ok(toolchain) = std::env::var("RUSTUP_TOOLCHAIN") {
            self = self.variable("RUSTUP_TOOLCHAIN", &toolchain);
        }
        let target = program().ancestors().nth(2).map(Path::to_owned).unwrap_or_default();
        self.variable("CARGO_TARGET_DIR", &target.join("authoring").display().to_string())
            .variable("STEWARD_TOOLCHAINS", &target.join("toolchains").display().to_string())
    }

    /// The text of its `steward.toml`.
    #[must_use]
    pub fn configuration(mut self, toml: &str) -> Self {
        self.configuration = Some(toml.to_owned());
        self
    }

    /// Lets nobody but owners in, as a new installation does by itself.
    #[must_use]
    pub fn new_installation(mut self) -> Self {
        self.new_installation = true;
        self
    }

    /// Lets it compile the plugins itself, as after a fresh installation.
    #[must_use]
    pub fn cold(mut self) -> Self {
        self.cold = true;
        self
    }

    /// Starts the program and waits until it is ready.
    ///
    /// # Panics
    /// When it does not get ready.
    pub async fn start(self) -> Host {
        let mut host = self.prepare();
        host.start().await;
        host
    }

    /// Makes the folders without starting anything.
    ///
    /// # Panics
    /// When no temporary folder can be made.
    pub fn prepare(self) -> Host {
        let folder = match TempDir::with_prefix("steward-test-") {
            Ok(folder) => folder,
            Err(error) => panic!("no temporary folder: {error}"),
        };
        if let Some(text) = self.written()
            && let Err(error) = fs::write(folder.path().join("steward.toml"), text)
        {
            panic!("steward.toml could not be written: {error}");
        }
        if !self.cold {
            warm::give(&folder.path().join("data"));
        }
        Host { setup: self, folder, lines: Lines::default(), process: None }
    }

    /// The configuration. A new installation lets nobody in; most tests are about people who are, so where a test says
    /// nothing of `open_to` everyone may write.
    fn written(&self) -> Option<String> {
        const OPEN: &str = "open_to = \"everyone\"\n";
        let text = self.configuration.clone().unwrap_or_default();
        let channel = self.environment.contains_key("TG_BOT_TOKEN");
        if self.new_installation || !channel || text.contains("open_to") {
            return self.configuration.clone();
        }
        Some(match text.contains("[access]\n") {
            true => text.replacen("[access]\n", &format!("[access]\n{OPEN}"), 1),
            false => format!("{text}\n[access]\n{OPEN}"),
        })
    }

    /// The program with these arguments, working in the folder of a host.
    pub(super) fn command(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = match self.file_limit {
            None => Command::new(program()),
            Some(kib) => {
                let mut shell = Command::new("bash");
                // Without the signal a write over the limit fails with an error, as on a full disk.
                shell.args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"", &kib.to_string()]).arg(program());
                shell
            }
        };
        command.args(arguments);
        self.surround(command, folder)
    }

    /// The same at a separate terminal, which `script` makes. The arguments hold no quotes.
    pub(super) fn command_at_terminal(&self, folder: &Path, arguments: &[&str]) -> Command {
        let program = program().display().to_string();
        let words: Vec<_> = [program.as_str()].iter().chain(arguments).map(|word| format!("'{word}'")).collect();
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--command", &words.join(" "), "/dev/null"]);
        self.surround(command, folder)
    }

    /// Cargo in a project's folder.
    pub(super) fn cargo(&self, folder: &Path, project: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        command.args(arguments);
        let mut command = self.surround(command, folder);
        command.current_dir(folder.join(project));
        command
    }

    fn surround(&self, mut command: Command, folder: &Path) -> Command {
        command.current_dir(folder).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", folder).envs(&self.environment);
        command.env("STEWARD_DATA", folder.join("data")).env("STEWARD_WORKSPACE", folder.join("workspace"));
        command
    }

    fn openai(self, url: &str) -> Self {
        self.variable("OPENAI_BASE_URL", url).variable("OPENAI_API_KEY", KEY).variable("MODEL", MODEL)
    }

    fn anthropic(self, url: &str) -> Self {
        self.variable("ANTHROPIC_BASE_URL", url).variable("ANTHROPIC_API_KEY", KEY).variable("MODEL", MODEL)
    }
}
