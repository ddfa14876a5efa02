//! A transaction whose own statements are kept prepared: one is begun and ended for each query and for each change.

use std::ops::Deref;

use rusqlite::Connection;

use crate::error::Result;

/// Dropping it undoes what was done in it.
pub(crate) struct Transaction<'a>(&'a Connection);

impl<'a> Transaction<'a> {
    /// Sees one state from its first statement on.
    pub(crate) fn reading(connection: &'a Connection) -> Result<Self> {
        connection.prepare_cached("BEGIN DEFERRED")?.execute(())?;
        Ok(Self(connection))
    }

    /// Nobody else writes before it ends.
    pub(crate) fn writing(connection: &'a Connection) -> Result<Self> {
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute(())?;
        Ok(Self(connection))
    }

    pub(crate) fn commit(self) -> Result<()> {
        self.0.prepare_cached("COMMIT")?.execute(())?;
        Ok(())
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        // Committed, or undone by SQLite itself.
        if self.0.is_autocommit() {
            return;
        }
        let undone = self.0.prepare_cached("ROLLBACK").and_then(|mut statement| statement.execute(()));
        if let Err(error) = undone {
            tracing::error!(%error, "a transaction could not be ended");
        }
    }
}

impl Deref for Transaction<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0
    }
}
