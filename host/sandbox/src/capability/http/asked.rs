//! What an owner is asked about a grant of `http`: its hosts, methods and ports, and when one host covers another.

use std::collections::BTreeSet;

use toml::{Table, Value};

use crate::grant::HttpGrant;
use crate::scope::{ALL, Row, Scopes};

pub(super) const ROWS: &[Row] = &[
    Row {
        special: &[(ALL, ("It may reach any host of the internet.", "Может обращаться к любому узлу интернета."))],
        covers: host_covers,
        ..Row::list("hosts", ("It may reach {}.", "Может обращаться к {}."), |scopes| {
            of(scopes, |http| http.hosts.iter().map(|host| host_shown(host)).collect())
        })
    },
    Row::list("methods", ("With requests of the kinds {}.", "Запросами видов {}."), |scopes| {
        of(scopes, |http| http.methods.iter().cloned().collect())
    }),
    Row::list("ports", ("At the ports {}.", "По портам {}."), |scopes| {
        of(scopes, |http| http.ports.iter().map(ToString::to_string).collect())
    }),
];

fn of(scopes: &Scopes, read: fn(&HttpGrant) -> BTreeSet<String>) -> BTreeSet<String> {
    read(&scopes.get::<HttpGrant>())
}

/// The line of a trial: these hosts with every method.
pub(super) fn of_trial(hosts: &[String]) -> Value {
    let all = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    Table::from_iter([
        ("hosts".to_owned(), hosts.to_vec().into()),
        ("methods".to_owned(), all.map(str::to_owned).to_vec().into()),
        ("ports".to_owned(), HttpGrant::default().ports.into_iter().map(i64::from).collect::<Vec<_>>().into()),
    ])
    .into()
}

/// The host as requests are compared with it, so that letters which only look familiar do not.
fn host_shown(host: &str) -> String {
    super::host_shown(host).unwrap_or_else(|_| host.to_owned())
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
