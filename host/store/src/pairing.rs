//! One-time codes by which an owner lets someone in. Only a hash of a code is kept, and guessing is slowed down.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension};
use steward_agent::{PersonId, Role};

use crate::Store;
use crate::code::new_code;
use crate::column::Millis;
use crate::error::{Result, StoreError};
use crate::identities::Right;
use crate::writer::Tx;
use crate::{owners, people, resolving};

/// Wrong codes a person may try within [`TRIES_WITHIN`].
const TRIES: i64 = 5;
const TRIES_WITHIN: SignedDuration = SignedDuration::from_hours(1);

impl Store {
    /// A code that makes whoever sends it an owner, gives them a role of the configuration, or (external) lets them
    /// write. It works once, until `now + ttl`.
    pub async fn create_pairing(&self, role: Role, now: Timestamp, ttl: SignedDuration) -> Result<String> {
        let code = new_code();
        let hash = hash(&code);
        let expires_at = now
            .checked_add(ttl)
            .map_err(|_| StoreError::Invalid(format!("a code cannot be valid for {ttl:#}: choose a shorter time")))?;
        self.write(move |tx| {
            tx.prepare_cached("INSERT INTO pairing (hash, role, expires_at) VALUES (?1, ?2, ?3)")?.execute((
                &hash,
                role.as_str(),
                Millis(expires_at),
            ))?;
            Ok(())
        })
        .await?;
        Ok(code)
    }

    /// Uses a code up for a person, in whatever case and with spaces or dashes. Gives the role of the code, or `None`
    /// if it is wrong, used or expired. An owner stays one whatever the code.
    ///
    /// # Errors
    /// [`StoreError::TooManyTries`] after five wrong codes within an hour, also for a right one.
    pub async fn redeem_pairing(&self, code: &str, person: PersonId, now: Timestamp) -> Result<Option<Role>> {
        let hash = hash(code);
        self.write(move |tx| {
            let known = people::known(tx, person)?;
            refuse_guessing(tx, person, now)?;
            let role = tx
                .prepare_cached("DELETE FROM pairing WHERE hash = ?1 AND expires_at > ?2 RETURNING role")?
                .query_row((&hash, Millis(now)), |row| row.get::<_, String>(0))
                .optional()?
                .map(Role::from);
            match &role {
                Some(role) => admit(tx, person, &known.role, role, now)?,
                None => count_failure(tx, person, now)?,
            }
            Ok(role)
        })
        .await
    }
}

/// Of the code as it is meant: upper case, letters and digits only.
fn hash(code: &str) -> String {
    let meant: String = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    blake3::hash(meant.as_bytes()).to_hex().to_string()
}

fn refuse_guessing(db: &Connection, person: PersonId, now: Timestamp) -> Result<()> {
    let since = now.checked_sub(TRIES_WITHIN).unwrap_or(Timestamp::MIN);
    let (count, first): (i64, Option<Millis>) = db
        .prepare_cached("SELECT count(*), min(at) FROM pairing_failure WHERE person = ?1 AND at > ?2")?
        .query_row((person.0, Millis(since)), |row| Ok((row.get(0)?, row.get(1)?)))?;
    match first {
        Some(first) if count >= TRIES => {
            Err(StoreError::TooManyTries { until: first.0.checked_add(TRIES_WITHIN).unwrap_or(Timestamp::MAX) })
        }
        _ => Ok(()),
    }
}

fn admit(tx: &mut Tx<'_>, person: PersonId, current: &Role, role: &Role, now: Timestamp) -> Result<()> {
    tx.prepare_cached("UPDATE person SET allowed = 1 WHERE id = ?1")?.execute([person.0])?;
    match role {
        Role::Owner => owners::make_owner(tx, person, Right::Code, now)?,
        Role::Named(name) if *current != Role::Owner => {
            tx.prepare_cached("UPDATE person SET role = ?2 WHERE id = ?1")?.execute((person.0, name))?;
        }
        Role::External | Role::Group | Role::Named(_) => {}
    }
    // Whoever has a code was given it by an owner.
    resolving::mark_dealt(tx, person, now)?;
    tx.prepare_cached("DELETE FROM pairing_failure WHERE person = ?1")?.execute([person.0])?;
    tx.touch_standing()
}

fn count_failure(db: &Connection, person: PersonId, now: Timestamp) -> Result<()> {
    db.prepare_cached("INSERT INTO pairing_failure (person, at) VALUES (?1, ?2)")?.execute((person.0, Millis(now)))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::fixture::{Fixture, at};

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    #[tokio::test]
    async fn a_code_works_once_however_it_is_typed_and_is_not_kept() {
        let fixture = Fixture::new();
        let (store, anna) = (&fixture.store, fixture.meet("Anna", None).await.id);
        let code = store.create_pairing(Role::Owner, at(0), DAY).await.unwrap();
        assert_eq!(code.len(), 8);
        let kept: String =
            store.read(|db| Ok(db.query_row("SELECT hash FROM pairing", [], |row| row.get(0))?)).await.unwrap();
        assert!(!kept.contains(&code));

        let typed = format!(" {}-{} ", &code[..4].to_lowercase(), &code[4..]);
        assert_eq!(store.redeem_pairing(&typed, anna, at(1)).await, Ok(Some(Role::Owner)));
        assert_eq!(store.person(anna).await.unwrap().unwrap().role, Role::Owner);
        assert_eq!(store.redeem_pairing(&code, anna, at(2)).await, Ok(None));
    }

    #[tokio::test]
    async fn a_code_for_outsiders_lets_them_write_and_demotes_nobody() {
        let fixture = Fixture::new();
        let (store, anna) = (&fixture.store, fixture.meet("Anna", None).await.id);
        for (before, code_of, after) in [
            (Role::External, Role::External, Role::External),
            (Role::External, Role::Named("family".to_owned()), Role::Named("family".to_owned())),
            (Role::Owner, Role::Named("family".to_owned()), Role::Owner),
            (Role::Owner, Role::External, Role::Owner),
        ] {
            store.set_role(anna, before, at(0)).await.unwrap();
            store.set_allowed(anna, false).await.unwrap();
            let code = store.create_pairing(code_of.clone(), at(0), DAY).await.unwrap();
            assert_eq!(store.redeem_pairing(&code, anna, at(1)).await, Ok(Some(code_of)));
            let person = store.person(anna).await.unwrap().unwrap();
            assert_eq!((person.role, person.allowed), (after, true));
        }
    }

    #[tokio::test]
    async fn a_code_expires() {
        let fixture = Fixture::new();
        let (store, anna) = (&fixture.store, fixture.meet("Anna", None).await.id);
        let code = store.create_pairing(Role::Owner, at(0), SignedDuration::from_secs(60)).await.unwrap();
        assert_eq!(store.redeem_pairing(&code, anna, at(60)).await, Ok(None));
        assert!(matches!(
            store.create_pairing(Role::Owner, at(0), SignedDuration::MAX).await,
            Err(StoreError::Invalid(_))
        ));
    }

    #[tokio::test]
    async fn guessing_is_refused_after_five_wrong_codes_for_an_hour() {
        let fixture = Fixture::new();
        let (store, anna) = (&fixture.store, fixture.meet("Anna", None).await.id);
        let boris = fixture.meet("Boris", None).await.id;
        let code = store.create_pairing(Role::Owner, at(0), DAY).await.unwrap();
        for second in 0..5 {
            assert_eq!(store.redeem_pairing("wrong", anna, at(second)).await, Ok(None));
        }
        let refused = store.redeem_pairing(&code, anna, at(10)).await;
        assert_eq!(refused, Err(StoreError::TooManyTries { until: at(3600) }));
        assert_eq!(store.redeem_pairing("wrong", boris, at(10)).await, Ok(None), "others may still try");
        let after = fixture.after_crash();
        assert!(after.store.redeem_pairing(&code, anna, at(3599)).await.is_err(), "a restart does not help");
        assert_eq!(after.store.redeem_pairing(&code, anna, at(3600)).await, Ok(Some(Role::Owner)));
    }
}
