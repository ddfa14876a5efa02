//! What an owner is asked about a grant of `process`: its programs, their surroundings and their bounds.

use std::collections::BTreeSet;
use std::path::Path;

use super::scope::{Commands, ProcessGrant};
use crate::scope::{ALL, Row};

/// Everything, after the owner was asked.
const ASKED: &str = "?";

pub(super) const ROWS: &[Row] = &[
    Row {
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
        ..Row::list("commands", ("It may run {}.", "Может запускать {}."), |scopes| {
            commands(&scopes.get::<ProcessGrant>().commands)
        })
    },
    Row {
        special: &[(
            ALL,
            (
                "Its programs reach the network and the services of this machine.",
                "Его программам доступны сеть и службы этой машины.",
            ),
        )],
        ..Row::list("network", ("Network: {}.", "Сеть: {}."), |scopes| {
            scopes.get::<ProcessGrant>().network.then(|| ALL.to_owned()).into_iter().collect()
        })
    },
    Row {
        covers: path_covers,
        ..Row::list(
            "read",
            ("They may read {} outside of the workspace.", "Им можно читать {} вне рабочей папки."),
            |scopes| scopes.get::<ProcessGrant>().read.iter().map(|path| path.display().to_string()).collect(),
        )
    },
    Row {
        covers: beginning_covers,
        ..Row::list(
            "variables",
            ("It may set these variables for them: {}.", "Может задавать им переменные: {}."),
            |scopes| scopes.get::<ProcessGrant>().variables.iter().cloned().collect(),
        )
    },
    Row::list(
        "secrets",
        (
            "It may pass these to them; Steward cannot control where they send them: {}.",
            "Может передавать им эти секреты; куда они их отправят, Steward не контролирует: {}.",
        ),
        |scopes| scopes.get::<ProcessGrant>().secrets.iter().cloned().collect(),
    ),
    Row::amount(
        "time_seconds",
        ("Each takes at most {} s.", "Каждая работает не дольше {} с."),
        |scopes| scopes.get::<ProcessGrant>().time_seconds,
    ),
    Row::amount(
        "output_kb",
        ("{} KB of its output are kept.", "Из её вывода сохраняется {} КБ."),
        |scopes| scopes.get::<ProcessGrant>().output_kb,
    ),
    Row::amount("memory_mb", ("It has {} MB of memory.", "Памяти у неё {} МБ."), |scopes| {
        scopes.get::<ProcessGrant>().memory_mb
    }),
    Row::amount(
        "file_mb",
        ("A file it writes has at most {} MB.", "Каждый её файл не больше {} МБ."),
        |scopes| scopes.get::<ProcessGrant>().file_mb,
    ),
    Row::amount(
        "processes",
        ("Processes at the same time: {} at most.", "Процессов одновременно: до {}."),
        |scopes| scopes.get::<ProcessGrant>().processes,
    ),
];

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

fn path_covers(approved: &str, asked: &str) -> bool {
    Path::new(asked).starts_with(approved)
}

/// `GIT_*` covers `GIT_DIR` and `GIT_AUTHOR_*`.
fn beginning_covers(approved: &str, asked: &str) -> bool {
    approved == asked || approved.strip_suffix('*').is_some_and(|beginning| asked.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_variables_and_programs_cover_what_lies_beneath() {
        assert!(path_covers("/usr/share", "/usr/share/git") && !path_covers("/usr/share", "/usr"));
        assert!(beginning_covers("GIT_*", "GIT_AUTHOR_*") && !beginning_covers("GIT_DIR", "GIT_*"));
        assert!(all_or_same("*", "?") && !all_or_same("?", "git") && !all_or_same("git", "?"));
    }
}
