//! What a person may do now, as one who acts for them has to know it before every step: what was true when they wrote
//! does not count.

use rusqlite::OptionalExtension;
use steward_agent::{Address, PersonId, Role};

use crate::Store;
use crate::error::Result;

/// How a person stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub role: Role,
    pub banned: bool,
    /// The chat is somebody else's now.
    pub elsewhere: bool,
}

/// Of a chat of several people nobody's identity is the one. The index has this very expression; SQLite would not choose it
/// by itself, as it takes a channel for ten people.
const STANDING: &str =
    "SELECT role, banned, substr(?3, 1, 1) <> '-' AND EXISTS (SELECT 1 FROM identity INDEXED BY identity_chat
       WHERE channel = ?2 AND person <> ?1 AND coalesce(json_extract(address, '$.chat'), id) = ?3)
     AND NOT EXISTS (SELECT 1 FROM identity
       WHERE channel = ?2 AND person = ?1 AND coalesce(json_extract(address, '$.chat'), id) = ?3)
     FROM person WHERE id = ?1";

impl Store {
    /// How a person stands who is answered at an address; `None` if they are not known any more.
    pub async fn standing(&self, person: PersonId, address: &Address) -> Result<Option<Standing>> {
        let address = address.clone();
        self.look_up(move |db| {
            let mut statement = db.prepare_cached(STANDING)?;
            let row = statement.query_row((person.0, &address.channel, &address.chat), |row| {
                Ok(Standing { role: Role::from(row.get::<_, String>(0)?), banned: row.get(1)?, elsewhere: row.get(2)? })
            });
            Ok(row.optional()?)
        })
        .await
    }

    /// Grows with every change of what somebody may do, whichever process made it.
    pub async fn standing_changes(&self) -> Result<i64> {
        self.look_up(|db| Ok(db.prepare_cached("SELECT changes FROM standing")?.query_row([], |row| row.get(0))?)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    #[tokio::test]
    async fn whose_a_chat_is_is_found_without_reading_everybody() {
        let plan = |db: &rusqlite::Connection| {
            let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {STANDING}"))?;
            let steps = statement.query_map((1, "telegram", "7"), |row| row.get::<_, String>(3))?;
            Ok(steps.collect::<rusqlite::Result<Vec<_>>>()?)
        };
        let steps = Fixture::new().store.read(plan).await.unwrap();
        let of_identities: Vec<_> = steps.iter().filter(|step| step.contains("identity")).collect();
        assert!(
            !of_identities.is_empty()
                && of_identities.iter().all(|step| step.contains("identity_chat") || step.contains("identity_person")),
            "{steps:?}"
        );
    }
}
