//! `people`: whom the assistant knows. It tells and changes nothing; how people are reached stays with the host.

use std::collections::HashMap;

use steward_agent::{PersonId, Role, Source, foreign};
use steward_store::{Identity, Person};
use wasmtime::component::{HasSelf, Linker};

use crate::argument::required;
use crate::bindings::{Failure, wit};
use crate::capability::{Brings, Capability};
use crate::grant::Access;
use crate::state::CallState;
use crate::wall;

pub(crate) const CAPABILITY: Capability = Capability {
    name: "people",
    summary: ("Find and list the people the assistant knows.", "Искать и перечислять людей, которых знает ассистент."),
    interfaces: &["steward:plugin/people"],
    owner: Access::Write,
    brings: Brings::Marked,
    stays_within: true,
    link,
    ..Capability::PLAIN
};

/// The longest query, in characters.
const QUERY_CHARS: usize = 200;

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wit::people::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)
}

impl wit::people::Host for CallState {
    async fn find(&mut self, query: String) -> Result<Vec<wit::people::Person>, Failure> {
        let query = required("query", &query, QUERY_CHARS)?;
        let found = self.backing.store.find_people(&query).await?;
        Ok(found.into_iter().map(|person| self.introduced(person)).collect())
    }

    async fn list(&mut self, banned_only: bool) -> Result<Vec<wit::people::Person>, Failure> {
        let all = self.backing.store.list_people(banned_only).await?;
        Ok(all.into_iter().map(|person| self.introduced(person)).collect())
    }

    async fn resolve(&mut self, query: String) -> Result<wit::people::Acquaintance, Failure> {
        let query = required("query", &query, QUERY_CHARS)?;
        let person = self.backing.store.resolve_person(&query).await?;
        let identities = self.backing.store.identities(Some(person.id)).await?;
        Ok(self.described(person, identities))
    }

    async fn everybody(&mut self, banned_only: bool) -> Result<Vec<wit::people::Acquaintance>, Failure> {
        let mut identities: HashMap<PersonId, Vec<Identity>> = HashMap::new();
        for one in self.backing.store.identities(None).await? {
            identities.entry(one.person).or_default().push(one);
        }
        let all = self.backing.store.list_people(banned_only).await?;
        let described = all.into_iter().map(|person| {
            let of = identities.remove(&person.id).unwrap_or_default();
            self.described(person, of)
        });
        Ok(described.collect())
    }
}

impl CallState {
    fn introduced(&self, person: Person) -> wit::people::Person {
        if person.role != Role::Owner {
            self.lowering.receive(name_of(&person.name, person.username.as_deref()));
        }
        wit::people::Person {
            id: person.id.to_string(),
            name: person.name,
            username: person.username,
            role: person.role.as_str().to_owned(),
            banned: person.banned,
            last_seen: person.last_seen.map(|at| wall::shown(at, &self.backing.time_zone)),
        }
    }
}

impl CallState {
    /// Notes that an answer names somebody by what says more than a name.
    pub(super) fn receive_name(&self, person: &Person) {
        let name = name_of(&person.name, person.username.as_deref());
        if person.role != Role::Owner && name.lowers() {
            self.lowering.receive(name);
        }
    }

    fn described(&self, person: Person, identities: Vec<Identity>) -> wit::people::Acquaintance {
        if person.role != Role::Owner {
            self.lowering.receive(name_of(&person.name, person.username.as_deref()));
        }
        let shown = |at| wall::shown(at, &self.backing.time_zone);
        let identity = |one: Identity| wit::people::Identity {
            channel: one.channel,
            id: one.id,
            right: one.right.map(|right| right.as_str().to_owned()),
        };
        wit::people::Acquaintance {
            id: person.id.to_string(),
            name: person.name,
            username: person.username,
            aliases: person.aliases,
            role: person.role.as_str().to_owned(),
            banned: person.banned,
            warnings: person.warnings,
            known_since: person.known_since.map(shown),
            last_seen: person.last_seen.map(shown),
            identities: identities.into_iter().map(identity).collect(),
        }
    }
}

/// What the name is that somebody gave themselves: no more than a name, or words of theirs.
pub(super) fn name_of(name: &str, username: Option<&str>) -> Source {
    if foreign::is_plain_name(name) {
        return Source::Names;
    }
    Source::Person(username.map_or_else(|| name.to_owned(), |username| format!("@{username}")))
}

#[cfg(test)]
mod tests {
    use crate::bindings::wit::people::Host as _;
    use crate::fixture::Fixture;

    #[tokio::test]
    async fn people_are_found_and_listed() {
        let fixture = Fixture::new().await;
        let mut owner = fixture.owner();
        let found = owner.find("@Anna_K".to_owned()).await.unwrap();
        assert_eq!(found.len(), 1);
        let anna = &found[0];
        assert_eq!(
            (anna.name.as_str(), anna.username.as_deref(), anna.role.as_str()),
            ("Anna", Some("anna_k"), "external")
        );
        assert_eq!(anna.last_seen.as_deref(), Some("2026-11-20T14:05:00"));
        assert_eq!(owner.list(false).await.unwrap().len(), 3);
        assert!(owner.list(true).await.unwrap().is_empty());
        let everybody = owner.everybody(false).await.unwrap();
        let rights: Vec<_> =
            everybody.iter().flat_map(|one| &one.identities).filter_map(|one| one.right.as_deref()).collect();
        assert_eq!(rights, ["configuration"]);
        fixture.ban_anna().await;
        assert_eq!(owner.list(true).await.unwrap()[0].name, "Anna");
    }
}
