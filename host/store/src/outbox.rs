//! Messages on their way out. Within a chat they leave in order, one at a time; a chat that cannot be reached holds up
//! no other.
//!
//! A row is pending until it is sent or has failed for good. That it is being sent is nowhere written: after a crash
//! nobody could tell whether it had arrived, and it is sent again.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};
use steward_agent::{Address, Outgoing};

use crate::Store;
use crate::column::{Json, Millis, OutboxId};
use crate::error::{Result, StoreError};
use crate::writer::Tx;

/// A message that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    pub id: OutboxId,
    pub outgoing: Outgoing,
    /// How often it was put off before.
    pub attempts: u32,
    /// It is for an owner, whose messages go before all others.
    pub first: bool,
}

/// What there is to send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Of each chat its oldest unfinished message, if its time has come. Those for owners come first.
    pub due: Vec<OutboxRow>,
    /// When the first of the others is due that could be sent then; those behind another of their chat do not count.
    pub next: Option<Timestamp>,
    /// How many messages are not finished, the due ones among them.
    pub unfinished: usize,
}

/// The oldest unfinished message of each chat: the only one of it that may be sent.
const HEADS: &str = "SELECT min(id) FROM outbox WHERE state = 'pending' GROUP BY channel, chat";

/// Whether an owner was last heard from in the message's chat.
const TO_OWNER: &str = "EXISTS (SELECT 1 FROM person WHERE person.role = 'owner'
    AND person.address ->> 'channel' = outbox.channel AND person.address ->> 'chat' = outbox.chat)";

/// Nothing is put off for longer than this, in milliseconds. What seems to be was put off before the clock was set back,
/// and is due.
const LONGEST: i64 = 2 * 3_600 * 1_000;

/// Of so many unfinished messages it is quickly known which are due.
const FEW: usize = 64;

impl Store {
    /// Puts messages on their way. With the key of a tool call, a second time with that key changes nothing and gives
    /// the ids of the first.
    pub async fn enqueue(&self, messages: Vec<Outgoing>, key: Option<&str>, now: Timestamp) -> Result<Vec<OutboxId>> {
        let key = key.map(str::to_owned);
        self.write(move |tx| {
            if let Some(key) = &key {
                let known = ids_of(tx, key)?;
                if !known.is_empty() {
                    return Ok(known);
                }
            }
            insert(tx, &messages, key.as_deref(), now)
        })
        .await
    }

    /// What can be sent now, at most `limit` messages of it, and when to look again.
    pub async fn outlook(&self, now: Timestamp, limit: usize) -> Result<Outlook> {
        let quickly = move |db: &Connection| match unfinished(db, FEW + 1)? {
            many if many > FEW => Ok(None),
            _ => outlook(db, now, limit).map(Some),
        };
        match self.look_up(quickly).await? {
            Some(outlook) => Ok(outlook),
            None => self.read(move |db| outlook(db, now, limit)).await,
        }
    }

    /// What can be sent now.
    pub async fn due_outgoing(&self, now: Timestamp, limit: usize) -> Result<Vec<OutboxRow>> {
        Ok(self.outlook(now, limit).await?.due)
    }

    /// Whether anything waits to be sent there or is on its way.
    pub async fn has_outgoing(&self, to: &Address) -> Result<bool> {
        let to = to.clone();
        self.read(move |db| {
            let sql = "SELECT 1 FROM outbox WHERE channel = ?1 AND chat = ?2 AND state = 'pending'";
            Ok(db.prepare_cached(sql)?.exists((&to.channel, &to.chat))?)
        })
        .await
    }

    /// The channel has it. The next one of its chat is free.
    pub async fn mark_sent(&self, id: OutboxId, now: Timestamp) -> Result<()> {
        let channel: String = self
            .write(move |tx| {
                let sql = "UPDATE outbox SET state = 'sent', finished_at = ?2, error = NULL
                           WHERE id = ?1 AND state = 'pending' RETURNING channel";
                let channel = tx.prepare_cached(sql)?.query_row((id, Millis(now)), |row| row.get(0)).optional()?;
                channel.ok_or_else(|| is_finished(id))
            })
            .await?;
        self.counter.sent(&channel);
        Ok(())
    }

    /// It could not be sent and is due again at `until`, at most two hours from now. This counts as an attempt.
    pub async fn postpone(&self, id: OutboxId, until: Timestamp, error: &str) -> Result<()> {
        let error = error.to_owned();
        let sql = "UPDATE outbox SET not_before = ?2, error = ?3, attempts = attempts + 1
                   WHERE id = ?1 AND state = 'pending' RETURNING channel";
        self.change_outgoing(id, sql, move || (id, Millis(until), error.clone())).await.map(drop)
    }

    /// What waits for this channel is due now, because it can be reached again.
    pub async fn hasten(&self, channel: &str, now: Timestamp) -> Result<()> {
        let channel = channel.to_owned();
        self.write(move |tx| {
            tx.touch_outbox();
            tx.prepare_cached(
                "UPDATE outbox SET not_before = ?2
                 WHERE channel = ?1 AND state = 'pending' AND not_before > ?2",
            )?
            .execute((&channel, Millis(now)))?;
            Ok(())
        })
        .await
    }

    /// It cannot be sent and is given up for good; the next one of its chat is free.
    pub async fn fail(&self, id: OutboxId, error: &str, now: Timestamp) -> Result<()> {
        let error = error.to_owned();
        let sql = "UPDATE outbox SET state = 'failed', finished_at = ?2, error = ?3
                   WHERE id = ?1 AND state = 'pending' RETURNING channel";
        let channel = self.change_outgoing(id, sql, move || (id, Millis(now), error.clone())).await?;
        self.counter.undeliverable(&channel);
        Ok(())
    }

    /// Runs a statement that returns the message's channel.
    async fn change_outgoing<P: Params + 'static>(
        &self,
        id: OutboxId,
        sql: &'static str,
        params: impl Fn() -> P + Send + 'static,
    ) -> Result<String> {
        self.write(move |tx| {
            let channel = tx.prepare_cached(sql)?.query_row(params(), |row| row.get(0)).optional()?;
            let channel = channel.ok_or_else(|| is_finished(id))?;
            tx.touch_outbox();
            Ok(channel)
        })
        .await
    }
}

fn is_finished(id: OutboxId) -> StoreError {
    StoreError::NotFound(format!("outgoing message {id} is not waiting to be sent any more"))
}

/// How many messages are not finished, counted no further than `most`.
fn unfinished(db: &Connection, most: usize) -> Result<usize> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM outbox WHERE state = 'pending' LIMIT ?1)";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let many: i64 = db.prepare_cached(sql)?.query_row([most], |row| row.get(0))?;
    Ok(usize::try_from(many).unwrap_or_default())
}

fn outlook(db: &Connection, now: Timestamp, limit: usize) -> Result<Outlook> {
    let unfinished = unfinished(db, usize::MAX)?;
    if unfinished == 0 {
        return Ok(Outlook::default());
    }
    let mut statement = db.prepare_cached(&format!(
        "SELECT id, outgoing, attempts, {TO_OWNER} AS first FROM outbox
         WHERE id IN ({HEADS}) AND (not_before <= ?1 OR not_before > ?1 + {LONGEST})
         ORDER BY first DESC, id LIMIT ?2"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map((Millis(now), limit), outbox_row)?;
    let due: Vec<OutboxRow> = rows.collect::<rusqlite::Result<_>>()?;
    let next: Option<Millis> = db
        .prepare_cached(&format!(
            "SELECT min(not_before) FROM outbox
             WHERE id IN ({HEADS}) AND not_before > ?1 AND not_before <= ?1 + {LONGEST}"
        ))?
        .query_row([Millis(now)], |row| row.get(0))?;
    Ok(Outlook { due, next: next.map(|at| at.0), unfinished })
}

fn outbox_row(row: &Row<'_>) -> rusqlite::Result<OutboxRow> {
    Ok(OutboxRow {
        id: row.get(0)?,
        outgoing: row.get::<_, Json<Outgoing>>(1)?.0,
        attempts: row.get(2)?,
        first: row.get(3)?,
    })
}

fn ids_of(db: &Connection, key: &str) -> Result<Vec<OutboxId>> {
    let mut statement = db.prepare_cached("SELECT id FROM outbox WHERE key = ?1 ORDER BY position")?;
    let ids = statement.query_map([key], |row| row.get(0))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}

/// Puts the messages at the end of their chats' queues, due at once.
pub(crate) fn insert(
    tx: &mut Tx<'_>,
    messages: &[Outgoing],
    key: Option<&str>,
    now: Timestamp,
) -> Result<Vec<OutboxId>> {
    let mut ids = Vec::with_capacity(messages.len());
    for (position, message) in (0_i64..).zip(messages) {
        tx.prepare_cached(
            "INSERT INTO outbox (channel, chat, outgoing, key, position, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((&message.to.channel, &message.to.chat, Json(message), key, position, Millis(now)))?;
        ids.push(OutboxId(tx.last_insert_rowid()));
    }
    if !messages.is_empty() {
        tx.touch_outbox();
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::fixture::{Fixture, at, outgoing};

    async fn due(store: &Store, seconds: i64) -> Vec<String> {
        let rows = store.due_outgoing(at(seconds), 10).await.unwrap();
        rows.into_iter().map(|row| row.outgoing.text).collect()
    }

    async fn enqueue(store: &Store, to: &str, text: &str) -> OutboxId {
        store.enqueue(vec![outgoing(to, text)], None, at(0)).await.unwrap()[0]
    }

    #[tokio::test]
    async fn a_chat_gets_its_messages_in_order_and_holds_up_no_other() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        let first = enqueue(store, "anna", "first").await;
        enqueue(store, "anna", "second").await;
        enqueue(store, "boris", "other").await;
        assert_eq!(due(store, 0).await, ["first", "other"]);

        store.postpone(first, at(60), "too many requests").await.unwrap();
        assert_eq!(due(store, 59).await, ["other"], "the second does not overtake");
        assert_eq!(due(store, 60).await, ["first", "other"]);
        store.fail(first, "the chat is gone", at(60)).await.unwrap();
        assert_eq!(due(store, 60).await, ["second", "other"]);
    }

    #[tokio::test]
    async fn what_is_for_an_owner_goes_before_all_others() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        let owner = fixture.meet("owner", None).await.id;
        store.set_role(owner, steward_agent::Role::Owner, at(0)).await.unwrap();
        for number in 0..40 {
            enqueue(store, &format!("stranger {number}"), "no").await;
        }
        // `meet` gave the owner the chat of their name.
        enqueue(store, "owner", "yes").await;
        let due = store.due_outgoing(at(0), 3).await.unwrap();
        assert_eq!(
            due.iter().map(|row| (row.outgoing.text.as_str(), row.first)).collect::<Vec<_>>(),
            [("yes", true), ("no", false), ("no", false)]
        );
    }

    #[tokio::test]
    async fn attempts_are_counted() {
        let fixture = Fixture::new();
        let id = enqueue(&fixture.store, "anna", "hello").await;
        for _ in 0..2 {
            fixture.store.postpone(id, at(1), "no network").await.unwrap();
        }
        assert_eq!(fixture.store.due_outgoing(at(1), 1).await.unwrap()[0].attempts, 2);
    }

    #[tokio::test]
    async fn a_channel_that_is_back_gets_what_waited_for_it() {
        let fixture = Fixture::new();
        let id = enqueue(&fixture.store, "anna", "hello").await;
        fixture.store.postpone(id, at(600), "nobody is there").await.unwrap();
        fixture.store.hasten("terminal", at(5)).await.unwrap();
        assert_eq!(due(&fixture.store, 5).await, Vec::<String>::new());
        fixture.store.hasten("telegram", at(5)).await.unwrap();
        assert_eq!(due(&fixture.store, 5).await, ["hello"]);
    }

    #[tokio::test]
    async fn what_was_put_off_by_a_clock_set_back_since_is_due() {
        let fixture = Fixture::new();
        let id = enqueue(&fixture.store, "anna", "again").await;
        fixture.store.postpone(id, at(86_410), "too many requests").await.unwrap();
        assert_eq!(due(&fixture.store, 86_400).await, Vec::<String>::new());
        assert_eq!(due(&fixture.store, 0).await, ["again"]);
    }

    #[tokio::test]
    async fn a_clock_set_back_delays_no_message() {
        let fixture = Fixture::new();
        enqueue(&fixture.store, "anna", "now").await;
        assert_eq!(due(&fixture.store, -3600).await, ["now"]);
    }

    #[tokio::test]
    async fn the_next_time_is_that_of_what_can_really_be_sent() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        assert_eq!(store.outlook(at(0), 10).await.unwrap(), Outlook::default());
        let first = enqueue(store, "anna", "first").await;
        enqueue(store, "anna", "second").await;
        store.postpone(first, at(60), "later").await.unwrap();
        let later = Outlook { due: Vec::new(), next: Some(at(60)), unfinished: 2 };
        assert_eq!(store.outlook(at(0), 10).await.unwrap(), later);
        store.mark_sent(first, at(60)).await.unwrap();
        let now = store.outlook(at(0), 10).await.unwrap();
        assert_eq!((now.due.len(), now.next, now.unfinished), (1, None, 1));
    }

    #[tokio::test]
    async fn many_that_wait_are_all_seen() {
        let fixture = Fixture::new();
        for number in 0..2 * FEW {
            enqueue(&fixture.store, &format!("chat {number}"), "hello").await;
        }
        let outlook = fixture.store.outlook(at(0), 3 * FEW).await.unwrap();
        assert_eq!((outlook.due.len(), outlook.unfinished), (2 * FEW, 2 * FEW));
    }

    #[tokio::test]
    async fn who_waits_is_told_of_what_is_new_and_not_of_what_was_sent() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        let told = || {
            let told = std::pin::pin!(store.outbox_changed().notified());
            told.enable()
        };
        let id = enqueue(store, "anna", "hello").await;
        assert_eq!((told(), told()), (true, false), "once");
        store.mark_sent(id, at(1)).await.unwrap();
        assert!(!told());
    }

    #[tokio::test]
    async fn a_chat_is_behind_until_its_last_message_was_sent() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        let anna = outgoing("anna", "").to;
        enqueue(store, "boris", "other").await;
        assert_eq!(store.has_outgoing(&anna).await, Ok(false));
        let id = enqueue(store, "anna", "hello").await;
        store.postpone(id, at(60), "nobody is there").await.unwrap();
        assert_eq!(store.has_outgoing(&anna).await, Ok(true));
        store.mark_sent(id, at(60)).await.unwrap();
        assert_eq!(store.has_outgoing(&anna).await, Ok(false));
    }

    #[tokio::test]
    async fn what_a_crash_cut_off_is_sent_again_and_what_was_sent_is_not() {
        let fixture = Fixture::new();
        let sent = enqueue(&fixture.store, "anna", "sent").await;
        enqueue(&fixture.store, "boris", "cut off").await;
        fixture.store.mark_sent(sent, at(1)).await.unwrap();

        let after = fixture.after_crash();
        assert_eq!(due(&after.store, 2).await, ["cut off"]);
        assert!(matches!(after.store.mark_sent(sent, at(3)).await, Err(StoreError::NotFound(_))));
    }

    #[tokio::test]
    async fn a_call_made_twice_sends_once() {
        let fixture = Fixture::new();
        let messages = vec![outgoing("anna", "one"), outgoing("boris", "two")];
        let first = fixture.store.enqueue(messages.clone(), Some("run 1 call 1"), at(0)).await.unwrap();
        let after = fixture.after_crash();
        assert_eq!(after.store.enqueue(messages, Some("run 1 call 1"), at(9)).await.unwrap(), first);
        assert_eq!(due(&after.store, 9).await, ["one", "two"]);
    }
}
