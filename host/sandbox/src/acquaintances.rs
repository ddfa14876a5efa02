//! The people a call can mean: the one whom a query fits, where they are reached, what they are called. Nothing here
//! decides who may be written to but a ban.

use jiff::Timestamp;
use steward_agent::{Address, PersonId, Principal, Role, Source, foreign};
use steward_store::{Identity, Person, Store};

use crate::argument::required;
use crate::bindings::Failure;

/// The longest name to look for, in characters.
const QUERY_CHARS: usize = 200;
/// The most people one job or one subscription goes to.
const RECIPIENTS: usize = 20;

/// The people the store knows.
#[derive(Clone, Copy)]
pub(crate) struct Acquaintances<'a>(pub(crate) &'a Store);

impl Acquaintances<'_> {
    /// The one person a query fits.
    pub(crate) async fn named(self, query: &str) -> Result<Person, Failure> {
        let query = required("user", query, QUERY_CHARS)?;
        Ok(self.0.resolve_person(&query).await?)
    }

    /// The same, if they may be written to.
    pub(crate) async fn reachable(self, query: &str) -> Result<Person, Failure> {
        let person = self.named(query).await?;
        if person.banned {
            let text = format!("{} is banned and is not written to: lift the ban first", person.name);
            return Err(Failure::Denied(text));
        }
        Ok(person)
    }

    /// Where a person is reached who is known to be there, such as the caller.
    pub(crate) async fn address(self, person: PersonId) -> Result<Address, Failure> {
        let person = self.0.person(person).await?;
        address_of(&person.ok_or_else(|| Failure::Failed("the caller is not known to the store".to_owned()))?)
    }

    /// Who a person is, as far as they are known.
    pub(crate) async fn person(self, id: PersonId) -> Result<Option<Person>, Failure> {
        Ok(self.0.person(id).await?)
    }

    /// Whom a query may mean, the best fit first.
    pub(crate) async fn fitting(self, query: &str) -> Result<Vec<Person>, Failure> {
        Ok(self.0.find_people(query).await?)
    }

    /// Everyone, or everyone banned, by name.
    pub(crate) async fn all(self, banned_only: bool) -> Result<Vec<Person>, Failure> {
        Ok(self.0.list_people(banned_only).await?)
    }

    /// The owners, in the order they became known.
    pub(crate) async fn owners(self) -> Result<Vec<Person>, Failure> {
        Ok(self.0.owners().await?)
    }

    /// By what channels know one person, or everybody.
    pub(crate) async fn identities(self, person: Option<PersonId>) -> Result<Vec<Identity>, Failure> {
        Ok(self.0.identities(person).await?)
    }

    /// The people named; none means the caller.
    pub(crate) async fn recipients(self, named: &[String]) -> Result<Vec<PersonId>, Failure> {
        if named.len() > RECIPIENTS {
            return Err(Failure::Invalid(format!(
                "`recipients` names {} people and may name {RECIPIENTS}",
                named.len()
            )));
        }
        let mut people = Vec::new();
        for query in named {
            let person = self.reachable(query).await?.id;
            if !people.contains(&person) {
                people.push(person);
            }
        }
        Ok(people)
    }

    /// What the people are called. Someone who is no longer known is shown by number.
    pub(crate) async fn names(self, people: &[PersonId]) -> Result<Vec<String>, Failure> {
        let mut names = Vec::new();
        for id in people {
            let person = self.0.person(*id).await?;
            names.push(person.map_or_else(|| id.to_string(), |person| person.name));
        }
        Ok(names)
    }

    /// An owner chose these people: from here on the names they have now may mean them.
    pub(crate) async fn dealt(self, by: &Principal, people: &[PersonId], now: Timestamp) -> Result<(), Failure> {
        if by.role == Role::Owner {
            for person in people {
                self.0.mark_dealt(*person, now).await?;
            }
        }
        Ok(())
    }
}

/// What the name is that somebody gave themselves: no more than a name, or words of theirs.
pub(crate) fn name_of(name: &str, username: Option<&str>) -> Source {
    if foreign::is_plain_name(name) {
        return Source::Names;
    }
    Source::Person(username.map_or_else(|| name.to_owned(), |username| format!("@{username}")))
}

/// Where a person is reached.
pub(crate) fn address_of(person: &Person) -> Result<Address, Failure> {
    person.address.clone().ok_or_else(|| {
        let name = &person.name;
        Failure::Unavailable(format!("{name} has not written to the assistant yet, so there is no chat to send to"))
    })
}
