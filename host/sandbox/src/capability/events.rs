//! `events`: what a person wants to be woken by. What can be watched for, and whether the settings fit, says the port;
//! whoever watches is not here.

mod port;

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use steward_agent::{PersonId, Principal};
use steward_store::{NewSubscription, Store, Subscription, SubscriptionId};
use wasmtime::component::{HasData, Linker};

use crate::acquaintances::Acquaintances;
use crate::argument::{number, required};
use crate::bindings::{Failure, wit};
use crate::capability::Capability;
use crate::foreign::{ForeignMarks, Lowering, Matter, PROMPTS, one_text};
use crate::grant::Access;
use crate::host_call::{EffectKey, HostCall};
use crate::state::CallState;
use crate::wall;

pub use port::{EventFault, EventKind, EventKinds};

pub(crate) const CAPABILITY: Capability = Capability {
    name: "events",
    summary: (
        "Have the assistant woken when something happens, such as a file that changes, and see and drop what is watched.",
        "Будить ассистента, когда что-то происходит, например меняется файл, смотреть и отменять такие подписки.",
    ),
    interfaces: &["steward:plugin/events"],
    owner: Access::Write,
    stays_within: true,
    link,
    ..Capability::PLAIN
};

const KIND_CHARS: usize = 60;
const SETTINGS_CHARS: usize = 2000;
const PROMPT_CHARS: usize = 8000;
/// The most subscriptions of one person.
const MOST: u32 = 50;

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wit::events::add_to_linker::<_, HasEvents>(linker, view)
}

/// What it needs of a call: what can be watched for and where, what is watched, the people who are woken, and what came
/// from others.
struct Events<'a> {
    port: Option<&'a dyn EventKinds>,
    workspace: &'a Path,
    watched: Watched<'a>,
    people: Acquaintances<'a>,
    marks: &'a ForeignMarks,
    lowering: &'a Lowering,
    principal: &'a Principal,
    key: EffectKey<'a>,
    now: Timestamp,
    zone: &'a TimeZone,
}

struct HasEvents;

impl HasData for HasEvents {
    type Data<'a> = Events<'a>;
}

fn view(state: &mut CallState) -> Events<'_> {
    let HostCall { backing, principal, lowering, key, .. } = HostCall::of(state);
    Events {
        port: backing.events.as_deref(),
        workspace: &backing.workspace,
        watched: Watched(&backing.store),
        people: backing.acquaintances(),
        marks: &backing.marks,
        lowering,
        principal,
        key,
        now: backing.now(),
        zone: &backing.time_zone,
    }
}

/// What is watched for people, and nothing else of the store.
#[derive(Clone, Copy)]
struct Watched<'a>(&'a Store);

impl Watched<'_> {
    async fn add(self, new: NewSubscription, key: &str, now: Timestamp) -> Result<Subscription, Failure> {
        Ok(self.0.subscribe(new, MOST, Some(key), now).await?)
    }

    async fn list(self, owner: PersonId) -> Result<Vec<Subscription>, Failure> {
        Ok(self.0.list_subscriptions(owner).await?)
    }

    async fn remove(self, owner: PersonId, id: SubscriptionId, now: Timestamp) -> Result<Subscription, Failure> {
        Ok(self.0.unsubscribe(owner, id, now).await?)
    }
}

impl wit::events::Host for Events<'_> {
    async fn kinds(&mut self) -> Vec<wit::events::Kind> {
        let kinds = self.port.iter().flat_map(|events| events.all());
        let kind =
            |EventKind { name, description, schema }| wit::events::Kind { name, description, settings_schema: schema };
        kinds.map(kind).collect()
    }

    async fn subscribe(&mut self, new: wit::events::NewSubscription) -> Result<wit::events::Subscription, Failure> {
        let kind = required("kind", &new.kind, KIND_CHARS)?;
        let prompt = required("prompt", &new.prompt, PROMPT_CHARS)?;
        let events = self.port.ok_or_else(absent)?;
        let settings = events.fit(self.workspace, &kind, settings(&new.settings)?).await?;
        let shown = json!({ "kind": new.kind, "prompt": prompt, "settings": settings });
        let leave = self.lowering.ask(Matter::Instructions, &shown.to_string(), shown.clone()).await?;
        self.lowering.mark(leave, self.marks, PROMPTS, &one_text(&prompt)).await?;
        let seen = events.look(self.workspace, &kind, &settings).await?;
        let owner = self.principal.person;
        let new = NewSubscription {
            owner,
            address: self.people.address(owner).await?,
            kind,
            settings,
            prompt,
            recipients: self.people.recipients(&new.recipients).await?,
            seen,
        };
        let made = self.watched.add(new, &self.key.to_string(), self.now).await?;
        self.people.dealt(self.principal, &made.recipients, self.now).await?;
        self.described(made).await
    }

    async fn list(&mut self) -> Result<Vec<wit::events::Subscription>, Failure> {
        let mut listed = Vec::new();
        for one in self.watched.list(self.principal.person).await? {
            listed.push(self.described(one).await?);
        }
        Ok(listed)
    }

    async fn unsubscribe(&mut self, id: String) -> Result<wit::events::Subscription, Failure> {
        let id = SubscriptionId(number("id", &id)?);
        let dropped = self.watched.remove(self.principal.person, id, self.now).await?;
        self.described(dropped).await
    }
}

fn absent() -> Failure {
    Failure::Unavailable("nothing can be watched for here: leave it out".to_owned())
}

impl From<EventFault> for Failure {
    fn from(fault: EventFault) -> Self {
        match fault {
            EventFault::Invalid(text) => Self::Invalid(text),
            EventFault::Store(error) => error.into(),
            EventFault::Failed(text) => Self::Failed(text),
        }
    }
}

impl Events<'_> {
    async fn described(&self, one: Subscription) -> Result<wit::events::Subscription, Failure> {
        let recipients = self.people.names(&one.recipients).await?;
        Ok(wit::events::Subscription {
            id: one.id.to_string(),
            kind: one.kind,
            settings: one.settings.to_string(),
            prompt: one.prompt,
            recipients,
            last: one.fired_at.map(|at| wall::shown(at, self.zone)),
        })
    }
}

fn settings(text: &str) -> Result<Value, Failure> {
    match text.trim() {
        "" => Ok(Value::Object(serde_json::Map::new())),
        text if text.len() > SETTINGS_CHARS => {
            Err(Failure::Invalid(format!("`settings` may have {SETTINGS_CHARS} bytes: shorten it")))
        }
        text => serde_json::from_str(text)
            .ok()
            .filter(Value::is_object)
            .ok_or_else(|| Failure::Invalid("`settings` must be a JSON object that fits the kind's schema".to_owned())),
    }
}

#[cfg(test)]
pub(crate) mod tests;
