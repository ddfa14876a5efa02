//! The formats of the database, one step a file, and how an older one becomes the newest.
//!
//! A step that was released is never edited: a change is a new step at the end.

use rusqlite::{Connection, TransactionBehavior};

use crate::error::{Result, StoreError};

/// Step `n` of this list turns format `n` into format `n + 1`; an empty database has format 0.
const STEPS: &[&str] = &[
    include_str!("migrations/1.sql"),
    include_str!("migrations/2.sql"),
    include_str!("migrations/3.sql"),
    include_str!("migrations/4.sql"),
    include_str!("migrations/5.sql"),
    include_str!("migrations/6.sql"),
    include_str!("migrations/7.sql"),
    include_str!("migrations/8.sql"),
    include_str!("migrations/9.sql"),
];

/// Brings the database to the newest format. A step is applied whole or not at all, also when two processes start at
/// once.
pub(crate) fn apply(connection: &mut Connection) -> Result<()> {
    while let Some(step) = next_step(format_of(connection)?)? {
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have made the step while this one waited for the lock.
        if next_step(format_of(&tx)?)? == Some(step) {
            tx.execute_batch(STEPS[step])?;
            tx.pragma_update(None, "user_version", number(step + 1))?;
        }
        tx.commit()?;
    }
    Ok(())
}

fn format_of(connection: &Connection) -> Result<usize> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    usize::try_from(version).map_err(|_| StoreError::Damaged(format!("its format is {version}")))
}

/// The index of the step to make, `None` when the format is the newest.
fn next_step(format: usize) -> Result<Option<usize>> {
    if format > STEPS.len() {
        return Err(StoreError::Newer { found: number(format), known: number(STEPS.len()) });
    }
    Ok((format < STEPS.len()).then_some(format))
}

fn number(format: usize) -> u32 {
    u32::try_from(format).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_database_reaches_the_newest_format_and_stays_there() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection).unwrap();
        assert_eq!(format_of(&connection).unwrap(), STEPS.len());
        apply(&mut connection).unwrap();
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema WHERE name IN ('inbox', 'outbox', 'job')", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(tables, 3);
    }

    #[test]
    fn owners_of_an_earlier_format_keep_their_rights_and_the_reason() {
        let mut connection = Connection::open_in_memory().unwrap();
        STEPS[..4].iter().for_each(|step| connection.execute_batch(step).unwrap());
        connection.pragma_update(None, "user_version", 4).unwrap();
        let earlier = "
            INSERT INTO person (id, name, name_folded, role, configured, address, last_seen) VALUES
              (1, 'Olga', 'olga', 'owner', 1, '{\"channel\":\"terminal\",\"chat\":\"owner\"}', 5),
              (2, 'Nina', 'nina', 'owner', 0, '{\"channel\":\"telegram\",\"chat\":\"7\"}', 6),
              (3, 'Anna', 'anna', 'external', 0, '{\"channel\":\"telegram\",\"chat\":\"8\"}', 7),
              (4, 'Zoe', 'zoe', 'external', 0, '{\"channel\":\"telegram\",\"chat\":\"9\"}', 8);
            INSERT INTO identity (channel, id, person, linked) VALUES ('terminal', 'owner', 1, 1),
              ('telegram', '555', 1, 0), ('telegram', '7', 2, 0), ('telegram', '8', 3, 0), ('telegram', '9', 4, 0);
            INSERT INTO task (person, creator, title, status, created_at, updated_at) VALUES (3, 1, 't', 'open', 0, 0);";
        connection.execute_batch(earlier).unwrap();
        apply(&mut connection).unwrap();
        let rows = |sql: &str| -> Vec<String> {
            let mut statement = connection.prepare(sql).unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
        };
        let rights = "SELECT id || ' ' || configured || ' ' || coalesce(granted, '-') FROM identity
            WHERE configured = 1 OR granted IS NOT NULL ORDER BY id";
        assert_eq!(rows(rights), ["555 1 -", "7 0 code", "owner 1 -"]);
        assert_eq!(rows("SELECT name FROM person WHERE dealt_as IS NOT NULL ORDER BY id"), ["Olga", "Nina", "Anna"]);
        assert_eq!(rows("SELECT id FROM identity WHERE last_seen IS NOT NULL ORDER BY id"), ["7", "8", "9"]);
    }

    #[test]
    fn who_ran_an_earlier_version_stays_open_to_everyone_and_a_new_installation_is_not() {
        let open_to = |connection: &Connection| -> String {
            let sql = "SELECT value FROM installation WHERE key = 'open_to'";
            connection.query_row(sql, [], |row| row.get(0)).unwrap()
        };
        let mut new = Connection::open_in_memory().unwrap();
        apply(&mut new).unwrap();
        assert_eq!(open_to(&new), "paired");

        let mut old = Connection::open_in_memory().unwrap();
        for step in &STEPS[..4] {
            old.execute_batch(step).unwrap();
        }
        old.pragma_update(None, "user_version", 4).unwrap();
        old.execute_batch("INSERT INTO person (name, name_folded, role) VALUES ('Olga', 'olga', 'owner')").unwrap();
        apply(&mut old).unwrap();
        assert_eq!(open_to(&old), "everyone");
    }

    #[test]
    fn a_newer_database_is_refused_and_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let error = apply(&mut connection).unwrap_err();
        assert_eq!(error, StoreError::Newer { found: 99, known: STEPS.len() as u32 });
        assert!(error.to_string().contains("format 99"), "{error}");
        assert_eq!(format_of(&connection).unwrap(), 99);
    }

    #[test]
    fn a_step_that_fails_leaves_nothing_behind() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE job (other)").unwrap();
        assert!(apply(&mut connection).is_err());
        assert_eq!(format_of(&connection).unwrap(), 0);
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
        assert_eq!(tables, 1);
    }
}
