//! `secrets`: which of the secrets a plugin was granted are set, and a way to ask the owner for one. Values are not
//! here: they are put into requests at the edge, see `secret`.

use serde::Deserialize;
use steward_agent::Outgoing;
use toml::{Table, Value};
use wasmtime::component::{HasSelf, Linker};

use crate::argument::required;
use crate::bindings::{Failure, wit};
use crate::capability::{Capability, http};
use crate::grant::{Access, HttpGrant};
use crate::notice;
use crate::scope::{Row, Scope, ScopeKind, problem};
use crate::secret;
use crate::state::CallState;

pub(crate) const CAPABILITY: Capability = Capability {
    name: "secrets",
    summary: (
        "Have the host put the listed secrets into its requests, and ask you to set them.",
        "Пользоваться перечисленными секретами в запросах (подставляет хост) и просить вас их задать.",
    ),
    interfaces: &["steward:plugin/secrets"],
    owner: Access::Write,
    // They are put into requests by their names alone, for which nothing has to be imported.
    through: &[&http::CAPABILITY],
    scope: SCOPE,
    stays_within: true,
    trial_needs: Some("say which one it may use, with --secret NAME"),
    link,
    ..Capability::PLAIN
};

/// The longest reason, in characters.
const REASON_CHARS: usize = 500;

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wit::secrets::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)
}

/// The secrets a plugin may use, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretGrant {
    pub names: Vec<String>,
}

impl Scope for SecretGrant {}

const SCOPE: ScopeKind = ScopeKind {
    read: |line, scopes| {
        let secrets: SecretGrant = line.try_into().map_err(problem)?;
        check_grant(&secrets)?;
        scopes.set(secrets);
        Ok(Access::Write)
    },
    short: |line| line.is_array().then_some("names"),
    forms: "write names such as [\"EXAMPLE_TOKEN\"], or { names = [\"EXAMPLE_TOKEN\"] }",
    example: "{ names = [\"EXAMPLE_TOKEN\"] }",
    rows: &[Row::list(
        "names",
        (
            "It may use these in its requests without seeing them: {}.",
            "Может подставлять в свои запросы, не видя их: {}.",
        ),
        |scopes| scopes.get::<SecretGrant>().names.iter().cloned().collect(),
    )],
    trial: |trial, _| {
        let names = || Table::from_iter([("names".to_owned(), Value::from(trial.secrets.clone()))]).into();
        (!trial.secrets.is_empty()).then(names)
    },
    ..ScopeKind::NONE
};

/// Checks what a manifest grants.
///
/// # Errors
/// A name that cannot be a secret's, with what to write instead.
fn check_grant(grant: &SecretGrant) -> Result<(), String> {
    if grant.names.is_empty() {
        return Err("`names` is empty: list the secrets the plugin uses, such as \"GITHUB_TOKEN\"".to_owned());
    }
    match grant.names.iter().find(|name| !secret::is_name(name)) {
        Some(wrong) => Err(secret::SecretError::Name(wrong.clone()).to_string()),
        None => Ok(()),
    }
}

impl wit::secrets::Host for CallState {
    async fn list(&mut self) -> Result<Vec<wit::secrets::Secret>, Failure> {
        let known = self.backing.connected.refreshed().await?;
        let one = |name: &String| {
            let hosts = known.hosts(name);
            wit::secrets::Secret {
                name: name.clone(),
                is_set: hosts.is_some(),
                hosts: hosts.unwrap_or_default().to_vec(),
            }
        };
        Ok(self.grant.scope::<SecretGrant>().names.iter().map(one).collect())
    }

    async fn ask(&mut self, name: String, reason: String) -> Result<(), Failure> {
        let key = self.next_key();
        let reason = required("reason", &reason, REASON_CHARS)?;
        let secrets = self.grant.scope::<SecretGrant>();
        if !secrets.names.contains(&name) {
            let (plugin, granted) = (&self.plugin, secrets.names.join(", "));
            let place = self.grant.granted_in.place("secrets.names");
            let text = format!("{plugin} was not granted that secret, only {granted}: the owner can add it to {place}");
            return Err(Failure::Denied(text));
        }
        if self.backing.connected.refreshed().await?.hosts(&name).is_some() {
            return Err(Failure::Invalid(format!("the secret {name} is set already: use it")));
        }
        let http = self.grant.scope::<HttpGrant>();
        let host = http.hosts.iter().find(|host| *host != "*").map_or("HOST", String::as_str);
        let letters = self.backing.store.owners().await?.into_iter().filter_map(|owner| {
            let text = notice::secret_wanted(owner.language.unwrap_or_default(), &self.plugin, &name, host, &reason);
            Some(Outgoing { to: owner.address?, text, draft: None, unasked: true })
        });
        let letters: Vec<Outgoing> = letters.collect();
        if letters.is_empty() {
            return Err(Failure::Unavailable("the owner cannot be reached yet: try again later".to_owned()));
        }
        self.backing.store.enqueue(letters, Some(&key), self.timestamp()).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::wit::secrets::Host as _;
    use crate::fixture::Fixture;
    use crate::grant::{Grant, HttpGrant};
    use crate::scope::Scopes;

    fn granted(fixture: &Fixture) -> CallState {
        let names = ["SET_TOKEN", "MY_TOKEN"].map(str::to_owned).to_vec();
        let http = HttpGrant { hosts: vec!["*".into(), "api.example.org".into()], ..HttpGrant::default() };
        let scopes = Scopes::default().with(SecretGrant { names }).with(http);
        CallState { grant: Grant { scopes, ..Grant::default() }, ..fixture.owner() }
    }

    #[tokio::test]
    async fn only_granted_names_are_seen_and_never_a_value() {
        let fixture = Fixture::new().await;
        fixture.secret("SET_TOKEN", "a.org", "ghp_0123456789").await;
        fixture.secret("OTHER", "a.org", "ghp_9876543210").await;
        let listed = granted(&fixture).list().await.unwrap();
        let told: Vec<_> = listed.iter().map(|one| (one.name.as_str(), one.is_set, one.hosts.join(","))).collect();
        assert_eq!(told, [("SET_TOKEN", true, "a.org".to_owned()), ("MY_TOKEN", false, String::new())]);
        assert!(fixture.owner().list().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn the_owner_is_asked_once_for_a_secret_that_is_missing() {
        let fixture = Fixture::new().await;
        fixture.secret("SET_TOKEN", "a.org", "ghp_0123456789").await;
        let ask = async |name: &str| granted(&fixture).ask(name.to_owned(), "To read *issues*".to_owned()).await;
        assert!(matches!(ask("OTHER").await, Err(Failure::Denied(_))));
        assert!(matches!(ask("SET_TOKEN").await, Err(Failure::Invalid(_))));
        for _ in 0..2 {
            ask("MY_TOKEN").await.unwrap();
        }
        let sent = fixture.outbox().await;
        assert_eq!(sent.len(), 1);
        assert!(sent[0].text.contains("steward secret set MY_TOKEN --host api.example.org"), "{}", sent[0].text);
        assert!(sent[0].text.contains("> To read \\*issues\\*"), "{}", sent[0].text);
    }
}
