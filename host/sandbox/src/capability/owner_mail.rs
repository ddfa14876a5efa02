//! `owner-mail`: a word to the owners from someone who may do nothing else. It goes out under the caller's own name,
//! set off as an outside person's words.

use std::sync::Arc;

use jiff::Timestamp;
use steward_agent::{Outgoing, Principal};
use steward_store::{Letter, Letters, Posted};
use wasmtime::component::{HasData, Linker};

use crate::acquaintances::Acquaintances;
use crate::argument::required;
use crate::bindings::{Failure, wit};
use crate::capability::{Capability, Reaches};
use crate::grant::Access;
use crate::host_call::{EffectKey, HostCall};
use crate::notice;
use crate::plugin::Effect;
use crate::scope::ScopeKind;
use crate::secret::Known;
use crate::state::CallState;

pub(crate) const CAPABILITY: Capability = Capability {
    name: "owner-mail",
    summary: (
        "Leave the owner a message from an outside person.",
        "Передать владельцу сообщение от внешнего собеседника.",
    ),
    interfaces: &["steward:plugin/owner-mail"],
    external: Access::Write,
    reaches: Reaches::Asking,
    scope: ScopeKind { strongest: |_, _| Effect::Send, ..ScopeKind::NONE },
    stays_within: true,
    link,
    ..Capability::PLAIN
};

/// The longest summary, in characters.
const SUMMARY_CHARS: usize = 4000;

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wit::owner_mail::add_to_linker::<_, HasOwnerMail>(linker, view)
}

/// What it needs of a call: the way of letters, who writes and who reads them, and the secrets that stay here.
struct OwnerMail<'a> {
    letters: Letters<'a>,
    people: Acquaintances<'a>,
    known: Arc<Known>,
    principal: &'a Principal,
    key: EffectKey<'a>,
    now: Timestamp,
}

struct HasOwnerMail;

impl HasData for HasOwnerMail {
    type Data<'a> = OwnerMail<'a>;
}

fn view(state: &mut CallState) -> OwnerMail<'_> {
    let HostCall { backing, principal, key, .. } = HostCall::of(state);
    OwnerMail {
        letters: backing.store.letters(),
        people: backing.acquaintances(),
        known: backing.connected.known(),
        principal,
        key,
        now: backing.now(),
    }
}

impl wit::owner_mail::Host for OwnerMail<'_> {
    async fn leave(&mut self, summary: String) -> Result<(), Failure> {
        let summary = required("summary", &summary, SUMMARY_CHARS)?;
        self.known.refuse_message(&summary)?;
        let caller = self.people.person(self.principal.person).await?;
        let username = caller.and_then(|caller| caller.username);
        let letters = self.people.owners().await?.into_iter().filter_map(|owner| {
            let language = owner.language.unwrap_or_default();
            let text = notice::outside_mail(language, &self.principal.name, username.as_deref(), &summary);
            let message = Outgoing { to: owner.address?, text, draft: None, unasked: true };
            Some(Letter { reader: owner.id, message })
        });
        let letters: Vec<Letter> = letters.collect();
        if letters.is_empty() {
            return Err(Failure::Unavailable("the owner cannot be reached yet: try again later".to_owned()));
        }
        match self.letters.post(self.principal.person, letters, &self.key.to_string(), self.now).await? {
            Posted::Sent | Posted::Gathered => Ok(()),
            Posted::Full => Err(Failure::Denied(
                "this person has left the owner as much as fits one day: tell them to write again tomorrow".to_owned(),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::wit::owner_mail::Host as _;
    use crate::fixture::Fixture;

    #[tokio::test]
    async fn the_owner_gets_the_words_under_the_callers_name_once() {
        let fixture = Fixture::new().await;
        for _ in 0..2 {
            view(&mut fixture.anna()).leave("I will be *late*".to_owned()).await.unwrap();
        }
        let sent = fixture.outbox().await;
        assert_eq!(sent.len(), 1);
        assert_eq!((sent[0].to.chat.as_str(), sent[0].unasked), ("owner-chat", true));
        assert!(sent[0].text.contains("Anna (@anna\\_k)") && sent[0].text.ends_with("> I will be \\*late\\*"));
    }

    #[tokio::test]
    async fn a_flood_is_gathered_and_ends_with_the_bytes_one_may_have_kept() {
        use steward_store::{Allowances, Budget, Resource};
        let fixture = Fixture::new().await;
        let store = fixture.anna().backing.store.clone();
        let each = Budget([(Resource::Letters, 1), (Resource::Bytes, 5_000)].into_iter().collect());
        let zone = jiff::tz::TimeZone::UTC;
        store.limit_people(Allowances { each, together: Budget::default(), zone });
        let mut answers = Vec::new();
        for number in 0..4 {
            let mut call = fixture.anna();
            call.key = format!("call {number}");
            answers.push(view(&mut call).leave("x".repeat(2_000)).await.is_ok());
        }
        assert_eq!(answers, [true, true, true, false]);
        assert_eq!(fixture.outbox().await.len(), 1);
        let owner = store.owners().await.unwrap()[0].id;
        assert_eq!(store.waiting_letters(owner, 10).await.unwrap().1, 2);
    }

    #[tokio::test]
    async fn an_empty_or_endless_word_is_refused() {
        let fixture = Fixture::new().await;
        assert!(matches!(view(&mut fixture.anna()).leave(" ".to_owned()).await, Err(Failure::Invalid(_))));
        assert!(matches!(view(&mut fixture.anna()).leave("x".repeat(4001)).await, Err(Failure::Invalid(_))));
        assert!(fixture.outbox().await.is_empty());
    }
}
