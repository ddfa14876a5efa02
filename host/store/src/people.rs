//! The people the assistant knows: who they are by channel, what they are to it, where they were last heard from.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, Row, ToSql};
use steward_agent::{Address, Language, PersonId, Role, Sender, clean_name};

use crate::Store;
use crate::column::{Json, Millis};
use crate::error::{Result, StoreError};
use crate::identities;
pub(crate) use crate::merging::delete_unused;

/// A person as they are known now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    /// As they call themselves: not to be trusted.
    pub name: String,
    /// Without `@`.
    pub username: Option<String>,
    pub role: Role,
    pub language: Option<Language>,
    /// Their messages are not answered.
    pub banned: bool,
    /// They may write although there is a list of who may.
    pub allowed: bool,
    /// The address they last wrote from.
    pub address: Option<Address>,
    pub last_seen: Option<Timestamp>,
    pub known_since: Option<Timestamp>,
    /// How often they went too far since they were last let go.
    pub warnings: u32,
    /// What they called themselves when an owner first chose them; `None` if no owner ever did.
    pub dealt_as: Option<String>,
    /// What the owner calls them.
    pub aliases: Vec<String>,
}

/// Seconds within which it is not noted again that somebody was seen.
const SEEN_LATELY: i64 = 60;
const COLUMNS: &str = "id, name, username, role, language, banned, allowed, address, last_seen, known_since, warnings,
    dealt_as, (SELECT group_concat(alias, char(10)) FROM alias WHERE alias.person = person.id)";

/// How well a person fits a query, the best first: id, username, name, beginning of the name, part of the name.
const FIT: &str = "CASE WHEN id = ?1 THEN 0 WHEN username_folded = ?2 THEN 1 WHEN name_folded = ?2 THEN 2
     WHEN instr(name_folded, ?2) = 1 THEN 3 WHEN instr(name_folded, ?2) > 1 THEN 4 END";
impl Store {
    /// The person behind a sender, known or new, brought up to date with what the channel tells of them. A role given
    /// (the configuration says so) is stored; a new person without one is external.
    pub async fn meet(
        &self,
        channel: &str,
        sender: &Sender,
        role: Option<Role>,
        address: &Address,
        now: Timestamp,
    ) -> Result<Person> {
        let (channel, mut sender, address) = (channel.to_owned(), sender.clone(), address.clone());
        sender.name = clean_name(&sender.name);
        let (of, who, at, as_what) = (channel.clone(), sender.clone(), address.clone(), role.clone());
        if let Some(person) = self.look_up(move |db| met_lately(db, &of, &who, as_what.as_ref(), &at, now)).await? {
            return Ok(person);
        }
        self.write(move |tx| {
            let id = match identity(tx, &channel, &sender.id)? {
                Some((id, linked)) => {
                    if !linked {
                        rename(tx, id, &sender)?;
                    }
                    id
                }
                None => {
                    let person = insert(tx, &sender.name, sender.username.as_deref(), now)?;
                    add_identity(tx, &channel, &sender.id, person, false)?;
                    person
                }
            };
            let called = (sender.name.as_str(), sender.username.as_deref());
            identities::seen(tx, &channel, &sender.id, called, &address, now)?;
            if role == Some(Role::Owner) {
                tx.prepare_cached("UPDATE identity SET configured = 1 WHERE channel = ?1 AND id = ?2")?
                    .execute((&channel, &sender.id))?;
            }
            tx.prepare_cached(
                "UPDATE person SET role = coalesce(?2, role), language = coalesce(?3, language), address = ?4,
                 last_seen = ?5, known_since = coalesce(known_since, ?5) WHERE id = ?1",
            )?
            .execute((
                id.0,
                role.as_ref().map(Role::as_str),
                sender.language.map(Language::tag),
                Json(&address),
                Millis(now),
            ))?;
            known(tx, id)
        })
        .await
    }

    /// The person of that id.
    pub async fn person(&self, id: PersonId) -> Result<Option<Person>> {
        self.look_up(move |db| by_id(db, id)).await
    }

    /// Whom the query may mean, the best fit first: an id, a username (with or without `@`), a name or a part of one,
    /// in whatever case.
    pub async fn find_people(&self, query: &str) -> Result<Vec<Person>> {
        let query = query.to_owned();
        self.read(move |db| Ok(fitting(db, &query)?.into_iter().map(|(person, _)| person).collect())).await
    }

    /// Everyone, or everyone banned, by name.
    pub async fn list_people(&self, banned_only: bool) -> Result<Vec<Person>> {
        self.people_where("banned >= ?1 ORDER BY name_folded, id", (banned_only,)).await
    }

    /// The owners, in the order they became known.
    pub async fn owners(&self) -> Result<Vec<Person>> {
        self.people_where("role = ?1 ORDER BY id", (Role::Owner.as_str(),)).await
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is no such person.
    pub async fn set_allowed(&self, person: PersonId, allowed: bool) -> Result<()> {
        self.change_person(person, "UPDATE person SET allowed = ?2 WHERE id = ?1", allowed).await
    }

    async fn people_where<P: Params + Send + 'static>(&self, clause: &'static str, params: P) -> Result<Vec<Person>> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM person WHERE {clause}"))?;
            let rows = statement.query_map(params, person_row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn change_person(
        &self,
        person: PersonId,
        sql: &'static str,
        value: impl ToSql + Send + 'static,
    ) -> Result<()> {
        self.write(move |tx| {
            known(tx, person)?;
            tx.prepare_cached(sql)?.execute((person.0, &value))?;
            Ok(())
        })
        .await
    }
}

/// In lower case, with `ё` as the `е` it is usually typed as.
pub(crate) fn fold(text: &str) -> String {
    text.trim().to_lowercase().replace('ё', "е")
}

fn person_row(row: &Row<'_>) -> rusqlite::Result<Person> {
    Ok(Person {
        id: PersonId(row.get(0)?),
        name: clean_name(&row.get::<_, String>(1)?),
        username: row.get(2)?,
        role: Role::from(row.get::<_, String>(3)?),
        language: row.get::<_, Option<String>>(4)?.as_deref().map(Language::from_tag),
        banned: row.get(5)?,
        allowed: row.get(6)?,
        address: row.get::<_, Option<Json<Address>>>(7)?.map(|address| address.0),
        last_seen: row.get::<_, Option<Millis>>(8)?.map(|at| at.0),
        known_since: row.get::<_, Option<Millis>>(9)?.map(|at| at.0),
        warnings: row.get(10)?,
        dealt_as: row.get(11)?,
        aliases: row
            .get::<_, Option<String>>(12)?
            .map(|all| all.lines().map(str::to_owned).collect())
            .unwrap_or_default(),
    })
}

/// Everybody, in the order they became known.
pub(crate) fn all(db: &Connection) -> Result<Vec<Person>> {
    let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM person ORDER BY id"))?;
    let rows = statement.query_map((), person_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn by_id(db: &Connection, id: PersonId) -> Result<Option<Person>> {
    let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM person WHERE id = ?1"))?;
    Ok(statement.query_row([id.0], person_row).optional()?)
}

/// The person of that id, or an error that says there is none.
pub(crate) fn known(db: &Connection, id: PersonId) -> Result<Person> {
    by_id(db, id)?.ok_or_else(|| {
        StoreError::NotFound(format!("there is no person with id {id}: list the people to see their ids"))
    })
}

/// Everyone whom the query fits and how well, the best first and of equals the one seen last.
fn fitting(db: &Connection, query: &str) -> Result<Vec<(Person, i64)>> {
    let folded = fold(query.trim().trim_start_matches('@'));
    if folded.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS}, {FIT} AS fit FROM person WHERE fit IS NOT NULL ORDER BY fit, last_seen DESC, id"
    ))?;
    let rows =
        statement.query_map((folded.parse::<i64>().ok(), &folded), |row| Ok((person_row(row)?, row.get(13)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whose identity it is, and whether it was linked to them later.
pub(crate) fn identity(db: &Connection, channel: &str, id: &str) -> Result<Option<(PersonId, bool)>> {
    let mut statement = db.prepare_cached("SELECT person, linked FROM identity WHERE channel = ?1 AND id = ?2")?;
    Ok(statement.query_row((channel, id), |row| Ok((PersonId(row.get(0)?), row.get(1)?))).optional()?)
}

/// A new person without an identity; they are external.
pub(crate) fn insert(db: &Connection, name: &str, username: Option<&str>, since: Timestamp) -> Result<PersonId> {
    let name = clean_name(name);
    db.prepare_cached(
        "INSERT INTO person (name, name_folded, username, username_folded, role, known_since)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute((&name, fold(&name), username, username.map(fold), Role::External.as_str(), Millis(since)))?;
    Ok(PersonId(db.last_insert_rowid()))
}

/// A new person who has not written yet.
pub(crate) fn insert_unseen(db: &Connection, name: &str) -> Result<PersonId> {
    db.prepare_cached("INSERT INTO person (name, name_folded, role) VALUES (?1, ?2, ?3)")?.execute((
        name,
        fold(name),
        Role::External.as_str(),
    ))?;
    Ok(PersonId(db.last_insert_rowid()))
}

/// `linked` identities do not give their person a name.
pub(crate) fn add_identity(db: &Connection, channel: &str, id: &str, person: PersonId, linked: bool) -> Result<()> {
    db.prepare_cached("INSERT INTO identity (channel, id, person, linked) VALUES (?1, ?2, ?3, ?4)")?
        .execute((channel, id, person.0, linked))?;
    Ok(())
}

/// Who wrote a moment ago and of whom nothing is new: to note that they were seen once more is not worth a commit.
fn met_lately(
    db: &Connection,
    channel: &str,
    sender: &Sender,
    role: Option<&Role>,
    address: &Address,
    now: Timestamp,
) -> Result<Option<Person>> {
    let Some((id, linked)) = identity(db, channel, &sender.id)? else { return Ok(None) };
    let known = known(db, id)?;
    let since = known.last_seen.map(|seen| now.as_second() - seen.as_second());
    let is_same = since.is_some_and(|since| (0..SEEN_LATELY).contains(&since))
        && (linked || (known.name == sender.name && known.username == sender.username))
        && role.is_none_or(|role| *role == known.role)
        && (sender.language.is_none() || sender.language == known.language)
        && known.address.as_ref() == Some(address);
    Ok(is_same.then_some(known))
}

fn rename(db: &Connection, id: PersonId, sender: &Sender) -> Result<()> {
    db.prepare_cached(
        "UPDATE person SET name = ?2, name_folded = ?3, username = ?4, username_folded = ?5 WHERE id = ?1",
    )?
    .execute((id.0, &sender.name, fold(&sender.name), &sender.username, sender.username.as_deref().map(fold)))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::fixture::{Fixture, at, chat, sender};

    async fn found(fixture: &Fixture, query: &str) -> Vec<String> {
        let people = fixture.store.find_people(query).await.unwrap();
        people.into_iter().map(|person| person.name).collect()
    }

    #[tokio::test]
    async fn a_sender_is_the_same_person_whatever_they_call_themselves() {
        let fixture = Fixture::new();
        let first = fixture.meet("Anna", None).await;
        assert_eq!((first.role, first.language), (Role::External, None));
        let renamed = Sender {
            id: "Anna".to_owned(),
            name: "Anna K.".to_owned(),
            username: Some("ann".to_owned()),
            language: Some(Language::Ru),
        };
        let again = fixture.store.meet("telegram", &renamed, Some(Role::Owner), &chat("new"), at(9)).await.unwrap();
        assert_eq!(again.id, first.id);
        assert_eq!((again.name.as_str(), again.username.as_deref()), ("Anna K.", Some("ann")));
        assert_eq!((again.role, again.language, again.last_seen), (Role::Owner, Some(Language::Ru), Some(at(9))));
        assert_eq!(again.address, Some(chat("new")));
        let lately = fixture.store.meet("telegram", &renamed, None, &chat("new"), at(68)).await.unwrap();
        assert_eq!(lately.last_seen, Some(at(9)), "nothing is new but the time, and that by less than a minute");
        let seen = fixture.store.meet("telegram", &renamed, None, &chat("new"), at(69)).await.unwrap();
        assert_eq!(seen.last_seen, Some(at(69)));
        let elsewhere = fixture.store.meet("telegram", &renamed, None, &chat("other"), at(70)).await.unwrap();
        assert_eq!((elsewhere.address, elsewhere.last_seen), (Some(chat("other")), Some(at(70))));
        let later = fixture.meet("Anna", None).await;
        assert_eq!((later.role, later.language), (Role::Owner, Some(Language::Ru)), "what is known stays known");
        let other = fixture.store.meet("web", &sender("Anna", None), None, &chat("x"), at(9)).await.unwrap();
        assert_ne!(other.id, first.id, "the same id on another channel is somebody else");
    }

    #[tokio::test]
    async fn a_linked_identity_is_the_person_but_does_not_rename_them() {
        let fixture = Fixture::new();
        let anna = fixture.meet("Anna", Some("ann")).await;
        fixture.store.link_identity(anna.id, "terminal", "root").await.unwrap();
        let terminal = Address { channel: "terminal".to_owned(), chat: "1".to_owned() };
        let met = fixture.store.meet("terminal", &sender("root", None), None, &terminal, at(5)).await.unwrap();
        assert_eq!((met.id, met.name.as_str(), met.username.as_deref()), (anna.id, "Anna", Some("ann")));
        assert_eq!(met.address, Some(terminal));
        let nobody = fixture.store.link_identity(PersonId(99), "terminal", "x").await;
        assert!(matches!(nobody, Err(StoreError::NotFound(_))));
    }

    #[tokio::test]
    async fn people_are_found_by_id_username_and_name_in_any_case_and_script() {
        let fixture = Fixture::new();
        for (name, username) in [("Анна Королёва", Some("AnnaK")), ("Жанна", None), ("Boris", None), ("100% _", None)]
        {
            fixture.meet(name, username).await;
        }
        assert_eq!(found(&fixture, "АННА").await, ["Анна Королёва", "Жанна"], "the beginning before the middle");
        assert_eq!(found(&fixture, "королева").await, ["Анна Королёва"]);
        assert_eq!(found(&fixture, "@annak").await, ["Анна Королёва"]);
        assert_eq!(found(&fixture, " boris ").await, ["Boris"]);
        assert_eq!(found(&fixture, "3").await, ["Boris"]);
        assert_eq!(found(&fixture, "%").await, ["100% _"], "no wildcards");
        assert_eq!(found(&fixture, "@").await, Vec::<String>::new());
    }

    #[tokio::test]
    async fn bans_roles_and_permission_to_write_are_kept() {
        let fixture = Fixture::new();
        let (anna, boris) = (fixture.meet("Anna", None).await.id, fixture.meet("Boris", None).await.id);
        let store = &fixture.store;
        store.set_role(anna, Role::Owner, at(0)).await.unwrap();
        store.set_banned(boris, true).await.unwrap();
        store.set_allowed(boris, true).await.unwrap();
        let ids = |people: Vec<Person>| people.into_iter().map(|person| person.id).collect::<Vec<_>>();
        assert_eq!(ids(store.owners().await.unwrap()), [anna]);
        assert_eq!(ids(store.list_people(true).await.unwrap()), [boris]);
        assert_eq!(ids(store.list_people(false).await.unwrap()), [anna, boris]);
        assert!(store.person(boris).await.unwrap().is_some_and(|person| person.allowed && person.banned));
        assert!(matches!(store.set_banned(PersonId(99), true).await, Err(StoreError::NotFound(_))));
    }
}
