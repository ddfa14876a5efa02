//! `secrets`: which of the secrets a plugin was granted are set, and a way to ask the owner for one. Values are not
//! here: they are put into requests at the edge, see `secret`.

use steward_agent::Outgoing;
use wasmtime::component::{HasSelf, Linker};

use crate::argument::required;
use crate::bindings::{Failure, wit};
use crate::capability::Capability;
use crate::grant::{Access, SecretGrant};
use crate::notice;
use crate::secret;
use crate::state::CallState;

pub(crate) const CAPABILITY: Capability = Capability {
    name: "secrets",
    summary: (
        "Have the host put the listed secrets into its requests, and ask you to set them.",
        "Пользоваться перечисленными секретами в запросах (подставляет хост) и просить вас их задать.",
    ),
    interfaces: &["steward:plugin/secrets"],
    levels: false,
    owner: Access::Write,
    group: Access::None,
    external: Access::None,
    link,
};

/// The longest reason, in characters.
const REASON_CHARS: usize = 500;

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wit::secrets::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)
}

/// Checks what a manifest grants.
///
/// # Errors
/// A name that cannot be a secret's, with what to write instead.
pub(crate) fn check_grant(grant: &SecretGrant) -> Result<(), String> {
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
        Ok(self.grant.secrets.names.iter().map(one).collect())
    }

    async fn ask(&mut self, name: String, reason: String) -> Result<(), Failure> {
        let key = self.next_key();
        let reason = required("reason", &reason, REASON_CHARS)?;
        if !self.grant.secrets.names.contains(&name) {
            let (plugin, granted) = (&self.plugin, self.grant.secrets.names.join(", "));
            let place = self.grant.granted_in.place("secrets.names");
            let text = format!("{plugin} was not granted that secret, only {granted}: the owner can add it to {place}");
            return Err(Failure::Denied(text));
        }
        if self.backing.connected.refreshed().await?.hosts(&name).is_some() {
            return Err(Failure::Invalid(format!("the secret {name} is set already: use it")));
        }
        let host = self.grant.http.hosts.iter().find(|host| *host != "*").map_or("HOST", String::as_str);
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
    use std::sync::Arc;

    use super::*;
    use crate::bindings::wit::secrets::Host as _;
    use crate::fixture::Fixture;
    use crate::grant::{Grant, HttpGrant};

    fn granted(fixture: &Fixture) -> CallState {
        let names = ["SET_TOKEN", "MY_TOKEN"].map(str::to_owned).to_vec();
        let http = HttpGrant { hosts: vec!["*".into(), "api.example.org".into()], ..HttpGrant::default() };
        let secrets = Arc::new(SecretGrant { names });
        CallState { grant: Grant { secrets, http: Arc::new(http), ..Grant::default() }, ..fixture.owner() }
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
