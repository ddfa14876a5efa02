//! The environment of a program: what the host sets, and what the grant lets the plugin add. Nothing of the host's own
//! environment is in it.

use std::path::Path;

use jiff::tz::TimeZone;

use super::scope::ProcessGrant;
use crate::bindings::Failure;
use crate::grant::GrantedIn;
use crate::secret::Known;
use crate::secret::program;

/// Where programs are looked for; never in the workspace.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin";

/// Names that are the host's, and beginnings of names with which a program is made to load other code.
const HOSTS: [&str; 7] = ["PATH", "HOME", "LANG", "TZ", "ENV", "BASH_ENV", "IFS"];
const LOADERS: [&str; 3] = ["LD_", "DYLD_", "_STEWARD"];

/// The most variables and bytes of them a plugin may add.
const VARIABLES: usize = 64;
const BYTES: usize = 64 << 10;

/// Whether a grant may name these variables: `NAME`, or `PREFIX_*`.
pub(super) fn can_be_granted(pattern: &str) -> bool {
    let name = pattern.strip_suffix('*').unwrap_or(pattern);
    let prefix = pattern.len() > name.len();
    let fits_prefix = !prefix || (name.ends_with('_') && !LOADERS.iter().any(|one| one.starts_with(name)));
    is_name(name) && fits_prefix && !is_hosts(name)
}

fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn is_hosts(name: &str) -> bool {
    HOSTS.contains(&name) || LOADERS.iter().any(|one| name.starts_with(one))
}

fn covers(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix) && name.len() > prefix.len(),
        None => pattern == name,
    }
}

/// Checks the variables a plugin wants to add, values still unfilled.
///
/// # Errors
/// The first that it may not set.
pub(super) fn check(
    (grant, granted_in): (&ProcessGrant, &GrantedIn),
    plugin: &str,
    wanted: &[(String, String)],
) -> Result<(), Failure> {
    let bytes: usize = wanted.iter().map(|(name, value)| name.len() + value.len()).sum();
    if wanted.len() > VARIABLES || bytes > BYTES {
        return Err(Failure::Invalid(format!(
            "a command may have {VARIABLES} variables of {} KB together",
            BYTES >> 10
        )));
    }
    for (name, value) in wanted {
        if !is_name(name) || value.contains('\0') {
            return Err(Failure::Invalid(format!("`{}` is not a variable that can be set", name.escape_debug())));
        }
        if is_hosts(name) || !grant.variables.iter().any(|pattern| covers(pattern, name)) {
            return Err(Failure::Denied(format!(
                "{plugin} may not set the variable {name} of a program: the owner can add it to {}",
                granted_in.place("process.variables")
            )));
        }
    }
    Ok(())
}

/// The whole environment, with secrets put in.
///
/// # Errors
/// A secret that may not be used or is not set.
pub(super) fn complete(
    (grant, granted_in): (&ProcessGrant, &GrantedIn),
    known: &Known,
    workspace: &Path,
    zone: &TimeZone,
    wanted: Vec<(String, String)>,
) -> Result<Vec<(String, String)>, Failure> {
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let home = workspace.to_string_lossy();
    let zone = zone.iana_name().unwrap_or("UTC");
    let mut all = vec![set("PATH", PATH), set("HOME", &home), set("LANG", "C.UTF-8"), set("TZ", zone)];
    for (name, value) in wanted {
        all.push((name, program::filled(known, &grant.secrets, granted_in, &value).map_err(Failure::Denied)?));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(variables: &[&str]) -> ProcessGrant {
        ProcessGrant { variables: variables.iter().map(|&one| one.to_owned()).collect(), ..ProcessGrant::default() }
    }

    fn checked(variables: &[&str], name: &str) -> bool {
        check((&grant(variables), &GrantedIn::Manifest), "test", &[(name.to_owned(), "x".to_owned())]).is_ok()
    }

    #[test]
    fn only_granted_names_are_set_and_never_those_that_load_code() {
        assert!(checked(&["GIT_*"], "GIT_DIR") && checked(&["A"], "A"));
        for (variables, name) in
            [(&["GIT_*"][..], "GITHUB"), (&["GIT_*"], "GIT_"), (&[], "A"), (&["A"], "A B"), (&["LD_*"], "LD_PRELOAD")]
        {
            assert!(!checked(variables, name), "{variables:?} {name}");
        }
        for pattern in ["PATH", "LD_*", "L*", "_*", "BASH_ENV", "1A", "", "*", "GIT*"] {
            assert!(!can_be_granted(pattern), "{pattern}");
        }
        assert!(can_be_granted("GIT_*") && can_be_granted("EDITOR"));
    }

    #[test]
    fn too_much_is_refused() {
        let many = vec![("GIT_A".to_owned(), "x".repeat(BYTES)); 2];
        assert!(matches!(check((&grant(&["GIT_*"]), &GrantedIn::Manifest), "test", &many), Err(Failure::Invalid(_))));
        let nul = vec![("GIT_A".to_owned(), "a\0b".to_owned())];
        assert!(matches!(check((&grant(&["GIT_*"]), &GrantedIn::Manifest), "test", &nul), Err(Failure::Invalid(_))));
    }
}
