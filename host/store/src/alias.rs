//! Names that the owner gives people. Unlike what people call themselves, they identify.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use steward_agent::{PersonId, clean_name, name_key};

use crate::Store;
use crate::column::Millis;
use crate::error::{Result, StoreError};
use crate::{people, resolving};

/// The most names of one person.
const MOST: i64 = 10;

impl Store {
    /// From now on the name means this person.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a name that cannot be one or that another person has; [`StoreError::NotFound`].
    pub async fn give_alias(&self, person: PersonId, alias: &str, now: Timestamp) -> Result<()> {
        let (alias, key) = checked(alias)?;
        self.write(move |tx| {
            people::known(tx, person)?;
            if let Some(other) = holder(tx, &key)?.filter(|other| *other != person) {
                let other = people::known(tx, other)?.label();
                return Err(StoreError::Invalid(format!(
                    "the name \"{alias}\", or one that looks like it, is {other}'s: take it away from them first"
                )));
            }
            let count: i64 =
                tx.query_row("SELECT count(*) FROM alias WHERE person = ?1", [person.0], |row| row.get(0))?;
            if count >= MOST {
                return Err(StoreError::Invalid(format!("they have {count} names and {MOST} is the most: drop one")));
            }
            tx.prepare_cached(
                "INSERT INTO alias (folded, alias, person, given_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (folded) DO UPDATE SET alias = ?2",
            )?
            .execute((&key, &alias, person.0, Millis(now)))?;
            resolving::mark_dealt(tx, person, now)
        })
        .await
    }

    /// The name means nobody any more; gives whom it meant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if it meant nobody.
    pub async fn drop_alias(&self, alias: &str) -> Result<PersonId> {
        let key = name_key(alias);
        let shown = clean_name(alias);
        self.write(move |tx| {
            tx.prepare_cached("DELETE FROM alias WHERE folded = ?1 RETURNING person")?
                .query_row([&key], |row| row.get(0))
                .optional()?
                .map(PersonId)
                .ok_or_else(|| StoreError::NotFound(format!("nobody was given the name \"{shown}\"")))
        })
        .await
    }
}

fn holder(db: &Connection, key: &str) -> Result<Option<PersonId>> {
    let mut statement = db.prepare_cached("SELECT person FROM alias WHERE folded = ?1")?;
    Ok(statement.query_row([key], |row| row.get(0)).optional()?.map(PersonId))
}

/// The name as it is kept and as it is compared.
fn checked(alias: &str) -> Result<(String, String)> {
    let alias = alias.trim();
    let key = name_key(alias);
    let wrong = |why: &str| {
        let shown = steward_agent::visible(alias, 80);
        StoreError::Invalid(format!("\"{shown}\" {why}: choose a short name in letters, such as \"Masha\" or \"mum\""))
    };
    match () {
        () if alias.starts_with('@') => Err(wrong("looks like a username")),
        () if key.is_empty() || !alias.chars().any(char::is_alphabetic) => Err(wrong("has no letters")),
        () if alias.to_lowercase().strip_prefix("id").is_some_and(|rest| rest.trim().parse::<i64>().is_ok()) => {
            Err(wrong("looks like an id"))
        }
        () if clean_name(alias) != alias || alias.contains(':') => {
            Err(wrong("has characters that cannot be in a name, or is longer than 64"))
        }
        () => Ok((alias.to_owned(), key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, at};

    #[tokio::test]
    async fn a_name_that_was_given_identifies_whatever_others_call_themselves() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        let anna = fixture.meet("Anna", None).await.id;
        store.give_alias(anna, "Mum", at(0)).await.unwrap();
        let other = fixture.meet("Mum", Some("mum")).await.id;
        for query in ["mum", "MUM", " Mum "] {
            assert_eq!(store.resolve_person(query).await.unwrap().id, anna, "{query}");
        }
        assert_eq!(store.resolve_person("@mum").await.unwrap().id, other);
        let taken = store.give_alias(other, "Мum", at(1)).await.unwrap_err().to_string();
        assert!(taken.contains("is \"Anna\" (id 1"), "{taken}");
        assert_eq!(store.person(anna).await.unwrap().unwrap().aliases, ["Mum"]);
        assert_eq!(store.drop_alias("mum").await, Ok(anna));
        assert!(matches!(store.drop_alias("mum").await, Err(StoreError::NotFound(_))));
        assert!(matches!(store.resolve_person("mum").await, Err(StoreError::Stranger { .. })));
    }

    #[tokio::test]
    async fn what_could_be_taken_for_something_else_is_no_name() {
        let fixture = Fixture::new();
        let anna = fixture.meet("Anna", None).await.id;
        let long = "x".repeat(65);
        for alias in ["", "@mum", "12", "id 3", "telegram:5", "a\nb", "a\u{202e}b", "\u{200b}", "*mum*", long.as_str()]
        {
            let refused = fixture.store.give_alias(anna, alias, at(0)).await;
            assert!(matches!(refused, Err(StoreError::Invalid(_))), "{alias:?}: {refused:?}");
        }
        for number in 0..10 {
            fixture.store.give_alias(anna, &format!("anna{}", "x".repeat(number)), at(0)).await.unwrap();
        }
        assert!(matches!(fixture.store.give_alias(anna, "more", at(0)).await, Err(StoreError::Invalid(_))));
    }
}
