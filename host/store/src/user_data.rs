//! What is known about a person as keys and values: their profile, zone, preferences. Each person's own, also an
//! owner's.

use jiff::Timestamp;
use rusqlite::Connection;
use steward_agent::PersonId;

use crate::Store;
use crate::column::Millis;
use crate::effect;
use crate::error::{Result, StoreError};

/// The most keys of one person.
const KEYS: u32 = 100;
/// The longest key, in bytes.
const KEY: usize = 64;
/// The longest value, in characters.
const VALUE: usize = 2_000;

/// What is known about people, and nothing else of the store.
#[derive(Clone, Copy)]
pub struct UserData<'a>(&'a Store);

impl Store {
    /// What is known about people.
    pub fn user_data(&self) -> UserData<'_> {
        UserData(self)
    }
}

impl UserData<'_> {
    /// Every key with its value, in the order of the keys.
    pub async fn of(&self, person: PersonId) -> Result<Vec<(String, String)>> {
        self.0
            .look_up(move |db| {
                let mut statement =
                    db.prepare_cached("SELECT key, value FROM user_data WHERE person = ?1 ORDER BY key")?;
                let rows = statement.query_map([person.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
                Ok(rows.collect::<rusqlite::Result<_>>()?)
            })
            .await
    }

    /// Keeps a value in place of the key's earlier one, or forgets the key. Done once for each `effect`, the key of the
    /// call that asks.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a key or value that is not kept, and for a key too many; nothing is changed then.
    pub async fn set(
        &self,
        person: PersonId,
        key: &str,
        value: Option<String>,
        effect: &str,
        now: Timestamp,
    ) -> Result<()> {
        check(key, value.as_deref())?;
        let (key, effect) = (key.to_owned(), effect.to_owned());
        self.0
            .write(move |tx| {
                if effect::is_done(tx, &effect)? {
                    return Ok(());
                }
                match &value {
                    Some(value) => put(tx, person, &key, value, now)?,
                    None => {
                        tx.prepare_cached("DELETE FROM user_data WHERE person = ?1 AND key = ?2")?
                            .execute((person.0, &key))?;
                    }
                }
                effect::mark(tx, &effect)
            })
            .await
    }
}

/// Forgets every key of a person; says how many there were.
pub(crate) fn clear(db: &Connection, person: PersonId) -> Result<usize> {
    Ok(db.prepare_cached("DELETE FROM user_data WHERE person = ?1")?.execute([person.0])?)
}

fn check(key: &str, value: Option<&str>) -> Result<()> {
    let wrong = |text: String| Err(StoreError::Invalid(text));
    if key.trim().is_empty() || key.len() > KEY || key.chars().any(char::is_control) {
        let long = key.len();
        return wrong(format!(
            "a key has 1 to {KEY} bytes of one line, and this one has {long}: choose a short one such as `timezone`"
        ));
    }
    let Some(value) = value else { return Ok(()) };
    if value.trim().is_empty() {
        return wrong(format!("the value of `{key}` is empty: leave it out to forget the key"));
    }
    let long = value.chars().count();
    if long > VALUE {
        return wrong(format!(
            "the value of `{key}` has {long} characters and may have {VALUE}: shorten it, or keep it in a file of memory"
        ));
    }
    Ok(())
}

fn put(tx: &Connection, person: PersonId, key: &str, value: &str, now: Timestamp) -> Result<()> {
    let mut others = tx.prepare_cached("SELECT count(*) FROM user_data WHERE person = ?1 AND key <> ?2")?;
    let others: u32 = others.query_row((person.0, key), |row| row.get(0))?;
    if others >= KEYS {
        return Err(StoreError::Invalid(format!("there are {others} keys and {KEYS} is the most: forget some first")));
    }
    tx.prepare_cached(
        "INSERT INTO user_data (person, key, value, updated_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (person, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
    )?
    .execute((person.0, key, value, Millis(now)))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, at};

    async fn set(store: &Store, person: PersonId, key: &str, value: Option<&str>, effect: &str) -> Result<()> {
        store.user_data().set(person, key, value.map(str::to_owned), effect, at(0)).await
    }

    #[tokio::test]
    async fn each_person_has_their_own_in_the_order_of_keys() {
        let fixture = Fixture::new();
        let (store, anna) = (&fixture.store, fixture.meet("anna", None).await.id);
        let boris = fixture.meet("boris", None).await.id;
        set(store, anna, "zone", Some("Europe/Berlin"), "1").await.unwrap();
        set(store, anna, "name", Some("Аня"), "2").await.unwrap();
        set(store, boris, "zone", Some("UTC"), "3").await.unwrap();
        set(store, anna, "zone", Some("Europe/Rome"), "4").await.unwrap();
        let pairs = |pairs: &[(&str, &str)]| -> Vec<_> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        assert_eq!(store.user_data().of(anna).await.unwrap(), pairs(&[("name", "Аня"), ("zone", "Europe/Rome")]));
        set(store, anna, "name", None, "5").await.unwrap();
        set(store, anna, "never set", None, "6").await.unwrap();
        assert_eq!(store.user_data().of(anna).await.unwrap(), pairs(&[("zone", "Europe/Rome")]));
        assert_eq!(store.write(move |tx| clear(tx, anna)).await, Ok(1));
        assert_eq!(store.user_data().of(anna).await.unwrap(), []);
        assert_eq!(store.user_data().of(boris).await.unwrap(), pairs(&[("zone", "UTC")]));
    }

    #[tokio::test]
    async fn a_call_made_again_changes_nothing_a_second_time() {
        let fixture = Fixture::new();
        let anna = fixture.meet("anna", None).await.id;
        set(&fixture.store, anna, "city", Some("Rome"), "call#1").await.unwrap();
        set(&fixture.store, anna, "city", Some("Oslo"), "call#2").await.unwrap();
        let after = fixture.after_crash();
        set(&after.store, anna, "city", Some("Rome"), "call#1").await.unwrap();
        set(&after.store, anna, "city", None, "call#1").await.unwrap();
        assert_eq!(after.store.user_data().of(anna).await.unwrap(), [("city".to_owned(), "Oslo".to_owned())]);
    }

    #[tokio::test]
    async fn what_does_not_fit_is_refused_with_what_would() {
        let fixture = Fixture::new();
        let (store, anna) = (&fixture.store, fixture.meet("anna", None).await.id);
        let (long_key, long) = ("x".repeat(65), "я".repeat(2_001));
        for (key, value, told) in [
            ("", Some("a"), "1 to 64 bytes"),
            (" ", Some("a"), "1 to 64 bytes"),
            ("two\nlines", Some("a"), "one line"),
            (long_key.as_str(), Some("a"), "has 65"),
            ("", None, "1 to 64 bytes"),
            ("key", Some(" "), "leave it out to forget"),
            ("key", Some(long.as_str()), "2001 characters and may have 2000"),
        ] {
            let error = set(store, anna, key, value, "1").await.unwrap_err();
            assert!(matches!(&error, StoreError::Invalid(text) if text.contains(told)), "{key}: {error}");
        }
        set(store, anna, "key", Some(&"я".repeat(2_000)), "1").await.unwrap();
    }

    #[tokio::test]
    async fn a_key_too_many_is_refused_and_a_key_there_is_changed() {
        let fixture = Fixture::new();
        let (store, anna) = (&fixture.store, fixture.meet("anna", None).await.id);
        for number in 0..100 {
            set(store, anna, &format!("key {number}"), Some("1"), &number.to_string()).await.unwrap();
        }
        let error = set(store, anna, "one more", Some("1"), "more").await.unwrap_err().to_string();
        assert!(error.contains("100 is the most"), "{error}");
        set(store, anna, "key 7", Some("2"), "again").await.unwrap();
        assert_eq!(store.user_data().of(anna).await.unwrap().len(), 100);
    }
}
