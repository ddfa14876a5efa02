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
