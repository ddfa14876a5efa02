//! What came in and is not done yet: messages and wakes, in the order they arrived.
//!
//! A message is accepted once, however often the channel delivers it. It is done when a run has answered it, or when
//! it was settled without one.

use jiff::Timestamp;
use rusqlite::{Connection, Row};
use steward_agent::{Incoming, Outgoing};

use crate::Store;
use crate::column::{InboxId, Json, Millis, RunId};
use crate::error::{Result, StoreError};
use crate::outbox;
use crate::writer::Tx;

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It is in the inbox now.
    New(InboxId),
    /// It was accepted before; nothing was changed.
    Duplicate,
}

/// Something in the inbox that nobody has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxRow {
    pub id: InboxId,
    pub incoming: Incoming,
    pub received_at: Timestamp,
    /// It is an owner's own, and goes before what others sent.
    pub first: bool,
}

/// So many rows are read in no time.
const FEW: usize = 8;

impl Store {
    /// Accepts a message or a wake. It is on disk when this returns, so the channel may confirm it.
    pub async fn receive(&self, incoming: &Incoming, now: Timestamp) -> Result<Received> {
        let kept = incoming.clone();
        let received = self.write(move |tx| insert(tx, &kept, now)).await?;
        if let (Received::New(_), Incoming::Message(message)) = (received, incoming) {
            self.counter.received(&message.address.channel);
        }
        Ok(received)
    }

    /// What nobody has taken yet, oldest first, with ids above `after`.
    pub async fn pending_inbox(&self, after: Option<InboxId>) -> Result<Vec<InboxRow>> {
        let first = self.look_up(move |db| pending(db, after, FEW)).await?;
        // After a flood or a long rest there are more.
        if first.len() < FEW { Ok(first) } else { self.read(move |db| pending(db, after, usize::MAX)).await }
    }

    /// Done without a run: the replies are on their way and the message is closed, both or neither.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if a run has it or it is done.
    pub async fn settle(&self, id: InboxId, replies: Vec<Outgoing>, now: Timestamp) -> Result<()> {
        self.write(move |tx| {
            let changed = tx
                .prepare_cached("UPDATE inbox SET state = 'done', done_at = ?2 WHERE id = ?1 AND state = 'new'")?
                .execute((id, Millis(now)))?;
            if changed == 0 {
                return Err(StoreError::Taken(id));
            }
            outbox::insert(tx, &replies, None, now).map(drop)
        })
        .await
    }
}

impl Store {
    /// The same for a message that is not handled: what it said is forgotten at once, and only a repeated delivery of it
    /// is still known.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if a run has it or it is done.
    pub async fn turn_away(&self, id: InboxId, replies: Vec<Outgoing>, now: Timestamp) -> Result<()> {
        self.write(move |tx| {
            let changed = tx
                .prepare_cached(
                    "UPDATE inbox SET state = 'done', done_at = ?2, incoming = NULL WHERE id = ?1 AND state = 'new'",
                )?
                .execute((id, Millis(now)))?;
            if changed == 0 {
                return Err(StoreError::Taken(id));
            }
            outbox::insert(tx, &replies, None, now).map(drop)
        })
        .await
    }
}

fn inbox_row(row: &Row<'_>) -> rusqlite::Result<InboxRow> {
    Ok(InboxRow {
        id: row.get(0)?,
        incoming: row.get::<_, Json<Incoming>>(1)?.0,
        received_at: row.get::<_, Millis>(2)?.0,
        first: false,
    })
}

fn is_owners(db: &Connection, incoming: &Incoming) -> Result<bool> {
    Ok(match incoming {
        Incoming::Message(message) => db
            .prepare_cached(
                "SELECT 1 FROM identity JOIN person ON person.id = identity.person
                 WHERE identity.channel = ?1 AND identity.id = ?2 AND person.role = 'owner'",
            )?
            .exists((&message.address.channel, &message.sender.id))?,
        Incoming::Wake(wake) => {
            db.prepare_cached("SELECT 1 FROM person WHERE id = ?1 AND role = 'owner'")?.exists([wake.person.0])?
        }
    })
}

/// The oldest `most` that nobody has taken.
fn pending(db: &Connection, after: Option<InboxId>, most: usize) -> Result<Vec<InboxRow>> {
    let mut statement = db.prepare_cached(
        "SELECT id, incoming, received_at FROM inbox WHERE state = 'new' AND id > ?1 ORDER BY id LIMIT ?2",
    )?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = statement.query_map((after.map_or(0, |id| id.0), most), inbox_row)?;
    let mut rows: Vec<InboxRow> = rows.collect::<rusqlite::Result<_>>()?;
    for row in &mut rows {
        row.first = is_owners(db, &row.incoming)?;
    }
    Ok(rows)
}

/// Puts it in, unless the same message is there already.
pub(crate) fn insert(tx: &mut Tx<'_>, incoming: &Incoming, now: Timestamp) -> Result<Received> {
    let (channel, external_id) = match incoming {
        Incoming::Message(message) => (Some(&message.address.channel), Some(&message.external_id)),
        Incoming::Wake(_) => (None, None),
    };
    let changed = tx
        .prepare_cached(
            "INSERT INTO inbox (channel, external_id, incoming, received_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (channel, external_id) DO NOTHING",
        )?
        .execute((channel, external_id, Json(incoming), Millis(now)))?;
    if changed == 0 {
        return Ok(Received::Duplicate);
    }
    tx.touch_inbox();
    Ok(Received::New(InboxId(tx.last_insert_rowid())))
}

/// Hands the rows to a run; an error if one of them is not free.
pub(crate) fn take(db: &Connection, ids: &[InboxId], run: RunId) -> Result<()> {
    let mut statement =
        db.prepare_cached("UPDATE inbox SET state = 'taken', run = ?2 WHERE id = ?1 AND state = 'new'")?;
    for id in ids {
        if statement.execute((id, run))? == 0 {
            return Err(StoreError::Taken(*id));
        }
    }
    Ok(())
}

/// Everything the run had taken is done.
pub(crate) fn done(db: &Connection, run: RunId, now: Timestamp) -> Result<()> {
    db.prepare_cached("UPDATE inbox SET state = 'done', done_at = ?2 WHERE run = ?1 AND state = 'taken'")?
        .execute((run, Millis(now)))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::fixture::{Fixture, at, message, outgoing, wake};

    #[tokio::test]
    async fn a_message_delivered_twice_is_accepted_once_also_over_a_crash() {
        let fixture = Fixture::new();
        assert!(matches!(fixture.store.receive(&message("hello"), at(0)).await, Ok(Received::New(_))));
        assert_eq!(fixture.store.receive(&message("hello"), at(1)).await, Ok(Received::Duplicate));
        let after = fixture.after_crash();
        assert_eq!(after.store.receive(&message("hello"), at(2)).await, Ok(Received::Duplicate));
        let pending = after.store.pending_inbox(None).await.unwrap();
        assert_eq!(pending.iter().map(|row| &row.incoming).collect::<Vec<_>>(), [&message("hello")]);
        assert_eq!(pending[0].received_at, at(0));
    }

    #[tokio::test]
    async fn what_came_in_is_given_in_order_and_wakes_are_never_duplicates() {
        let fixture = Fixture::new();
        for incoming in [message("one"), Incoming::Wake(wake("two")), Incoming::Wake(wake("two"))] {
            fixture.store.receive(&incoming, at(0)).await.unwrap();
        }
        let all = fixture.store.pending_inbox(None).await.unwrap();
        assert_eq!(all.len(), 3);
        assert!(all.is_sorted_by_key(|row| row.id));
        let later = fixture.store.pending_inbox(Some(all[0].id)).await.unwrap();
        assert_eq!(later, all[1..]);
    }

    #[tokio::test]
    async fn what_is_turned_away_is_not_kept_but_known_when_it_comes_again() {
        let fixture = Fixture::new();
        let long = message(&"flood ".repeat(600));
        let Received::New(id) = fixture.store.receive(&long, at(0)).await.unwrap() else { panic!() };
        fixture.store.turn_away(id, vec![outgoing("anna", "enough")], at(1)).await.unwrap();
        assert_eq!(fixture.store.turn_away(id, Vec::new(), at(1)).await, Err(StoreError::Taken(id)));
        let after = fixture.after_crash();
        assert_eq!(after.store.pending_inbox(None).await.unwrap(), []);
        assert_eq!(after.store.receive(&long, at(2)).await, Ok(Received::Duplicate));
        let kept = "SELECT sum(length(coalesce(incoming, ''))) FROM inbox";
        let kept = after.store.read(move |db| Ok(db.query_row(kept, [], |row| row.get::<_, i64>(0))?)).await.unwrap();
        assert_eq!(kept, 0);
        assert_eq!(after.store.due_outgoing(at(2), 10).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn settling_answers_and_closes_at_once_and_only_once() {
        let fixture = Fixture::new();
        let Received::New(id) = fixture.store.receive(&message("/help"), at(0)).await.unwrap() else { panic!() };
        fixture.store.settle(id, vec![outgoing("anna", "I can help")], at(1)).await.unwrap();
        let again = fixture.store.settle(id, vec![outgoing("anna", "I can help")], at(1)).await;
        assert_eq!(again, Err(StoreError::Taken(id)));
        let after = fixture.after_crash();
        assert_eq!(after.store.pending_inbox(None).await.unwrap(), []);
        let due = after.store.due_outgoing(at(1), 10).await.unwrap();
        assert_eq!(due.iter().map(|row| row.outgoing.text.as_str()).collect::<Vec<_>>(), ["I can help"]);
    }
}
