//! What is known about a person as keys and values: how they want to be called, preferences, places.

use steward_agent::PersonId;

use crate::Store;
use crate::error::Result;

impl Store {
    /// All that is known about the person, by key.
    pub async fn user_data(&self, person: PersonId) -> Result<Vec<(String, String)>> {
        self.read(move |db| {
            let mut statement = db.prepare_cached("SELECT key, value FROM user_data WHERE person = ?1 ORDER BY key")?;
            let rows = statement.query_map([person.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}
