//! The settings of a repository that git is let see. The file is read here, not by git, and only keys of a list pass,
//! with values that are checked: git reads what is written from them. Nothing on the list names a program, a file or an
//! address that git goes to by itself.

use super::file::{Setting, parse};
use crate::bindings::Failure;

/// What of a repository's configuration counts.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// Those that pass.
    passed: Vec<Setting>,
    is_bare: bool,
    sha256: bool,
    /// Objects are missing on purpose and would be fetched when they are needed.
    pub(super) is_partial: bool,
}

/// What the host says, after whatever the repository does.
pub(super) const OURS: &str = "\
[core]
\thooksPath = /dev/null
\tfsmonitor = false
\tuntrackedCache = false
\tpager = cat
\teditor = false
\taskPass = false
\tsshCommand = false
\tattributesFile = /dev/null
\texcludesFile = /dev/null
\tquotePath = false
[commit]
\tgpgSign = false
[tag]
\tgpgSign = false
[push]
\tgpgSign = false
\trecurseSubmodules = no
[log]
\tshowSignature = false
[gpg]
\tprogram = false
[diff]
\tignoreSubmodules = dirty
[status]
\tsubmoduleSummary = false
[submodule]
\trecurse = false
[fetch]
\trecurseSubmodules = false
[receive]
\tdenyCurrentBranch = refuse
\tautogc = false
[gc]
\tauto = 0
[maintenance]
\tauto = false
[http]
\tfollowRedirects = false
[transfer]
\tbundleURI = false
[i18n]
\tlogOutputEncoding = UTF-8
[color]
\tui = false
[advice]
\tdetachedHead = false
\taddEmbeddedRepo = false
[safe]
\tdirectory = *
";

/// What a value must be.
#[derive(Clone, Copy)]
pub(super) enum Value {
    Bool,
    OneOf(&'static [&'static str]),
    /// A true or false, or one of these.
    BoolOr(&'static [&'static str]),
    Number,
    /// A name or an address of a person, or of an encoding.
    Text,
}

/// The keys that pass, and what their values must be.
pub(super) const PASSED: &[(&str, Value)] = &[
    ("core.abbrev", Value::Number),
    ("core.autocrlf", Value::BoolOr(&["input"])),
    ("core.eol", Value::OneOf(&["lf", "crlf", "native"])),
    ("core.filemode", Value::Bool),
    ("core.ignorecase", Value::Bool),
    ("core.logallrefupdates", Value::BoolOr(&["always"])),
    ("core.precomposeunicode", Value::Bool),
    ("core.protecthfs", Value::OneOf(&["true"])),
    ("core.protectntfs", Value::OneOf(&["true"])),
    ("core.safecrlf", Value::BoolOr(&["warn"])),
    ("core.sparsecheckout", Value::Bool),
    ("core.sparsecheckoutcone", Value::Bool),
    ("core.symlinks", Value::Bool),
    ("core.trustctime", Value::Bool),
    ("core.checkstat", Value::OneOf(&["default", "minimal"])),
    ("diff.algorithm", Value::OneOf(&["default", "myers", "minimal", "patience", "histogram"])),
    ("diff.context", Value::Number),
    ("diff.mnemonicprefix", Value::Bool),
    ("diff.noprefix", Value::Bool),
    ("diff.renames", Value::BoolOr(&["copies", "copy"])),
    ("i18n.commitencoding", Value::Text),
    ("status.showuntrackedfiles", Value::OneOf(&["no", "normal", "all"])),
    ("user.email", Value::Text),
    ("user.name", Value::Text),
];

impl Settings {
    /// Reads the file of a repository.
    ///
    /// # Errors
    /// It cannot be read, or the repository is of a kind that git does not work on here.
    pub(super) fn read(file: &[u8]) -> Result<Self, Failure> {
        let text = String::from_utf8_lossy(file);
        let all = parse(&text).map_err(|line| {
            Failure::Invalid(format!("the repository's configuration cannot be read at line {line}: mend the file"))
        })?;
        let mut read = Self::default();
        for setting in all {
            read.note(&setting)?;
            if setting.passes() {
                read.passed.push(setting);
            }
        }
        Ok(read)
    }

    /// The same for a repository with a folder of files or without, whatever it says itself.
    pub(super) fn with_kind(self, is_bare: bool) -> Self {
        Self { is_bare, ..self }
    }

    /// What says of which kind the repository is.
    fn note(&mut self, setting: &Setting) -> Result<(), Failure> {
        let value = setting.value.as_deref().unwrap_or("true");
        let refuse = |what: String| Err(Failure::Denied(format!("the repository {what}, which is not supported here")));
        match (setting.section.as_str(), setting.key.as_str()) {
            _ if setting.name.is_some() => {}
            ("core", "repositoryformatversion") if !matches!(value, "0" | "1") => {
                return refuse(format!("has the format {}", value.escape_debug()));
            }
            ("extensions", "objectformat") => match value {
                "sha1" => self.sha256 = false,
                "sha256" => self.sha256 = true,
                _ => return refuse("names objects in a way of its own".to_owned()),
            },
            ("extensions", "refstorage") if value != "files" => {
                return refuse("keeps its branches in another format than files".to_owned());
            }
            ("extensions", "partialclone") => self.is_partial = true,
            _ => {}
        }
        Ok(())
    }

    /// The whole configuration for git; `more` is the host's own for this call.
    pub(super) fn written(&self, more: &str) -> String {
        let (version, format) = if self.sha256 { (1, "[extensions]\n\tobjectFormat = sha256\n") } else { (0, "") };
        let bare = self.is_bare;
        let passed: String = self.passed.iter().map(Setting::written).collect();
        format!("{passed}[core]\n\trepositoryFormatVersion = {version}\n\tbare = {bare}\n{format}{OURS}{more}")
    }

    /// How many digits the name of an object has.
    pub(super) fn digits(&self) -> usize {
        if self.sha256 { 64 } else { 40 }
    }
}

/// The configuration for git where there is no repository yet.
pub(super) fn without_repository(more: &str) -> String {
    format!("{OURS}[core]\n\tlogAllRefUpdates = false\n{more}")
}

impl Setting {
    fn passes(&self) -> bool {
        let value = self.value.as_deref();
        let Some(name) = &self.name else {
            let key = format!("{}.{}", self.section, self.key);
            let known = PASSED.iter().find(|(passed, _)| *passed == key);
            return known.is_some_and(|(_, wanted)| wanted.fits(value));
        };
        let Some(value) = value else { return false };
        // A name that looks like an address could be taken for one.
        if !is_plain_name(name) {
            return false;
        }
        match (self.section.as_str(), self.key.as_str()) {
            // Git is never sent to a remote by its name: these are for reading, and for what is ahead and behind.
            ("remote", "url" | "pushurl") => value.len() <= 2_000 && !value.is_empty() && is_line(value),
            ("remote", "fetch") => is_refspec(value),
            ("branch", "remote") => value == "." || is_plain_name(value),
            ("branch", "merge") => value.starts_with("refs/heads/") && is_plain_name(value),
            _ => false,
        }
    }

    fn written(&self) -> String {
        let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let name = self.name.as_deref().map(|name| format!(" {}", quoted(name))).unwrap_or_default();
        let value = quoted(self.value.as_deref().unwrap_or("true"));
        format!("[{}{name}]\n\t{} = {value}\n", self.section, self.key)
    }
}

impl Value {
    fn fits(self, value: Option<&str>) -> bool {
        let Some(value) = value else { return matches!(self, Self::Bool | Self::BoolOr(_)) };
        match self {
            Self::Bool => as_bool(value).is_some(),
            Self::OneOf(words) => words.contains(&value),
            Self::BoolOr(words) => as_bool(value).is_some() || words.contains(&value),
            Self::Number => value.len() <= 3 && !value.is_empty() && value.bytes().all(|c| c.is_ascii_digit()),
            Self::Text => value.len() <= 200 && is_line(value),
        }
    }
}

fn as_bool(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" | "" => Some(false),
        _ => None,
    }
}

fn is_line(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// The name of a branch or a remote that is neither an option nor an address.
pub(super) fn is_plain_name(name: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || "._-/+#@".contains(c);
    (1..=250).contains(&name.len())
        && !name.starts_with(['-', '.', '/'])
        && !name.contains("..")
        && !name.contains("//")
        && name.chars().all(fits)
}

fn is_refspec(text: &str) -> bool {
    let text = text.strip_prefix('+').unwrap_or(text);
    let fits = |part: &str| {
        part.starts_with("refs/") && part.matches('*').count() < 2 && is_plain_name(&part.replace('*', "x"))
    };
    text.split_once(':').is_some_and(|(from, to)| fits(from) && fits(to))
}

#[cfg(test)]
mod tests;
