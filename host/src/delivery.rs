//! Empties the outbox: each message is sent until it arrives or surely never will, in the order of its chat; one slow
//! or closed chat holds up no other.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use jiff::{SignedDuration, Timestamp};
use steward_agent::{Address, Outgoing};
use steward_channel::SendError;
use steward_store::{OutboxRow, StoreError};

use crate::app::Host;
use crate::redaction;
use crate::texts;

/// Messages on their way at the same time.
const AT_ONCE: usize = 32;
/// The outbox is looked at this often even if nothing tells of a change, so that a clock that jumps delays nothing.
const LOOK_EVERY: Duration = Duration::from_secs(30);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(10);
/// Whatever the other side asks for; what is put off for longer the store takes for due.
const LONGEST_ASKED: SignedDuration = SignedDuration::from_hours(1);
const LAST_WORDS: Duration = Duration::from_secs(5);
/// A channel with nobody there says when somebody comes; this is for what it misses.
const OFFLINE_WAIT: SignedDuration = SignedDuration::from_mins(5);

pub(crate) async fn run(host: Arc<Host>) {
    let mut sending = FuturesUnordered::new();
    let mut busy: HashSet<Address> = HashSet::new();
    while !host.stop.is_cancelled() {
        match host.store.due_outgoing(Timestamp::now(), AT_ONCE + busy.len()).await {
            Ok(rows) => {
                for row in rows {
                    if busy.len() < AT_ONCE && busy.insert(row.outgoing.to.clone()) {
                        sending.push(deliver(&host, row));
                    }
                }
            }
            Err(error) => tracing::error!(%error, "the outbox cannot be read; trying again"),
        }
        tokio::select! {
            Some(address) = sending.next() => { busy.remove(&address); }
            () = host.store.outbox_changed().notified() => {}
            () = tokio::time::sleep(until_next(&host).await) => {}
            () = host.stop.cancelled() => {}
        }
    }
    // What is half sent would be sent twice if it were broken off here.
    let sent = async { while sending.next().await.is_some() {} };
    let _ = tokio::time::timeout(LAST_WORDS, sent).await;
}

async fn until_next(host: &Host) -> Duration {
    let next = host.store.next_outgoing().await.ok().flatten();
    let wait =
        next.map_or(LOOK_EVERY, |at| Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO));
    // What is due but belongs to a busy chat comes with the end of its predecessor, not by looking again and again.
    wait.clamp(Duration::from_millis(200), LOOK_EVERY)
}

/// Sends one message and writes down what came of it. Gives its address, which is free again.
async fn deliver(host: &Host, row: OutboxRow) -> Address {
    let to = row.outgoing.to.clone();
    let sent = match host.channels.get(&to.channel) {
        Some(channel) => channel.send(&redaction::outgoing(&host.vault.known(), &row.outgoing)).await,
        None => Err(SendError::Later {
            after: Some(Duration::from_secs(3_600)),
            reason: format!("the channel {} is not configured", to.channel),
        }),
    };
    if let Err(error) = written(host, &row, sent).await {
        tracing::error!(message = %row.id, %error, "what came of a message is not written down; it may be sent again");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    to
}

async fn written(host: &Host, row: &OutboxRow, sent: Result<(), SendError>) -> Result<(), StoreError> {
    let now = Timestamp::now();
    match sent {
        Ok(()) => host.store.mark_sent(row.id, now).await,
        Err(SendError::Offline) => host.store.postpone(row.id, now + OFFLINE_WAIT, "nobody is connected").await,
        Err(SendError::Later { after, reason }) => {
            let asked = after.map(|after| SignedDuration::try_from(after).unwrap_or(LONGEST_ASKED).min(LONGEST_ASKED));
            let wait = asked.unwrap_or_else(|| backoff(row.attempts));
            tracing::warn!(message = %row.id, reason, wait = %wait, "a message is sent later");
            host.store.postpone(row.id, now + wait, &reason).await
        }
        Err(SendError::Never { reason }) => {
            tracing::warn!(message = %row.id, reason, "a message cannot be delivered");
            host.store.fail(row.id, &reason, now).await?;
            tell_owners(host, &row.outgoing, &reason, now).await
        }
    }
}

fn backoff(attempts: u32) -> SignedDuration {
    SignedDuration::from_secs(1i64 << attempts.min(9)).min(LONGEST_WAIT)
}

/// An owner who had a message sent to somebody learns that it did not arrive.
async fn tell_owners(host: &Host, lost: &Outgoing, reason: &str, now: Timestamp) -> Result<(), StoreError> {
    let owners = host.store.owners().await?;
    if owners.iter().any(|owner| owner.address.as_ref() == Some(&lost.to)) {
        return Ok(());
    }
    let whose =
        host.store.list_people(false).await?.into_iter().find(|person| person.address.as_ref() == Some(&lost.to));
    let name = whose.map_or_else(|| lost.to.chat.clone(), |person| person.name);
    let notices = owners.into_iter().filter_map(|owner| {
        let text = texts::undeliverable(owner.language.unwrap_or(host.config.language), &name, reason);
        Some(Outgoing { to: owner.address?, text, draft: None, unasked: true })
    });
    host.store.enqueue(notices.collect(), None, now).await.map(|_| ())
}

/// Wakes messages that waited for somebody to connect.
pub(crate) async fn watch_ready(host: Arc<Host>, channel: Arc<dyn steward_channel::Channel>) {
    loop {
        tokio::select! {
            () = channel.ready().notified() => {}
            () = host.hang_up.cancelled() => return,
        }
        if let Err(error) = host.store.hasten(channel.name(), Timestamp::now()).await {
            tracing::warn!(%error, "waiting messages were not woken");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_grows_and_stays_bounded() {
        assert_eq!(backoff(0), SignedDuration::from_secs(1));
        assert_eq!(backoff(3), SignedDuration::from_secs(8));
        assert_eq!(backoff(200), SignedDuration::from_secs(512));
    }
}
