//! What can be subscribed to: a kind of event. It says what is there now; what is different from before is an event.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use steward_store::SubscriptionId;

use crate::executor::ANYWAY;
use crate::fault::Fault;

/// The most that one subscription watches.
pub(crate) const THINGS: usize = 2000;
/// The most changes told of one event.
const TOLD: usize = 20;

/// The things that are watched, each with what would be different if something had happened to it.
pub type Sight = BTreeMap<String, String>;

/// What happened to one thing.
pub enum Change<'a> {
    Added(&'a str, &'a str),
    Changed(&'a str, &'a str),
    Removed(&'a str),
}

/// What was seen of a subscription, and when to look again if nothing tells of a change.
pub struct Seen {
    pub sight: Sight,
    pub again: Duration,
}

/// Of which subscriptions something told that they may have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stirred {
    These(BTreeSet<SubscriptionId>),
    All,
}

/// A kind of event.
#[async_trait]
pub trait Subject: Send + Sync {
    fn name(&self) -> &'static str;

    fn description(&self) -> &'static str;

    /// JSON Schema of its settings.
    fn schema(&self) -> &'static str;

    /// The settings as they are kept: whoever is named in them is meant for good, whatever others call themselves later.
    ///
    /// # Errors
    /// They name somebody who is not known.
    async fn settle(&self, settings: Value) -> Result<Value, Fault> {
        Ok(settings)
    }

    /// What is there now.
    ///
    /// # Errors
    /// The settings do not fit, or it cannot be looked at.
    async fn look(&self, settings: &Value) -> Result<Sight, Fault>;

    /// The same for a subscription that is followed from now on: a change after this is told by [`Subject::stirred`], where
    /// anything can tell it.
    ///
    /// # Errors
    /// As [`Subject::look`].
    async fn follow(&self, id: SubscriptionId, settings: &Value) -> Result<Seen, Fault> {
        let _ = id;
        Ok(Seen { sight: self.look(settings).await?, again: ANYWAY })
    }

    /// Follows no others than these any more.
    async fn keep(&self, ids: &BTreeSet<SubscriptionId>) {
        let _ = ids;
    }

    /// Waits until something tells of a change. Dropped in the middle, it loses nothing.
    async fn stirred(&self) -> Stirred {
        std::future::pending().await
    }

    /// One change in words. Nothing that an outsider wrote may be in it: it is read as the owner's own words.
    fn tell(&self, change: Change<'_>) -> String;
}

/// Checks the settings of a subscription to be made, and gives them as they are kept.
///
/// # Errors
/// There is no such kind, the settings do not fit it, or it cannot be looked at.
pub async fn fit(subjects: &[Arc<dyn Subject>], kind: &str, settings: Value) -> Result<Value, Fault> {
    let subject = named(subjects, kind)?;
    let settings = subject.settle(settings).await?;
    subject.look(&settings).await?;
    Ok(settings)
}

/// What a new subscription is compared with: what is there now, for what happens from now on counts.
///
/// # Errors
/// As [`fit`].
pub async fn look(subjects: &[Arc<dyn Subject>], kind: &str, settings: &Value) -> Result<String, Fault> {
    Ok(written(&named(subjects, kind)?.look(settings).await?))
}

fn named<'a>(subjects: &'a [Arc<dyn Subject>], kind: &str) -> Result<&'a dyn Subject, Fault> {
    subjects.iter().find(|one| one.name() == kind).map(AsRef::as_ref).ok_or_else(|| {
        let names = subjects.iter().map(|one| one.name()).collect::<Vec<_>>().join(", ");
        Fault::Invalid(format!("there is no kind of event `{}`: use one of {names}", kind.escape_debug()))
    })
}

/// A map of texts can always be written.
pub(crate) fn written(sight: &Sight) -> String {
    serde_json::to_string(sight).unwrap_or_default()
}

/// What is different, a line each.
pub(crate) fn news(subject: &dyn Subject, before: &Sight, now: &Sight) -> Vec<String> {
    let came = now.iter().filter_map(|(thing, state)| match before.get(thing) {
        None => Some(Change::Added(thing, state)),
        Some(old) if old != state => Some(Change::Changed(thing, state)),
        Some(_) => None,
    });
    let went = before.keys().filter(|thing| !now.contains_key(*thing)).map(|thing| Change::Removed(thing));
    let mut news: Vec<_> = came.chain(went).map(|change| subject.tell(change)).collect();
    if news.len() > TOLD {
        let more = news.len() - TOLD;
        news.truncate(TOLD);
        news.push(format!("and {more} more"));
    }
    news
}
