//! Remembers which tool calls have had their effect, for effects outside the database and for changes of rows that
//! cannot carry the call's key, so that a call repeated after a crash has its effect once.

use rusqlite::Connection;

use crate::Store;
use crate::error::Result;

/// Which tool calls have had their effect, and nothing else of the store.
#[derive(Clone, Copy)]
pub struct Effects<'a>(&'a Store);

impl Store {
    /// Which tool calls have had their effect.
    pub fn effects(&self) -> Effects<'_> {
        Effects(self)
    }
}

impl Effects<'_> {
    /// Whether the call of this key has had its effect.
    pub async fn is_done(&self, key: &str) -> Result<bool> {
        let key = key.to_owned();
        self.0.read(move |db| is_done(db, &key)).await
    }

    /// The call of this key has had its effect. Marking it twice does no harm.
    pub async fn mark(&self, key: &str) -> Result<()> {
        let key = key.to_owned();
        self.0.write(move |tx| mark(tx, &key)).await
    }
}

pub(crate) fn is_done(db: &Connection, key: &str) -> Result<bool> {
    Ok(db.prepare_cached("SELECT 1 FROM effect WHERE key = ?1")?.exists([key])?)
}

pub(crate) fn mark(db: &Connection, key: &str) -> Result<()> {
    // A tool call belongs to a run, so the newest run tells its age well enough to forget it some day.
    db.prepare_cached(
        "INSERT INTO effect (key, at) VALUES (?1, coalesce((SELECT max(started_at) FROM run), 0))
         ON CONFLICT (key) DO NOTHING",
    )?
    .execute([key])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::fixture::Fixture;

    #[tokio::test]
    async fn an_effect_marked_is_known_after_a_crash() {
        let fixture = Fixture::new();
        assert_eq!(fixture.store.effects().is_done("call 1").await, Ok(false));
        fixture.store.effects().mark("call 1").await.unwrap();
        fixture.store.effects().mark("call 1").await.unwrap();
        let after = fixture.after_crash();
        assert_eq!(after.store.effects().is_done("call 1").await, Ok(true));
        assert_eq!(after.store.effects().is_done("call 2").await, Ok(false));
    }
}
