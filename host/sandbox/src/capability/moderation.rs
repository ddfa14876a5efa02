//! `moderation`: whom the assistant answers, and the names the owner gives people. Rights are given elsewhere: by the
//! configuration, codes and commands.

use serde_json::{Value, json};
use steward_agent::Role;
use steward_store::Person;
use wasmtime::component::{HasSelf, Linker};

use crate::argument::required;
use crate::bindings::{Failure, wit};
use crate::capability::{Brings, Capability};
use crate::foreign::Matter;
use crate::grant::Access;
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
    wit::moderation::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)
}

impl wit::moderation::Host for CallState {
    async fn ban(&mut self, user: String) -> Result<String, Failure> {
        let person = self.backing.acquaintances().named(&user).await?;
        self.receive_name(&person);
        if person.id == self.principal.person {
            return Err(Failure::Invalid("that is the one who asks: nobody bans themselves".to_owned()));
        }
        self.refuse_equals(&person)?;
        self.ask_about(json!({ "ban": person.label() })).await?;
        self.backing.store.set_banned(person.id, true).await?;
        Ok(person.label())
    }

    async fn unban(&mut self, user: String) -> Result<String, Failure> {
        let person = self.backing.acquaintances().named(&user).await?;
        self.receive_name(&person);
        self.refuse_equals(&person)?;
        self.ask_about(json!({ "unban": person.label() })).await?;
        self.backing.store.set_banned(person.id, false).await?;
        let person = self.backing.store.person(person.id).await?;
        Ok(person.map(|person| person.label()).unwrap_or_default())
    }

    async fn give_alias(&mut self, user: String, alias: String) -> Result<String, Failure> {
        let person = self.backing.acquaintances().named(&user).await?;
        self.receive_name(&person);
        let alias = required("alias", &alias, ALIAS_CHARS)?;
        self.ask_about(json!({ "alias": alias, "means": person.label() })).await?;
        self.backing.store.give_alias(person.id, &alias, self.timestamp()).await?;
        Ok(person.label())
    }

    async fn drop_alias(&mut self, alias: String) -> Result<String, Failure> {
        let alias = required("alias", &alias, ALIAS_CHARS)?;
        self.ask_about(json!({ "alias": alias, "means": "nobody" })).await?;
        let person = self.backing.store.drop_alias(&alias).await?;
        let person = self.backing.store.person(person).await?;
        Ok(person.map(|person| person.label()).unwrap_or_default())
    }
}

impl CallState {
    /// Whom a name means and who is answered decides where later messages go, so text from outside does not decide it. A
    /// name that this call itself has brought is no reason to ask.
    async fn ask_about(&mut self, what: Value) -> Result<(), Failure> {
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
    use crate::bindings::wit::people::Host as _;
    use crate::fixture::Fixture;

    #[tokio::test]
    async fn an_owner_bans_lifts_bans_and_names_people() {
        let fixture = Fixture::new().await;
        let mut owner = fixture.owner();
        let banned = owner.ban("@anna_k".to_owned()).await.unwrap();
        assert_eq!(banned, "\"Anna\" (@anna_k, id 2, known since 2026-11-20)");
        assert!(owner.everybody(true).await.unwrap().iter().all(|one| one.banned && one.name == "Anna"));
        owner.unban("anna".to_owned()).await.unwrap();
        assert!(owner.everybody(true).await.unwrap().is_empty());
        owner.give_alias("@anna_k".to_owned(), "Sister".to_owned()).await.unwrap();
        assert_eq!(owner.resolve("sister".to_owned()).await.unwrap().aliases, ["Sister"]);
        owner.drop_alias("sister".to_owned()).await.unwrap();
        assert!(matches!(owner.drop_alias("sister".to_owned()).await, Err(Failure::NotFound(_))));
    }

    #[tokio::test]
    async fn an_owner_is_not_banned_and_nobody_is_by_a_name_they_chose() {
        let fixture = Fixture::new().await;
        let mut owner = fixture.owner();
        assert!(matches!(owner.ban("Olga".to_owned()).await, Err(Failure::Invalid(_))));
        assert!(matches!(fixture.anna().ban("1".to_owned()).await, Err(Failure::Denied(_))));
        fixture.stranger("Anna").await;
        assert!(matches!(owner.ban("Anna".to_owned()).await, Err(Failure::Invalid(text)) if text.contains("id 4")));
        assert!(owner.everybody(true).await.unwrap().is_empty());
    }
}
