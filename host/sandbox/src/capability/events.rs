//! `events`: what a person wants to be woken by. What can be watched for, and whether the settings fit, says the port;
//! whoever watches is not here.

mod port;

use serde_json::{Value, json};
use steward_store::{NewSubscription, Subscription, SubscriptionId};
use wasmtime::component::{HasSelf, Linker};

use crate::argument::{number, required};
use crate::backing::Backing;
use crate::bindings::{Failure, wit};
use crate::capability::Capability;
use crate::foreign::{Leave, Matter, PROMPTS, one_text};
use crate::grant::Access;
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
    wit::events::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)
}

impl wit::events::Host for CallState {
    async fn kinds(&mut self) -> Vec<wit::events::Kind> {
        let kinds = self.backing.events.iter().flat_map(|events| events.all());
        let kind =
            |EventKind { name, description, schema }| wit::events::Kind { name, description, settings_schema: schema };
        kinds.map(kind).collect()
    }

    async fn subscribe(&mut self, new: wit::events::NewSubscription) -> Result<wit::events::Subscription, Failure> {
        let key = self.next_key();
        let kind = required("kind", &new.kind, KIND_CHARS)?;
        let prompt = required("prompt", &new.prompt, PROMPT_CHARS)?;
        let events = self.backing.events.clone().ok_or_else(absent)?;
        let settings = events.fit(&self.backing.workspace, &kind, settings(&new.settings)?).await?;
        let shown = json!({ "kind": new.kind, "prompt": prompt, "settings": settings });
        let leave = self.lowering.ask(Matter::Instructions, &shown.to_string(), shown.clone()).await?;
        if leave == Leave::Standing && self.lowering.lowers() {
            self.backing.marks.mark_lines(PROMPTS, &one_text(&prompt)).await?;
        }
        let seen = events.look(&self.backing.workspace, &kind, &settings).await?;
        let owner = self.principal.person;
        let new = NewSubscription {
            owner,
            address: self.backing.acquaintances().address(owner).await?,
            kind,
            settings,
            prompt,
            recipients: self.backing.acquaintances().recipients(&new.recipients).await?,
            seen,
        };
        let made = self.backing.store.subscribe(new, MOST, Some(&key), self.timestamp()).await?;
        self.backing.acquaintances().dealt(&self.principal, &made.recipients, self.timestamp()).await?;
        self.backing.subscription(made).await
    }

    async fn list(&mut self) -> Result<Vec<wit::events::Subscription>, Failure> {
        let mut listed = Vec::new();
        for one in self.backing.store.list_subscriptions(self.principal.person).await? {
            listed.push(self.backing.subscription(one).await?);
        }
        Ok(listed)
    }

    async fn unsubscribe(&mut self, id: String) -> Result<wit::events::Subscription, Failure> {
        let id = SubscriptionId(number("id", &id)?);
        let dropped = self.backing.store.unsubscribe(self.principal.person, id, self.timestamp()).await?;
        self.backing.subscription(dropped).await
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

impl Backing {
    async fn subscription(&self, one: Subscription) -> Result<wit::events::Subscription, Failure> {
        let recipients = self.acquaintances().names(&one.recipients).await?;
        Ok(wit::events::Subscription {
            id: one.id.to_string(),
            kind: one.kind,
            settings: one.settings.to_string(),
            prompt: one.prompt,
            recipients,
            last: one.fired_at.map(|at| wall::shown(at, &self.time_zone)),
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
