//! `send`: messages to people the assistant knows, by the outbox. Nothing is sent from here, and nobody who was banned
//! or was never heard from can be written to.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use steward_agent::{Outgoing, Principal};
use wasmtime::component::{HasData, Linker};

use crate::acquaintances::{Acquaintances, address_of};
use crate::argument::required;
use crate::bindings::{Failure, wit};
use crate::capability::{Capability, Reaches};
use crate::foreign::{Lowering, Matter};
use crate::grant::Access;
use crate::host_call::{EffectKey, HostCall};
use crate::mail::Mail;
use crate::plugin::Effect;
use crate::scope::ScopeKind;
use crate::secret::Known;
use crate::state::CallState;

pub(crate) const CAPABILITY: Capability = Capability {
    name: "send",
    summary: ("Send messages to people the assistant knows.", "Отправлять сообщения людям, которых знает ассистент."),
    interfaces: &["steward:plugin/send"],
    owner: Access::Write,
    reaches: Reaches::Asking,
    scope: ScopeKind { strongest: |_, _| Effect::Send, ..ScopeKind::NONE },
    stays_within: true,
    link,
    ..Capability::PLAIN
};

/// The longest message, in characters.
const MESSAGE_CHARS: usize = 20_000;

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wit::send::add_to_linker::<_, HasSending>(linker, view)
}

/// What it needs of a call: the people, the outbox, the secrets that stay here, and what came from others.
struct Sending<'a> {
    people: Acquaintances<'a>,
    mail: Mail<'a>,
    known: Arc<Known>,
    lowering: &'a Lowering,
    principal: &'a Principal,
    key: EffectKey<'a>,
    now: Timestamp,
}

struct HasSending;

impl HasData for HasSending {
    type Data<'a> = Sending<'a>;
}

fn view(state: &mut CallState) -> Sending<'_> {
    let HostCall { backing, principal, lowering, key, .. } = HostCall::of(state);
    Sending {
        people: backing.acquaintances(),
        mail: backing.mail(),
        known: backing.connected.known(),
        lowering,
        principal,
        key,
        now: backing.now(),
    }
}

impl wit::send::Host for Sending<'_> {
    async fn message(&mut self, user: String, text: String) -> Result<wit::send::Receipt, Failure> {
        let text = required("text", &text, MESSAGE_CHARS)?;
        self.known.refuse_message(&text)?;
        let person = self.people.reachable(&user).await?;
        let to = address_of(&person)?;
        if person.id != self.principal.person {
            let shown = json!({ "to": person.name, "username": person.username, "text": text });
            self.lowering.ask(Matter::Send, &format!("{} {text}", person.id), shown).await?;
        }
        let channel = to.channel.clone();
        self.lowering.receive_name(&person);
        let outgoing = Outgoing { to, text, draft: None, unasked: true };
        self.mail.put(vec![outgoing], &self.key.to_string(), self.now).await?;
        self.people.dealt(self.principal, &[person.id], self.now).await?;
        Ok(wit::send::Receipt { user: person.name, channel })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::wit::send::Host as _;
    use crate::fixture::Fixture;

    #[tokio::test]
    async fn a_message_goes_to_the_chat_the_person_last_used() {
        let fixture = Fixture::new().await;
        let receipt = view(&mut fixture.owner()).message("anna".to_owned(), " Hello! ".to_owned()).await.unwrap();
        assert_eq!((receipt.user.as_str(), receipt.channel.as_str()), ("Anna", "telegram"));
        let sent = fixture.outbox().await;
        assert_eq!((sent[0].to.chat.as_str(), sent[0].text.as_str(), sent[0].unasked), ("anna-chat", "Hello!", true));
    }

    #[tokio::test]
    async fn a_stranger_gets_no_mail_by_a_name() {
        let fixture = Fixture::new().await;
        fixture.stranger("Anna Maria").await;
        fixture.stranger("Zoe").await;
        let mut owner = fixture.owner();
        for (user, told) in [("Anna", "id 4"), ("Maria", "@"), ("Zoe", "id 5"), ("@zoe", "nobody")] {
            let refused = view(&mut owner).message(user.to_owned(), "x".to_owned()).await;
            let text = match refused {
                Err(Failure::Invalid(text) | Failure::NotFound(text)) => text,
                other => panic!("{user}: {other:?}"),
            };
            assert!(text.contains(told), "{user}: {text}");
        }
        assert!(fixture.outbox().await.is_empty());
        view(&mut owner).message("5".to_owned(), "x".to_owned()).await.unwrap();
        view(&mut owner).message("Zoe".to_owned(), "x".to_owned()).await.unwrap();
        assert!(fixture.outbox().await.iter().all(|letter| letter.to.chat == "Zoe-chat"), "whom the owner chose once");
    }

    #[tokio::test]
    async fn a_call_repeated_after_a_crash_sends_once() {
        let fixture = Fixture::new().await;
        for _ in 0..2 {
            let mut call = fixture.owner();
            view(&mut call).message("anna".to_owned(), "one".to_owned()).await.unwrap();
            view(&mut call).message("boris".to_owned(), "two".to_owned()).await.unwrap();
        }
        assert_eq!(fixture.outbox().await.len(), 2);
    }

    #[tokio::test]
    async fn a_message_with_a_secret_is_stopped() {
        let fixture = Fixture::new().await;
        fixture.secret("TOKEN", "a.org", "ghp_0123456789").await;
        let stopped = view(&mut fixture.owner()).message("anna".to_owned(), "It is ghp_0123456789!".to_owned()).await;
        assert!(matches!(stopped, Err(Failure::Denied(text)) if text.contains("secret TOKEN")));
        assert!(fixture.outbox().await.is_empty());
    }

    #[tokio::test]
    async fn who_cannot_be_written_to_is_told_why() {
        let fixture = Fixture::new().await;
        let mut owner = fixture.owner();
        let mut send = async |user: &str, text: &str| {
            view(&mut owner).message(user.to_owned(), text.to_owned()).await.unwrap_err()
        };
        assert!(matches!(send("Zoe", "x").await, Failure::NotFound(_)));
        assert!(matches!(send("anna", " ").await, Failure::Invalid(_)));
        assert!(matches!(send("anna", &"x".repeat(20_001)).await, Failure::Invalid(_)));
        fixture.ban_anna().await;
        assert!(matches!(send("anna", "x").await, Failure::Denied(_)));
        assert!(fixture.outbox().await.is_empty());
    }
}
