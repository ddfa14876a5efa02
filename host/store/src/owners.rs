//! Who the owners are. What the configuration names is set again at every start, so that an identity it no longer names
//! has no rights from it; what a code or a command gave stays until a command takes it away.

use jiff::Timestamp;
use rusqlite::Connection;
use steward_agent::{Address, PersonId, Role};

use crate::Store;
use crate::column::{Json, Millis};
use crate::error::Result;
use crate::identities::{self, Identity, Right};
use crate::people;
use crate::writer::Tx;

/// An identity that the configuration names as an owner's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The channel's own id of the person; `address.channel` is the channel.
    pub id: String,
    /// Where they can be reached before they have written anything; of several the last one counts.
    pub address: Address,
}

/// An identity that the configuration named before and no longer does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseated {
    pub channel: String,
    pub id: String,
    /// It still has an owner's rights, by a code or a command.
    pub stays: bool,
}

impl Store {
    /// Makes the people with these identities owners, and takes their rights from those that an earlier configuration
    /// alone gave them to. The first seat of each channel belongs to one and the same person, unless two are known by
    /// them already. Only `channels` are looked at: of one that is switched off for a while nothing is known. Gives which
    /// identities are named no longer.
    pub async fn seat_owners(&self, seats: Vec<Seat>, channels: Vec<String>, now: Timestamp) -> Result<Vec<Unseated>> {
        self.write(move |tx| {
            let unseated = unseat(tx, &seats, &channels, now)?;
            let mut first: Option<PersonId> = None;
            let mut seen: Vec<&str> = Vec::new();
            for seat in &seats {
                let channel = seat.address.channel.as_str();
                let shared = if seen.contains(&channel) { None } else { first };
                let person = seated(tx, seat, shared)?;
                seen.push(channel);
                first.get_or_insert(person);
            }
            for owner in owners(tx)? {
                settle_role(tx, owner, now)?;
            }
            tx.touch_standing()?;
            Ok(unseated)
        })
        .await
    }

    /// Puts a person into a role. What an owner had set going ends with their rights.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such person; [`StoreError::Invalid`] for one whom the configuration makes
    /// an owner.
    pub async fn set_role(&self, person: PersonId, role: Role, now: Timestamp) -> Result<()> {
        self.write(move |tx| {
            let known = people::known(tx, person)?;
            if role != Role::Owner && known.role == Role::Owner {
                for identity in identities::of(tx, person)? {
                    identities::refuse_configured(tx, &identity)?;
                }
            }
            match role {
                Role::Owner => make_owner(tx, person, Right::Command, now)?,
                _ => {
                    tx.prepare_cached("UPDATE identity SET granted = NULL WHERE person = ?1")?.execute([person.0])?;
                    tx.prepare_cached("UPDATE person SET role = ?2 WHERE id = ?1")?
                        .execute((person.0, role.as_str()))?;
                    if known.role == Role::Owner {
                        end_work(tx, person, now)?;
                    }
                    crate::resolving::mark_dealt(tx, person, now)?;
                }
            }
            tx.touch_standing()
        })
        .await
    }
}

/// Makes a person an owner by a code or a command. A ban ends with it.
pub(crate) fn make_owner(db: &Connection, person: PersonId, by: Right, now: Timestamp) -> Result<()> {
    db.prepare_cached("UPDATE identity SET granted = coalesce(granted, ?2) WHERE person = ?1")?
        .execute((person.0, by.kept()))?;
    db.prepare_cached("UPDATE person SET role = 'owner', banned = 0 WHERE id = ?1")?.execute([person.0])?;
    crate::resolving::mark_dealt(db, person, now)
}

/// An owner without an identity that has the right is external.
pub(crate) fn settle_role(tx: &mut Tx<'_>, person: PersonId, now: Timestamp) -> Result<()> {
    let holds = tx
        .prepare_cached("SELECT 1 FROM identity WHERE person = ?1 AND (configured = 1 OR granted IS NOT NULL)")?
        .exists([person.0])?;
    if holds {
        return Ok(());
    }
    let changed = tx
        .prepare_cached("UPDATE person SET role = 'external' WHERE id = ?1 AND role = 'owner'")?
        .execute([person.0])?;
    if changed == 1 { end_work(tx, person, now) } else { Ok(()) }
}

/// What somebody had set going as an owner ends: scheduled work, what is watched, what waits to be done or sent. What
/// others answer to tasks they gave is told to an owner who is left.
fn end_work(tx: &mut Tx<'_>, person: PersonId, now: Timestamp) -> Result<()> {
    tx.prepare_cached("UPDATE job SET state = 'cancelled', ended_at = ?2 WHERE owner = ?1 AND state = 'active'")?
        .execute((person.0, Millis(now)))?;
    tx.prepare_cached("UPDATE subscription SET dropped_at = ?2 WHERE owner = ?1 AND dropped_at IS NULL")?
        .execute((person.0, Millis(now)))?;
    tx.prepare_cached(
        "UPDATE task SET creator = coalesce((SELECT min(id) FROM person WHERE role = 'owner'), creator)
         WHERE creator = ?1",
    )?
    .execute([person.0])?;
    identities::drop_wakes(tx, person, None, now)?;
    for identity in identities::of(tx, person)? {
        let chat = identities::chat_of(tx, &identity)?;
        identities::hold_back(tx, &identity.channel, &chat, now)?;
    }
    Ok(())
}

/// Takes the right from every identity that the configuration named before and does not now.
fn unseat(tx: &mut Tx<'_>, seats: &[Seat], channels: &[String], now: Timestamp) -> Result<Vec<Unseated>> {
    let named = |one: &Identity| {
        !channels.contains(&one.channel)
            || seats.iter().any(|seat| seat.address.channel == one.channel && seat.id == one.id)
    };
    let gone: Vec<Identity> = configured(tx)?.into_iter().filter(|one| !named(one)).collect();
    let mut unseated = Vec::new();
    for one in &gone {
        tx.prepare_cached("UPDATE identity SET configured = 0 WHERE channel = ?1 AND id = ?2")?
            .execute((&one.channel, &one.id))?;
    }
    for one in gone {
        let stays = is_granted(tx, &one)?;
        // Of a person who stays an owner by another identity nothing goes with it.
        if !stays && is_owner_otherwise(tx, &one)? {
            identities::detach(tx, &one, now)?;
        } else if !stays && one.last_seen.is_none() {
            tx.prepare_cached("DELETE FROM identity WHERE channel = ?1 AND id = ?2")?
                .execute((&one.channel, &one.id))?;
            settle_role(tx, one.person, now)?;
            tx.prepare_cached("UPDATE person SET address = NULL WHERE id = ?1 AND last_seen IS NULL")?
                .execute([one.person.0])?;
            people::delete_unused(tx, one.person)?;
        }
        unseated.push(Unseated { channel: one.channel, id: one.id, stays });
    }
    Ok(unseated)
}

fn configured(db: &Connection) -> Result<Vec<Identity>> {
    let mut statement = db.prepare_cached("SELECT channel, id FROM identity WHERE configured = 1")?;
    let named = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let named: Vec<(String, String)> = named.collect::<rusqlite::Result<_>>()?;
    let found = named.into_iter().map(|(channel, id)| identities::one(db, &channel, &id));
    Ok(found.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

fn is_granted(db: &Connection, one: &Identity) -> Result<bool> {
    let mut statement =
        db.prepare_cached("SELECT 1 FROM identity WHERE channel = ?1 AND id = ?2 AND granted IS NOT NULL")?;
    Ok(statement.exists((&one.channel, &one.id))?)
}

fn is_owner_otherwise(db: &Connection, one: &Identity) -> Result<bool> {
    let mut statement = db.prepare_cached(
        "SELECT 1 FROM identity WHERE person = ?1 AND NOT (channel = ?2 AND id = ?3)
           AND (configured = 1 OR granted IS NOT NULL)",
    )?;
    Ok(statement.exists((one.person.0, &one.channel, &one.id))?)
}

fn owners(db: &Connection) -> Result<Vec<PersonId>> {
    let mut statement = db.prepare_cached("SELECT id FROM person WHERE role = 'owner' ORDER BY id")?;
    let rows = statement.query_map((), |row| Ok(PersonId(row.get(0)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The owner on that seat; an unknown identity becomes one more of `shared`, or a new person's.
fn seated(db: &Connection, seat: &Seat, shared: Option<PersonId>) -> Result<PersonId> {
    let channel = &seat.address.channel;
    let person = match (people::identity(db, channel, &seat.id)?, shared) {
        (Some((person, _)), _) => person,
        (None, Some(person)) => {
            people::add_identity(db, channel, &seat.id, person, false)?;
            person
        }
        (None, None) => {
            let person = people::insert_unseen(db, "Owner")?;
            // Their name comes from a channel where people have names.
            people::add_identity(db, channel, &seat.id, person, true)?;
            person
        }
    };
    db.prepare_cached("UPDATE identity SET configured = 1 WHERE channel = ?1 AND id = ?2")?
        .execute((channel, &seat.id))?;
    db.prepare_cached(
        "UPDATE person SET role = 'owner', banned = 0,
         address = iif(last_seen IS NULL, ?2, coalesce(address, ?2)) WHERE id = ?1",
    )?
    .execute((person.0, Json(&seat.address)))?;
    Ok(person)
}

#[cfg(test)]
mod tests;
