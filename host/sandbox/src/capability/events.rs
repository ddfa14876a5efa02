//! `events`: what a person wants to be woken by. A kind of event is one file in `events/` and one line in [`KINDS`]; it
//! says what is there now, and what is different from before is an event. The host looks now and then.

mod file;
mod task;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::BoxFuture;
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

/// What can be watched for.
static KINDS: &[Kind] = &[file::KIND, task::KIND];

const KIND_CHARS: usize = 60;
const SETTINGS_CHARS: usize = 2000;
const PROMPT_CHARS: usize = 8000;
/// The most subscriptions of one person.
const MOST: u32 = 50;
/// The most that one subscription watches.
const THINGS: usize = 2000;
/// The most changes told of one event.
const TOLD: usize = 20;

/// A kind of event.
struct Kind {
    name: &'static str,
    description: &'static str,
    /// JSON Schema of its settings.
    schema: &'static str,
    /// The settings as they are kept: whoever is named in them is meant for good, whatever others call themselves later.
    settle: fn(Arc<Backing>, Value) -> BoxFuture<'static, Result<Value, Failure>>,
    /// What is there now.
    look: fn(Arc<Backing>, Value) -> BoxFuture<'static, Result<Sight, Failure>>,
    /// One change in words. Nothing that an outsider wrote may be in it: it is read as the owner's own words.
    tell: fn(Change<'_>) -> String,
}

/// The things that are watched, each with what would be different if something had happened to it.
type Sight = BTreeMap<String, String>;

/// What happened to one thing.
enum Change<'a> {
    Added(&'a str, &'a str),
    Changed(&'a str, &'a str),
    Removed(&'a str),
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What is there now, for the subscription to be compared with next.
    pub seen: String,
    /// What is different, a line each.
    pub news: Vec<String>,
}

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wit::events::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)
}

impl wit::events::Host for CallState {
    async fn kinds(&mut self) -> Vec<wit::events::Kind> {
        let kind = |one: &Kind| wit::events::Kind {
            name: one.name.to_owned(),
            description: one.description.to_owned(),
            settings_schema: one.schema.to_owned(),
        };
        KINDS.iter().map(kind).collect()
    }

    async fn subscribe(&mut self, new: wit::events::NewSubscription) -> Result<wit::events::Subscription, Failure> {
        let key = self.next_key();
        let kind = Kind::named(&required("kind", &new.kind, KIND_CHARS)?)?;
        let prompt = required("prompt", &new.prompt, PROMPT_CHARS)?;
        let settings = (kind.settle)(Arc::clone(&self.backing), settings(&new.settings)?).await?;
        let shown = json!({ "kind": new.kind, "prompt": prompt, "settings": settings });
        let leave = self.lowering.ask(Matter::Instructions, &shown.to_string(), shown.clone()).await?;
        if leave == Leave::Standing && self.lowering.lowers() {
            self.backing.marks.mark_lines(PROMPTS, &one_text(&prompt)).await?;
        }
        let sight = (kind.look)(Arc::clone(&self.backing), settings.clone()).await?;
        let owner = self.principal.person;
        let new = NewSubscription {
            owner,
            address: self.backing.acquaintances().address(owner).await?,
            kind: kind.name.to_owned(),
            settings,
            prompt,
            recipients: self.backing.acquaintances().recipients(&new.recipients).await?,
            seen: written(&sight),
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

impl Kind {
    fn named(name: &str) -> Result<&'static Self, Failure> {
        KINDS.iter().find(|one| one.name == name).ok_or_else(|| {
            let names = KINDS.iter().map(|one| one.name).collect::<Vec<_>>().join(", ");
            Failure::Invalid(format!("there is no kind of event `{}`: use one of {names}", name.escape_debug()))
        })
    }
}

impl Backing {
    /// Whether something happened since the subscription was made or woke the assistant last.
    ///
    /// # Errors
    /// It cannot be looked.
    pub(crate) async fn event(self: Arc<Self>, subscription: &Subscription) -> Result<Option<Event>, Failure> {
        let kind = Kind::named(&subscription.kind)?;
        let now = (kind.look)(Arc::clone(&self), subscription.settings.clone()).await?;
        let before: Sight = serde_json::from_str(&subscription.seen).unwrap_or_default();
        if now == before {
            return Ok(None);
        }
        Ok(Some(Event { seen: written(&now), news: news(kind, &before, &now) }))
    }

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

/// A map of texts can always be written.
fn written(sight: &Sight) -> String {
    serde_json::to_string(sight).unwrap_or_default()
}

fn news(kind: &Kind, before: &Sight, now: &Sight) -> Vec<String> {
    let came = now.iter().filter_map(|(thing, state)| match before.get(thing) {
        None => Some(Change::Added(thing, state)),
        Some(old) if old != state => Some(Change::Changed(thing, state)),
        Some(_) => None,
    });
    let went = before.keys().filter(|thing| !now.contains_key(*thing)).map(|thing| Change::Removed(thing));
    let mut news: Vec<_> = came.chain(went).map(kind.tell).collect();
    if news.len() > TOLD {
        let more = news.len() - TOLD;
        news.truncate(TOLD);
        news.push(format!("and {more} more"));
    }
    news
}

#[cfg(test)]
mod tests;
