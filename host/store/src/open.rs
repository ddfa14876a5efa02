//! Opening the database file: who may read it, how it journals, how connections are set.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::{Result, StoreError};
use crate::migrations;

/// How long a connection waits for another process before it gives up.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// More than the crate has statements, so a hot path never prepares one twice.
const CACHED_STATEMENTS: usize = 128;

/// The connection that writes, with the database in the newest format.
pub(crate) fn for_writing(path: &Path) -> Result<Connection> {
    make_file(path).map_err(|error| StoreError::Open { path: path.to_owned(), reason: error.to_string() })?;
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A committed change survives the loss of power, not only the end of the process.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // After a burst the log shrinks again instead of keeping its largest size for ever.
    connection.pragma_update(None, "journal_size_limit", 16 * 1024 * 1024)?;
    migrations::apply(&mut connection)?;
    Ok(connection)
}

/// A connection that cannot write. The database must have been opened for writing before.
pub(crate) fn for_reading(path: &Path) -> Result<Connection> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.pragma_update(None, "query_only", true)?;
    // What it keeps of the file is let go at each commit anyway: KiB.
    connection.pragma_update(None, "cache_size", -512)?;
    Ok(connection)
}

fn connect(path: &Path, mode: OpenFlags) -> Result<Connection> {
    // Every connection is used by one thread at a time, so SQLite's own lock around it is not needed.
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| StoreError::Open { path: path.to_owned(), reason: error.to_string() })?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    // Otherwise SQLite prepares nearly every kept statement anew for each use, as another value might want another plan.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// Makes the folder and an empty file that nobody else may read; SQLite gives its journal files the same mode.
fn make_file(path: &Path) -> std::io::Result<()> {
    let mut folder = std::fs::DirBuilder::new();
    folder.recursive(true);
    let mut file = std::fs::OpenOptions::new();
    file.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        folder.mode(0o700);
        file.mode(0o600);
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        folder.create(parent)?;
    }
    file.open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_folder_and_the_file_are_for_the_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/data/steward.sqlite");
        let connection = for_writing(&path).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(&path.with_file_name("steward.sqlite-wal")), 0o600);
        drop(connection);
    }

    #[test]
    fn a_statement_is_prepared_once_whatever_it_is_used_with() {
        let folder = tempfile::tempdir().unwrap();
        let connection = for_writing(&folder.path().join("steward.sqlite")).unwrap();
        for channel in ["telegram", "terminal", "telegram"] {
            let sql = "SELECT 1 FROM identity JOIN person ON person.id = identity.person
                       WHERE identity.channel = ?1 AND identity.id = ?2 AND person.role = 'owner'";
            let mut statement = connection.prepare_cached(sql).unwrap();
            assert!(!statement.exists((channel, "7")).unwrap());
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
        }
    }

    #[test]
    fn several_processes_may_make_it_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("steward.sqlite");
        let barrier = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            let open = || {
                barrier.wait();
                for_writing(&path).map(drop)
            };
            let opened: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
            for one in opened {
                assert_eq!(one.join().unwrap(), Ok(()));
            }
        });
    }

    #[test]
    fn a_file_that_is_no_database_is_called_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("steward.sqlite");
        std::fs::write(&path, "dear diary, this is not SQLite at all ".repeat(100)).unwrap();
        assert!(matches!(for_writing(&path), Err(StoreError::Damaged(_))));
    }

    #[test]
    fn a_path_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let blocker = folder.path().join("file");
        std::fs::write(&blocker, "").unwrap();
        let error = for_writing(&blocker.join("steward.sqlite")).unwrap_err();
        assert!(error.to_string().contains("file/steward.sqlite"), "{error}");
    }
}
