//! How each channel is doing, as its own receiving side tells it, for `doctor` and `/usage`.

use steward_agent::Health;

use crate::Store;
use crate::column::Millis;
use crate::error::Result;

impl Store {
    /// Replaces what is known of the channel.
    pub async fn set_health(&self, channel: &str, health: Health) -> Result<()> {
        let channel = channel.to_owned();
        self.write(move |tx| {
            tx.prepare_cached(
                "INSERT INTO channel_health (channel, last_ok, last_error, failing_since, renewed)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (channel) DO UPDATE
                 SET last_ok = ?2, last_error = ?3, failing_since = ?4, renewed = ?5",
            )?
            .execute((
                &channel,
                health.last_ok.map(Millis),
                &health.last_error,
                health.failing_since.map(Millis),
                health.renewed,
            ))?;
            Ok(())
        })
        .await
    }

    /// Every channel that ever told, by name.
    pub async fn health(&self) -> Result<Vec<(String, Health)>> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT channel, last_ok, last_error, failing_since, renewed FROM channel_health ORDER BY channel",
            )?;
            let rows = statement.query_map([], |row| {
                let time = |index| Ok::<_, rusqlite::Error>(row.get::<_, Option<Millis>>(index)?.map(|at| at.0));
                let health = Health {
                    last_ok: time(1)?,
                    last_error: row.get(2)?,
                    failing_since: time(3)?,
                    renewed: row.get(4)?,
                };
                Ok((row.get(0)?, health))
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::fixture::{Fixture, at};

    #[tokio::test]
    async fn each_channel_has_its_latest_state() {
        let fixture = Fixture::new();
        let failing = Health {
            last_ok: Some(at(0)),
            last_error: Some("connection reset".to_owned()),
            failing_since: Some(at(5)),
            renewed: 1,
        };
        fixture.store.set_health("terminal", Health::default()).await.unwrap();
        fixture.store.set_health("telegram", Health::default()).await.unwrap();
        fixture.store.set_health("telegram", failing.clone()).await.unwrap();
        let known = fixture.store.health().await.unwrap();
        assert_eq!(known, [("telegram".to_owned(), failing), ("terminal".to_owned(), Health::default())]);
    }
}
