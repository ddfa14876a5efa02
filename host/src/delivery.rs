//! Empties the outbox: each message is sent until it arrives or surely never will, in the order of its chat; one slow
//! or closed chat holds up no other.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use steward_agent::{Address, Outgoing};
use steward_channel::SendError;
use steward_store::{OutboxId, OutboxRow, StoreError};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

use crate::app::Host;
use crate::redaction;
use crate::sent::Sent;
use crate::texts;

/// Messages on their way at the same time, and how many of these places are for owners alone.
const AT_ONCE: usize = 32;
const KEPT: usize = 8;
/// The outbox is looked at this often even if nothing tells of a change, so that a clock that jumps delays nothing.
const LOOK_EVERY: Duration = Duration::from_secs(30);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(10);
/// Whatever the other side asks for; what is put off for longer the store takes for due.
const LONGEST_ASKED: SignedDuration = SignedDuration::from_hours(1);
const LAST_WORDS: Duration = Duration::from_secs(5);
/// A channel with nobody there says when somebody comes; this is for what it misses.
const OFFLINE_WAIT: SignedDuration = SignedDuration::from_mins(5);

pub(crate) async fn run(host: Arc<Host>) {
    let mut sending = Sending { host: Arc::clone(&host), tasks: JoinSet::new(), busy: HashMap::new(), behind: true };
    let mut again = sending.look().await;
    while !host.stop.is_cancelled() {
        let look = tokio::select! {
            Some(ended) = sending.tasks.join_next_with_id() => sending.ended(ended),
            () = host.store.outbox_changed().notified() => true,
            () = tokio::time::sleep_until(again) => true,
            () = host.stop.cancelled() => false,
        };
        if look {
            again = sending.look().await;
        }
    }
    // What is half sent would be sent twice if it were broken off here.
    let sent = async { while sending.tasks.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(LAST_WORDS, sent).await;
}

/// What is on its way.
struct Sending {
    host: Arc<Host>,
    /// Each message is a task of its own: nothing that happens here comes between the channel's answer and the note of it.
    /// A task says whether what came of its message is written down.
    tasks: JoinSet<bool>,
    busy: HashMap<Id, (OutboxId, Address)>,
    /// More waits than what is on its way.
    behind: bool,
}

impl Sending {
    /// Sends what can be sent and says when to look again, should nothing happen before.
    async fn look(&mut self) -> Instant {
        let now = Timestamp::now();
        let outlook = match self.host.store.outlook(now, AT_ONCE + self.busy.len()).await {
            Ok(outlook) => outlook,
            Err(error) => {
                tracing::error!(%error, "the outbox cannot be read; trying again");
                self.behind = true;
                return Instant::now() + LOOK_EVERY;
            }
        };
        let mut held_back = false;
        for row in outlook.due {
            match way(&row, self.busy.values()) {
                Way::Taken => {}
                Way::Closed => held_back = true,
                Way::Open => {
                    let place = (row.id, row.outgoing.to.clone());
                    let task = self.tasks.spawn(deliver(Arc::clone(&self.host), row));
                    self.busy.insert(task.id(), place);
                }
            }
        }
        // What is due but belongs to a busy chat comes with the end of its predecessor, not by looking again and again.
        self.behind = held_back || outlook.unfinished > self.busy.len();
        Instant::now() + until(outlook.next, now)
    }

    /// A message is not on its way any more: whether that lets another one go.
    fn ended(&mut self, ended: Result<(Id, bool), JoinError>) -> bool {
        let (id, written) = ended.unwrap_or_else(|error| {
            tracing::error!(%error, "sending a message broke off");
            (error.id(), false)
        });
        self.busy.remove(&id);
        self.behind || !written
    }
}

/// Whether a message that is due can go now.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    /// It is on its way.
    Taken,
    Open,
    /// Its chat or all places are taken. Its predecessor may be written down as sent and its task not have ended yet.
    Closed,
}

fn way<'a>(row: &OutboxRow, busy: impl ExactSizeIterator<Item = &'a (OutboxId, Address)>) -> Way {
    let places = if row.first { AT_ONCE } else { AT_ONCE - KEPT };
    let full = busy.len() >= places;
    let mut chat = busy.filter(|(_, address)| *address == row.outgoing.to);
    match chat.next() {
        Some((id, _)) if *id == row.id => Way::Taken,
        None if !full => Way::Open,
        _ => Way::Closed,
    }
}

fn until(next: Option<Timestamp>, now: Timestamp) -> Duration {
    let wait = next.map_or(LOOK_EVERY, |at| Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO));
    wait.clamp(Duration::from_millis(200), LOOK_EVERY)
}

/// Sends one message and writes down what came of it; false if that could not be done.
async fn deliver(host: Arc<Host>, row: OutboxRow) -> bool {
    let to = &row.outgoing.to;
    let sent = match host.channels.get(&to.channel) {
        Some(channel) => {
            if row.first {
                channel.prefer(to);
            }
            let sent = channel.send(&redaction::outgoing(&host.vault.known(), &row.outgoing)).await;
            // The very next thing after the answer was read, before anything that could wait.
            if sent.is_ok() {
                host.sent.note(&Sent::Message(row.id));
            }
            sent
        }
        None => Err(SendError::Later {
            after: Some(Duration::from_secs(3_600)),
            reason: format!("the channel {} is not configured", to.channel),
        }),
    };
    if sent.is_ok() {
        marked(&host, &row).await;
        return true;
    }
    let written = written(&host, &row, sent).await;
    if let Err(error) = &written {
        tracing::error!(message = %row.id, %error, "what came of a message is not written down; it is sent again");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    written.is_ok()
}

/// Writes down that it was sent, however long that takes: meanwhile the chat is busy, so it is not sent again.
async fn marked(host: &Host, row: &OutboxRow) {
    loop {
        match host.store.mark_sent(row.id, Timestamp::now()).await {
            Ok(()) | Err(StoreError::NotFound(_)) => return host.sent.known(),
            Err(error) => {
                tracing::error!(message = %row.id, %error, "a message that was sent is not marked as sent yet")
            }
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            // The next start reads the note.
            () = host.stop.cancelled() => return,
        }
    }
}

async fn written(host: &Host, row: &OutboxRow, sent: Result<(), SendError>) -> Result<(), StoreError> {
    let now = Timestamp::now();
    match sent {
        Ok(()) => Ok(()),
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
            // Who writes and then shuts the bot out must not make the owner's chat full of that.
            if row.outgoing.unasked { tell_owners(host, &row.outgoing, &reason, now).await } else { Ok(()) }
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
    fn what_waits_for_a_predecessor_that_is_sent_already_is_not_forgotten() {
        let to = |chat: &str| Address { channel: "telegram".to_owned(), chat: chat.to_owned() };
        let outgoing = Outgoing { to: to("1"), text: String::new(), draft: None, unasked: false };
        let row = OutboxRow { id: OutboxId(2), outgoing, attempts: 0, first: true };
        assert_eq!(way(&row, [].iter()), Way::Open);
        assert_eq!(way(&row, [(OutboxId(1), to("2"))].iter()), Way::Open);
        assert_eq!(way(&row, [(OutboxId(2), to("1"))].iter()), Way::Taken);
        assert_eq!(way(&row, [(OutboxId(1), to("1"))].iter()), Way::Closed);
        let full: Vec<_> = (3..).map(|id| (OutboxId(id), to(&id.to_string()))).take(AT_ONCE).collect();
        assert_eq!(way(&row, full.iter()), Way::Closed);
    }

    #[test]
    fn waiting_grows_and_stays_bounded() {
        assert_eq!(backoff(0), SignedDuration::from_secs(1));
        assert_eq!(backoff(3), SignedDuration::from_secs(8));
        assert_eq!(backoff(200), SignedDuration::from_secs(512));
    }
}
