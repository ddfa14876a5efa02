//! `people`: whom the assistant knows. It tells and changes nothing; how people are reached stays with the host.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use steward_agent::{PersonId, Role};
use steward_store::{Identity, Person};
use wasmtime::component::{HasData, Linker};

use crate::acquaintances::{Acquaintances, name_of};
use crate::argument::required;
use crate::bindings::{Failure, wit};
use crate::capability::{Brings, Capability};
use crate::foreign::Lowering;
use crate::grant::Access;
use crate::host_call::HostCall;
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
    wit::people::add_to_linker::<_, HasPeople>(linker, view)
}

/// What it needs of a call: the people, and what came from others, as names may.
struct People<'a> {
    people: Acquaintances<'a>,
    lowering: &'a Lowering,
    zone: &'a TimeZone,
}

struct HasPeople;

impl HasData for HasPeople {
    type Data<'a> = People<'a>;
}

fn view(state: &mut CallState) -> People<'_> {
    let HostCall { backing, lowering, .. } = HostCall::of(state);
    People { people: backing.acquaintances(), lowering, zone: &backing.time_zone }
}

impl wit::people::Host for People<'_> {
    async fn find(&mut self, query: String) -> Result<Vec<wit::people::Person>, Failure> {
        let query = required("query", &query, QUERY_CHARS)?;
        let found = self.people.fitting(&query).await?;
        Ok(found.into_iter().map(|person| self.introduced(person)).collect())
    }

    async fn list(&mut self, banned_only: bool) -> Result<Vec<wit::people::Person>, Failure> {
        let all = self.people.all(banned_only).await?;
        Ok(all.into_iter().map(|person| self.introduced(person)).collect())
    }

    async fn resolve(&mut self, query: String) -> Result<wit::people::Acquaintance, Failure> {
        let query = required("query", &query, QUERY_CHARS)?;
        let person = self.people.named(&query).await?;
        let identities = self.people.identities(Some(person.id)).await?;
        Ok(self.described(person, identities))
    }

    async fn everybody(&mut self, banned_only: bool) -> Result<Vec<wit::people::Acquaintance>, Failure> {
        let mut identities: HashMap<PersonId, Vec<Identity>> = HashMap::new();
        for one in self.people.identities(None).await? {
            identities.entry(one.person).or_default().push(one);
        }
        let all = self.people.all(banned_only).await?;
        let described = all.into_iter().map(|person| {
            let of = identities.remove(&person.id).unwrap_or_default();
            self.described(person, of)
        });
        Ok(described.collect())
    }
}

impl People<'_> {
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
            last_seen: person.last_seen.map(|at| wall::shown(at, self.zone)),
        }
    }

    fn described(&self, person: Person, identities: Vec<Identity>) -> wit::people::Acquaintance {
        if person.role != Role::Owner {
            self.lowering.receive(name_of(&person.name, person.username.as_deref()));
        }
        let shown = |at| wall::shown(at, self.zone);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::wit::people::Host as _;
    use crate::fixture::Fixture;

    #[tokio::test]
    async fn people_are_found_and_listed() {
        let fixture = Fixture::new().await;
        let mut owner = fixture.owner();
        let found = view(&mut owner).find("@Anna_K".to_owned()).await.unwrap();
        assert_eq!(found.len(), 1);
        let anna = &found[0];
        assert_eq!(
            (anna.name.as_str(), anna.username.as_deref(), anna.role.as_str()),
            ("Anna", Some("anna_k"), "external")
        );
        assert_eq!(anna.last_seen.as_deref(), Some("2026-11-20T14:05:00"));
        assert_eq!(view(&mut owner).list(false).await.unwrap().len(), 3);
        assert!(view(&mut owner).list(true).await.unwrap().is_empty());
        let everybody = view(&mut owner).everybody(false).await.unwrap();
        let rights: Vec<_> =
            everybody.iter().flat_map(|one| &one.identities).filter_map(|one| one.right.as_deref()).collect();
        assert_eq!(rights, ["configuration"]);
        fixture.ban_anna().await;
        assert_eq!(view(&mut owner).list(true).await.unwrap()[0].name, "Anna");
    }
}
