//! Secrets as they lie on disk: sealed. The key is not here, and nothing here can open one.

use jiff::Timestamp;
use rusqlite::Row;

use crate::Store;
use crate::column::{Json, Millis};
use crate::error::{Result, StoreError};

/// A secret as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSecret {
    pub name: String,
    /// Where it may be sent, as the owner wrote it.
    pub hosts: Vec<String>,
    pub sealed: Vec<u8>,
    pub changed_at: Timestamp,
}

impl Store {
    /// Every secret, by name.
    pub async fn secrets(&self) -> Result<Vec<SealedSecret>> {
        self.look_up(|db| {
            let mut statement =
                db.prepare_cached("SELECT name, hosts, sealed, changed_at FROM secret ORDER BY name")?;
            let rows = statement.query_map([], secret_row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// Keeps a secret in place of an earlier one of its name.
    pub async fn set_secret(&self, secret: SealedSecret) -> Result<()> {
        self.write(move |tx| {
            tx.prepare_cached(
                "INSERT INTO secret (name, hosts, sealed, changed_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (name) DO UPDATE
                 SET hosts = excluded.hosts, sealed = excluded.sealed, changed_at = excluded.changed_at",
            )?
            .execute((&secret.name, Json(&secret.hosts), &secret.sealed, Millis(secret.changed_at)))?;
            Ok(())
        })
        .await
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is none of that name.
    pub async fn remove_secret(&self, name: &str) -> Result<()> {
        let name = name.to_owned();
        self.write(move |tx| match tx.prepare_cached("DELETE FROM secret WHERE name = ?1")?.execute([&name])? {
            0 => Err(StoreError::NotFound(format!("there is no secret {name}: `steward secret list` shows them"))),
            _ => Ok(()),
        })
        .await
    }
}

fn secret_row(row: &Row<'_>) -> rusqlite::Result<SealedSecret> {
    Ok(SealedSecret {
        name: row.get(0)?,
        hosts: row.get::<_, Json<Vec<String>>>(1)?.0,
        sealed: row.get(2)?,
        changed_at: row.get::<_, Millis>(3)?.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, at};

    fn secret(name: &str, sealed: &[u8], second: i64) -> SealedSecret {
        let hosts = vec!["api.example.org".to_owned()];
        SealedSecret { name: name.to_owned(), hosts, sealed: sealed.to_vec(), changed_at: at(second) }
    }

    #[tokio::test]
    async fn a_secret_set_again_takes_the_place_of_the_old_one() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        store.set_secret(secret("B", b"old", 1)).await.unwrap();
        store.set_secret(secret("A", b"other", 1)).await.unwrap();
        store.set_secret(secret("B", b"new", 2)).await.unwrap();
        assert_eq!(store.secrets().await.unwrap(), [secret("A", b"other", 1), secret("B", b"new", 2)]);
        store.remove_secret("A").await.unwrap();
        assert!(matches!(store.remove_secret("A").await, Err(StoreError::NotFound(text)) if text.contains("secret A")));
        assert_eq!(store.secrets().await.unwrap().len(), 1);
    }
}
