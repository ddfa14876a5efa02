//! What a grant of `process` says: which programs, with what surroundings, within which bounds. It is read from a
//! manifest or the configuration and grants nothing by itself.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::environment;
use super::git::plain::{GIT, is_name_of_git};
use crate::scope::Scope;
use crate::secret;

/// Which programs a plugin may run, and how.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProcessGrant {
    pub commands: Commands,
    /// They reach the network, this machine's own services among it.
    pub network: bool,
    /// Folders outside of the workspace that they may read, as absolute paths.
    pub read: Vec<PathBuf>,
    /// Variables of the environment that the plugin may set: `GIT_AUTHOR_NAME`, or `GIT_*`.
    pub variables: Vec<String>,
    /// Secrets that the plugin may put into variables. Where a program sends them is the program's doing.
    pub secrets: Vec<String>,
    /// The most time one may take.
    pub time_seconds: u32,
    /// What is kept of each of its two outputs.
    pub output_kb: u32,
    /// Memory of one with all its children.
    pub memory_mb: u32,
    /// The largest file it may write.
    pub file_mb: u32,
    /// Processes at the same time.
    pub processes: u32,
}

/// Which programs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Word")]
pub enum Commands {
    /// These: names that are looked for where the system keeps its programs, or absolute paths. `git` stands for
    /// `run-git` and `clone-git` alone, which run nothing that a repository names.
    Listed(Vec<String>),
    /// Any, after the owner has agreed to the very command.
    Ask,
    /// Any.
    Full,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "`commands` is a list of programs such as [\"git\"], or \"ask\", or \"full\"")]
enum Word {
    List(Vec<String>),
    One(String),
}

impl TryFrom<Word> for Commands {
    type Error = String;

    fn try_from(word: Word) -> Result<Self, String> {
        match word {
            Word::List(list) => Ok(Self::Listed(list)),
            Word::One(word) if word == "ask" => Ok(Self::Ask),
            Word::One(word) if word == "full" => Ok(Self::Full),
            Word::One(word) => Err(format!("`commands` may be \"ask\", \"full\" or a list, not \"{word}\"")),
        }
    }
}

impl Default for ProcessGrant {
    /// No program at all.
    fn default() -> Self {
        Self {
            commands: Commands::Listed(Vec::new()),
            network: false,
            read: Vec::new(),
            variables: Vec::new(),
            secrets: Vec::new(),
            time_seconds: 60,
            output_kb: 64,
            memory_mb: 1024,
            file_mb: 1024,
            processes: 128,
        }
    }
}

impl Scope for ProcessGrant {}

impl ProcessGrant {
    /// Reads `"ask"`, `["git"]` or a table.
    ///
    /// # Errors
    /// What is wrong in it, and what would be right.
    pub(crate) fn read(scope: toml::Value) -> Result<Self, String> {
        let table = match scope {
            toml::Value::String(_) | toml::Value::Array(_) => {
                toml::Table::from_iter([("commands".to_owned(), scope)]).into()
            }
            other => other,
        };
        let grant: Self = table.try_into().map_err(|error: toml::de::Error| error.message().to_owned())?;
        grant.check().map(|()| grant)
    }

    fn check(&self) -> Result<(), String> {
        if let Commands::Listed(names) = &self.commands {
            let is_name = |name: &String| !name.is_empty() && (!name.contains('/') || name.starts_with('/'));
            match names.iter().find(|name| !is_name(name)) {
                Some(wrong) => return Err(format!("`{wrong}` is not a program: write its name or its absolute path")),
                None if names.is_empty() => return Err("`commands` is empty: list programs such as \"git\"".to_owned()),
                None => {}
            }
            // It would grant nothing: git is run by the host alone, which knows it by this name.
            if let Some(wrong) = names.iter().find(|name| *name != GIT && is_name_of_git(name)) {
                return Err(format!("`{wrong}` is git: write \"git\", for `run-git` and `clone-git`"));
            }
        }
        if let Some(wrong) = self.read.iter().find(|path| !path.is_absolute()) {
            return Err(format!("`read`: {} is not an absolute path", wrong.display()));
        }
        // In these a command has what is its own.
        let own = |path: &&PathBuf| path.parent().is_none() || path.starts_with("/proc") || path.starts_with("/dev");
        if let Some(wrong) = self.read.iter().find(own) {
            return Err(format!("`read`: {} cannot be shown: name the folders that are needed", wrong.display()));
        }
        if let Some(wrong) = self.variables.iter().find(|name| !environment::can_be_granted(name)) {
            return Err(format!("`variables`: `{wrong}` is set by the host alone or is not the name of a variable"));
        }
        if let Some(wrong) = self.secrets.iter().find(|name| !secret::is_name(name)) {
            return Err(format!("`secrets`: {}", secret::SecretError::Name(wrong.clone())));
        }
        for (key, value, most) in [
            ("time_seconds", self.time_seconds, 24 * 3600),
            ("output_kb", self.output_kb, 1024),
            ("memory_mb", self.memory_mb, 1 << 20),
            ("file_mb", self.file_mb, 1 << 20),
            ("processes", self.processes, 4096),
        ] {
            if !(1..=most).contains(&value) {
                return Err(format!("`{key}` may be 1 to {most}"));
            }
        }
        Ok(())
    }

    pub(crate) fn time(&self) -> Duration {
        Duration::from_secs(self.time_seconds.into())
    }

    /// Bytes.
    pub(crate) fn memory(&self) -> u64 {
        u64::from(self.memory_mb) << 20
    }

    /// Bytes kept of each output.
    pub(crate) fn output(&self) -> usize {
        (self.output_kb as usize) << 10
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ProcessGrant, String> {
        let table: toml::Table = toml::from_str(&format!("process = {text}")).unwrap();
        ProcessGrant::read(table["process"].clone())
    }

    #[test]
    fn a_grant_is_written_short_or_in_full() {
        assert_eq!(read("\"ask\"").unwrap().commands, Commands::Ask);
        assert_eq!(read("[\"git\"]").unwrap().commands, Commands::Listed(vec!["git".to_owned()]));
        let whole = read("{ commands = \"full\", network = true, memory_mb = 8, variables = [\"GIT_*\"] }").unwrap();
        assert!(whole.commands == Commands::Full && whole.network && whole.memory() == 8 << 20);
        assert!(!read("\"full\"").unwrap().network, "the network is never granted unsaid");
    }

    #[test]
    fn what_cannot_be_granted_is_told_with_what_can() {
        for (text, told) in [
            ("\"all\"", "\"ask\", \"full\" or a list"),
            ("[]", "`commands` is empty"),
            ("{}", "`commands` is empty"),
            ("3", "expected"),
            ("{ commands = 3 }", "a list of programs"),
            ("[\"./run.sh\"]", "`./run.sh` is not a program"),
            ("[\"/usr/bin/git\"]", "write \"git\", for `run-git`"),
            ("[\"git\", \"git-upload-pack\"]", "`git-upload-pack` is git"),
            ("{ commands = [\"git\"], net = true }", "net"),
            ("{ commands = [\"git\"], read = [\"home\"] }", "not an absolute path"),
            ("{ commands = [\"git\"], read = [\"/\"] }", "/ cannot be shown"),
            ("{ commands = [\"git\"], read = [\"/proc/1\"] }", "cannot be shown"),
            ("{ commands = [\"git\"], variables = [\"LD_PRELOAD\"] }", "set by the host alone"),
            ("{ commands = [\"git\"], variables = [\"*\"] }", "set by the host alone"),
            ("{ commands = [\"git\"], secrets = [\"token\"] }", "`token` is not a name"),
            ("{ commands = [\"git\"], processes = 0 }", "`processes` may be 1 to 4096"),
        ] {
            let problem = read(text).unwrap_err();
            assert!(problem.contains(told), "{text}: {problem}");
        }
    }
}
