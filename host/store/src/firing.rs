//! What sets runs going is written in one transaction with what marks it as done, so it happens once, also over a crash.

use jiff::Timestamp;
use rusqlite::Connection;
use steward_agent::{Incoming, Outgoing, Wake};

use crate::Store;
use crate::column::{JobId, Millis, SubscriptionId};
use crate::error::Result;
use crate::jobs::Job;
use crate::subscriptions::Subscription;
use crate::writer::Tx;
use crate::{inbox, outbox};

/// What is no longer to be done once it was fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Work that was due. It goes on to `next`, or ends.
    Job { id: JobId, due: Timestamp, next: Option<Timestamp> },
    /// What was there before an event, and what is there now.
    Subscription { id: SubscriptionId, before: String, seen: String },
    /// Nothing is kept of it.
    Nothing,
}

/// What is due or has happened, and what it sets going.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firing {
    pub mark: Mark,
    pub messages: Vec<Outgoing>,
    pub wakes: Vec<Wake>,
}

impl Mark {
    /// A job as it was due, which goes on to `next` or ends.
    pub fn job(job: &Job, next: Option<Timestamp>) -> Self {
        Self::Job { id: job.id, due: job.next, next }
    }

    /// A subscription as it was, of which now this was seen.
    pub fn seen(subscription: &Subscription, seen: String) -> Self {
        Self::Subscription { id: subscription.id, before: subscription.seen.clone(), seen }
    }

    /// Marks it, unless that was done before.
    fn set(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<bool> {
        match self {
            Self::Job { id, due, next } => {
                tx.touch_jobs();
                advance(tx, *id, *due, *next, now)
            }
            Self::Subscription { id, before, seen } => notice(tx, *id, before, seen, now),
            Self::Nothing => Ok(true),
        }
    }
}

impl Store {
    /// Marks it as done, and writes what it sends and whom it wakes; all or nothing. `false`, and nothing happens, if it
    /// was done before, cancelled or dropped.
    pub async fn fire(&self, firing: Firing, now: Timestamp) -> Result<bool> {
        let Firing { mark, messages, wakes } = firing;
        let wakes: Vec<_> = wakes.into_iter().map(Incoming::Wake).collect();
        self.write(move |tx| {
            if !mark.set(tx, now)? {
                return Ok(false);
            }
            outbox::insert(tx, &messages, None, now)?;
            for wake in &wakes {
                inbox::insert(tx, wake, now)?;
            }
            Ok(true)
        })
        .await
    }
}

/// Sets the next time, or ends the job; `false` if it is not due at `due` any more.
fn advance(db: &Connection, id: JobId, due: Timestamp, next: Option<Timestamp>, now: Timestamp) -> Result<bool> {
    let changed = db
        .prepare_cached(
            "UPDATE job SET next = coalesce(?3, next), state = iif(?3 IS NULL, 'fired', 'active'),
                            ended_at = iif(?3 IS NULL, ?4, NULL)
             WHERE id = ?1 AND next = ?2 AND state = 'active'",
        )?
        .execute((id, Millis(due), next.map(Millis), Millis(now)))?;
    Ok(changed == 1)
}

/// Takes note of what is there now; `false` if it was dropped, or something else was seen meanwhile.
fn notice(db: &Connection, id: SubscriptionId, before: &str, seen: &str, now: Timestamp) -> Result<bool> {
    let changed = db
        .prepare_cached(
            "UPDATE subscription SET seen = ?3, fired_at = ?4 WHERE id = ?1 AND seen = ?2 AND dropped_at IS NULL",
        )?
        .execute((id, before, seen, Millis(now)))?;
    Ok(changed == 1)
}
