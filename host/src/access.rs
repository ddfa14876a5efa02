//! Who is let in. The channel has said who writes, by means a message cannot forge; here that becomes a role, or a
//! closed door.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};

use governor::clock::DefaultClock;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use jiff::Timestamp;
use steward_agent::{Envelope, Language, PersonId, Role};
use steward_store::{Person, Store, StoreError};

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
    /// No answer: they are banned, or were told already.
    Silence,
}

pub(crate) struct Doorkeeper {
    access: config::Admission,
    messages: Limiter,
    /// Who is over the limit is told so once a minute.
    notices: Limiter,
    counted: AtomicUsize,
}

type Limiter = RateLimiter<PersonId, DashMapStateStore<PersonId>, DefaultClock>;

impl Doorkeeper {
    pub(crate) fn new(access: config::Admission) -> Self {
        let per_minute = NonZeroU32::new(access.messages_per_minute).unwrap_or(NonZeroU32::MIN);
        Self {
            access,
            messages: RateLimiter::keyed(Quota::per_minute(per_minute)),
            notices: RateLimiter::keyed(Quota::per_minute(NonZeroU32::MIN)),
            counted: AtomicUsize::new(0),
        }
    }

    pub(crate) async fn admit(
        &self,
        store: &Store,
        person: &Person,
        envelope: &Envelope,
        language: Language,
        now: Timestamp,
    ) -> Result<Admission, StoreError> {
        if person.banned && person.role != Role::Owner {
            return Ok(Admission::Silence);
        }
        let code = pairing_code(&envelope.text).filter(|_| envelope.foreign.is_none());
        if person.role == Role::Owner && code.is_none() {
            return Ok(Admission::Welcome);
        }
        if let Some(limited) = self.limited(person.id, language) {
            return Ok(limited);
        }
        if let Some(code) = code {
            return self.pair(store, person, code, language, now).await;
        }
        Ok(match self.access.open_to {
            OpenTo::Everyone => Admission::Welcome,
            OpenTo::Paired if person.allowed || person.role != Role::External => Admission::Welcome,
            OpenTo::Paired if self.is_listed(envelope) => Admission::Welcome,
            OpenTo::Paired => Admission::Answer(texts::code_needed(language)),
            OpenTo::Owners => Admission::Answer(texts::owners_only(language)),
        })
    }

    fn is_listed(&self, envelope: &Envelope) -> bool {
        let id = envelope.sender.id.parse().ok();
        envelope.address.channel == "telegram" && id.is_some_and(|id: i64| self.access.allow.contains(&id))
    }

    fn limited(&self, person: PersonId, language: Language) -> Option<Admission> {
        if self.counted.fetch_add(1, Ordering::Relaxed).is_multiple_of(TIDY_EVERY) {
            self.messages.retain_recent();
            self.notices.retain_recent();
        }
        if self.messages.check_key(&person).is_ok() {
            return None;
        }
        Some(match self.notices.check_key(&person) {
            Ok(()) => Admission::Answer(texts::slow_down(language)),
            Err(_) => Admission::Silence,
        })
    }

    async fn pair(
        &self,
        store: &Store,
        person: &Person,
        code: &str,
        language: Language,
        now: Timestamp,
    ) -> Result<Admission, StoreError> {
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

/// The code of `/pair CODE` or of `/start CODE`, which a link to the bot sends.
fn pairing_code(text: &str) -> Option<&str> {
    let mut words = text.split_whitespace();
    let command = words.next()?;
    let code = words.next()?;
    (matches!(command, "/pair" | "/start") && words.next().is_none()).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_from_both_commands_only() {
        assert_eq!(pairing_code("/pair ABCD-EFGH"), Some("ABCD-EFGH"));
        assert_eq!(pairing_code("/start abcdefgh"), Some("abcdefgh"));
        assert_eq!(pairing_code("/start"), None);
        assert_eq!(pairing_code("pair ABCD"), None);
        assert_eq!(pairing_code("/pair my flat please"), None);
    }

    #[test]
    fn who_floods_is_told_once_and_then_ignored() {
        let doorkeeper = Doorkeeper::new(config::Admission { messages_per_minute: 2, ..config::Admission::default() });
        let write = || doorkeeper.limited(PersonId(1), Language::En);
        assert_eq!((write(), write()), (None, None));
        assert!(matches!(write(), Some(Admission::Answer(_))));
        assert_eq!(write(), Some(Admission::Silence));
        assert_eq!(doorkeeper.limited(PersonId(2), Language::En), None);
    }
}
