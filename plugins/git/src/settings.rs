//! The configuration of a repository, which may be anyone's. Some settings name programs: git is told not to run them,
//! and a token is given to none whose settings could send it elsewhere.

use std::collections::BTreeSet;

use steward_sdk::Failure;

/// What git is told on every command line; it wins over what the repository says.
const ALWAYS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.pager=cat",
    "core.editor=false",
    "core.askPass=",
    "core.sshCommand=ssh -o BatchMode=yes",
    "core.gitProxy=",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "commit.gpgSign=false",
    "tag.gpgSign=false",
    "push.gpgSign=false",
    "log.showSignature=false",
    "gpg.program=false",
    "credential.helper=",
    "diff.ignoreSubmodules=all",
    "status.submoduleSummary=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "push.recurseSubmodules=no",
    "gc.auto=0",
    "maintenance.auto=false",
    "safe.directory=*",
    "protocol.ext.allow=never",
    "color.ui=false",
    "advice.detachedHead=false",
];

/// Settings with which a token may be given to git: none of them says where a request goes or which program sees it.
const HARMLESS: &[&str] = &[
    "advice.*",
    "alias.*",
    "branch.*",
    "color.*",
    "commit.*",
    "core.abbrev",
    "core.autocrlf",
    "core.bare",
    "core.eol",
    "core.filemode",
    "core.fsmonitor",
    "core.hookspath",
    "core.ignorecase",
    "core.logallrefupdates",
    "core.precomposeunicode",
    "core.quotepath",
    "core.repositoryformatversion",
    "core.safecrlf",
    "core.symlinks",
    "diff.*",
    "extensions.objectformat",
    "filter.*",
    "gc.*",
    "init.*",
    "lfs.*",
    "merge.*",
    "pull.*",
    "push.autosetupremote",
    "push.default",
    "remote.*.fetch",
    "remote.*.prune",
    "remote.*.pushurl",
    "remote.*.tagopt",
    "remote.*.url",
    "rerere.*",
    "submodule.*",
    "user.*",
];

/// The settings that are in force in a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(Vec<(String, String)>);

impl Settings {
    /// Reads what `git config --list -z` prints.
    ///
    /// # Errors
    /// A setting that can hide others, or one that cannot be overruled.
    pub fn read(printed: &[u8]) -> Result<Self, Failure> {
        let printed = String::from_utf8_lossy(printed);
        let entries = printed.split('\0').filter(|entry| !entry.is_empty());
        let pair = |entry: &str| {
            entry.split_once('\n').map_or((entry.to_owned(), String::new()), |(k, v)| (k.into(), v.into()))
        };
        let settings: Vec<(String, String)> = entries.map(pair).collect();
        let hides =
            |key: &str| key.starts_with("include.") || key.starts_with("includeif.") || key.contains(['=', '\n']);
        match settings.iter().find(|(key, _)| hides(key)) {
            Some((key, _)) => Err(Failure::denied(format!(
                "the repository's .git/config has `{}`, which can hide programs from view: remove it from the file \
                 first, if it is to be trusted",
                key.escape_debug()
            ))),
            None => Ok(Self(settings)),
        }
    }

    /// The last value of a setting.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// What git is told, as arguments in front of its command.
    pub fn overruled(&self) -> Vec<String> {
        let mut told: Vec<String> = ALWAYS.iter().map(|&one| one.to_owned()).collect();
        for filter in self.named("filter") {
            let off = ["clean=", "smudge=", "process=", "required=false"];
            told.extend(off.map(|setting| format!("filter.{filter}.{setting}")));
        }
        for merge in self.named("merge") {
            told.push(format!("merge.{merge}.driver=false"));
        }
        told.into_iter().flat_map(|setting| ["-c".to_owned(), setting]).collect()
    }

    /// The names of the drivers of a kind: `lfs` of `filter.lfs.clean`.
    fn named(&self, kind: &str) -> BTreeSet<&str> {
        let keys = self.0.iter().filter_map(|(key, _)| key.strip_prefix(kind)?.strip_prefix('.'));
        keys.filter_map(|key| Some(key.rsplit_once('.')?.0)).collect()
    }

    /// # Errors
    /// The first setting with which no token is given to git.
    pub fn check_for_token(&self) -> Result<(), Failure> {
        match self.0.iter().find(|(key, _)| !HARMLESS.iter().any(|pattern| matches(pattern, key))) {
            Some((key, _)) => Err(Failure::denied(format!(
                "the repository's .git/config sets `{}`, which could lead the token elsewhere, so git is not given it: \
                 remove the setting first",
                key.escape_debug()
            ))),
            None => Ok(()),
        }
    }
}

/// What git is told where there is no repository yet.
pub fn always() -> Vec<String> {
    Settings::default().overruled()
}

/// `remote.*.url` is any name between the two.
fn matches(pattern: &str, key: &str) -> bool {
    match pattern.split_once('*') {
        Some((before, after)) => {
            key.len() > before.len() + after.len() && key.starts_with(before) && key.ends_with(after)
        }
        None => pattern == key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(lines: &[&str]) -> Result<Settings, Failure> {
        let printed: String = lines.iter().map(|line| format!("{}\0", line.replacen('=', "\n", 1))).collect();
        Settings::read(printed.as_bytes())
    }

    #[test]
    fn every_filter_is_switched_off_by_its_name() {
        let settings =
            settings(&["filter.lfs.clean=x", "filter.a.b.process=y", "user.name=Olga", "core.bare"]).unwrap();
        let told = settings.overruled().join(" ");
        for wanted in ["filter.lfs.clean= ", "filter.lfs.process= ", "filter.a.b.smudge= ", "core.hooksPath=/dev/null"]
        {
            assert!(told.contains(wanted), "{wanted}: {told}");
        }
        assert_eq!((settings.get("user.name"), settings.get("user.email")), (Some("Olga"), None));
    }

    #[test]
    fn what_cannot_be_overruled_is_refused() {
        for hiding in ["include.path=/tmp/x", "includeif.gitdir:/.path=x"] {
            assert!(matches!(settings(&[hiding]), Err(Failure::Denied(_))), "{hiding}");
        }
        assert!(Settings::read(b"filter.a=b.clean\ntouch x\0").is_err());
    }

    #[test]
    fn a_token_is_given_where_nothing_can_lead_it_elsewhere() {
        let usual =
            ["core.bare=false", "remote.origin.url=https://a.org/x", "branch.main.remote=origin", "user.name=O"];
        assert!(settings(&usual).unwrap().check_for_token().is_ok());
        for leading in [
            "http.proxy=http://evil",
            "http.https://github.com/.sslverify=false",
            "url.https://evil/.insteadof=https://github.com/",
            "core.sshcommand=x",
            "remote.origin.receivepack=x",
            "credential.helper=x",
            "core.alternaterefscommand=x",
        ] {
            assert!(settings(&[leading]).unwrap().check_for_token().is_err(), "{leading}");
        }
    }
}
