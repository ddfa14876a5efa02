//! Programs of the machine, run in the workspace: `process::program("rg").argument("TODO").run()?`
//!
//! No shell is between: every argument reaches the program as it is. Which programs may run, with what around them and
//! within which bounds, is the host's decision.

use crate::Failure;
use crate::bindings::steward::plugin::process as host;

pub use host::{Command, Ending, Finished, GitClone, GitCommand, Printed};

/// A program to be run, by its name or its absolute path. For git there is [`git`]: a plugin that may run listed programs
/// is refused it here.
pub fn program(name: impl Into<String>) -> Command {
    Command {
        program: name.into(),
        arguments: Vec::new(),
        folder: None,
        variables: Vec::new(),
        input: None,
        seconds: None,
        network: false,
    }
}

/// A command of git: `process::git("log").argument("--oneline").run()?`
///
/// It works on a repository of the workspace, and nothing that stands in the repository makes it run another program.
pub fn git(command: impl Into<String>) -> GitCommand {
    let arguments = vec![command.into()];
    GitCommand { arguments, folder: None, address: None, author: None, input: None, seconds: None }
}

impl GitCommand {
    #[must_use]
    pub fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    #[must_use]
    pub fn arguments<S: Into<String>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// The folder with the repository.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<String>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// The repository elsewhere that `push` goes to; the argument `{address}` stands for it.
    #[must_use]
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// Who commits.
    #[must_use]
    pub fn author(mut self, name: impl Into<String>, mail: impl Into<String>) -> Self {
        self.author = Some((name.into(), mail.into()));
        self
    }

    /// What it reads on its standard input.
    #[must_use]
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self
    }

    /// The most time it may take.
    #[must_use]
    pub fn seconds(mut self, seconds: u32) -> Self {
        self.seconds = Some(seconds);
        self
    }

    /// # Errors
    /// It was not run: it is not granted, or the repository is of a kind that is not worked on.
    pub fn run(&self) -> Result<Finished, Failure> {
        host::run_git(self)
    }
}

impl GitClone {
    /// # Errors
    /// It was not run: it is not granted, the address is not one to clone, or the folder is taken.
    pub fn run(&self) -> Result<Finished, Failure> {
        host::clone_git(self)
    }
}

impl Command {
    #[must_use]
    pub fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    #[must_use]
    pub fn arguments<S: Into<String>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// The folder of the workspace it works in.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<String>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Adds a variable to its environment; the grant says which.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// What it reads on its standard input.
    #[must_use]
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self
    }

    /// The most time it may take.
    #[must_use]
    pub fn seconds(mut self, seconds: u32) -> Self {
        self.seconds = Some(seconds);
        self
    }

    /// Lets it reach the network, where that is granted.
    #[must_use]
    pub fn network(mut self) -> Self {
        self.network = true;
        self
    }

    /// Runs it to its end. Whether it did what it should is in [`Finished::ending`].
    ///
    /// # Errors
    /// It was not run: it is not granted or not there, or the owner said no.
    pub fn run(&self) -> Result<Finished, Failure> {
        host::run(self)
    }
}

impl Finished {
    /// Whether it ended by itself with exit code 0.
    pub fn is_success(&self) -> bool {
        self.ending == Ending::Exited(0)
    }
}

impl Printed {
    /// The text, with a line in place of what was left out; what is not UTF-8 is replaced by `�`.
    pub fn text(&self) -> String {
        if self.left_out == 0 {
            return String::from_utf8_lossy(&self.data).into_owned();
        }
        let at = usize::try_from(self.left_out_at).unwrap_or(usize::MAX).min(self.data.len());
        let (head, tail) = self.data.split_at(at);
        let (head, tail) = (String::from_utf8_lossy(head), String::from_utf8_lossy(tail));
        format!("{head}\n[… {} bytes left out …]\n{tail}", self.left_out)
    }
}

/// In words: `exit code 1`, `ended by signal 9`, or why the host ended it.
impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exit code {code}"),
            Self::Killed(signal) => write!(f, "ended by signal {signal}"),
            Self::Ended(why) => write!(f, "ended by the host: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_built_up() {
        let command = program("git").argument("log").arguments(["--", "a b"]).folder("site").variable("GIT_DIR", "x");
        assert_eq!((command.program.as_str(), command.arguments.join("|").as_str()), ("git", "log|--|a b"));
        assert_eq!(command.folder.as_deref(), Some("site"));
        assert_eq!(command.variables, [("GIT_DIR".to_owned(), "x".to_owned())]);
    }

    #[test]
    fn what_was_left_out_is_said_where_it_was() {
        let printed = |left_out, left_out_at| Printed { data: b"abXYyz".to_vec(), left_out, left_out_at };
        assert_eq!(printed(0, 0).text(), "abXYyz");
        assert_eq!(printed(9, 2).text(), "ab\n[… 9 bytes left out …]\nXYyz");
        assert_eq!(printed(9, 100).text(), "abXYyz\n[… 9 bytes left out …]\n");
        assert_eq!(
            Ending::Ended("it took longer than 5 s".to_owned()).to_string(),
            "ended by the host: it took longer than 5 s"
        );
    }
}
