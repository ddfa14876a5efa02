//! Who is let in. The channel has said who writes, by means a message cannot forge; here that becomes a role, or a
//! closed door.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};

use governor::clock::DefaultClock;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use jiff::Timestamp;
use steward_agent::{Envelope, Language, PersonId, Role};
use steward_store::{Person, Resource, Store, StoreError};

use crate::channels;
use crate::config::{self, OpenTo};
use crate::texts;

/// People are forgotten by the rate limit when this many messages were counted since.
const TIDY_EVERY: usize = 1_000;

/// What to do with a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Welcome,
    /// Answer this and nothing else.
    Answer(String),
    /// It is not handled, and what it says is not kept. What to answer, if they are told of it.
    TurnedAway(Option<String>),
}

pub(crate) struct Doorkeeper {
    access: config::Admission,
    /// Whether people who are no owners are answered.
    open_to: OpenTo,
    messages: Limiter,
    counted: AtomicUsize,
}

type Limiter = RateLimiter<PersonId, DashMapStateStore<PersonId>, DefaultClock>;

impl Doorkeeper {
    /// `made_open_to` is what the installation was made with.
    pub(crate) fn new(access: config::Admission, made_open_to: OpenTo) -> Self {
        let per_minute = NonZeroU32::new(access.messages_per_minute).unwrap_or(NonZeroU32::MIN);
        Self {
            open_to: access.open_to.unwrap_or(made_open_to),
            access,
            messages: RateLimiter::keyed(Quota::per_minute(per_minute)),
            counted: AtomicUsize::new(0),
        }
    }

    /// `code` is that of an invitation, if the message is one.
    pub(crate) async fn admit(
        &self,
        store: &Store,
        person: &Person,
        envelope: &Envelope,
        code: Option<&str>,
        language: Language,
        now: Timestamp,
    ) -> Result<Admission, StoreError> {
        if person.banned && person.role != Role::Owner {
            let told = store.tell_ban(person.id).await?;
            return Ok(Admission::TurnedAway(told.then(|| texts::banned(language))));
        }
        if person.role == Role::Owner && code.is_none() {
            return Ok(Admission::Welcome);
        }
        let let_in = is_let_in(self.open_to, person, self.is_listed(envelope));
        if self.is_over_rate(person.id) {
            // Whoever is not let in hears the one friendly word a day and nothing else.
            if !let_in {
                return self.closed(store, person.id, language, now).await;
            }
            let told = store.first_today(person.id, "rate", now).await?;
            return Ok(Admission::TurnedAway(told.then(|| texts::slow_down(language))));
        }
        if let Some(code) = code {
            return self.pair(store, person, code, language, now).await;
        }
        if !let_in {
            return self.closed(store, person.id, language, now).await;
        }
        let size = envelope_bytes(envelope);
        // The last two ask whether anything is left.
        let wanted = [(Resource::Messages, 1), (Resource::Bytes, size), (Resource::Tokens, 0), (Resource::Money, 0)];
        match store.charge(person.id, &wanted, now).await? {
            None => Ok(Admission::Welcome),
            Some(resource) => Ok(Admission::TurnedAway(exhausted(store, person.id, resource, language, now).await?)),
        }
    }

    /// The friendly word to those who are not let in, once a day.
    async fn closed(
        &self,
        store: &Store,
        person: PersonId,
        language: Language,
        now: Timestamp,
    ) -> Result<Admission, StoreError> {
        let answer = match (&self.access.answer, self.open_to) {
            (Some(answer), _) => answer.trim().to_owned(),
            (None, OpenTo::Owners) => texts::owners_only(language),
            (None, _) => texts::code_needed(language),
        };
        let told = !answer.is_empty() && store.first_today(person, "closed", now).await?;
        Ok(Admission::TurnedAway(told.then_some(answer)))
    }

    fn is_listed(&self, envelope: &Envelope) -> bool {
        channels::lets_in(&self.access, &envelope.address.channel, &envelope.sender.id)
    }

    fn is_over_rate(&self, person: PersonId) -> bool {
        if self.counted.fetch_add(1, Ordering::Relaxed).is_multiple_of(TIDY_EVERY) {
            self.messages.retain_recent();
        }
        self.messages.check_key(&person).is_err()
    }

    async fn pair(
        &self,
        store: &Store,
        person: &Person,
        code: &str,
        language: Language,
        now: Timestamp,
    ) -> Result<Admission, StoreError> {
        // Guesses are messages too.
        if let Some(resource) = store.charge(person.id, &[(Resource::Messages, 1)], now).await? {
            return Ok(Admission::TurnedAway(exhausted(store, person.id, resource, language, now).await?));
        }
        let text = match store.redeem_pairing(code, person.id, now).await {
            Ok(Some(role)) => {
                tracing::info!(person = %person.id, %role, "paired by a code");
                texts::paired(language, &role)
            }
            Ok(None) => texts::code_unknown(language),
            Err(StoreError::TooManyTries { .. }) => texts::slow_down(language),
            Err(error) => return Err(error),
        };
        Ok(Admission::Answer(text))
    }
}

/// Whether somebody is answered. `listed` is whether `access.allow` names them.
pub(crate) fn is_let_in(open_to: OpenTo, person: &Person, listed: bool) -> bool {
    match open_to {
        OpenTo::Everyone => true,
        OpenTo::Paired => person.allowed || person.role != Role::External || listed,
        OpenTo::Owners => person.role == Role::Owner,
    }
}

/// What somebody is told who has used up what they may use today: one line a day for each resource.
pub(crate) async fn exhausted(
    store: &Store,
    person: PersonId,
    resource: Resource,
    language: Language,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    let told = store.first_today(person, resource.as_str(), now).await?;
    Ok(told.then(|| texts::exhausted(language, resource)))
}

/// What a message takes on disk, about: in the inbox and in the conversation.
fn envelope_bytes(envelope: &Envelope) -> u64 {
    const FRAME: usize = 512;
    let attachments: usize = envelope.attachments.iter().map(|file| FRAME + file.name.len()).sum();
    (FRAME + 2 * envelope.text.len() + envelope.sender.name.len() + attachments) as u64
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use steward_agent::{Address, Sender};
    use steward_store::{Allowances, Budget};

    use super::*;

    async fn stage(access: config::Admission, each: &[(Resource, u64)]) -> (tempfile::TempDir, Store, Doorkeeper) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("steward.sqlite")).unwrap();
        let each = Budget(each.iter().copied().collect());
        store.limit_people(Allowances { each, together: Budget::default(), zone: TimeZone::UTC });
        (folder, store, Doorkeeper::new(access, OpenTo::Everyone))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + seconds).unwrap()
    }

    async fn write(store: &Store, door: &Doorkeeper, who: &str, text: &str, seconds: i64) -> Admission {
        let sender = Sender { id: who.into(), name: who.into(), username: None, language: None };
        let address = Address { channel: "telegram".into(), chat: who.into() };
        let person = store.meet("telegram", &sender, None, &address, at(seconds)).await.unwrap();
        let envelope = Envelope {
            foreign: None,
            address,
            external_id: "1".into(),
            sender,
            text: text.into(),
            attachments: Vec::new(),
            part: steward_agent::Part::default(),
            received_at: at(seconds),
        };
        door.admit(store, &person, &envelope, None, Language::En, at(seconds)).await.unwrap()
    }

    const SILENCE: Admission = Admission::TurnedAway(None);

    #[tokio::test]
    async fn who_floods_is_told_once_and_then_ignored() {
        let access = config::Admission { messages_per_minute: 2, ..config::Admission::default() };
        let (_folder, store, door) = stage(access, &[]).await;
        let say = async |who| write(&store, &door, who, "hello", 0).await;
        assert_eq!((say("7").await, say("7").await), (Admission::Welcome, Admission::Welcome));
        assert!(matches!(say("7").await, Admission::TurnedAway(Some(_))));
        assert_eq!(say("7").await, SILENCE);
        assert_eq!(say("8").await, Admission::Welcome);
    }

    #[tokio::test]
    async fn who_is_not_let_in_hears_of_nothing_else() {
        let access = config::Admission { messages_per_minute: 1, ..config::Admission::default() };
        let (_folder, store, _) = stage(access.clone(), &[]).await;
        let door = Doorkeeper::new(access, OpenTo::Paired);
        assert!(matches!(write(&store, &door, "7", "hello", 0).await, Admission::TurnedAway(Some(_))));
        for second in 1..4 {
            assert_eq!(write(&store, &door, "7", "hello?", second).await, SILENCE);
        }
    }

    #[tokio::test]
    async fn a_used_up_day_is_told_of_once_for_each_kind_and_goes_on_tomorrow() {
        let access = config::Admission { messages_per_minute: 1_000, ..config::Admission::default() };
        let (_folder, store, door) = stage(access, &[(Resource::Messages, 2), (Resource::Bytes, 9_000)]).await;
        let say = async |text: &str, seconds| write(&store, &door, "7", text, seconds).await;
        let told = |admission| match admission {
            Admission::TurnedAway(Some(text)) => text,
            other => panic!("{other:?}"),
        };
        assert!(told(say(&"long ".repeat(2_000), 0).await).contains("tomorrow"));
        assert_eq!(say(&"long ".repeat(2_000), 1).await, SILENCE);
        assert_eq!((say("a", 2).await, say("/clear", 2).await), (Admission::Welcome, Admission::Welcome));
        assert!(told(say("b", 3).await).contains("tomorrow"));
        assert_eq!((say("/clear", 4).await, say("/start", 4).await), (SILENCE, SILENCE));
        assert_eq!(say("good morning", 86_400).await, Admission::Welcome);
    }

    #[tokio::test]
    async fn a_new_installation_answers_the_paired_alone_and_others_once_a_day_what_it_was_told_to() {
        let closed = |answer: Option<&str>| config::Admission {
            answer: answer.map(str::to_owned),
            ..config::Admission::default()
        };
        let (_folder, store, _) = stage(closed(None), &[]).await;
        let say = async |access, seconds| {
            let door = Doorkeeper::new(access, OpenTo::named(&store.open_to().await.unwrap()));
            write(&store, &door, "7", "hello", seconds).await
        };
        assert!(matches!(say(closed(None), 0).await, Admission::TurnedAway(Some(text)) if text.contains("/pair CODE")));
        assert_eq!(say(closed(None), 1).await, SILENCE);
        let own = say(closed(Some("Write to office@example.org.")), 86_400).await;
        assert_eq!(own, Admission::TurnedAway(Some("Write to office@example.org.".to_owned())));
        assert_eq!(say(closed(Some("")), 2 * 86_400).await, SILENCE);
        let person = store.find_people("7").await.unwrap()[0].id;
        store.set_allowed(person, true).await.unwrap();
        assert_eq!(say(closed(None), 2 * 86_400).await, Admission::Welcome);
    }
}
