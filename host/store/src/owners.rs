//! Who the configuration says the owners are. It is told anew at every start, so that a person it no longer names is
//! an owner no more.

use rusqlite::Connection;
use steward_agent::{Address, PersonId, Role};

use crate::Store;
use crate::column::Json;
use crate::error::Result;
use crate::people;

/// An identity that the configuration names as an owner's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The channel's own id of the person; `address.channel` is the channel.
    pub id: String,
    /// Where they can be reached before they have written anything; of several the last one counts.
    pub address: Address,
}

impl Store {
    /// Makes the people with these identities owners, and everyone external whom an earlier configuration alone made
    /// one. The first seat of each channel belongs to one and the same person, unless two are known by them already.
    pub async fn seat_owners(&self, seats: Vec<Seat>) -> Result<()> {
        self.write(move |tx| {
            tx.execute("UPDATE person SET role = ?1, configured = 0 WHERE configured = 1", [Role::External.as_str()])?;
            let mut first: Option<PersonId> = None;
            let mut channels: Vec<&str> = Vec::new();
            for seat in &seats {
                let channel = seat.address.channel.as_str();
                let shared = if channels.contains(&channel) { None } else { first };
                let person = seated(tx, seat, shared)?;
                channels.push(channel);
                first.get_or_insert(person);
            }
            Ok(())
        })
        .await
    }
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
            let person = people::insert(db, "Owner", None)?;
            // Their name comes from a channel where people have names.
            people::add_identity(db, channel, &seat.id, person, true)?;
            person
        }
    };
    // Whom a code or another owner made one stays one when the configuration no longer names them.
    db.prepare_cached(
        "UPDATE person SET role = ?2, configured = iif(role = ?2, configured, 1),
         address = iif(last_seen IS NULL, ?3, coalesce(address, ?3)) WHERE id = ?1",
    )?
    .execute((person.0, Role::Owner.as_str(), Json(&seat.address)))?;
    Ok(person)
}

#[cfg(test)]
mod tests {
    use steward_agent::Sender;

    use super::*;
    use crate::fixture::Fixture;

    fn seat(channel: &str, id: &str) -> Seat {
        Seat { id: id.into(), address: Address { channel: channel.into(), chat: id.into() } }
    }

    async fn role_of(store: &Store, channel: &str, id: &str) -> (PersonId, Role) {
        let sender = Sender { id: id.into(), name: "Anna".into(), username: None, language: None };
        let address = Address { channel: channel.into(), chat: id.into() };
        let person =
            store.meet(channel, &sender, None, &address, "2026-11-20T09:00:00Z".parse().unwrap()).await.unwrap();
        (person.id, person.role)
    }

    #[tokio::test]
    async fn the_first_owner_of_each_channel_is_one_person() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        store.seat_owners(vec![seat("terminal", "owner")]).await.unwrap();
        let seats = vec![seat("terminal", "owner"), seat("telegram", "5"), seat("telegram", "6")];
        store.seat_owners(seats).await.unwrap();
        let unseen = store.owners().await.unwrap();
        assert_eq!(unseen[0].address, Some(seat("telegram", "5").address), "where one is likelier to be than here");
        let terminal = role_of(store, "terminal", "owner").await;
        assert_eq!(role_of(store, "telegram", "5").await, terminal);
        let second = role_of(store, "telegram", "6").await;
        assert_ne!(second.0, terminal.0);
        assert_eq!(second.1, Role::Owner);
        assert_eq!(store.owners().await.unwrap()[0].name, "Anna");
    }

    #[tokio::test]
    async fn whom_the_configuration_no_longer_names_is_external() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        store.seat_owners(vec![seat("telegram", "5"), seat("telegram", "6")]).await.unwrap();
        let (paired, _) = role_of(store, "telegram", "7").await;
        store.set_role(paired, Role::Owner).await.unwrap();
        store.seat_owners(vec![seat("telegram", "5"), seat("telegram", "6"), seat("telegram", "7")]).await.unwrap();
        store.seat_owners(vec![seat("telegram", "6")]).await.unwrap();
        assert_eq!(role_of(store, "telegram", "5").await.1, Role::External);
        assert_eq!(role_of(store, "telegram", "6").await.1, Role::Owner);
        assert_eq!(role_of(store, "telegram", "7").await.1, Role::Owner, "a code made them one");
    }
}
