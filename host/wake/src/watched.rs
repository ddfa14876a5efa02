//! Makes a source of a subject: looks whether something happened that people subscribed to, and wakes the assistant with
//! the prompt that was kept for it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use steward_agent::{ForeignPart, Origin, Source, Wake};
use steward_store::{Firing, Mark, Store, StoreError, Subscription};

use crate::clock::Clock;
use crate::executor::ANYWAY;
use crate::pace::Paces;
use crate::provenance::Provenance;
use crate::send_result_to;
use crate::source::{Found, Look, Wakes};
use crate::subject::{self, Sight, Subject};

/// What happens sooner after an event is told with the next one, lest a run that changes what it watches goes round and
/// round.
pub(crate) const REST: SignedDuration = SignedDuration::from_secs(60);

/// The subscriptions to one subject.
pub struct Watched {
    subject: Arc<dyn Subject>,
    store: Store,
    clock: Arc<dyn Clock>,
    provenance: Arc<dyn Provenance>,
    paces: Mutex<Paces>,
}

impl Watched {
    pub fn new(
        subject: Arc<dyn Subject>,
        store: Store,
        clock: Arc<dyn Clock>,
        provenance: Arc<dyn Provenance>,
    ) -> Self {
        Self { subject, store, clock, provenance, paces: Mutex::default() }
    }

    fn paces(&self) -> MutexGuard<'_, Paces> {
        self.paces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What there is to watch. Of somebody who is no owner any more nothing is.
    async fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError> {
        let mut watched = self.store.subscriptions(self.subject.name()).await?;
        if !watched.is_empty() {
            let owners = self.store.owners().await?;
            watched.retain(|one| owners.iter().any(|owner| owner.id == one.owner));
        }
        Ok(watched)
    }

    async fn event(&self, one: &Subscription) -> Result<Option<Found>, StoreError> {
        let seen = self.subject.follow(one.id, &one.settings).await;
        let elapsed = self.clock.elapsed();
        let seen = match seen {
            Ok(seen) => seen,
            Err(fault) => {
                let fault = fault.to_string();
                if self.paces().failed(one.id, elapsed, ANYWAY, &fault) {
                    tracing::warn!(subscription = %one.id, fault, "an event cannot be looked for");
                }
                return Ok(None);
            }
        };
        let before: Sight = serde_json::from_str(&one.seen).unwrap_or_default();
        if seen.sight == before {
            self.paces().looked(one.id, elapsed, seen.again);
            return Ok(None);
        }
        // Should it not be written, it is seen again after the rest.
        self.paces().rest(one.id, elapsed, REST.unsigned_abs());
        let news = subject::news(self.subject.as_ref(), &before, &seen.sight);
        self.found(one, &news, subject::written(&seen.sight)).await.map(Some)
    }

    async fn found(&self, one: &Subscription, news: &[String], seen: String) -> Result<Found, StoreError> {
        let mut others = Vec::new();
        for id in one.recipients.iter().filter(|id| **id != one.owner) {
            others.extend(self.store.person(*id).await?.map(|person| person.reference()));
        }
        let told = prompt(one, news, &others);
        let mut foreign = told.foreign;
        if self.provenance.is_prompt_foreign(&one.prompt).await? {
            foreign = ForeignPart::whole(&told.text, Source::Event(one.kind.clone()));
        }
        let wake = Wake {
            foreign: Some(foreign),
            person: one.owner,
            origin: Origin::Trigger,
            address: one.address.clone(),
            prompt: told.text,
            model: None,
        };
        let firing = Firing { mark: Mark::seen(one, seen), messages: Vec::new(), wakes: vec![wake] };
        Ok(Found { what: format!("subscription {}", one.id), firing })
    }
}

#[async_trait]
impl Wakes for Watched {
    fn name(&self) -> &'static str {
        self.subject.name()
    }

    async fn look(&self, now: Timestamp) -> Result<Look, StoreError> {
        let watched = self.subscriptions().await?;
        let ids: BTreeSet<_> = watched.iter().map(|one| one.id).collect();
        self.paces().keep(&ids);
        self.subject.keep(&ids).await;
        let mut found = Vec::new();
        for one in &watched {
            let elapsed = self.clock.elapsed();
            if !self.paces().is_due(one.id, elapsed) {
                continue;
            }
            match rest_left(one, now) {
                Some(left) => self.paces().rest(one.id, elapsed, left),
                None => found.extend(self.event(one).await?),
            }
        }
        let again = self.paces().until_due(self.clock.elapsed());
        Ok(Look { found, again })
    }

    async fn told(&self) {
        loop {
            let left = self.paces().until_stirs(self.clock.elapsed());
            let stirred = match left {
                None => Some(self.subject.stirred().await),
                Some(Duration::ZERO) => return,
                Some(left) => {
                    self.clock.sleep(left).await;
                    // All that was told meanwhile, at once.
                    self.subject.stirred().now_or_never()
                }
            };
            if let Some(stirred) = stirred {
                self.paces().stir(&stirred, self.clock.elapsed());
            }
        }
    }
}

/// How long it still rests after its last event. A clock that was set back must not silence it.
fn rest_left(one: &Subscription, now: Timestamp) -> Option<Duration> {
    let since = now.duration_since(one.fired_at?).abs();
    (since < REST).then(|| (REST - since).unsigned_abs())
}

/// What the assistant is woken with, and which part of it others may have written: names of files, titles.
struct Told {
    text: String,
    foreign: ForeignPart,
}

fn prompt(one: &Subscription, news: &[String], others: &[String]) -> Told {
    let mut text = format!("[event: {} {}]\n{}\n\nWhat happened:", one.kind, one.id, one.prompt);
    let from = text.len() + 1;
    for line in news {
        text.push_str(&format!("\n- {line}"));
    }
    let foreign = ForeignPart { from, to: text.len(), sources: vec![Source::Event(one.kind.clone())] };
    if let Some(line) = send_result_to(others) {
        text.push_str(&format!("\n\n{line}"));
    }
    Told { text, foreign }
}

#[cfg(test)]
mod tests {
    use steward_agent::{Address, PersonId};
    use steward_store::SubscriptionId;

    use super::*;

    fn subscription(fired_at: Option<&str>) -> Subscription {
        Subscription {
            id: SubscriptionId(3),
            owner: PersonId(1),
            address: Address { channel: "terminal".to_owned(), chat: "owner".to_owned() },
            kind: "file".to_owned(),
            settings: serde_json::json!({ "path": "notes" }),
            prompt: "Tell me what is new.".to_owned(),
            recipients: Vec::new(),
            seen: String::new(),
            fired_at: fired_at.map(|at| at.parse().unwrap()),
        }
    }

    #[test]
    fn the_assistant_reads_what_it_was_asked_and_what_happened() {
        let told = prompt(&subscription(None), &["added: `notes/a.md`".to_owned()], &["Anna".to_owned()]);
        let wanted = "[event: file 3]\nTell me what is new.\n\nWhat happened:\n- added: `notes/a.md`\n\nSend the result to: Anna.";
        assert_eq!(told.text, wanted);
        let (_, foreign, own) = told.foreign.split(&told.text);
        assert_eq!((foreign, own), ("- added: `notes/a.md`", "\n\nSend the result to: Anna."));
    }

    #[test]
    fn it_rests_after_an_event_whatever_the_clock_does() {
        let now = "2026-11-20T09:00:00Z".parse().unwrap();
        let is_rested = |one: &Subscription| rest_left(one, now).is_none();
        assert!(is_rested(&subscription(None)));
        assert!(!is_rested(&subscription(Some("2026-11-20T08:59:30Z"))));
        assert!(is_rested(&subscription(Some("2026-11-20T08:59:00Z"))));
        assert!(is_rested(&subscription(Some("2026-11-20T12:00:00Z"))));
    }
}
