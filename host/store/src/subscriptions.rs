//! What wakes the assistant when it happens. How an event wakes it is in `firing`.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, Row};
use serde_json::Value;
use steward_agent::{Address, PersonId};

use crate::Store;
use crate::column::{Json, Millis, SubscriptionId};
use crate::error::{Result, StoreError};
use crate::people;

/// Something that is watched for a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscription {
    pub id: SubscriptionId,
    pub owner: PersonId,
    /// The chat it was asked for in.
    pub address: Address,
    pub kind: String,
    pub settings: Value,
    pub prompt: String,
    /// Empty: the owner.
    pub recipients: Vec<PersonId>,
    /// What was there at the last event, in the kind's own words.
    pub seen: String,
    pub fired_at: Option<Timestamp>,
}

/// Something to be watched.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSubscription {
    pub owner: PersonId,
    pub address: Address,
    pub kind: String,
    pub settings: Value,
    pub prompt: String,
    pub recipients: Vec<PersonId>,
    pub seen: String,
}

const SELECT: &str = "SELECT id, owner, address, kind, settings, prompt, recipients, seen, fired_at
    FROM subscription WHERE";
const OF_KIND: &str = "kind = ?1 AND dropped_at IS NULL ORDER BY id";

impl Store {
    /// Keeps a subscription. With the key of a tool call, a second time with that key gives that of the first, even if
    /// it was dropped since.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the owner or a recipient is not known; [`StoreError::Invalid`] if the owner has
    /// `most` already.
    pub async fn subscribe(
        &self,
        new: NewSubscription,
        most: u32,
        key: Option<&str>,
        now: Timestamp,
    ) -> Result<Subscription> {
        let key = key.map(str::to_owned);
        self.write(move |tx| {
            if let Some(there) = first(tx, "key = ?1", (&key,))? {
                return Ok(there);
            }
            for person in new.recipients.iter().chain([&new.owner]) {
                people::known(tx, *person)?;
            }
            let count: u32 = tx.query_row(
                "SELECT count(*) FROM subscription WHERE owner = ?1 AND dropped_at IS NULL",
                (new.owner.0,),
                |row| row.get(0),
            )?;
            if count >= most {
                return Err(StoreError::Invalid(format!("{most} subscriptions are the most: drop one first")));
            }
            let id = insert(tx, &new, key.as_deref(), now)?;
            tx.touch_subscriptions();
            first(tx, "id = ?1", (id,))?.ok_or_else(|| not_found(id))
        })
        .await
    }

    /// The person's subscriptions, the oldest first.
    pub async fn list_subscriptions(&self, owner: PersonId) -> Result<Vec<Subscription>> {
        self.read(move |db| select(db, "owner = ?1 AND dropped_at IS NULL ORDER BY id", (owner.0,))).await
    }

    /// Everything of a kind that is watched, whoever's it is, the oldest first.
    pub async fn subscriptions(&self, kind: &str) -> Result<Vec<Subscription>> {
        let kind = kind.to_owned();
        self.read(move |db| select(db, OF_KIND, (kind,))).await
    }

    /// Drops a subscription of the person's own. One that they have dropped before is given again, so that a call
    /// repeated after a crash does not fail.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if it is not theirs.
    pub async fn unsubscribe(&self, owner: PersonId, id: SubscriptionId, now: Timestamp) -> Result<Subscription> {
        self.write(move |tx| {
            tx.prepare_cached(
                "UPDATE subscription SET dropped_at = ?3 WHERE id = ?1 AND owner = ?2 AND dropped_at IS NULL",
            )?
            .execute((id, owner.0, Millis(now)))?;
            tx.touch_subscriptions();
            first(tx, "id = ?1 AND owner = ?2", (id, owner.0))?.ok_or_else(|| not_found(id))
        })
        .await
    }
}

fn not_found(id: SubscriptionId) -> StoreError {
    StoreError::NotFound(format!("there is no subscription {id} of yours: list them to see the ids"))
}

fn subscription_row(row: &Row<'_>) -> rusqlite::Result<Subscription> {
    Ok(Subscription {
        id: row.get(0)?,
        owner: PersonId(row.get(1)?),
        address: row.get::<_, Json<Address>>(2)?.0,
        kind: row.get(3)?,
        settings: row.get::<_, Json<Value>>(4)?.0,
        prompt: row.get(5)?,
        recipients: row.get::<_, Json<Vec<PersonId>>>(6)?.0,
        seen: row.get(7)?,
        fired_at: row.get::<_, Option<Millis>>(8)?.map(|at| at.0),
    })
}

fn select(db: &Connection, clause: &str, params: impl Params) -> Result<Vec<Subscription>> {
    let mut statement = db.prepare_cached(&format!("{SELECT} {clause}"))?;
    let rows = statement.query_map(params, subscription_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn first(db: &Connection, clause: &str, params: impl Params) -> Result<Option<Subscription>> {
    Ok(db.prepare_cached(&format!("{SELECT} {clause}"))?.query_row(params, subscription_row).optional()?)
}

fn insert(db: &Connection, new: &NewSubscription, key: Option<&str>, now: Timestamp) -> Result<SubscriptionId> {
    db.prepare_cached(
        "INSERT INTO subscription (owner, address, kind, settings, prompt, recipients, seen, key, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute((
        new.owner.0,
        Json(&new.address),
        &new.kind,
        Json(&new.settings),
        &new.prompt,
        Json(&new.recipients),
        &new.seen,
        key,
        Millis(now),
    ))?;
    Ok(SubscriptionId(db.last_insert_rowid()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixture::{Fixture, at, chat, wake};
    use crate::{Firing, Mark};

    async fn fire(store: &Store, one: &Subscription, seen: &str, seconds: i64) -> bool {
        let mark = Mark::seen(one, seen.to_owned());
        store.fire(Firing { mark, messages: Vec::new(), wakes: vec![wake("it")] }, at(seconds)).await.unwrap()
    }

    async fn subscribed(fixture: &Fixture, key: Option<&str>) -> Result<Subscription> {
        let owner = fixture.meet("Anna", None).await.id;
        let new = NewSubscription {
            owner,
            address: chat("Anna"),
            kind: "file".to_owned(),
            settings: json!({ "path": "notes" }),
            prompt: "look".to_owned(),
            recipients: vec![],
            seen: "before".to_owned(),
        };
        fixture.store.subscribe(new, 2, key, at(0)).await
    }

    #[tokio::test]
    async fn an_event_wakes_once_however_many_see_it_and_whatever_crashes() {
        let fixture = Fixture::new();
        let one = subscribed(&fixture, None).await.unwrap();
        assert!(fire(&fixture.store, &one, "after", 5).await);
        assert!(!fire(&fixture.store, &one, "after", 5).await);
        let after = fixture.after_crash();
        assert!(!fire(&after.store, &one, "after", 5).await);
        assert_eq!(after.store.pending_inbox(None).await.unwrap().len(), 1);
        assert_eq!(after.store.subscriptions("task").await.unwrap(), []);
        let now = after.store.subscriptions("file").await.unwrap();
        assert_eq!(now, [Subscription { seen: "after".to_owned(), fired_at: Some(at(5)), ..one }]);
    }

    #[tokio::test]
    async fn a_dropped_one_is_silent_and_belongs_to_its_owner() {
        let fixture = Fixture::new();
        let one = subscribed(&fixture, Some("call 1")).await.unwrap();
        assert_eq!(subscribed(&fixture, Some("call 1")).await.unwrap(), one);
        let stranger = fixture.meet("Boris", None).await.id;
        assert!(matches!(fixture.store.unsubscribe(stranger, one.id, at(1)).await, Err(StoreError::NotFound(_))));
        assert_eq!(fixture.store.unsubscribe(one.owner, one.id, at(1)).await.unwrap(), one);
        assert_eq!(fixture.store.unsubscribe(one.owner, one.id, at(2)).await.unwrap(), one, "a repeated call");
        assert!(!fire(&fixture.store, &one, "x", 3).await);
        assert_eq!(fixture.store.list_subscriptions(one.owner).await.unwrap(), []);
    }

    #[tokio::test]
    async fn there_is_a_most() {
        let fixture = Fixture::new();
        subscribed(&fixture, None).await.unwrap();
        subscribed(&fixture, None).await.unwrap();
        assert!(
            matches!(subscribed(&fixture, None).await, Err(StoreError::Invalid(text)) if text.contains("drop one"))
        );
    }

    #[tokio::test]
    async fn what_is_watched_is_found_without_reading_what_was_dropped() {
        let fixture = Fixture::new();
        let plan = fixture.plan(&format!("{SELECT} {OF_KIND}")).await;
        assert!(plan.contains("SEARCH subscription USING INDEX subscription_kind"), "{plan}");
    }

    #[tokio::test]
    async fn a_new_or_dropped_one_is_announced() {
        let fixture = Fixture::new();
        let one = subscribed(&fixture, None).await.unwrap();
        fixture.store.subscriptions_changed().notified().await;
        fixture.store.unsubscribe(one.owner, one.id, at(1)).await.unwrap();
        fixture.store.subscriptions_changed().notified().await;
    }
}
