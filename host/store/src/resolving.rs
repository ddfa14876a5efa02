//! The one way from words to a person. An id, a @username that somebody holds now, an identity of a channel and a name
//! that the owner gave identify; what people call themselves only does where it fits one person whom the owner dealt
//! with under that name. Everything else is an error that lists who may be meant.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, OptionalExtension};
use steward_agent::{PersonId, Role, is_hidden, name_fits, name_key};

use crate::Store;
use crate::column::Millis;
use crate::error::{Result, StoreError};
use crate::people::{self, Person, fold};

/// The most people that an error lists.
const LISTED: usize = 10;

impl Store {
    /// The one person that the words mean.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Ambiguous`] or [`StoreError::Stranger`]; their texts say what to do.
    pub async fn resolve_person(&self, query: &str) -> Result<Person> {
        let query = query.to_owned();
        self.read(move |db| resolve(db, &query)).await
    }

    /// An owner chose this person by what identifies: the name they go by now means them from here on, unless another
    /// one was kept before.
    pub async fn mark_dealt(&self, person: PersonId, now: Timestamp) -> Result<()> {
        self.write(move |tx| mark_dealt(tx, person, now)).await
    }
}

pub(crate) fn mark_dealt(db: &Connection, person: PersonId, now: Timestamp) -> Result<()> {
    db.prepare_cached(
        "UPDATE person SET dealt_at = ?2, dealt_as = name
         WHERE id = ?1 AND dealt_at IS NULL AND role <> 'owner'",
    )?
    .execute((person.0, Millis(now)))?;
    Ok(())
}

pub(crate) fn resolve(db: &Connection, query: &str) -> Result<Person> {
    let query: String = query.chars().filter(|c| !is_hidden(*c)).collect();
    let query = query.trim();
    let exact = exact(db, query)?;
    match exact.as_slice() {
        [] => by_name(db, query),
        [id] => people::known(db, *id),
        several => {
            let found = several.iter().map(|id| people::known(db, *id)).collect::<Result<Vec<_>>>()?;
            Err(StoreError::Ambiguous { query: query.to_owned(), names: labels(&found) })
        }
    }
}

/// Whom the words identify; for a form that identifies it is an error if they identify nobody.
fn exact(db: &Connection, query: &str) -> Result<Vec<PersonId>> {
    if let Some(username) = query.strip_prefix('@') {
        let holder = holder(db, username)?;
        return holder.map(|id| vec![id]).ok_or_else(|| unknown(query));
    }
    if let Some(number) = number(query) {
        let found = numbered(db, number)?;
        return if found.is_empty() { Err(unknown(query)) } else { Ok(found) };
    }
    if let Some((channel, id)) = query.split_once(':')
        && let Some((person, _)) = people::identity(db, channel.trim(), id.trim())?
    {
        return Ok(vec![person]);
    }
    let named = db
        .prepare_cached("SELECT person FROM alias WHERE folded = ?1")?
        .query_row([name_key(query)], |row| row.get(0))
        .optional()?;
    Ok(named.map(PersonId).into_iter().collect())
}

/// Who holds a username: usernames change hands, and the one seen with it last has it.
fn holder(db: &Connection, username: &str) -> Result<Option<PersonId>> {
    let folded = fold(username);
    let mut statement = db.prepare_cached(
        "SELECT person FROM identity WHERE lower(username) = ?1 ORDER BY last_seen DESC, person DESC LIMIT 1",
    )?;
    Ok(statement.query_row([&folded], |row| row.get(0)).optional()?.map(PersonId))
}

/// `7`, `#7` or `id 7`.
fn number(query: &str) -> Option<i64> {
    let lower = query.to_lowercase();
    let digits = lower.strip_prefix("id").unwrap_or(&lower).trim().trim_start_matches('#');
    if digits.bytes().all(|c| c.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// The person of that id, and the one whose id on a channel it is.
fn numbered(db: &Connection, number: i64) -> Result<Vec<PersonId>> {
    let mut statement = db.prepare_cached(
        "SELECT id FROM person WHERE id = ?1 UNION SELECT person FROM identity WHERE channel = 'telegram' AND id = ?2",
    )?;
    let rows = statement.query_map((number, number.to_string()), |row| Ok(PersonId(row.get(0)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Somebody whose name the words may be.
struct Candidate {
    person: Person,
    /// The words fit a name under which the owner knows them.
    is_known: bool,
}

fn by_name(db: &Connection, query: &str) -> Result<Person> {
    let mut found = candidates(db, &name_key(query))?;
    // Whoever was banned before anybody dealt with them only gets in the way of others' names.
    if found.iter().any(|one| !one.person.banned) {
        found.retain(|one| one.is_known || !one.person.banned);
    }
    match found.as_slice() {
        [] => Err(unknown(query)),
        [one] if one.is_known => Ok(one.person.clone()),
        several => {
            let people: Vec<_> = several.iter().map(|one| one.person.clone()).collect();
            let (query, names) = (query.to_owned(), labels(&people));
            Err(match several {
                [_] => StoreError::Stranger { query, names },
                _ => StoreError::Ambiguous { query, names },
            })
        }
    }
}

/// Everyone whose name, username, or a name the owner gave them the words fit; those first whom the owner knows.
fn candidates(db: &Connection, key: &str) -> Result<Vec<Candidate>> {
    let mut found = Vec::new();
    for person in people::all(db)? {
        let kept = match &person.role {
            Role::Owner => Some(person.name.as_str()),
            _ => person.dealt_as.as_deref(),
        };
        let is_known = kept.is_some_and(|name| name_fits(key, &name_key(name)));
        let fits = |text: &str| name_fits(key, &name_key(text));
        let username = person.username.as_deref().is_some_and(|username| name_key(username) == key);
        if is_known || username || fits(&person.name) || person.aliases.iter().any(|alias| fits(alias)) {
            found.push(Candidate { person, is_known });
        }
    }
    found.sort_by_key(|one| (!one.is_known, one.person.id));
    Ok(found)
}

fn unknown(query: &str) -> StoreError {
    let query = steward_agent::visible(query, 100);
    StoreError::NotFound(format!(
        "nobody called \"{query}\" is known: list the people to see who is, or ask them to write first"
    ))
}

fn labels(people: &[Person]) -> Vec<String> {
    let mut labels: Vec<_> = people.iter().take(LISTED).map(Person::label).collect();
    if people.len() > LISTED {
        labels.push(format!("and {} more", people.len() - LISTED));
    }
    labels
}

impl Person {
    /// `"Masha" (@masha, id 7, known since 2026-11-20)`: the name quoted, for it is their own, and what identifies.
    pub fn label(&self) -> String {
        let username = self.username.as_ref().map(|username| format!("@{username}, ")).unwrap_or_default();
        let since = match self.known_since {
            Some(at) => format!(", known since {}", at.to_zoned(TimeZone::UTC).date()),
            None => String::new(),
        };
        let banned = if self.banned { ", banned" } else { "" };
        format!("\"{}\" ({username}id {}{since}{banned})", self.name, self.id)
    }

    /// `"Masha" (id 7)`: for texts in which the person may have to be named again.
    pub fn reference(&self) -> String {
        format!("\"{}\" (id {})", self.name, self.id)
    }
}

#[cfg(test)]
mod tests {
    use steward_agent::Sender;

    use super::*;
    use crate::fixture::{Fixture, at, chat};

    /// A known person and a stranger who takes a name.
    async fn masha_and(name: &str, username: Option<&str>) -> (Fixture, PersonId, PersonId) {
        let fixture = Fixture::new();
        let known = write(&fixture, "100", "Masha Ivanova", Some("masha_i"), 0).await;
        fixture.store.mark_dealt(known, at(1)).await.unwrap();
        let stranger = write(&fixture, "200", name, username, 2).await;
        (fixture, known, stranger)
    }

    async fn write(fixture: &Fixture, id: &str, name: &str, username: Option<&str>, second: i64) -> PersonId {
        let username = username.map(str::to_owned);
        let sender = Sender { id: id.to_owned(), name: name.to_owned(), username, language: None };
        fixture.store.meet("telegram", &sender, None, &chat(id), at(second)).await.unwrap().id
    }

    #[tokio::test]
    async fn a_stranger_gets_nothing_by_choosing_a_name() {
        for name in [
            "Masha",
            "masha",
            "Masha Ivanova",
            "Mаshа",
            "M\u{200b}asha",
            "Ｍａｓｈａ",
            "Masha\u{202e}",
            "@masha_i",
            "1",
            "id 1",
            "telegram:100",
            "Masha (@masha_i, id 1)",
        ] {
            let (fixture, known, stranger) = masha_and(name, None).await;
            let store = &fixture.store;
            for query in ["Masha", "masha", "Masha Ivanova", name, "@masha_i", "1", "#1", "id 1", "telegram:100", "100"]
            {
                match store.resolve_person(query).await {
                    Ok(person) => assert_eq!(person.id, known, "{name}: {query}"),
                    Err(StoreError::Ambiguous { names, .. } | StoreError::Stranger { names, .. }) => {
                        assert!(names.iter().any(|one| one.contains(&format!("id {stranger}"))), "{name}: {query}");
                    }
                    Err(StoreError::NotFound(_)) => assert_eq!(query, name),
                    Err(other) => panic!("{name}: {query}: {other}"),
                }
            }
        }
    }

    #[tokio::test]
    async fn the_error_lists_who_may_be_meant() {
        let (fixture, ..) = masha_and("Masha", Some("evil")).await;
        let error = fixture.store.resolve_person("Masha").await.unwrap_err().to_string();
        assert_eq!(
            error,
            "\"Masha\" fits several people: \"Masha Ivanova\" (@masha_i, id 1, known since 2026-09-21), \
             \"Masha\" (@evil, id 2, known since 2026-09-21); say which one by id or @username"
        );
        write(&fixture, "300", "Zoe", None, 3).await;
        let error = fixture.store.resolve_person("Zoe").await.unwrap_err().to_string();
        assert!(
            error.starts_with("\"Zoe\" fits only a name that somebody gave themselves: \"Zoe\" (id 3, known"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_friend_who_renames_themselves_does_not_become_another() {
        let (fixture, known, _) = masha_and("Zoe", None).await;
        let boris = write(&fixture, "400", "Boris", None, 3).await;
        fixture.store.mark_dealt(boris, at(3)).await.unwrap();
        write(&fixture, "400", "Masha Ivanova", None, 4).await;
        write(&fixture, "100", "M.", Some("masha_i"), 5).await;
        let refused = fixture.store.resolve_person("Masha Ivanova").await;
        assert!(matches!(refused, Err(StoreError::Ambiguous { .. })), "{refused:?}");
        assert_eq!(fixture.store.resolve_person("Boris").await.unwrap().id, boris, "the name they had stays theirs");
        assert_eq!(fixture.store.resolve_person("@masha_i").await.unwrap().id, known);
    }

    #[tokio::test]
    async fn a_username_belongs_to_whom_it_was_seen_with_last() {
        let (fixture, known, stranger) = masha_and("Zoe", Some("zoe")).await;
        let store = &fixture.store;
        assert_eq!(store.resolve_person("@ZOE").await.unwrap().id, stranger);
        write(&fixture, "200", "Zoe", Some("MASHA_I"), 6).await;
        assert_eq!(store.resolve_person("@masha_i").await.unwrap().id, stranger);
        assert_eq!(store.person(known).await.unwrap().unwrap().username, None, "a stale one is nobody's");
        assert!(matches!(store.resolve_person("@zoe").await, Err(StoreError::NotFound(_))));
        assert!(matches!(store.resolve_person("@").await, Err(StoreError::NotFound(_))));
        let bare = store.resolve_person("masha_i").await;
        assert!(matches!(bare, Err(StoreError::Ambiguous { .. })), "a name without @ may be either: {bare:?}");
    }

    #[tokio::test]
    async fn a_number_that_is_two_people_is_neither() {
        let (fixture, ..) = masha_and("Zoe", None).await;
        write(&fixture, "2", "Two", None, 3).await;
        assert!(matches!(fixture.store.resolve_person("2").await, Err(StoreError::Ambiguous { .. })));
        assert!(matches!(fixture.store.resolve_person("99").await, Err(StoreError::NotFound(_))));
    }
}
