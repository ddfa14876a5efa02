//! The scopes of capabilities: what each is called, how it is read off a grant, and when one item of it covers another.
//! A new scope is one row here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Extent;
use crate::capability::http;
use crate::capability::process::Commands;
use crate::grant::{Access, FolderGrant, Grant};

/// A sentence, English and Russian.
pub(super) type Sentence = (&'static str, &'static str);

/// One scope of a capability.
pub(super) struct Scope {
    pub(super) capability: &'static str,
    /// Its key in plugin.toml.
    pub(super) key: &'static str,
    /// What it means in one sentence, with its extent in place of `{}`.
    pub(super) sentence: Sentence,
    /// Items that stand for more than themselves, and what they mean.
    pub(super) special: &'static [(&'static str, Sentence)],
    read: Read,
    /// Whether an approved item, the first, covers an asked one.
    covers: fn(&str, &str) -> bool,
}

/// How a scope is read off a grant.
enum Read {
    Items(fn(&Grant) -> BTreeSet<String>),
    Amount(fn(&Grant) -> u32),
}

/// Everything there is of a scope.
const ALL: &str = "*";
/// Everything, after the owner was asked.
const ASKED: &str = "?";

/// All scopes, in the order in which they are shown.
static SCOPES: &[Scope] = &[
    Scope {
        special: &[(ALL, ("In the whole workspace.", "Во всей рабочей папке."))],
        covers: folder_covers,
        ..list(
            "files",
            "folders",
            ("Only in these folders of the workspace: {}.", "Только в этих папках рабочей папки: {}."),
            |grant| folders(&grant.files.folders),
        )
    },
    Scope {
        special: &[(ALL, ("It may reach any host of the internet.", "Может обращаться к любому узлу интернета."))],
        covers: host_covers,
        ..list("http", "hosts", ("It may reach {}.", "Может обращаться к {}."), |grant| {
            grant.http.hosts.iter().map(|host| host_shown(host)).collect()
        })
    },
    list("http", "methods", ("With requests of the kinds {}.", "Запросами видов {}."), |grant| {
        grant.http.methods.iter().cloned().collect()
    }),
    list("http", "ports", ("At the ports {}.", "По портам {}."), |grant| {
        grant.http.ports.iter().map(ToString::to_string).collect()
    }),
    amount(
        "model",
        "calls",
        ("Questions in one call: {} at most.", "Вопросов за один вызов: до {}."),
        |grant| grant.model.calls,
    ),
    amount(
        "model",
        "tokens",
        ("Tokens of an answer: {} at most.", "Токенов в ответе: до {}."),
        |grant| grant.model.tokens,
    ),
    list(
        "secrets",
        "names",
        (
            "It may use these in its requests without seeing them: {}.",
            "Может подставлять в свои запросы, не видя их: {}.",
        ),
        |grant| grant.secrets.names.iter().cloned().collect(),
    ),
    Scope {
        special: &[
            (ALL, ("It may run any program.", "Может запускать любую программу.")),
            (
                ASKED,
                (
                    "It may run any program, after you have approved the exact command.",
                    "Может запускать любую программу, если вы одобрили саму команду.",
                ),
            ),
            (
                "git",
                (
                    "It may use git on repositories, and git runs no program that they name.",
                    "Может работать с репозиториями через git, который не запускает программ из их настроек.",
                ),
            ),
        ],
        covers: all_or_same,
        ..list("process", "commands", ("It may run {}.", "Может запускать {}."), |grant| {
            commands(&grant.process.commands)
        })
    },
    Scope {
        special: &[(
            ALL,
            (
                "Its programs reach the network and the services of this machine.",
                "Его программам доступны сеть и службы этой машины.",
            ),
        )],
        ..list("process", "network", ("Network: {}.", "Сеть: {}."), |grant| {
            grant.process.network.then(|| ALL.to_owned()).into_iter().collect()
        })
    },
    Scope {
        covers: path_covers,
        ..list(
            "process",
            "read",
            ("They may read {} outside of the workspace.", "Им можно читать {} вне рабочей папки."),
            |grant| grant.process.read.iter().map(|path| path.display().to_string()).collect(),
        )
    },
    Scope {
        covers: beginning_covers,
        ..list(
            "process",
            "variables",
            ("It may set these variables for them: {}.", "Может задавать им переменные: {}."),
            |grant| grant.process.variables.iter().cloned().collect(),
        )
    },
    list(
        "process",
        "secrets",
        (
            "It may pass these to them; Steward cannot control where they send them: {}.",
            "Может передавать им эти секреты; куда они их отправят, Steward не контролирует: {}.",
        ),
        |grant| grant.process.secrets.iter().cloned().collect(),
    ),
    amount(
        "process",
        "time_seconds",
        ("Each takes at most {} s.", "Каждая работает не дольше {} с."),
        |grant| grant.process.time_seconds,
    ),
    amount(
        "process",
        "output_kb",
        ("{} KB of its output are kept.", "Из её вывода сохраняется {} КБ."),
        |grant| grant.process.output_kb,
    ),
    amount("process", "memory_mb", ("It has {} MB of memory.", "Памяти у неё {} МБ."), |grant| {
        grant.process.memory_mb
    }),
    amount(
        "process",
        "file_mb",
        ("A file it writes has at most {} MB.", "Каждый её файл не больше {} МБ."),
        |grant| grant.process.file_mb,
    ),
    amount(
        "process",
        "processes",
        ("Processes at the same time: {} at most.", "Процессов одновременно: до {}."),
        |grant| grant.process.processes,
    ),
    amount(
        "tools",
        "calls",
        ("At most {} of them in one call.", "Не больше {} за один вызов."),
        |grant| grant.tools.calls,
    ),
];

/// A scope of items, each of which covers itself alone.
const fn list(
    capability: &'static str,
    key: &'static str,
    sentence: Sentence,
    read: fn(&Grant) -> BTreeSet<String>,
) -> Scope {
    Scope { capability, key, sentence, special: &[], read: Read::Items(read), covers: same }
}

/// A scope that is a number.
const fn amount(capability: &'static str, key: &'static str, sentence: Sentence, read: fn(&Grant) -> u32) -> Scope {
    Scope { capability, key, sentence, special: &[], read: Read::Amount(read), covers: same }
}

/// The scopes of one capability in a grant.
pub(super) fn of(grant: &Grant, capability: &str) -> BTreeMap<String, Extent> {
    all_of(capability).map(|scope| (scope.key.to_owned(), scope.read.of(grant))).collect()
}

impl Read {
    fn of(&self, grant: &Grant) -> Extent {
        match self {
            Self::Items(read) => Extent::Items(read(grant)),
            Self::Amount(read) => Extent::Amount(read(grant).into()),
        }
    }
}

/// The rows of one capability.
pub(super) fn all_of(capability: &str) -> impl Iterator<Item = &'static Scope> {
    SCOPES.iter().filter(move |scope| scope.capability == capability)
}

/// When an approved item of a scope covers an asked one.
pub(super) fn covering(capability: &str, key: &str) -> fn(&str, &str) -> bool {
    all_of(capability).find(|scope| scope.key == key).map_or(same, |scope| scope.covers)
}

fn folders(folders: &[FolderGrant]) -> BTreeSet<String> {
    if folders.is_empty() {
        return BTreeSet::from([ALL.to_owned()]);
    }
    let level = |access| if access == Access::Write { "write" } else { "read" };
    folders.iter().map(|folder| format!("{}:{}", folder.path, level(folder.access))).collect()
}

fn commands(commands: &Commands) -> BTreeSet<String> {
    match commands {
        Commands::Listed(names) => names.iter().cloned().collect(),
        Commands::Ask => BTreeSet::from([ASKED.to_owned()]),
        Commands::Full => BTreeSet::from([ALL.to_owned()]),
    }
}

/// `*` covers everything, also what is asked about each time.
fn all_or_same(approved: &str, asked: &str) -> bool {
    approved == ALL || approved == asked
}

/// `notes:write` covers `notes:read` and `notes/2026:write`.
fn folder_covers(approved: &str, asked: &str) -> bool {
    let (Some((folder, most)), Some((within, wanted))) = (approved.rsplit_once(':'), asked.rsplit_once(':')) else {
        return approved == ALL;
    };
    path_covers(folder, within) && (most == wanted || most == "write")
}

fn path_covers(approved: &str, asked: &str) -> bool {
    Path::new(asked).starts_with(approved)
}

/// `GIT_*` covers `GIT_DIR` and `GIT_AUTHOR_*`.
fn beginning_covers(approved: &str, asked: &str) -> bool {
    approved == asked || approved.strip_suffix('*').is_some_and(|beginning| asked.starts_with(beginning))
}

fn same(approved: &str, asked: &str) -> bool {
    approved == asked
}

/// The host as requests are compared with it, so that letters which only look familiar do not.
fn host_shown(host: &str) -> String {
    http::host_shown(host).unwrap_or_else(|_| host.to_owned())
}

/// `*` and `*.example.org` cover hosts without a port of their own; whatever has one is covered by itself alone.
fn host_covers(approved: &str, asked: &str) -> bool {
    if approved == asked {
        return true;
    }
    if asked.contains(':') {
        return false;
    }
    let below = asked.strip_prefix("*.").unwrap_or(asked);
    match approved.strip_prefix("*.") {
        // `*.a.org` covers `x.a.org` and `*.x.a.org`, and not `a.org`.
        Some(domain) => below.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')),
        None => approved == ALL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::CAPABILITIES;
    use crate::capability::process::ProcessGrant;
    use crate::capability::tools::ToolsGrant;
    use crate::grant::{FilesGrant, HttpGrant, ModelGrant, SecretGrant};

    /// Whoever adds a scope to a grant meets this line; the row above is what makes it part of the question.
    #[test]
    fn every_scope_of_a_grant_is_asked_about() {
        let Grant { capabilities: _, files, http, secrets, model, process, tools, granted_in: _ } = Grant::default();
        let FilesGrant { folders: _ } = &*files;
        let HttpGrant { hosts: _, methods: _, ports: _ } = &*http;
        let SecretGrant { names: _ } = &*secrets;
        let ModelGrant { calls: _, tokens: _ } = model;
        let ToolsGrant { calls: _ } = tools;
        #[rustfmt::skip]
        let ProcessGrant {
            commands: _, network: _, read: _, variables: _, secrets: _,
            time_seconds: _, output_kb: _, memory_mb: _, file_mb: _, processes: _,
        } = &*process;
        assert_eq!(SCOPES.len(), 1 + 3 + 1 + 2 + 1 + 10);
        for scope in SCOPES {
            assert!(CAPABILITIES.iter().any(|one| one.name == scope.capability), "{}", scope.capability);
            assert!(scope.sentence.0.contains("{}") && scope.sentence.1.contains("{}"), "{}", scope.key);
        }
    }

    #[test]
    fn folders_paths_and_variables_cover_what_lies_beneath() {
        assert!(folder_covers("*", "notes:write"));
        assert!(folder_covers("notes:write", "notes/2026:read"));
        assert!(!folder_covers("notes:read", "notes:write"));
        assert!(!folder_covers("notes:write", "notes-2026:write"));
        assert!(!folder_covers("notes:write", "*"));
        assert!(path_covers("/usr/share", "/usr/share/git") && !path_covers("/usr/share", "/usr"));
        assert!(beginning_covers("GIT_*", "GIT_AUTHOR_*") && !beginning_covers("GIT_DIR", "GIT_*"));
        assert!(all_or_same("*", "?") && !all_or_same("?", "git") && !all_or_same("git", "?"));
    }

    #[test]
    fn an_approved_host_covers_what_lies_within_it() {
        for (approved, asked, covered) in [
            ("*", "example.org", true),
            ("*", "*.example.org", true),
            ("*.example.org", "a.example.org", true),
            ("*.example.org", "*.a.example.org", true),
            ("*.example.org", "example.org", false),
            ("*.example.org", "*", false),
            ("*.example.org", "badexample.org", false),
            ("a.example.org", "*.example.org", false),
            ("*", "example.org:8443", false),
            ("example.org:8443", "example.org:8443", true),
            ("example.org:8443", "example.org", false),
        ] {
            assert_eq!(host_covers(approved, asked), covered, "{approved} {asked}");
        }
    }

    #[test]
    fn letters_that_look_alike_are_told_apart() {
        // The first letter is Cyrillic.
        assert_eq!(host_shown("еxample.org"), "xn--xample-2of.org");
        assert_eq!(host_shown("*.Example.ORG:8443"), "*.example.org:8443");
        assert_eq!(host_shown("*"), "*");
    }
}
