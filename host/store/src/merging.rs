//! Two people who are one, and people of whom nothing is to be kept.

use jiff::Timestamp;
use rusqlite::{Connection, ToSql};
use steward_agent::{PersonId, Role};

use crate::Store;
use crate::column::Millis;
use crate::error::{Result, StoreError};
use crate::identities::{self, Right};
use crate::people;
use crate::writer::Tx;

/// Deletes what is kept of a person (`?1`), their conversation being `?2` and their memory `?3`. The order is that of
/// the references among them.
const FORGET: &[&str] = &[
    "DELETE FROM recording WHERE audit IN (SELECT id FROM audit WHERE person = ?1)",
    "DELETE FROM approval WHERE run IN (SELECT id FROM run WHERE person = ?1)",
    "DELETE FROM entry WHERE session = ?2 OR run IN (SELECT id FROM run WHERE person = ?1)",
    "UPDATE inbox SET incoming = NULL, run = NULL, state = 'done', done_at = coalesce(done_at, received_at)
       WHERE run IN (SELECT id FROM run WHERE person = ?1)
          OR (json_extract(incoming, '$.kind') = 'wake' AND json_extract(incoming, '$.person') = ?1)
          OR EXISTS (SELECT 1 FROM identity WHERE person = ?1 AND identity.channel = inbox.channel
                     AND identity.id = json_extract(inbox.incoming, '$.sender.id'))",
    "DELETE FROM inbox WHERE incoming IS NULL AND channel IS NULL",
    "DELETE FROM run WHERE person = ?1",
    "DELETE FROM session WHERE id = ?2",
    "DELETE FROM transcript WHERE session = ?2",
    "DELETE FROM outbox WHERE EXISTS (SELECT 1 FROM identity WHERE person = ?1 AND identity.channel = outbox.channel
       AND coalesce(json_extract(identity.address, '$.chat'), identity.id) = outbox.chat)",
    "DELETE FROM task WHERE person = ?1 OR creator = ?1",
    "DELETE FROM job WHERE owner = ?1",
    "UPDATE job SET recipients = (SELECT json_group_array(value) FROM json_each(recipients) WHERE value <> ?1)
       WHERE EXISTS (SELECT 1 FROM json_each(recipients) WHERE value = ?1)",
    "DELETE FROM subscription WHERE owner = ?1",
    "UPDATE subscription SET recipients = (SELECT json_group_array(value) FROM json_each(recipients) WHERE value <> ?1)
       WHERE EXISTS (SELECT 1 FROM json_each(recipients) WHERE value = ?1)",
    "DELETE FROM user_data WHERE person = ?1",
    "DELETE FROM kv WHERE scope = ?2",
    "DELETE FROM forgetting WHERE person = ?1",
    "DELETE FROM memory_source WHERE space = ?3",
    "DELETE FROM forgotten WHERE space = ?3",
    "DELETE FROM recall WHERE space = ?3",
    "DELETE FROM pairing_failure WHERE person = ?1",
    "DELETE FROM letter WHERE sender = ?1 OR reader = ?1",
    "DELETE FROM spent WHERE person = ?1",
    "DELETE FROM digest WHERE reader = ?1",
    "DELETE FROM alias WHERE person = ?1",
    "DELETE FROM identity WHERE person = ?1",
    "DELETE FROM person WHERE id = ?1",
];

/// What goes over from one person (`?1`) to the one they are (`?2`).
const MERGE: &[&str] = &[
    "UPDATE task SET person = ?2 WHERE person = ?1",
    "UPDATE task SET creator = ?2 WHERE creator = ?1",
    "UPDATE job SET owner = ?2 WHERE owner = ?1",
    "UPDATE job SET recipients = (SELECT json_group_array(DISTINCT iif(value = ?1, ?2, value)) FROM json_each(recipients))
       WHERE EXISTS (SELECT 1 FROM json_each(recipients) WHERE value = ?1)",
    "UPDATE subscription SET owner = ?2 WHERE owner = ?1",
    "UPDATE subscription SET recipients =
       (SELECT json_group_array(DISTINCT iif(value = ?1, ?2, value)) FROM json_each(recipients))
       WHERE EXISTS (SELECT 1 FROM json_each(recipients) WHERE value = ?1)",
    "UPDATE OR IGNORE user_data SET person = ?2 WHERE person = ?1",
    "DELETE FROM user_data WHERE person = ?1",
    "UPDATE forgetting SET person = ?2 WHERE person = ?1",
    "UPDATE pairing_failure SET person = ?2 WHERE person = ?1",
    "UPDATE alias SET person = ?2 WHERE person = ?1",
    "UPDATE usage SET person = ?2 WHERE person = ?1",
    "UPDATE letter SET sender = ?2 WHERE sender = ?1",
    "UPDATE letter SET reader = ?2 WHERE reader = ?1",
    "DELETE FROM digest WHERE reader = ?1",
    "INSERT INTO spent (day, person, resource, amount) SELECT day, ?2, resource, amount FROM spent WHERE person = ?1
       ON CONFLICT (day, person, resource) DO UPDATE SET amount = amount + excluded.amount",
    "DELETE FROM spent WHERE person = ?1",
    "UPDATE identity SET person = ?2, linked = 1 WHERE person = ?1",
    "UPDATE person SET known_since = min(coalesce(known_since, 9e18), coalesce(
       (SELECT known_since FROM person WHERE id = ?1), known_since)),
       dealt_as = coalesce(dealt_as, (SELECT dealt_as FROM person WHERE id = ?1)),
       dealt_at = coalesce(dealt_at, (SELECT dealt_at FROM person WHERE id = ?1)),
       address = coalesce(address, (SELECT address FROM person WHERE id = ?1)),
       last_seen = coalesce(max(last_seen, (SELECT last_seen FROM person WHERE id = ?1)), last_seen,
                            (SELECT last_seen FROM person WHERE id = ?1))
       WHERE id = ?2",
    "DELETE FROM person WHERE id = ?1",
];

impl Store {
    /// Says that one person is another: identities, tasks, scheduled work and names of `from` are `into`'s, who keeps
    /// their own name, role and conversation. The identities have an owner's rights if `into` is one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Invalid`] for the same person twice, for an owner who would become
    /// somebody else, and for one who is banned while the other is not.
    pub async fn merge_people(&self, from: PersonId, into: PersonId, now: Timestamp) -> Result<()> {
        self.write(move |tx| {
            let (old, new) = (people::known(tx, from)?, people::known(tx, into)?);
            let wrong = |text: String| Err(StoreError::Invalid(text));
            if from == into {
                return wrong(format!("{} is one person already", old.label()));
            }
            if old.role == Role::Owner && new.role != Role::Owner {
                return wrong(format!(
                    "{} is an owner and {} is not: merge the other way round, or take the owner's rights away first",
                    old.label(),
                    new.label()
                ));
            }
            if old.banned != new.banned {
                let banned = if old.banned { &old } else { &new };
                return wrong(format!("{} is banned: lift the ban first", banned.label()));
            }
            if old.role == Role::External && new.role != Role::Owner {
                // Nothing an outsider set going runs with more than they had.
                identities::drop_wakes(tx, from, None, now)?;
            }
            let owner = new.role == Role::Owner;
            if owner {
                tx.prepare_cached("UPDATE identity SET granted = coalesce(granted, ?2) WHERE person = ?1")?
                    .execute((from.0, Right::Command.kept()))?;
                if old.role != Role::Owner {
                    end_others_work(tx, from, now)?;
                }
            }
            for sql in MERGE {
                run(tx, sql, &[&from.0, &into.0])?;
            }
            tx.touch_jobs();
            tx.touch_tasks();
            tx.touch_subscriptions();
            tx.touch_standing()
        })
        .await
    }

    /// Forgets a person: what they said and were told, their tasks and data, their names and identities. The audit and
    /// the usage keep a number that means nobody. Files in their folder are not touched here.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Invalid`] for an owner.
    pub async fn forget_person(&self, person: PersonId) -> Result<()> {
        self.write(move |tx| {
            let known = people::known(tx, person)?;
            if known.role == Role::Owner {
                return Err(StoreError::Invalid(format!(
                    "{} is an owner: take the owner's rights away before they can be forgotten",
                    known.label()
                )));
            }
            let (session, space) = (format!("person/{person}"), format!("person-{person}"));
            for sql in FORGET {
                run(tx, sql, &[&person.0, &session, &space])?;
            }
            tx.touch_jobs();
            tx.touch_tasks();
            tx.touch_outbox();
            tx.touch_standing()
        })
        .await
    }
}

/// Runs a statement that may use fewer parameters than there are.
fn run(db: &Connection, sql: &str, parameters: &[&dyn ToSql]) -> Result<()> {
    let mut statement = db.prepare(sql)?;
    for at in 1..=statement.parameter_count() {
        // A statement that does not name a parameter has no place for it, or one that counts for nothing.
        if let Some(value) = parameters.get(at - 1) {
            statement.raw_bind_parameter(at, value)?;
        }
    }
    statement.raw_execute()?;
    Ok(())
}

/// What was set going without an owner's rights does not get them.
fn end_others_work(tx: &mut Tx<'_>, person: PersonId, now: Timestamp) -> Result<()> {
    tx.prepare_cached("UPDATE job SET state = 'cancelled', ended_at = ?2 WHERE owner = ?1 AND state = 'active'")?
        .execute((person.0, Millis(now)))?;
    tx.prepare_cached("UPDATE subscription SET dropped_at = ?2 WHERE owner = ?1 AND dropped_at IS NULL")?
        .execute((person.0, Millis(now)))?;
    identities::drop_wakes(tx, person, None, now)
}

/// Deletes a person to whom nothing refers.
pub(crate) fn delete_unused(db: &Connection, person: PersonId) -> Result<()> {
    db.prepare_cached(
        "DELETE FROM person WHERE id = ?1 AND last_seen IS NULL
           AND NOT EXISTS (SELECT 1 FROM identity WHERE person = ?1)
           AND NOT EXISTS (SELECT 1 FROM task WHERE person = ?1 OR creator = ?1)
           AND NOT EXISTS (SELECT 1 FROM job WHERE owner = ?1)
           AND NOT EXISTS (SELECT 1 FROM subscription WHERE owner = ?1)
           AND NOT EXISTS (SELECT 1 FROM user_data WHERE person = ?1)
           AND NOT EXISTS (SELECT 1 FROM forgetting WHERE person = ?1)
           AND NOT EXISTS (SELECT 1 FROM pairing_failure WHERE person = ?1)
           AND NOT EXISTS (SELECT 1 FROM alias WHERE person = ?1)",
    )?
    .execute([person.0])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use steward_agent::Message;

    use super::*;
    use crate::fixture::{Fixture, at, chat, message, outgoing};
    use crate::{NewRun, NewTask, Received};

    async fn task(fixture: &Fixture, creator: PersonId, person: PersonId) {
        let title = "bring the key".to_owned();
        let new = NewTask {
            creator,
            person,
            title,
            kind: None,
            deadline: None,
            deadline_at: None,
            context: None,
            skill: None,
        };
        fixture.store.tasks().create(new, None, at(0)).await.unwrap();
    }

    async fn count(fixture: &Fixture, sql: &'static str) -> i64 {
        fixture.store.read(move |db| Ok(db.query_row(sql, [], |row| row.get(0))?)).await.unwrap()
    }

    #[tokio::test]
    async fn of_a_forgotten_person_nothing_is_left() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        let olga = fixture.meet("olga", None).await.id;
        let anna = fixture.meet("anna", Some("ann")).await.id;
        store.give_alias(anna, "Mum", at(0)).await.unwrap();
        task(&fixture, olga, anna).await;
        store.user_data().set(anna, "city", Some("Rome".to_owned()), "e", at(0)).await.unwrap();
        let Received::New(row) = store.receive(&message("my secret"), at(0)).await.unwrap() else { panic!() };
        let mut run: NewRun = crate::fixture::new_run(&format!("person/{anna}"), vec![row], "my secret");
        run.principal.person = anna;
        let run = store.begin_run(run, at(1)).await.unwrap();
        store.record(run, vec![Message::assistant("I see")]).await.unwrap();
        store.enqueue(vec![outgoing("anna", "hello")], None, at(1)).await.unwrap();

        store.forget_person(anna).await.unwrap();
        assert_eq!(store.person(anna).await, Ok(None));
        for sql in [
            "SELECT count(*) FROM entry",
            "SELECT count(*) FROM run",
            "SELECT count(*) FROM inbox WHERE incoming IS NOT NULL",
            "SELECT count(*) FROM outbox",
            "SELECT count(*) FROM task",
            "SELECT count(*) FROM user_data",
            "SELECT count(*) FROM alias",
            "SELECT count(*) FROM identity WHERE id = 'anna'",
        ] {
            assert_eq!(count(&fixture, sql).await, 0, "{sql}");
        }
        assert_eq!(store.receive(&message("my secret"), at(2)).await, Ok(Received::Duplicate), "not handled again");
        assert_ne!(fixture.meet("anna", None).await.id, anna, "who writes again is somebody new");
        store.set_role(olga, Role::Owner, at(0)).await.unwrap();
        assert!(matches!(store.forget_person(olga).await, Err(StoreError::Invalid(_))));
    }

    #[tokio::test]
    async fn two_who_are_one_have_one_role_and_everything() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        let (olga, work) = (fixture.meet("Olga", Some("olga")).await.id, fixture.meet("O. K.", Some("ok")).await.id);
        let boss = fixture.meet("Boss", None).await.id;
        store.set_role(olga, Role::Named("family".to_owned()), at(0)).await.unwrap();
        task(&fixture, boss, work).await;
        store.give_alias(work, "office", at(0)).await.unwrap();
        store.merge_people(work, olga, at(1)).await.unwrap();
        assert_eq!(store.person(work).await, Ok(None));
        let met = fixture.meet("O. K.", Some("ok")).await;
        assert_eq!((met.id, met.name.as_str(), met.role.as_str()), (olga, "Olga", "family"));
        assert_eq!(store.tasks().own(olga).await.unwrap().len(), 1);
        for query in ["office", "@ok", "@olga", "telegram:O. K."] {
            assert_eq!(store.resolve_person(query).await.unwrap().id, olga, "{query}");
        }
    }

    #[tokio::test]
    async fn a_merge_never_hides_a_ban_or_an_owner() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        let (olga, anna) = (fixture.meet("Olga", None).await.id, fixture.meet("Anna", None).await.id);
        store.set_role(olga, Role::Owner, at(0)).await.unwrap();
        assert!(matches!(store.merge_people(olga, anna, at(1)).await, Err(StoreError::Invalid(_))));
        assert!(matches!(store.merge_people(anna, anna, at(1)).await, Err(StoreError::Invalid(_))));
        store.set_banned(anna, true).await.unwrap();
        assert!(matches!(store.merge_people(anna, olga, at(1)).await, Err(StoreError::Invalid(_))));
        store.set_banned(anna, false).await.unwrap();
        store.merge_people(anna, olga, at(1)).await.unwrap();
        assert_eq!(store.owners_identities().await.unwrap().len(), 2);
        assert_eq!(store.standing(olga, &chat("Anna")).await.unwrap().map(|one| one.elsewhere), Some(false));
    }
}
