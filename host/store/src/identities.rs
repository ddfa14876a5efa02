//! The identities of people on channels: whose each is, why it has an owner's rights, and how it is taken from whom it
//! was linked to. What waits to be sent to it, or runs for it, does not outlive the link.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use steward_agent::{Address, PersonId, clean_name};

use crate::Store;
use crate::column::{Json, Millis};
use crate::error::{Result, StoreError};
use crate::people;
use crate::writer::Tx;

/// Why an identity has an owner's rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Whoever is at this machine's terminal.
    Terminal,
    /// The configuration names it.
    Configuration,
    /// They sent a code of `steward pair --owner`.
    Code,
    /// A command gave it.
    Command,
}

impl Right {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Configuration => "configuration",
            Self::Code => "pairing code",
            Self::Command => "command",
        }
    }

    pub(crate) fn kept(self) -> &'static str {
        match self {
            Self::Code => "code",
            _ => "command",
        }
    }
}

/// One way a person is known on a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub channel: String,
    /// The channel's own id.
    pub id: String,
    pub person: PersonId,
    /// As they call themselves there; `None` until they have written.
    pub name: Option<String>,
    pub username: Option<String>,
    /// Why it has an owner's rights; `None` if it has none.
    pub right: Option<Right>,
    pub last_seen: Option<Timestamp>,
}

const SELECT: &str = "SELECT identity.channel, identity.id, identity.person, identity.name, identity.username,
    identity.configured, identity.granted, identity.last_seen, person.role = 'owner'
    FROM identity JOIN person ON person.id = identity.person";

impl Store {
    /// The identities of a person, or everybody's, by person.
    pub async fn identities(&self, person: Option<PersonId>) -> Result<Vec<Identity>> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(&format!(
                "{SELECT} WHERE ?1 IS NULL OR identity.person = ?1 ORDER BY identity.person, channel, identity.id"
            ))?;
            let rows = statement.query_map([person.map(|id| id.0)], identity_row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// The identities that have an owner's rights, and why.
    pub async fn owners_identities(&self) -> Result<Vec<Identity>> {
        let all = self.identities(None).await?;
        Ok(all.into_iter().filter(|one| one.right.is_some()).collect())
    }

    /// Takes an identity from its person. Somebody who has written by it is a person of their own from then on, without
    /// rights and without anything of the other's; gives who that is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an identity nobody has; [`StoreError::Invalid`] for one the configuration names and
    /// for a person's only one.
    pub async fn unlink_identity(&self, channel: &str, id: &str, now: Timestamp) -> Result<Option<PersonId>> {
        let (channel, id) = (channel.to_owned(), id.to_owned());
        self.write(move |tx| {
            let Some(identity) = one(tx, &channel, &id)? else {
                return Err(StoreError::NotFound(format!(
                    "nobody has the identity {channel}:{id}: `steward people list` shows them"
                )));
            };
            refuse_configured(tx, &identity)?;
            if others(tx, &identity)? == 0 {
                return Err(StoreError::Invalid(format!(
                    "{channel}:{id} is the only identity of that person: take their rights away with `steward people \
                     role {} external`, or forget them",
                    identity.person
                )));
            }
            let person = identity.person;
            let new = detach(tx, &identity, now)?;
            crate::owners::settle_role(tx, person, now)?;
            tx.touch_standing()?;
            Ok(new)
        })
        .await
    }
}

/// An identity whose right comes from the configuration loses it there.
pub(crate) fn refuse_configured(db: &Connection, identity: &Identity) -> Result<()> {
    let configured: bool = db
        .prepare_cached("SELECT configured FROM identity WHERE channel = ?1 AND id = ?2")?
        .query_row((&identity.channel, &identity.id), |row| row.get(0))?;
    if !configured {
        return Ok(());
    }
    let (channel, id) = (&identity.channel, &identity.id);
    Err(StoreError::Invalid(match channel.as_str() {
        "terminal" => "whoever is at this machine's terminal is an owner: that cannot be taken away".to_owned(),
        _ => format!(
            "{channel}:{id} is an owner because the configuration names it: take {id} out of TG_OWNER_IDS or \
             telegram.owners and start Steward again"
        ),
    }))
}

/// Makes the identity a person of its own, or deletes it if nobody has ever written by it.
pub(crate) fn detach(tx: &mut Tx<'_>, identity: &Identity, now: Timestamp) -> Result<Option<PersonId>> {
    let (channel, id, person) = (&identity.channel, &identity.id, identity.person);
    let chat = chat_of(tx, identity)?;
    let new = match identity.last_seen {
        None => {
            tx.prepare_cached("DELETE FROM identity WHERE channel = ?1 AND id = ?2")?.execute((channel, id))?;
            None
        }
        Some(seen) => {
            let name = identity.name.as_deref().unwrap_or_default();
            let new = people::insert(tx, name, identity.username.as_deref(), seen)?;
            tx.prepare_cached(
                "UPDATE identity SET person = ?3, linked = 0, configured = 0, granted = NULL
                 WHERE channel = ?1 AND id = ?2",
            )?
            .execute((channel, id, new.0))?;
            tx.prepare_cached(
                "UPDATE person SET last_seen = ?2, language = (SELECT language FROM person WHERE id = ?3),
                 address = (SELECT address FROM identity WHERE person = ?1) WHERE id = ?1",
            )?
            .execute((new.0, Millis(seen), person.0))?;
            Some(new)
        }
    };
    leave_chat(tx, person, channel, &chat, now)?;
    Ok(new)
}

/// Nothing of the person's goes to that chat any more, nor does anything go on that was set going there.
fn leave_chat(tx: &mut Tx<'_>, person: PersonId, channel: &str, chat: &str, now: Timestamp) -> Result<()> {
    tx.prepare_cached(
        "UPDATE person SET address = (SELECT address FROM identity WHERE person = ?1 AND address IS NOT NULL
           ORDER BY last_seen DESC LIMIT 1)
         WHERE id = ?1 AND json_extract(address, '$.channel') = ?2 AND json_extract(address, '$.chat') = ?3",
    )?
    .execute((person.0, channel, chat))?;
    // Reminders are told where the person can be reached now; prompts would run with their rights for somebody else.
    tx.prepare_cached(
        "UPDATE job SET address = coalesce((SELECT address FROM person WHERE id = ?1), address),
           state = iif(prompt IS NULL AND (SELECT address FROM person WHERE id = ?1) IS NOT NULL, state, 'cancelled'),
           ended_at = iif(prompt IS NULL AND (SELECT address FROM person WHERE id = ?1) IS NOT NULL, NULL, ?4)
         WHERE owner = ?1 AND state = 'active'
           AND json_extract(address, '$.channel') = ?2 AND json_extract(address, '$.chat') = ?3",
    )?
    .execute((person.0, channel, chat, Millis(now)))?;
    tx.prepare_cached(
        "UPDATE subscription SET dropped_at = ?4 WHERE owner = ?1 AND dropped_at IS NULL
           AND json_extract(address, '$.channel') = ?2 AND json_extract(address, '$.chat') = ?3",
    )?
    .execute((person.0, channel, chat, Millis(now)))?;
    drop_wakes(tx, person, Some((channel, chat)), now)?;
    hold_back(tx, channel, chat, now)
}

/// What was set going for a person and has not begun is dropped; of one chat, or all of it.
pub(crate) fn drop_wakes(tx: &mut Tx<'_>, person: PersonId, of: Option<(&str, &str)>, now: Timestamp) -> Result<()> {
    tx.prepare_cached(
        "UPDATE inbox SET state = 'done', done_at = ?4 WHERE state = 'new' AND channel IS NULL
           AND json_extract(incoming, '$.kind') = 'wake' AND json_extract(incoming, '$.person') = ?1
           AND (?2 IS NULL OR (json_extract(incoming, '$.address.channel') = ?2
                               AND json_extract(incoming, '$.address.chat') = ?3))",
    )?
    .execute((person.0, of.map(|(channel, _)| channel), of.map(|(_, chat)| chat), Millis(now)))?;
    tx.touch_jobs();
    Ok(())
}

/// What waits to be sent to a chat is not sent.
pub(crate) fn hold_back(tx: &mut Tx<'_>, channel: &str, chat: &str, now: Timestamp) -> Result<()> {
    tx.prepare_cached(
        "UPDATE outbox SET state = 'failed', finished_at = ?3, error = 'the chat lost the right to it'
         WHERE state = 'pending' AND channel = ?1 AND chat = ?2",
    )?
    .execute((channel, chat, Millis(now)))?;
    tx.touch_outbox();
    Ok(())
}

/// The chat a person is reached in by this identity: where they wrote last, else one of the same id.
pub(crate) fn chat_of(db: &Connection, identity: &Identity) -> Result<String> {
    let mut statement = db.prepare_cached(
        "SELECT coalesce(json_extract(address, '$.chat'), id) FROM identity WHERE channel = ?1 AND id = ?2",
    )?;
    Ok(statement.query_row((&identity.channel, &identity.id), |row| row.get(0))?)
}

pub(crate) fn one(db: &Connection, channel: &str, id: &str) -> Result<Option<Identity>> {
    let mut statement = db.prepare_cached(&format!("{SELECT} WHERE identity.channel = ?1 AND identity.id = ?2"))?;
    Ok(statement.query_row((channel, id), identity_row).optional()?)
}

pub(crate) fn of(db: &Connection, person: PersonId) -> Result<Vec<Identity>> {
    let mut statement =
        db.prepare_cached(&format!("{SELECT} WHERE identity.person = ?1 ORDER BY channel, identity.id"))?;
    let rows = statement.query_map([person.0], identity_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many other identities its person has.
pub(crate) fn others(db: &Connection, identity: &Identity) -> Result<i64> {
    let mut statement =
        db.prepare_cached("SELECT count(*) FROM identity WHERE person = ?1 AND NOT (channel = ?2 AND id = ?3)")?;
    Ok(statement.query_row((identity.person.0, &identity.channel, &identity.id), |row| row.get(0))?)
}

fn identity_row(row: &Row<'_>) -> rusqlite::Result<Identity> {
    let (channel, id): (String, String) = (row.get(0)?, row.get(1)?);
    let (configured, granted): (bool, Option<String>) = (row.get(5)?, row.get(6)?);
    let owner: bool = row.get(8)?;
    let right = match (configured, granted.as_deref()) {
        (true, _) if channel == "terminal" => Some(Right::Terminal),
        (true, _) => Some(Right::Configuration),
        (false, Some("code")) => Some(Right::Code),
        // One that became theirs later has what the person has.
        (false, Some(_)) => Some(Right::Command),
        (false, None) => owner.then_some(Right::Command),
    };
    Ok(Identity {
        channel,
        id,
        person: PersonId(row.get(2)?),
        name: row.get::<_, Option<String>>(3)?.map(|name| clean_name(&name)),
        username: row.get(4)?,
        right,
        last_seen: row.get::<_, Option<Millis>>(7)?.map(|at| at.0),
    })
}

/// The identity writes: what the channel tells of it now. A username another identity had is that one's no more.
pub(crate) fn seen(
    db: &Connection,
    channel: &str,
    id: &str,
    (name, username): (&str, Option<&str>),
    address: &Address,
    now: Timestamp,
) -> Result<()> {
    let before: Option<String> = db
        .prepare_cached("SELECT username FROM identity WHERE channel = ?1 AND id = ?2")?
        .query_row((channel, id), |row| row.get(0))?;
    if let Some(username) = username
        && before.as_deref() != Some(username)
    {
        let folded = people::fold(username);
        db.prepare_cached(
            "UPDATE identity SET username = NULL WHERE lower(username) = ?1 AND channel = ?2 AND id <> ?3",
        )?
        .execute((&folded, channel, id))?;
        db.prepare_cached(
            "UPDATE person SET username = NULL, username_folded = NULL WHERE username_folded = ?1
             AND id <> (SELECT person FROM identity WHERE channel = ?2 AND id = ?3)",
        )?
        .execute((&folded, channel, id))?;
    }
    db.prepare_cached(
        "UPDATE identity SET name = ?3, username = ?4, address = ?5, last_seen = ?6 WHERE channel = ?1 AND id = ?2",
    )?
    .execute((channel, id, name, username, Json(address), Millis(now)))?;
    Ok(())
}
