//! The real program as a child process, with a separate environment and its data in a temporary folder.
//!
//! It is the binary that `cargo build -p steward` has put next to the tests; nothing of it is linked here. When a test
//! fails, all that the program printed is shown.

mod builder;
mod terminal;
mod warm;

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use tokio::process::Command;

pub use builder::HostBuilder;
pub use terminal::Terminal;

use crate::patience::COMPILING;
use crate::process::{Lines, Process};

/// A running Steward and the folders it works in. It is killed when this handle is dropped.
pub struct Host {
    setup: HostBuilder,
    folder: TempDir,
    lines: Lines,
    process: Option<Process>,
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Printed {
    /// Standard output and standard error, as they came.
    pub text: String,
    /// Its exit status.
    pub status: ExitStatus,
}

impl Printed {
    /// The text of a command that did what it was told.
    ///
    /// # Panics
    /// It failed.
    #[track_caller]
    pub fn passed(&self) -> &str {
        assert!(self.status.success(), "{}", self.text);
        &self.text
    }

    /// The text of a command that should have failed.
    ///
    /// # Panics
    /// It did not.
    #[track_caller]
    pub fn failed(&self) -> &str {
        assert!(!self.status.success(), "{}", self.text);
        &self.text
    }
}

impl Host {
    /// A host with an empty folder and nothing configured.
    pub fn builder() -> HostBuilder {
        HostBuilder::new()
    }

    /// Starts the program again, after it was killed or stopped, and waits until it is ready.
    ///
    /// # Panics
    /// When it still runs or does not get ready.
    pub async fn start(&mut self) {
        assert!(self.process.is_none(), "the host runs already");
        let skip = self.lines.all().len();
        let mut process = Process::spawn(self.command(&["run"]), self.lines.clone(), BUILD);
        process.until_line(skip, |line| line.trim_start().starts_with("Ready").then_some(())).await;
        if warm::is_wanted() {
            process.until_line(0, |line| line.contains("all plugins are compiled").then_some(())).await;
            warm::keep(&self.data());
        }
        self.process = Some(process);
    }

    /// Ends it as `kill -9` does.
    pub async fn kill9(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().await;
            self.lines.push("--- killed by the test ---".to_owned());
        }
    }

    /// `kill -9` and a new start on the same folders.
    pub async fn restart(&mut self) {
        self.kill9().await;
        self.start().await;
    }

    /// Asks it to end, as a service manager does, and waits until it has.
    ///
    /// # Panics
    /// When it does not run or does not end.
    pub async fn stop(&mut self) -> ExitStatus {
        let Some(mut process) = self.process.take() else { panic!("the host does not run") };
        let id = process.id().unwrap_or_default();
        let asked = Command::new("kill").args(["-TERM", &id.to_string()]).status().await;
        assert!(asked.is_ok_and(|status| status.success()), "the host could not be asked to end");
        process.ended().await
    }

    /// Waits for a line of the log that fits; lines from before a restart count too.
    pub async fn logs(&mut self, fits: impl Fn(&str) -> bool) -> String {
        let Some(process) = &mut self.process else { panic!("the host does not run") };
        process.until_line(0, |line| fits(line).then(|| line.to_owned())).await
    }

    /// All lines printed so far, over all starts.
    pub fn log(&self) -> Vec<String> {
        self.lines.all()
    }

    /// Gives further starts another setting.
    pub fn set_variable(&mut self, name: &str, value: &str) {
        self.setup = std::mem::take(&mut self.setup).variable(name, value);
    }

    /// From the next start on no file of it may grow over that many KiB.
    pub fn limit_files(&mut self, kib: Option<u64>) {
        self.setup.file_limit = kib;
    }

    /// Opens the terminal chat.
    pub fn terminal(&self) -> Terminal {
        Terminal::new(self.command(&["chat"]))
    }

    /// Runs another command of the program on the same folders and waits until it ends.
    pub async fn run(&self, arguments: &[&str]) -> Printed {
        let lines = Lines::default();
        let mut process = Process::spawn(self.command(arguments), lines.clone(), BUILD);
        process.close_input();
        let status = process.ended().await;
        Printed { text: lines.told(), status }
    }

    /// The same for a command that compiles or fetches something first.
    pub async fn compile(&self, arguments: &[&str]) -> Printed {
        let lines = Lines::default();
        let mut process = Process::spawn(self.command(arguments), lines.clone(), BUILD);
        process.close_input();
        let status = process.ended_within(COMPILING).await;
        Printed { text: lines.told(), status }
    }

    /// The same with a line on its standard input.
    pub async fn run_with(&self, arguments: &[&str], line: &str) -> Printed {
        let lines = Lines::default();
        let mut process = Process::spawn(self.command(arguments), lines.clone(), BUILD);
        process.type_line(line).await;
        process.close_input();
        let status = process.ended().await;
        Printed { text: lines.told(), status }
    }

    /// Runs cargo in a folder of a project, next to the data, with the surroundings the program has.
    pub async fn cargo(&self, project: &str, arguments: &[&str]) -> Printed {
        let lines = Lines::default();
        let command = self.setup.cargo(self.folder.path(), project, arguments);
        let mut process = Process::spawn(command, lines.clone(), "cargo is the test's own");
        process.close_input();
        let status = process.ended_within(COMPILING).await;
        Printed { text: lines.told(), status }
    }

    /// Runs a command at a terminal and types an answer to what it asks.
    pub async fn run_at_terminal(&self, arguments: &[&str], answer: &str) -> Printed {
        let lines = Lines::default();
        let command = self.setup.command_at_terminal(self.folder.path(), arguments);
        let mut process =
            Process::spawn(command, lines.clone(), "`script` is part of util-linux: apt install bsdutils");
        process.type_line(answer).await;
        let status = process.ended().await;
        Printed { text: lines.told(), status }
    }

    /// Begins a command and ends it as `kill -9` does as soon as `when` holds; it may have ended by itself before. What it
    /// does shows in files alone, so there is no event to wait for.
    pub async fn run_and_kill(&self, arguments: &[&str], when: impl Fn() -> bool) {
        let lines = Lines::default();
        let mut process = Process::spawn(self.command(arguments), lines.clone(), BUILD);
        process.close_input();
        let looking = async {
            while !when() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            () = looking => process.kill().await,
            _ = process.ended() => {}
        }
    }

    /// `STEWARD_DATA`.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// `STEWARD_WORKSPACE`.
    pub fn workspace(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    /// The program's database, to look into.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub fn database(&self) -> Connection {
        let path = self.data().join("steward.sqlite");
        match Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY) {
            Ok(connection) => connection,
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.setup.command(self.folder.path(), arguments)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("What the host printed:\n{}", self.lines.told());
        }
    }
}

/// What to do when the program is not there.
const BUILD: &str = "Build it first: cargo build -p steward";

/// The program, next to the folder of the test binaries.
///
/// # Panics
/// When it is not built.
pub fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap_or_default();
    let path = tests.parent().and_then(Path::parent).map(|folder| folder.join("steward")).unwrap_or_default();
    assert!(path.is_file(), "{} is not there. {BUILD}", path.display());
    path
}
