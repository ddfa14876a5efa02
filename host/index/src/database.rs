//! The SQLite file of an index: opened whole or rebuilt, one connection that writes, several that read.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, Once, PoisonError, RwLock};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, TransactionBehavior};

use crate::error::{IndexError, Result};
use crate::lexical;

/// Raised when the schema or the way texts are cut or read as words changes: an index of another format is rebuilt.
const FORMAT: i64 = 1;
const FILE: &str = "passages.sqlite";
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
const CACHED_STATEMENTS: usize = 64;
/// Connections that wait for the next search.
const IDLE_READERS: usize = 2;

pub(crate) struct Database {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Readers>,
    identity: RwLock<String>,
}

/// Connections that wait for the next search.
#[derive(Default)]
struct Readers {
    idle: Vec<Connection>,
    /// Counts how often the file was rebuilt: connections to one before it are not used again.
    made: u64,
}

impl Database {
    /// Opens it; what is damaged or of another format is deleted and rebuilt. The second value says whether it is new.
    pub(crate) fn open(folder: &Path) -> Result<(Self, bool)> {
        let failed = |reason: String| IndexError::Open { path: folder.to_owned(), reason };
        let make = || fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        // Something else may be in its place.
        make().or_else(|_| lexical::delete(folder).and_then(|()| make())).map_err(|error| failed(error.to_string()))?;
        let path = folder.join(FILE);
        let opened = match prepare(&path) {
            Ok(opened) => opened,
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "this index is rebuilt");
                delete(folder).map_err(|error| failed(error.to_string()))?;
                prepare(&path).map_err(|error| failed(error.to_string()))?
            }
        };
        let (writer, identity, is_new) = opened;
        Ok((Self::of(path, writer, identity), is_new))
    }

    /// Opens what another process keeps up to date: nothing is made or mended.
    pub(crate) fn open_existing(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let format: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if format != FORMAT {
            return Err(damaged(format!("its format is {format}")));
        }
        let identity = identity(&connection)?;
        Ok(Self::of(path, connection, identity))
    }

    fn of(path: PathBuf, writer: Connection, identity: String) -> Self {
        Self { path, writer: Mutex::new(writer), readers: Mutex::default(), identity: RwLock::new(identity) }
    }

    /// Tells this index from one that was made in its place.
    pub(crate) fn identity(&self) -> String {
        self.identity.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Rebuilds it, empty. Whoever is reading goes on reading what was there before.
    pub(crate) fn renew(&self) -> Result<()> {
        let failed =
            |error: &dyn std::fmt::Display| IndexError::Open { path: self.path.clone(), reason: error.to_string() };
        let mut writer = self.writer();
        let mut readers = self.readers();
        readers.idle.clear();
        readers.made += 1;
        // Closed before its files are deleted. Should nothing come in its place, every use of it fails and is mended.
        *writer = Connection::open_in_memory()?;
        let folder = self.path.parent().unwrap_or(&self.path);
        delete(folder).map_err(|error| failed(&error))?;
        let (made, identity, _) = prepare(&self.path).map_err(|error| failed(&error))?;
        *writer = made;
        *self.identity.write().unwrap_or_else(PoisonError::into_inner) = identity;
        Ok(())
    }

    /// Does several changes as one.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let mut writer = self.writer();
        let tx = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&tx)?;
        tx.commit()?;
        Ok(done)
    }

    /// Reads one consistent state; never waits for a writer.
    pub(crate) fn read<T>(&self, query: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let (idle, made) = {
            let mut readers = self.readers();
            (readers.idle.pop(), readers.made)
        };
        let mut connection = match idle {
            Some(connection) => connection,
            None => connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        };
        let tx = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
        let found = query(&tx);
        drop(tx);
        let mut readers = self.readers();
        if found.is_ok() && readers.made == made && readers.idle.len() < IDLE_READERS {
            readers.idle.push(connection);
        }
        found
    }

    /// Gives pages back that no longer hold anything, and what the connections keep in memory.
    pub(crate) fn rest(&self) -> Result<()> {
        self.readers().idle.clear();
        self.writer().execute_batch("PRAGMA incremental_vacuum(2000); PRAGMA shrink_memory")?;
        Ok(())
    }

    /// Makes sure that what was deleted can be read nowhere in the file any more.
    pub(crate) fn scrub(&self) -> Result<()> {
        self.readers().idle.clear();
        self.writer().execute_batch("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)")?;
        Ok(())
    }

    fn readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writer(&self) -> MutexGuard<'_, Connection> {
        // A transaction that was cut short by a panic was rolled back when it was dropped.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Deletes an index, its words included.
fn delete(folder: &Path) -> std::io::Result<()> {
    lexical::delete(folder)?;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn prepare(path: &Path) -> Result<(Connection, String, bool)> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    let format: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let is_new = format == 0;
    if is_new {
        // Before the first table.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE; {} PRAGMA user_version = {FORMAT}; COMMIT;",
            include_str!("schema.sql")
        ))?;
    } else if format != FORMAT {
        return Err(damaged(format!("its format is {format}")));
    }
    connection.execute_batch(include_str!("fine.sql"))?;
    // What was committed survives the end of the process; after a loss of power the last of it is indexed again.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    let identity = identity(&connection)?;
    Ok((connection, identity, is_new))
}

fn damaged(reason: String) -> IndexError {
    IndexError::Open { path: PathBuf::from(FILE), reason }
}

fn identity(connection: &Connection) -> Result<String> {
    const KEY: &str = "identity";
    let known: Option<String> =
        connection.query_row("SELECT value FROM meta WHERE key = ?1", [KEY], |row| row.get(0)).optional()?;
    if let Some(known) = known {
        return Ok(known);
    }
    let made: String = connection.query_row("SELECT lower(hex(randomblob(8)))", [], |row| row.get(0))?;
    connection.execute("INSERT INTO meta (key, value) VALUES (?1, ?2)", (KEY, &made))?;
    Ok(made)
}

fn connect(path: &Path, mode: OpenFlags) -> Result<Connection> {
    register_vectors();
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    // Otherwise SQLite prepares nearly every kept statement anew for each use, as another value might want another plan.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // Rows are looked up all over the file: reading them from the map saves a call of the system each.
    connection.pragma_update(None, "mmap_size", 4_i64 << 30)?;
    Ok(connection)
}

/// Gives every SQLite connection of this process that is opened from now on sqlite-vec's functions.
pub fn register_vectors() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        #[expect(unsafe_code, reason = "SQLite takes extensions as plain pointers to their entry points")]
        // SAFETY: sqlite3_vec_init is an entry point of an extension, whose true signature is the one SQLite calls it
        // by; the crate declares it without arguments.
        unsafe {
            type Entry = unsafe extern "C" fn(
                *mut rusqlite::ffi::sqlite3,
                *mut *mut std::os::raw::c_char,
                *const rusqlite::ffi::sqlite3_api_routines,
            ) -> std::os::raw::c_int;
            let entry = std::mem::transmute::<*const (), Entry>(sqlite_vec::sqlite3_vec_init as *const ());
            rusqlite::ffi::sqlite3_auto_extension(Some(entry));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_vec_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let (database, is_new) = Database::open(folder.path()).unwrap();
        assert!(is_new);
        let version: String =
            database.read(|db| Ok(db.query_row("SELECT vec_version()", [], |row| row.get(0))?)).unwrap();
        assert!(version.starts_with('v'), "{version}");
    }

    #[test]
    fn what_is_damaged_or_of_another_format_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        fs::write(&path, "not a database at all, just words ".repeat(200)).unwrap();
        let (database, is_new) = Database::open(folder.path()).unwrap();
        assert!(is_new);
        let before = database.identity();
        database.writer().pragma_update(None, "user_version", FORMAT + 1).unwrap();
        drop(database);
        let (database, is_new) = Database::open(folder.path()).unwrap();
        assert!(is_new && database.identity() != before);
        drop(database);
        assert!(!Database::open(folder.path()).unwrap().1);
    }
}
