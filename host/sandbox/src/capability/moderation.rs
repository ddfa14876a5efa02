//! `moderation`: whom the assistant answers, and the names the owner gives people. Rights are given elsewhere: by the
//! configuration, codes and commands.

use jiff::Timestamp;
use serde_json::{Value, json};
use steward_agent::{PersonId, Principal, Role};
use steward_store::{Person, Store};
use wasmtime::component::{HasData, Linker};

use crate::acquaintances::Acquaintances;
use crate::argument::required;
use crate::bindings::{Failure, wit};
use crate::capability::{Brings, Capability};
use crate::foreign::{Lowering, Matter};
use crate::grant::Access;
use crate::host_call::HostCall;
use crate::state::CallState;

pub(crate) const CAPABILITY: Capability = Capability {
    name: "moderation",
    summary: (
        "Ban people and lift bans, and give people names by which you know them.",
        "Блокировать людей и снимать блокировку, давать людям имена, под которыми вы их знаете.",
    ),
    interfaces: &["steward:plugin/moderation"],
    owner: Access::Write,
    brings: Brings::Marked,
    stays_within: true,
    link,
    ..Capability::PLAIN
};

/// The longest name, in characters; the store says what else one must be.
const ALIAS_CHARS: usize = 200;

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wit::moderation::add_to_linker::<_, HasModeration>(linker, view)
}

/// What it needs of a call: the people, what is decided about them, who decides, and what came from others.
struct Moderation<'a> {
    people: Acquaintances<'a>,
    decisions: Decisions<'a>,
    lowering: &'a Lowering,
    principal: &'a Principal,
    now: Timestamp,
}

struct HasModeration;

impl HasData for HasModeration {
    type Data<'a> = Moderation<'a>;
}

fn view(state: &mut CallState) -> Moderation<'_> {
    let HostCall { backing, principal, lowering, .. } = HostCall::of(state);
    Moderation {
        people: backing.acquaintances(),
        decisions: Decisions(&backing.store),
        lowering,
        principal,
        now: backing.now(),
    }
}

/// What is decided about people, and nothing else of the store.
#[derive(Clone, Copy)]
struct Decisions<'a>(&'a Store);

impl Decisions<'_> {
    async fn set_banned(self, person: PersonId, banned: bool) -> Result<(), Failure> {
        Ok(self.0.set_banned(person, banned).await?)
    }

    async fn give_alias(self, person: PersonId, alias: &str, now: Timestamp) -> Result<(), Failure> {
        Ok(self.0.give_alias(person, alias, now).await?)
    }

    async fn drop_alias(self, alias: &str) -> Result<PersonId, Failure> {
        Ok(self.0.drop_alias(alias).await?)
    }
}

impl wit::moderation::Host for Moderation<'_> {
    async fn ban(&mut self, user: String) -> Result<String, Failure> {
        let person = self.people.named(&user).await?;
        self.lowering.receive_name(&person);
        if person.id == self.principal.person {
            return Err(Failure::Invalid("that is the one who asks: nobody bans themselves".to_owned()));
        }
        self.refuse_equals(&person)?;
        self.ask_about(json!({ "ban": person.label() })).await?;
        self.decisions.set_banned(person.id, true).await?;
        Ok(person.label())
    }

    async fn unban(&mut self, user: String) -> Result<String, Failure> {
        let person = self.people.named(&user).await?;
        self.lowering.receive_name(&person);
        self.refuse_equals(&person)?;
        self.ask_about(json!({ "unban": person.label() })).await?;
        self.decisions.set_banned(person.id, false).await?;
        let person = self.people.person(person.id).await?;
        Ok(person.map(|person| person.label()).unwrap_or_default())
    }

    async fn give_alias(&mut self, user: String, alias: String) -> Result<String, Failure> {
        let person = self.people.named(&user).await?;
        self.lowering.receive_name(&person);
        let alias = required("alias", &alias, ALIAS_CHARS)?;
        self.ask_about(json!({ "alias": alias, "means": person.label() })).await?;
        self.decisions.give_alias(person.id, &alias, self.now).await?;
        Ok(person.label())
    }

    async fn drop_alias(&mut self, alias: String) -> Result<String, Failure> {
        let alias = required("alias", &alias, ALIAS_CHARS)?;
        self.ask_about(json!({ "alias": alias, "means": "nobody" })).await?;
        let person = self.decisions.drop_alias(&alias).await?;
        let person = self.people.person(person).await?;
        Ok(person.map(|person| person.label()).unwrap_or_default())
    }
}

impl Moderation<'_> {
    /// Whom a name means and who is answered decides where later messages go, so text from outside does not decide it. A
    /// name that this call itself has brought is no reason to ask.
    async fn ask_about(&self, what: Value) -> Result<(), Failure> {
        if !self.lowering.was_lowered() {
            return Ok(());
        }
        self.lowering.ask(Matter::Instructions, &what.to_string(), what.clone()).await.map(drop)
    }

    /// Only an owner judges anybody but outsiders, in case another role was given this.
    fn refuse_equals(&self, person: &Person) -> Result<(), Failure> {
        if self.principal.role == Role::Owner || person.role == Role::External {
            return Ok(());
        }
        Err(Failure::Denied(format!("{} is not an outsider: only an owner decides about them", person.label())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::wit::moderation::Host as _;
    use crate::fixture::Fixture;

    #[tokio::test]
    async fn an_owner_bans_lifts_bans_and_names_people() {
        let fixture = Fixture::new().await;
        let mut owner = fixture.owner();
        let store = owner.backing.store.clone();
        let banned = view(&mut owner).ban("@anna_k".to_owned()).await.unwrap();
        assert_eq!(banned, "\"Anna\" (@anna_k, id 2, known since 2026-11-20)");
        assert!(store.list_people(true).await.unwrap().iter().all(|one| one.banned && one.name == "Anna"));
        view(&mut owner).unban("anna".to_owned()).await.unwrap();
        assert!(store.list_people(true).await.unwrap().is_empty());
        view(&mut owner).give_alias("@anna_k".to_owned(), "Sister".to_owned()).await.unwrap();
        assert_eq!(store.resolve_person("sister").await.unwrap().aliases, ["Sister"]);
        view(&mut owner).drop_alias("sister".to_owned()).await.unwrap();
        assert!(matches!(view(&mut owner).drop_alias("sister".to_owned()).await, Err(Failure::NotFound(_))));
    }

    #[tokio::test]
    async fn an_owner_is_not_banned_and_nobody_is_by_a_name_they_chose() {
        let fixture = Fixture::new().await;
        let mut owner = fixture.owner();
        assert!(matches!(view(&mut owner).ban("Olga".to_owned()).await, Err(Failure::Invalid(_))));
        assert!(matches!(view(&mut fixture.anna()).ban("1".to_owned()).await, Err(Failure::Denied(_))));
        fixture.stranger("Anna").await;
        let unclear = view(&mut owner).ban("Anna".to_owned()).await;
        assert!(matches!(unclear, Err(Failure::Invalid(text)) if text.contains("id 4")));
        assert!(owner.backing.store.list_people(true).await.unwrap().is_empty());
    }
}
