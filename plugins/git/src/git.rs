//! Running git on the repository of one folder and no other. What of its settings git is let see, and how it reaches
//! another machine, is the host's decision.

use steward_sdk::Failure;
use steward_sdk::process::{self, Finished, GitCommand};

use crate::settings::Settings;

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
        let listed = process::git("config").arguments(["--list", "-z"]).folder(&folder).seconds(LOCAL).run()?;
        if listed.output.left_out > 0 {
            return Err(Failure::denied(format!("the repository in `{folder}` has too many settings to look through")));
        }
        if !listed.is_success() {
            succeeded(listed)?;
            return Ok(Self { folder, settings: Settings::default() });
        }
        Ok(Self { folder, settings: Settings::read(&listed.output.data) })
    }

    /// A git command on it, to be given arguments.
    pub fn command(&self, name: &str) -> GitCommand {
        process::git(name).folder(&self.folder).seconds(LOCAL)
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

    /// There is at least one commit on the branch that is checked out.
    ///
    /// # Errors
    /// The branch names one that is not there.
    pub fn has_commits(&self) -> Result<bool, Failure> {
        if self.names("HEAD^{commit}")? {
            return Ok(true);
        }
        // Its name alone is found whether or not there is anything behind it.
        match self.names("HEAD")? {
            false => Ok(false),
            true => Err(Failure::failed(format!(
                "the repository in `{}` is damaged: its HEAD names a commit that is missing or cannot be read. Get it \
                 again from another copy of the repository",
                self.folder
            ))),
        }
    }

    fn names(&self, revision: &str) -> Result<bool, Failure> {
        Ok(self.command("rev-parse").arguments(["--verify", "--quiet", revision]).run()?.is_success())
    }

    /// The address of a remote, for pushing where that is another.
    pub fn remote(&self, name: &str) -> Result<String, Failure> {
        let pushed = self.settings.get(&format!("remote.{name}.pushurl"));
        let url = pushed.or_else(|| self.settings.get(&format!("remote.{name}.url")));
        let none = || Failure::not_found(format!("the repository in `{}` has no remote `{name}`", self.folder));
        url.map(str::to_owned).ok_or_else(none)
    }

    /// Which of these files pass through a program on their way in and out, such as Git LFS, with its name. Names are
    /// divided by a character 0, as git prints them.
    pub fn filtered(&self, files: Vec<u8>) -> Result<Vec<(String, String)>, Failure> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let command = self.command("check-attr").arguments(["--stdin", "-z", "filter"]).input(files);
        let told = succeeded(command.run()?)?;
        let words: Vec<&str> = told.split('\0').collect();
        let triples = words.chunks_exact(3).filter(|one| !matches!(one[2], "unspecified" | "unset" | ""));
        Ok(triples.map(|one| (one[0].to_owned(), one[2].to_owned())).collect())
    }
}

/// Files and their filters for a text: `a.bin, b.bin and 3 more (lfs)`.
pub fn named(filtered: &[(String, String)]) -> String {
    const SHOWN: usize = 5;
    let files: Vec<&str> = filtered.iter().take(SHOWN).map(|(file, _)| file.as_str()).collect();
    let mut filters: Vec<&str> = filtered.iter().map(|(_, filter)| filter.as_str()).collect();
    filters.sort_unstable();
    filters.dedup();
    let more = match filtered.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more} ({})", files.join(", "), filters.join(", "))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_pass_through_programs_are_named_and_counted() {
        let one = |name: &str, filter: &str| (name.to_owned(), filter.to_owned());
        assert_eq!(named(&[one("a.bin", "lfs")]), "a.bin (lfs)");
        let many: Vec<_> = (0..7).map(|number| one(&number.to_string(), "lfs")).chain([one("k", "crypt")]).collect();
        assert_eq!(named(&many), "0, 1, 2, 3, 4 and 3 more (crypt, lfs)");
    }
}
