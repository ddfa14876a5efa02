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

impl Store {
    /// How a person stands who is answered at an address; `None` if they are not known any more.
    pub async fn standing(&self, person: PersonId, address: &Address) -> Result<Option<Standing>> {
        let address = address.clone();
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                // Of a chat of several people nobody's identity is the one.
                "SELECT role, banned, substr(?3, 1, 1) <> '-' AND EXISTS (SELECT 1 FROM identity
                   WHERE channel = ?2 AND person <> ?1 AND coalesce(json_extract(address, '$.chat'), id) = ?3)
                 AND NOT EXISTS (SELECT 1 FROM identity
                   WHERE channel = ?2 AND person = ?1 AND coalesce(json_extract(address, '$.chat'), id) = ?3)
                 FROM person WHERE id = ?1",
            )?;
            let row = statement.query_row((person.0, &address.channel, &address.chat), |row| {
                Ok(Standing { role: Role::from(row.get::<_, String>(0)?), banned: row.get(1)?, elsewhere: row.get(2)? })
            });
            Ok(row.optional()?)
        })
        .await
    }

    /// Grows with every change of what somebody may do, whichever process made it.
    pub async fn standing_changes(&self) -> Result<i64> {
        self.read(|db| Ok(db.prepare_cached("SELECT changes FROM standing")?.query_row([], |row| row.get(0))?)).await
    }
}
