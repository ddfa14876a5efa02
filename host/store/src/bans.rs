//! Bans: an owner's, and those that follow from a rule after what somebody did in their own conversation. An owner cannot
//! be banned.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use steward_agent::{Outgoing, PersonId, Role};

use crate::Store;
use crate::column::RunId;
use crate::error::{Result, StoreError};
use crate::{effect, outbox, people, session};

/// Warnings that somebody gets before they are banned.
const WARNINGS: u32 = 1;

/// What became of somebody who went too far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Warned,
    Banned,
}

/// That a person went too far in a conversation of theirs.
#[derive(Clone, Debug)]
pub struct Violation {
    pub person: PersonId,
    /// Several of one run count once.
    pub run: Option<RunId>,
    /// Of the tool call.
    pub key: String,
    /// What the owners are told of a warning, and of a ban.
    pub warned: Vec<Outgoing>,
    pub banned: Vec<Outgoing>,
}

/// Who went too far in a conversation of theirs, and nothing else of the store.
#[derive(Clone, Copy)]
pub struct Violations<'a>(&'a Store);

impl Store {
    /// Bans a person, or lifts their ban; then their warnings and their conversation are forgotten.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such person; [`StoreError::Invalid`] for an owner.
    pub async fn set_banned(&self, person: PersonId, banned: bool) -> Result<()> {
        self.write(move |tx| {
            let known = people::known(tx, person)?;
            if banned && known.role == Role::Owner {
                return Err(StoreError::Invalid(format!(
                    "{} is an owner, and an owner cannot be banned: take the owner's rights away first, by `steward \
                     people role {person} external` or out of TG_OWNER_IDS",
                    known.label()
                )));
            }
            let sql = match banned {
                true => "UPDATE person SET banned = 1, ban_told = iif(banned, ban_told, 0) WHERE id = ?1",
                false => "UPDATE person SET banned = 0, ban_told = 0, warnings = 0, warned_run = NULL WHERE id = ?1",
            };
            tx.prepare_cached(sql)?.execute([person.0])?;
            if !banned {
                session::clear(tx, &format!("person/{person}"))?;
            }
            tx.touch_standing()
        })
        .await
    }

    /// Who went too far.
    pub fn violations(&self) -> Violations<'_> {
        Violations(self)
    }

    /// Whether a banned person is still to be told so; true once for each ban.
    pub async fn tell_ban(&self, person: PersonId) -> Result<bool> {
        self.write(move |tx| {
            let told = tx
                .prepare_cached("UPDATE person SET ban_told = 1 WHERE id = ?1 AND banned = 1 AND ban_told = 0")?
                .execute([person.0])?;
            Ok(told == 1)
        })
        .await
    }
}

impl Violations<'_> {
    /// A person went too far: they are warned first and then banned, and the owners are told. Done once for each key.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such person; [`StoreError::Invalid`] for an owner.
    pub async fn count(self, violation: Violation, now: Timestamp) -> Result<Verdict> {
        self.0
            .write(move |tx| {
                let known = people::known(tx, violation.person)?;
                if known.role == Role::Owner {
                    return Err(StoreError::Invalid("an owner can neither be warned nor banned".to_owned()));
                }
                let again = effect::is_done(tx, &violation.key)? || is_counted(tx, &violation)?;
                effect::mark(tx, &violation.key)?;
                if again || known.banned {
                    return Ok(if known.banned { Verdict::Banned } else { Verdict::Warned });
                }
                let (verdict, letters) = match known.warnings < WARNINGS {
                    true => (Verdict::Warned, &violation.warned),
                    false => (Verdict::Banned, &violation.banned),
                };
                tx.prepare_cached(
                "UPDATE person SET warnings = warnings + 1, warned_run = ?2, banned = ?3, ban_told = 0 WHERE id = ?1",
            )?
            .execute((violation.person.0, violation.run, verdict == Verdict::Banned))?;
                outbox::insert(tx, letters, None, now)?;
                if verdict == Verdict::Banned {
                    tx.touch_standing()?;
                }
                Ok(verdict)
            })
            .await
    }
}

/// Whether something was counted in the same run.
fn is_counted(db: &Connection, violation: &Violation) -> Result<bool> {
    let Some(run) = violation.run else { return Ok(false) };
    let mut statement = db.prepare_cached("SELECT warned_run FROM person WHERE id = ?1")?;
    let last: Option<Option<RunId>> = statement.query_row([violation.person.0], |row| row.get(0)).optional()?;
    Ok(last.flatten() == Some(run))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, at, outgoing};

    fn violation(person: PersonId, run: i64) -> Violation {
        Violation {
            person,
            run: Some(RunId(run)),
            key: format!("{run}/1"),
            warned: vec![outgoing("owner", "warned")],
            banned: vec![outgoing("owner", "banned")],
        }
    }

    #[tokio::test]
    async fn a_warning_comes_first_and_one_run_counts_once() {
        let fixture = Fixture::new();
        let (store, anna) = (&fixture.store, fixture.meet("Anna", None).await.id);
        for _ in 0..2 {
            assert_eq!(store.violations().count(violation(anna, 1), at(0)).await, Ok(Verdict::Warned));
        }
        let twice = Violation { key: "1/2".to_owned(), ..violation(anna, 1) };
        assert_eq!(store.violations().count(twice, at(0)).await, Ok(Verdict::Warned));
        assert_eq!(store.person(anna).await.unwrap().map(|one| (one.warnings, one.banned)), Some((1, false)));
        assert_eq!(store.violations().count(violation(anna, 2), at(1)).await, Ok(Verdict::Banned));
        assert_eq!(store.violations().count(violation(anna, 3), at(1)).await, Ok(Verdict::Banned));
        let said: i64 =
            store.read(|db| Ok(db.query_row("SELECT count(*) FROM outbox", [], |row| row.get(0))?)).await.unwrap();
        assert_eq!(said, 2, "one word of the warning, one of the ban");

        assert_eq!((store.tell_ban(anna).await, store.tell_ban(anna).await), (Ok(true), Ok(false)));
        let before = store.standing_changes().await.unwrap();
        store.set_banned(anna, false).await.unwrap();
        assert_eq!(store.standing_changes().await.unwrap(), before + 1);
        assert_eq!(store.person(anna).await.unwrap().map(|one| (one.warnings, one.banned)), Some((0, false)));
        assert_eq!(store.violations().count(violation(anna, 4), at(2)).await, Ok(Verdict::Warned));
    }

    #[tokio::test]
    async fn an_owner_cannot_be_banned() {
        let fixture = Fixture::new();
        let (store, anna) = (&fixture.store, fixture.meet("Anna", None).await.id);
        store.set_role(anna, Role::Owner, at(0)).await.unwrap();
        let refused = store.set_banned(anna, true).await.unwrap_err().to_string();
        assert!(refused.contains("an owner cannot be banned") && refused.contains("TG_OWNER_IDS"), "{refused}");
        assert!(store.violations().count(violation(anna, 1), at(0)).await.is_err());
        assert!(!store.person(anna).await.unwrap().unwrap().banned);
    }
}
