//! The people the assistant knows: who they are by channel, what they are to it, where they were last heard from.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, Row, ToSql};
use steward_agent::{Address, Language, PersonId, Role, Sender};

use crate::Store;
use crate::column::{Json, Millis};
use crate::error::{Result, StoreError};

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
}

const COLUMNS: &str = "id, name, username, role, language, banned, allowed, address, last_seen";

/// How well a person fits a query, the best first: id, username, name, beginning of the name, part of the name.
const FIT: &str = "CASE WHEN id = ?1 THEN 0 WHEN username_folded = ?2 THEN 1 WHEN name_folded = ?2 THEN 2
     WHEN instr(name_folded, ?2) = 1 THEN 3 WHEN instr(name_folded, ?2) > 1 THEN 4 END";
/// Fits up to this one are of the whole query and may be settled among themselves; the others only guess.
const WHOLE: i64 = 2;

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
        let (channel, sender, address) = (channel.to_owned(), sender.clone(), address.clone());
        self.write(move |tx| {
            let id = match identity(tx, &channel, &sender.id)? {
                Some((id, linked)) => {
                    if !linked {
                        rename(tx, id, &sender)?;
                    }
                    id
                }
                None => insert(tx, &channel, &sender)?,
            };
            tx.prepare_cached(
                "UPDATE person SET role = coalesce(?2, role), language = coalesce(?3, language), address = ?4,
                 last_seen = ?5 WHERE id = ?1",
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

    /// Says that this sender, too, is that person. It keeps the name they have; whom the sender was before loses it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such person.
    pub async fn link_identity(&self, person: PersonId, channel: &str, id: &str) -> Result<()> {
        let (channel, id) = (channel.to_owned(), id.to_owned());
        self.write(move |tx| {
            known(tx, person)?;
            tx.prepare_cached(
                "INSERT INTO identity (channel, id, person, linked) VALUES (?1, ?2, ?3, 1)
                 ON CONFLICT (channel, id) DO UPDATE SET person = ?3, linked = 1 WHERE person <> ?3",
            )?
            .execute((&channel, &id, person.0))?;
            Ok(())
        })
        .await
    }

    /// The person of that id.
    pub async fn person(&self, id: PersonId) -> Result<Option<Person>> {
        self.read(move |db| by_id(db, id)).await
    }

    /// Whom the query may mean, the best fit first: an id, a username (with or without `@`), a name or a part of one,
    /// in whatever case.
    pub async fn find_people(&self, query: &str) -> Result<Vec<Person>> {
        let query = query.to_owned();
        self.read(move |db| Ok(fitting(db, &query)?.into_iter().map(|(person, _)| person).collect())).await
    }

    /// The one person the query means. One whose id, username or whole name it is wins over those of whose name it is
    /// a part.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] or [`StoreError::Ambiguous`]; their texts say what to do.
    pub async fn resolve_person(&self, query: &str) -> Result<Person> {
        let query = query.trim().to_owned();
        self.read(move |db| {
            let mut found = fitting(db, &query)?;
            if let Some(best) = found.first().map(|(_, fit)| *fit).filter(|fit| *fit <= WHOLE) {
                found.retain(|(_, fit)| *fit == best);
            }
            match found.len() {
                0 => Err(StoreError::NotFound(format!(
                    "nobody called \"{query}\" is known: list the people to see who is, or ask them to write first"
                ))),
                1 => Ok(found.swap_remove(0).0),
                _ => {
                    Err(StoreError::Ambiguous { query, names: found.iter().map(|(person, _)| label(person)).collect() })
                }
            }
        })
        .await
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
    pub async fn set_banned(&self, person: PersonId, banned: bool) -> Result<()> {
        self.change_person(person, "UPDATE person SET banned = ?2 WHERE id = ?1", banned).await
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is no such person.
    pub async fn set_role(&self, person: PersonId, role: Role) -> Result<()> {
        self.change_person(person, "UPDATE person SET role = ?2 WHERE id = ?1", String::from(role)).await
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
fn fold(text: &str) -> String {
    text.trim().to_lowercase().replace('ё', "е")
}

fn label(person: &Person) -> String {
    match &person.username {
        Some(username) => format!("{} (id {}, @{username})", person.name, person.id),
        None => format!("{} (id {})", person.name, person.id),
    }
}

fn person_row(row: &Row<'_>) -> rusqlite::Result<Person> {
    Ok(Person {
        id: PersonId(row.get(0)?),
        name: row.get(1)?,
        username: row.get(2)?,
        role: Role::from(row.get::<_, String>(3)?),
        language: row.get::<_, Option<String>>(4)?.as_deref().map(Language::from_tag),
        banned: row.get(5)?,
        allowed: row.get(6)?,
        address: row.get::<_, Option<Json<Address>>>(7)?.map(|address| address.0),
        last_seen: row.get::<_, Option<Millis>>(8)?.map(|at| at.0),
    })
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
    let rows = statement.query_map((folded.parse::<i64>().ok(), &folded), |row| Ok((person_row(row)?, row.get(9)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whose identity it is, and whether it was linked to them later.
fn identity(db: &Connection, channel: &str, id: &str) -> Result<Option<(PersonId, bool)>> {
    let mut statement = db.prepare_cached("SELECT person, linked FROM identity WHERE channel = ?1 AND id = ?2")?;
    Ok(statement.query_row((channel, id), |row| Ok((PersonId(row.get(0)?), row.get(1)?))).optional()?)
}

fn insert(db: &Connection, channel: &str, sender: &Sender) -> Result<PersonId> {
    db.prepare_cached(
        "INSERT INTO person (name, name_folded, username, username_folded, role) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((
        &sender.name,
        fold(&sender.name),
        &sender.username,
        sender.username.as_deref().map(fold),
        Role::External.as_str(),
    ))?;
    let person = PersonId(db.last_insert_rowid());
    db.prepare_cached("INSERT INTO identity (channel, id, person) VALUES (?1, ?2, ?3)")?
        .execute((channel, &sender.id, person.0))?;
    Ok(person)
}

fn rename(db: &Connection, id: PersonId, sender: &Sender) -> Result<()> {
    db.prepare_cached(
        "UPDATE person SET name = ?2, name_folded = ?3, username = ?4, username_folded = ?5 WHERE id = ?1",
    )?
    .execute((id.0, &sender.name, fold(&sender.name), &sender.username, sender.username.as_deref().map(fold)))?;
    Ok(())
}
