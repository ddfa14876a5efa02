//! What plugins keep for themselves: small values under keys, apart for each plugin and each scope, within a quota.
//!
//! Whose data a scope is, and how much it may hold, is the caller's decision.

use rusqlite::{Connection, OptionalExtension};

use crate::Store;
use crate::effect;
use crate::error::{Result, StoreError};

/// Where a plugin's data lies: nothing of one place is seen from another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KvPlace {
    pub plugin: String,
    /// Whose data it is, in words of the caller's own: `owner`, `person/7`.
    pub scope: String,
}

/// How much one place may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KvQuota {
    pub keys: u32,
    /// Of all keys and values together.
    pub bytes: u64,
}

/// The values of plugins, and nothing else of the store.
#[derive(Clone, Copy)]
pub struct KvStore<'a>(&'a Store);

impl Store {
    /// What plugins keep for themselves.
    pub fn kv(&self) -> KvStore<'_> {
        KvStore(self)
    }
}

impl KvStore<'_> {
    /// The value of a key.
    pub async fn get(&self, place: KvPlace, key: &str) -> Result<Option<Vec<u8>>> {
        let key = key.to_owned();
        self.0
            .read(move |db| {
                let mut statement =
                    db.prepare_cached("SELECT value FROM kv WHERE plugin = ?1 AND scope = ?2 AND key = ?3")?;
                Ok(statement.query_row((&place.plugin, &place.scope, &key), |row| row.get(0)).optional()?)
            })
            .await
    }

    /// The keys that begin with `prefix`, in the order of their bytes.
    pub async fn list(&self, place: KvPlace, prefix: &str) -> Result<Vec<String>> {
        let prefix = prefix.to_owned();
        self.0
            .read(move |db| {
                let mut statement = db.prepare_cached(
                "SELECT key FROM kv WHERE plugin = ?1 AND scope = ?2 AND substr(key, 1, length(?3)) = ?3 ORDER BY key",
            )?;
                let rows = statement.query_map((&place.plugin, &place.scope, &prefix), |row| row.get(0))?;
                Ok(rows.collect::<rusqlite::Result<_>>()?)
            })
            .await
    }

    /// Keeps a value in place of the key's earlier one. Done once for each `effect`, the key of the call that asks.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if the place would hold more than its quota; nothing is changed then.
    pub async fn set(&self, place: KvPlace, key: &str, value: Vec<u8>, quota: KvQuota, effect: &str) -> Result<()> {
        let (key, effect) = (key.to_owned(), effect.to_owned());
        self.0
            .write(move |tx| {
                if effect::is_done(tx, &effect)? {
                    return Ok(());
                }
                check(tx, &place, &key, value.len(), quota)?;
                tx.prepare_cached(
                    "INSERT INTO kv (plugin, scope, key, value) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (plugin, scope, key) DO UPDATE SET value = excluded.value",
                )?
                .execute((&place.plugin, &place.scope, &key, &value))?;
                effect::mark(tx, &effect)
            })
            .await
    }

    /// Forgets a key; one that is not there is forgotten already. Done once for each `effect`.
    pub async fn delete(&self, place: KvPlace, key: &str, effect: &str) -> Result<()> {
        let (key, effect) = (key.to_owned(), effect.to_owned());
        self.0
            .write(move |tx| {
                if effect::is_done(tx, &effect)? {
                    return Ok(());
                }
                tx.prepare_cached("DELETE FROM kv WHERE plugin = ?1 AND scope = ?2 AND key = ?3")?.execute((
                    &place.plugin,
                    &place.scope,
                    &key,
                ))?;
                effect::mark(tx, &effect)
            })
            .await
    }
}

/// Whether the place has room for the value.
fn check(db: &Connection, place: &KvPlace, key: &str, value: usize, quota: KvQuota) -> Result<()> {
    let mut statement = db.prepare_cached(
        "SELECT count(*), coalesce(sum(octet_length(key) + length(value)), 0) FROM kv
         WHERE plugin = ?1 AND scope = ?2 AND key <> ?3",
    )?;
    let (keys, bytes): (u32, i64) =
        statement.query_row((&place.plugin, &place.scope, key), |row| Ok((row.get(0)?, row.get(1)?)))?;
    if keys >= quota.keys {
        let most = quota.keys;
        return Err(StoreError::Invalid(format!("there are {keys} keys and {most} is the most: delete some first")));
    }
    let bytes = bytes.unsigned_abs() + (key.len() + value) as u64;
    if bytes > quota.bytes {
        let most = quota.bytes >> 10;
        let text = format!("with this value {} KiB would be kept and {most} KiB is the most: delete", bytes >> 10);
        return Err(StoreError::Invalid(format!("{text} something first")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    const QUOTA: KvQuota = KvQuota { keys: 3, bytes: 4096 };

    fn place(plugin: &str, scope: &str) -> KvPlace {
        KvPlace { plugin: plugin.to_owned(), scope: scope.to_owned() }
    }

    async fn set(store: &Store, place: KvPlace, key: &str, value: &str, effect: &str) -> Result<()> {
        store.kv().set(place, key, value.as_bytes().to_vec(), QUOTA, effect).await
    }

    #[tokio::test]
    async fn every_plugin_and_scope_has_its_own() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        for (number, (plugin, scope)) in [("a", "owner"), ("a", "person/2"), ("b", "owner")].into_iter().enumerate() {
            set(store, place(plugin, scope), "k", &format!("{plugin} {scope}"), &number.to_string()).await.unwrap();
        }
        let got = store.kv().get(place("a", "person/2"), "k").await.unwrap();
        assert_eq!(got.as_deref(), Some(b"a person/2".as_slice()));
        store.kv().delete(place("a", "owner"), "k", "4").await.unwrap();
        assert_eq!(store.kv().get(place("a", "owner"), "k").await.unwrap(), None);
        assert!(store.kv().get(place("b", "owner"), "k").await.unwrap().is_some());
        assert_eq!(store.kv().list(place("c", "owner"), "").await.unwrap(), Vec::<String>::new());
    }

    #[tokio::test]
    async fn keys_are_listed_by_their_beginning_without_wildcards() {
        let fixture = Fixture::new();
        let here = place("a", "owner");
        for key in ["b%", "a/2", "a/1"] {
            set(&fixture.store, here.clone(), key, "v", key).await.unwrap();
        }
        assert_eq!(fixture.store.kv().list(here.clone(), "a/").await.unwrap(), ["a/1", "a/2"]);
        assert_eq!(fixture.store.kv().list(here.clone(), "%").await.unwrap(), Vec::<String>::new());
        assert_eq!(fixture.store.kv().list(here, "").await.unwrap(), ["a/1", "a/2", "b%"]);
    }

    #[tokio::test]
    async fn a_call_made_again_changes_nothing_a_second_time() {
        let fixture = Fixture::new();
        let here = place("a", "owner");
        set(&fixture.store, here.clone(), "count", "1", "call#1").await.unwrap();
        let after = fixture.after_crash();
        set(&after.store, here.clone(), "count", "2", "call#1").await.unwrap();
        assert_eq!(after.store.kv().get(here, "count").await.unwrap().as_deref(), Some(b"1".as_slice()));
    }

    #[tokio::test]
    async fn what_is_over_the_quota_is_refused_and_changes_nothing() {
        let fixture = Fixture::new();
        let (store, here) = (&fixture.store, place("a", "owner"));
        set(store, here.clone(), "one", "1", "1").await.unwrap();
        let error = set(store, here.clone(), "one", &"x".repeat(4096), "2").await.unwrap_err().to_string();
        assert!(error.contains("4 KiB is the most"), "{error}");
        assert_eq!(store.kv().get(here.clone(), "one").await.unwrap().as_deref(), Some(b"1".as_slice()));
        set(store, here.clone(), "two", "2", "3").await.unwrap();
        set(store, here.clone(), "three", "3", "4").await.unwrap();
        let error = set(store, here.clone(), "four", "4", "5").await.unwrap_err().to_string();
        assert!(error.contains("3 is the most"), "{error}");
        set(store, here, "three", "3 again", "6").await.unwrap();
    }
}
