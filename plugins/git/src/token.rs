//! Tokens for git over https. A token goes to git by a helper for one host, if the owner has bound it to that host; its
//! value is put in by the host of this plugin and is never seen here.

use steward_sdk::process::Command;
use steward_sdk::{Failure, secrets};

use crate::remote::Remote;

/// The secrets this plugin may use.
pub const TOKENS: [&str; 2] = ["GITHUB_TOKEN", "GITLAB_TOKEN"];

/// Answers git's question for a password from a variable that only this command has.
const HELPER: &str =
    "!f() { test \"$1\" = get && printf 'username=x-access-token\\npassword=%s\\n' \"$GIT_TOKEN\"; }; f";

/// The command, which has its name and nothing after it yet, with a token for the remote's host if there is one.
///
/// # Errors
/// The host cannot tell which secrets there are.
pub fn given(command: Command, remote: &Remote) -> Result<Command, Failure> {
    let Some(name) = token_for(remote)? else { return Ok(command) };
    Ok(with_helper(command, remote, &name))
}

/// The secret that is bound to the host of a remote reached over https.
///
/// # Errors
/// As [`given`].
pub fn token_for(remote: &Remote) -> Result<Option<String>, Failure> {
    let Some(host) = remote.https_host() else { return Ok(None) };
    let known = secrets::list()?;
    let bound = |secret: &secrets::Secret| secret.is_set && secret.hosts.iter().any(|pattern| covers(pattern, host));
    Ok(known.into_iter().find(bound).map(|secret| secret.name))
}

fn with_helper(mut command: Command, remote: &Remote, name: &str) -> Command {
    let host = remote.https_host().unwrap_or_default();
    // Settings stand before the name of git's command.
    let at = command.arguments.len().saturating_sub(1);
    let setting = ["-c".to_owned(), format!("credential.https://{host}.helper={HELPER}")];
    command.arguments.splice(at..at, setting);
    command.variable("GIT_TOKEN", secrets::placeholder(name))
}

/// Whether a host a secret is bound to is this one: `github.com`, `*.example.org`, `git.example.org:8443`.
fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(domain) => domain.starts_with('.') && host.len() > domain.len() && host.ends_with(domain),
        None => pattern == host,
    }
}

#[cfg(test)]
mod tests {
    use steward_sdk::process;

    use super::*;

    #[test]
    fn a_token_is_for_the_host_it_is_bound_to() {
        assert!(covers("github.com", "github.com") && covers("*.example.org", "git.example.org"));
        for (pattern, host) in
            [("github.com", "evil-github.com"), ("*.a.org", "a.org"), ("a.org", "a.org:8443"), ("*", "a")]
        {
            assert!(!covers(pattern, host), "{pattern} {host}");
        }
    }

    #[test]
    fn git_is_given_a_name_in_place_of_the_value_and_for_one_host_alone() {
        let remote = Remote::read("https://github.com/o/r").unwrap();
        let command = with_helper(process::program("git").arguments(["-c", "x=y", "push"]), &remote, "GITHUB_TOKEN");
        assert_eq!(command.arguments[2], "-c");
        assert!(command.arguments[3].starts_with("credential.https://github.com.helper=!f()"));
        assert_eq!(command.arguments[4], "push");
        assert_eq!(command.variables, [("GIT_TOKEN".to_owned(), "{{secret:GITHUB_TOKEN}}".to_owned())]);
    }
}
