//! A copy of the database to try something on, and what became different in it. The original is only read.

use std::path::{Path, PathBuf};

use rusqlite::backup::Progress;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, MAIN_DB, OpenFlags};

use crate::Store;
use crate::error::{Result, StoreError};

/// Tables that tell of the work itself and not of what it did.
const OWN: &[&str] = &["audit", "recording", "effect", "usage"];

/// A row that is new, gone or not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowChange {
    pub table: String,
    pub kind: ChangeKind,
    /// What is in it now, or was in one that is gone; without what is empty, with blobs by their size.
    pub columns: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    Added,
    Changed,
    Removed,
}

impl RowChange {
    /// What a column holds; empty if it holds nothing.
    pub fn column(&self, name: &str) -> &str {
        self.columns.iter().find(|(column, _)| column == name).map_or("", |(_, value)| value)
    }
}

impl Store {
    /// Writes a consistent copy of the whole database into a file that does not exist yet.
    pub async fn copy_to(&self, path: &Path) -> Result<()> {
        let path = path.to_owned();
        self.read(move |db| Ok(db.backup(MAIN_DB, &path, None::<fn(Progress)>)?)).await
    }
}

/// The rows in which one copy of a database differs from another, by table. Blocks.
///
/// # Errors
/// One of the files is no database of Steward's.
pub fn changed_rows(before: &Path, after: &Path) -> Result<Vec<RowChange>> {
    let open = |path: &Path| Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let db = open(after)?;
    let before: PathBuf = before.to_owned();
    let name = before.to_str().ok_or_else(|| StoreError::Invalid("the folder's name is not text".to_owned()))?;
    db.execute("ATTACH ?1 AS earlier", [name])?;
    let mut changes = Vec::new();
    for table in tables(&db)? {
        let now = rows(&db, "main", "earlier", &table)?;
        let then = rows(&db, "earlier", "main", &table)?;
        let is_one = |row: &Found, of: &[Found]| of.iter().any(|other| other.key == row.key);
        let kind = |row: &Found| if is_one(row, &then) { ChangeKind::Changed } else { ChangeKind::Added };
        let change = |row: &Found, kind| RowChange { table: table.clone(), kind, columns: row.columns.clone() };
        changes.extend(now.iter().map(|row| change(row, kind(row))));
        let gone = then.iter().filter(|row| !is_one(row, &now));
        changes.extend(gone.map(|row| change(row, ChangeKind::Removed)));
    }
    Ok(changes)
}

fn tables(db: &Connection) -> Result<Vec<String>> {
    let mut statement = db.prepare(
        "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rootpage",
    )?;
    let names = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    Ok(names.into_iter().filter(|name| !OWN.contains(&name.as_str())).collect())
}

/// A row that is in one database and not in the other.
struct Found {
    /// Its primary key.
    key: Vec<String>,
    columns: Vec<(String, String)>,
}

fn rows(db: &Connection, of: &str, other: &str, table: &str) -> Result<Vec<Found>> {
    let mut keys: Vec<(i64, String)> = Vec::new();
    db.pragma(None, "table_info", table, |row| {
        let place: i64 = row.get("pk")?;
        if place > 0 {
            keys.push((place, row.get("name")?));
        }
        Ok(())
    })?;
    // The names come from the database's own schema.
    let sql = format!("SELECT * FROM {of}.\"{table}\" EXCEPT SELECT * FROM {other}.\"{table}\"");
    let mut statement = db.prepare(&sql)?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let found = statement.query_map([], |row| {
        let mut found = Found { key: Vec::new(), columns: Vec::new() };
        for (index, name) in names.iter().enumerate() {
            let value = shown(row.get_ref(index)?);
            if keys.iter().any(|(_, key)| key == name) {
                found.key.push(value.clone().unwrap_or_default());
            }
            found.columns.extend(value.map(|value| (name.clone(), value)));
        }
        Ok(found)
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

fn shown(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Some(match std::str::from_utf8(bytes) {
            Ok(text) if bytes.len() < 1000 && !text.chars().any(char::is_control) => text.to_owned(),
            _ => format!("{} bytes", bytes.len()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, at, outgoing};
    use crate::{KvPlace, KvQuota};

    #[tokio::test]
    async fn a_copy_tells_what_was_done_to_it_and_the_original_stays() {
        let fixture = Fixture::new();
        let place = || KvPlace { plugin: "a".to_owned(), scope: "owner".to_owned() };
        let quota = KvQuota { keys: 9, bytes: 999 };
        for (key, value) in [("kept", "1"), ("changed", "1"), ("gone", "1")] {
            fixture.store.kv().set(place(), key, value.into(), quota, key).await.unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let (before, after) = (folder.path().join("before"), folder.path().join("after"));
        fixture.store.copy_to(&before).await.unwrap();
        std::fs::copy(&before, &after).unwrap();
        let copy = Store::open(&after).unwrap();
        copy.kv().set(place(), "changed", b"2".to_vec(), quota, "1").await.unwrap();
        copy.kv().delete(place(), "gone", "2").await.unwrap();
        copy.enqueue(vec![outgoing("anna", "hello")], Some("3"), at(0)).await.unwrap();
        copy.close().await;

        let changes = changed_rows(&before, &after).unwrap();
        let told: Vec<_> = changes.iter().map(|one| (one.table.as_str(), one.kind, one.column("key"))).collect();
        assert_eq!(
            told,
            [
                ("outbox", ChangeKind::Added, "3"),
                ("kv", ChangeKind::Changed, "changed"),
                ("kv", ChangeKind::Removed, "gone"),
            ]
        );
        assert_eq!(changes[1].column("value"), "2");
        assert_eq!(fixture.store.kv().list(place(), "").await.unwrap(), ["changed", "gone", "kept"]);
        assert!(fixture.store.due_outgoing(at(9), 9).await.unwrap().is_empty());
    }
}
