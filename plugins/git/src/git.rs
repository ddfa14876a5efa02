//! Running git: always with the same clean surroundings, on the repository of one folder and no other.

use steward_sdk::Failure;
use steward_sdk::process::{self, Command, Finished};

use crate::settings::{self, Settings};

/// How long work on the own disk may take, in seconds.
const LOCAL: u32 = 60;
/// How long it may take over the network.
pub const REMOTE: u32 = 600;

/// A repository of the workspace.
pub struct Repository {
    folder: String,
    pub settings: Settings,
}

impl Repository {
    /// The repository in a folder of the workspace.
    pub fn open(folder: Option<&str>) -> Result<Self, Failure> {
        let folder = folder.map(str::trim).filter(|folder| !folder.is_empty()).unwrap_or(".").to_owned();
        let listed =
            surrounded(process::program("git").arguments(PLACE), &folder).arguments(["config", "--list", "-z"]);
        let listed = listed.seconds(LOCAL).run()?;
        // Where there is no repository, git finds no settings and does not mind.
        if !listed.is_success() || listed.output.data.is_empty() {
            return Err(Failure::not_found(format!(
                "there is no git repository in `{folder}`: name the folder that holds `.git`"
            )));
        }
        // Of settings that did not fit, those in the middle would be out of sight.
        if listed.output.left_out > 0 {
            return Err(Failure::denied(format!("the repository in `{folder}` has too many settings to look through")));
        }
        Ok(Self { folder, settings: Settings::read(&listed.output.data)? })
    }

    /// A git command on it, to be given arguments.
    pub fn command(&self, name: &str) -> Command {
        let git = process::program("git").arguments(self.settings.overruled()).arguments(PLACE);
        surrounded(git, &self.folder).argument(name).seconds(LOCAL)
    }

    /// Runs a command that takes no input and gives what it printed.
    pub fn ask<const N: usize>(&self, arguments: [&str; N]) -> Result<String, Failure> {
        let [name, rest @ ..] = arguments.as_slice() else { return Ok(String::new()) };
        succeeded(self.command(name).arguments(rest.iter().copied()).run()?)
    }

    /// The branch that is checked out.
    pub fn branch(&self) -> Result<String, Failure> {
        let branch = self
            .ask(["symbolic-ref", "--short", "-q", "HEAD"])
            .map_err(|_| Failure::invalid("no branch is checked out here: say which one with `branch`"))?;
        Ok(branch.trim().to_owned())
    }

    /// The address of a remote, for pushing where that is another.
    pub fn remote(&self, name: &str) -> Result<String, Failure> {
        let pushed = self.settings.get(&format!("remote.{name}.pushurl"));
        let url = pushed.or_else(|| self.settings.get(&format!("remote.{name}.url")));
        let none = || Failure::not_found(format!("the repository in `{}` has no remote `{name}`", self.folder));
        url.map(str::to_owned).ok_or_else(none)
    }
}

/// The repository of the folder git works in, without looking further up.
const PLACE: [&str; 2] = ["--git-dir=.git", "--work-tree=."];

/// A command outside of any repository.
pub fn outside(name: &str) -> Command {
    surrounded(process::program("git").arguments(settings::always()), ".").argument(name).seconds(REMOTE).network()
}

fn surrounded(command: Command, folder: &str) -> Command {
    command
        .folder(folder)
        .variable("GIT_CONFIG_NOSYSTEM", "1")
        .variable("GIT_CONFIG_GLOBAL", "/dev/null")
        .variable("GIT_ATTR_NOSYSTEM", "1")
        .variable("GIT_TERMINAL_PROMPT", "0")
        .variable("GIT_ALLOW_PROTOCOL", "https:http:ssh:git:file")
        .variable("GIT_OPTIONAL_LOCKS", "0")
        .variable("GIT_LITERAL_PATHSPECS", "1")
}

/// What git printed, or why it failed, in its own words.
pub fn succeeded(finished: Finished) -> Result<String, Failure> {
    if finished.is_success() {
        return Ok(finished.output.text());
    }
    let (errors, output) = (finished.errors.text(), finished.output.text());
    let told = if errors.trim().is_empty() { output.trim() } else { errors.trim() };
    Err(Failure::failed(format!("git failed ({}): {told}", finished.ending)))
}
